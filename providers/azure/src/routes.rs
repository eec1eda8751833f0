//! The operations that are called, by method and path. A name is the operation's in Microsoft's own clients:
//! `virtualNetworks.createOrUpdate`.

use kubeproof_contract::route::{self, Found, Route};

/// The host of Resource Manager.
pub const ARM_URL: &str = "https://management.azure.com";
/// The host of the authority.
pub const AUTHORITY_HOST: &str = "login.microsoftonline.com";
/// The services in call signatures: Resource Manager with all that is behind it, and the authority.
pub const ARM: &str = "arm";
/// The authority.
pub const AUTHORITY: &str = "authority";

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
const RESOURCES: [[Route; 3]; 5] = [
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
        "/providers/Microsoft.Authorization/roleAssignments/{assignment}",
        "roleAssignments.get",
        "roleAssignments.create",
        "roleAssignments.delete"
    ),
];

/// What is left: credentials, and what is listed in the whole subscription; the locks of a group.
const FURTHER: &[Route] = &[
    grouped!(
        "POST",
        "/providers/Microsoft.ContainerService/managedClusters/{name}/listClusterUserCredential",
        "managedClusters.listClusterUserCredentials"
    )
    .reading(),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments",
        "roleAssignments.listForSubscription",
    ),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/resources",
        "resources.list",
    ),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/providers/Microsoft.Authorization/locks",
        "managementLocks.listAtSubscriptionLevel",
    ),
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

/// The operations of Resource Manager.
pub const ROUTES: &[Route] = &{
    let mut all = [BASIC[0]; BASIC.len() + RESOURCES.len() * 3 + FURTHER.len()];
    let mut at = 0;
    while at < BASIC.len() {
        all[at] = BASIC[at];
        at += 1;
    }
    let mut of = 0;
    while of < RESOURCES.len() * 3 {
        all[at] = RESOURCES[of / 3][of % 3];
        (at, of) = (at + 1, of + 1);
    }
    let mut last = 0;
    while last < FURTHER.len() {
        all[at] = FURTHER[last];
        (at, last) = (at + 1, last + 1);
    }
    all
};

/// The operations of the authority.
pub const AUTHORITY_ROUTES: &[Route] =
    &[Route::new("POST", "/{tenant}/oauth2/v2.0/token", "token").reading()];

/// A path with the words of these routes as they are written there: paths of Resource Manager ignore case.
pub fn canonical(path: &str) -> String {
    let words = |segment: &str| {
        let literals = ROUTES.iter().flat_map(|route| route.path.split('/'));
        let mut literals = literals.filter(|one| !one.starts_with('{'));
        literals.find(|one| one.eq_ignore_ascii_case(segment))
    };
    // Microsoft's clients put a scope that begins with a slash behind another one.
    let single = path.strip_prefix("//").map(|rest| format!("/{rest}"));
    let path = single.as_deref().unwrap_or(path);
    let segments = path
        .split('/')
        .map(|segment| words(segment).unwrap_or(segment));
    segments.collect::<Vec<_>>().join("/")
}

/// The service and the operation of a request whose path is canonical.
pub fn find<'p>(method: &str, path: &'p str) -> Option<(&'static str, Found<'static, 'p>)> {
    let services = [(ARM, ROUTES), (AUTHORITY, AUTHORITY_ROUTES)];
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
        check("POST /t/oauth2/v2.0/token", Some((AUTHORITY, "token")));
        check("GET /api/v1/nodes", None);
    }

    #[test]
    fn each_operation_has_one_name_and_hides_no_other() {
        let mut seen = std::collections::BTreeSet::new();
        for route in ROUTES {
            assert!(seen.insert(route.name), "{} is there twice", route.name);
            let path = route.path.replace(['{', '}'], "");
            let found = find(route.method, &path).map(|(_, found)| found.route.name);
            assert_eq!(found, Some(route.name));
        }
    }
}
