//! The operations that are called, by method and path. A name is the operation's in Microsoft's own clients:
//! `virtualNetworks.createOrUpdate`.

pub mod graph;
mod provisioning;
mod reading;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kubeproof_contract::route::{self, Found, Route};

/// The host of Resource Manager.
pub const ARM_URL: &str = "https://management.azure.com";
/// The host of the authority.
pub const AUTHORITY_HOST: &str = "login.microsoftonline.com";
/// The host of Microsoft Graph.
pub const GRAPH_URL: &str = "https://graph.microsoft.com";
/// The services in call signatures: Resource Manager with all that is behind it, Graph, and the authority.
pub const ARM: &str = "arm";
/// Microsoft Graph: the directory.
pub const GRAPH: &str = "graph";
/// The authority.
pub const AUTHORITY: &str = "authority";
/// The public list of prices, and its host.
pub const RETAIL: &str = "retail";
pub const RETAIL_URL: &str = "https://prices.azure.com";

/// An operation below a resource group.
macro_rules! grouped {
    ($method:literal, $path:literal, $name:literal) => {
        Route::new(
            $method,
            concat!(
                "/subscriptions/{subscription}/resourceGroups/{group}",
                $path
            ),
            $name,
        )
    };
}

/// Reading, making and deleting a resource in a group.
macro_rules! resource {
    ($path:literal, $get:literal, $put:literal, $delete:literal) => {
        [
            grouped!("GET", $path, $get),
            grouped!("PUT", $path, $put),
            grouped!("DELETE", $path, $delete),
        ]
    };
}

/// The operations of the subscription and of groups.
const BASIC: [Route; 8] = [
    Route::new("GET", "/subscriptions/{subscription}", "subscriptions.get"),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/providers/{namespace}",
        "providers.get",
    ),
    Route::new(
        "POST",
        "/subscriptions/{subscription}/providers/{namespace}/register",
        "providers.register",
    ),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/resourceGroups",
        "resourceGroups.list",
    ),
    grouped!("GET", "", "resourceGroups.get"),
    grouped!("PUT", "", "resourceGroups.createOrUpdate"),
    grouped!("DELETE", "", "resourceGroups.delete"),
    grouped!(
        "GET",
        "/providers/Microsoft.ContainerService/managedClusters/{name}/agentPools",
        "agentPools.list"
    ),
];

/// The operations on resources.
const RESOURCES: [[Route; 3]; 6] = [
    resource!(
        "/providers/Microsoft.Network/virtualNetworks/{name}",
        "virtualNetworks.get",
        "virtualNetworks.createOrUpdate",
        "virtualNetworks.delete"
    ),
    resource!(
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
        "userAssignedIdentities.get",
        "userAssignedIdentities.createOrUpdate",
        "userAssignedIdentities.delete"
    ),
    resource!(
        "/providers/Microsoft.ContainerService/managedClusters/{name}",
        "managedClusters.get",
        "managedClusters.createOrUpdate",
        "managedClusters.delete"
    ),
    resource!(
        "/providers/Microsoft.ContainerService/managedClusters/{name}/agentPools/{pool}",
        "agentPools.get",
        "agentPools.createOrUpdate",
        "agentPools.delete"
    ),
    resource!(
        "/providers/Microsoft.Network/natGateways/{name}",
        "natGateways.get",
        "natGateways.createOrUpdate",
        "natGateways.delete"
    ),
    resource!(
        "/providers/Microsoft.Network/publicIPAddresses/{name}",
        "publicIPAddresses.get",
        "publicIPAddresses.createOrUpdate",
        "publicIPAddresses.delete"
    ),
];

/// What hangs on any scope, by the path of the scope; any resource by its id; and the credentials of a cluster.
const FURTHER: &[Route] = &[
    Route::new("GET", ASSIGNMENT, "roleAssignments.get"),
    Route::new("PUT", ASSIGNMENT, "roleAssignments.create"),
    Route::new("DELETE", ASSIGNMENT, "roleAssignments.delete"),
    grouped!("GET", "/providers/{namespace}/{+id}", "resources.getById"),
    grouped!(
        "DELETE",
        "/providers/{namespace}/{+id}",
        "resources.deleteById"
    ),
    grouped!(
        "POST",
        "/providers/Microsoft.ContainerService/managedClusters/{name}/listClusterUserCredential",
        "managedClusters.listClusterUserCredentials"
    )
    .reading(),
    Route::new(
        "POST",
        "/subscriptions/{subscription}/providers/Microsoft.CostManagement/query",
        "query.usage",
    )
    .reading(),
    grouped!(
        "PUT",
        "/providers/Microsoft.Authorization/locks/{lock}",
        "managementLocks.createOrUpdateAtResourceGroupLevel"
    ),
    grouped!(
        "DELETE",
        "/providers/Microsoft.Authorization/locks/{lock}",
        "managementLocks.deleteAtResourceGroupLevel"
    ),
];
const ASSIGNMENT: &str = "/{+scope}/providers/Microsoft.Authorization/roleAssignments/{assignment}";

const PARTS: [&[Route]; 11] = [
    &BASIC,
    &RESOURCES[0],
    &RESOURCES[1],
    &RESOURCES[2],
    &RESOURCES[3],
    &RESOURCES[4],
    &RESOURCES[5],
    FURTHER,
    reading::LISTS,
    reading::FURTHER,
    provisioning::ROUTES,
];
const COUNT: usize = {
    let (mut count, mut part) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

/// The operations of Resource Manager.
pub const ROUTES: &[Route] = &{
    let mut all = [BASIC[0]; COUNT];
    let (mut at, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut of = 0;
        while of < PARTS[part].len() {
            all[at] = PARTS[part][of];
            (at, of) = (at + 1, of + 1);
        }
        part += 1;
    }
    all
};

/// The operations of the authority.
pub const AUTHORITY_ROUTES: &[Route] = &[
    Route::new("POST", "/{tenant}/oauth2/v2.0/token", "token").reading(),
    // What Microsoft's clients ask before they ask for a token.
    Route::new(
        "GET",
        "/{tenant}/v2.0/.well-known/openid-configuration",
        "openidConfiguration",
    ),
    Route::new("GET", "/common/discovery/instance", "discoverInstance"),
];

/// The operations of the public list of prices.
pub const RETAIL_ROUTES: &[Route] = &[Route::new("GET", "/api/retail/prices", "prices.list")];

/// The words of Resource Manager's routes, by themselves in lower case.
static WORDS: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let words = ROUTES.iter().flat_map(|route| route.path.split('/'));
    let words = words.filter(|word| !word.starts_with('{'));
    words
        .map(|word| (word.to_ascii_lowercase(), word))
        .collect()
});

/// A path with the words of these routes as they are written there: paths of Resource Manager ignore case.
pub fn canonical(path: &str) -> String {
    // Microsoft's clients put a scope that begins with a slash behind another one.
    let single = path.strip_prefix("//").map(|rest| format!("/{rest}"));
    let path = single.as_deref().unwrap_or(path);
    let segments = path.split('/').map(|segment| {
        let word = WORDS.get(&segment.to_ascii_lowercase());
        word.copied().unwrap_or(segment)
    });
    segments.collect::<Vec<_>>().join("/")
}

/// What an operation on a resource that has no route of its own is called, by the rule that most of Microsoft's clients
/// follow: `publicIPAddresses.delete`. `None` where a path leads to no resource.
pub fn derived(method: &str, path: &str) -> Option<String> {
    let (_, below) = path.rsplit_once("/providers/")?;
    let mut parts: Vec<&str> = below.split('/').skip(1).collect();
    // An action ends with its own name.
    let action = (method == "POST").then(|| parts.pop()).flatten();
    let is_one = parts.len().is_multiple_of(2);
    let kind = parts.iter().step_by(2).next_back()?;
    let verb = match (method, action) {
        (_, Some(action)) if is_one => action,
        ("GET", _) if is_one => "get",
        ("GET", _) => "list",
        ("HEAD", _) if is_one => "checkExistence",
        ("PUT", _) if is_one => "createOrUpdate",
        ("PATCH", _) if is_one => "update",
        ("DELETE", _) if is_one => "delete",
        _ => return None,
    };
    Some(format!("{kind}.{verb}"))
}

/// The service and the operation of a request whose path is canonical.
pub fn find<'p>(method: &str, path: &'p str) -> Option<(&'static str, Found<'static, 'p>)> {
    let services = [
        (ARM, ROUTES),
        (GRAPH, graph::ROUTES),
        (AUTHORITY, AUTHORITY_ROUTES),
        (RETAIL, RETAIL_ROUTES),
    ];
    services
        .into_iter()
        .find_map(|(service, routes)| Some((service, route::find(routes, method, path)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_whatever_the_case_of_its_path() {
        let check = |line: &str, expected: Option<(&str, &str)>| {
            let (method, path) = line.split_once(' ').unwrap();
            let path = canonical(path);
            let found = find(method, &path).map(|(service, found)| (service, found.route.name));
            assert_eq!(found, expected, "{line}");
        };
        check(
            "PUT /subscriptions/s/resourcegroups/g",
            Some((ARM, "resourceGroups.createOrUpdate")),
        );
        check(
            "GET /subscriptions/s/RESOURCEGROUPS/g/providers/microsoft.containerservice/managedclusters/c/agentpools/p",
            Some((ARM, "agentPools.get")),
        );
        let network =
            "/subscriptions/s/resourcegroups/g/providers/microsoft.network/virtualnetworks/v";
        check(
            &format!(
                "DELETE {network}/subnets/n/providers/microsoft.authorization/roleassignments/1"
            ),
            Some((ARM, "roleAssignments.delete")),
        );
        check(
            &format!("DELETE {network}/subnets/n"),
            Some((ARM, "resources.deleteById")),
        );
        check(
            &format!("DELETE {network}"),
            Some((ARM, "virtualNetworks.delete")),
        );
        check(
            "GET /v1.0/applications/7",
            Some((GRAPH, "applications.get")),
        );
        check("POST /t/oauth2/v2.0/token", Some((AUTHORITY, "token")));
        check("GET /api/retail/prices", Some((RETAIL, "prices.list")));
        check("GET /api/v1/nodes", None);
    }

    #[test]
    fn an_operation_without_a_route_is_named_by_its_type() {
        let group = "/subscriptions/s/resourceGroups/g/providers";
        let check = |line: &str, expected: Option<&str>| {
            let (method, path) = line.split_once(' ').unwrap();
            let path = path.replace("G/", &format!("{group}/"));
            assert_eq!(derived(method, &path).as_deref(), expected, "{line}");
        };
        check("DELETE G/A/disks/d", Some("disks.delete"));
        check(
            "PUT G/A/networks/n/subnets/s",
            Some("subnets.createOrUpdate"),
        );
        check("GET G/A/networks/n/subnets", Some("subnets.list"));
        check("POST G/A/clusters/c/stop", Some("clusters.stop"));
        check("GET G/A/disks/d/providers/B/locks/l", Some("locks.get"));
        check("DELETE G/A/disks", None);
        check("GET /subscriptions/s/moon", None);
    }

    #[test]
    fn each_operation_has_one_name_and_hides_no_other() {
        let mut seen = std::collections::BTreeSet::new();
        for route in ROUTES.iter().chain(graph::ROUTES) {
            assert!(seen.insert(route.name), "{} is there twice", route.name);
            let path = route.path.replace(['{', '}'], "");
            let found = find(route.method, &path).map(|(_, found)| found.route.name);
            assert_eq!(found, Some(route.name));
        }
    }
}
