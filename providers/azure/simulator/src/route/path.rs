//! Paths of Resource Manager: they ignore case, and resources of some namespaces hang on any other path.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::arm::KINDS;

/// The words in paths that are no resource types.
const WORDS: &[&str] = &[
    "applicationGateways",
    "dataCollectionRules",
    "deletedVaults",
    "deletedWorkspaces",
    "deployments",
    "diagnosticSettings",
    "diskEncryptionSets",
    "eventtypes",
    "exports",
    "kubernetesVersions",
    "listClusterAdminCredential",
    "listClusterUserCredential",
    "locations",
    "locks",
    "maintenanceConfigurations",
    "networkProfiles",
    "operationResults",
    "operations",
    "permissions",
    "privateEndpoints",
    "prometheusRuleGroups",
    "query",
    "register",
    "resourceGroups",
    "resources",
    "roleAssignments",
    "roleDefinitions",
    "run",
    "runCommand",
    "runHistory",
    "skus",
    "start",
    "stop",
    "storageAccounts",
    "unregister",
    "usages",
    "values",
    "vaults",
    "workspaces",
];

/// The namespaces that have no resource types of their own here.
const NAMESPACES: &[&str] = &[
    "Microsoft.AlertsManagement",
    "Microsoft.Authorization",
    "Microsoft.CostManagement",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.OperationalInsights",
    "Microsoft.ResourceGraph",
    "Microsoft.Resources",
    "Microsoft.Storage",
];

/// What begins the resources that hang on any scope.
const SCOPED: [&str; 3] = [
    "/providers/Microsoft.Authorization/",
    "/providers/Microsoft.CostManagement/",
    "/providers/Microsoft.Insights/diagnosticSettings",
];

/// A part of a path without percent-encoding; `None` if it is not text.
pub(crate) fn decoded(part: &str) -> Option<String> {
    let text = percent_decode_str(part).decode_utf8().ok()?;
    Some(text.into_owned())
}

/// A word as it is documented, whatever its case.
fn documented(word: &str) -> String {
    let types = KINDS.iter().flat_map(|kind| kind.types.iter());
    let known = WORDS
        .iter()
        .chain(types)
        .find(|known| known.eq_ignore_ascii_case(word));
    known.map_or_else(|| word.to_owned(), |known| (*known).to_owned())
}

fn namespace(word: &str) -> String {
    let of_kinds = KINDS.iter().map(|kind| kind.namespace);
    let mut known = NAMESPACES.iter().copied().chain(of_kinds);
    let known = known.find(|known| known.eq_ignore_ascii_case(word));
    known.unwrap_or(word).to_owned()
}

/// A path with its words as they are documented; names stay as they are.
pub(super) fn canonical(path: &str) -> String {
    if let Some(rest) = path.strip_prefix("/graph/") {
        // Where all services share one address, Graph is told by this.
        return format!("/{rest}");
    }
    // Some clients write a scope with encoded slashes.
    let path = path.replace("%2F", "/");
    // Microsoft's clients put a scope that begins with a slash behind another one, and write a path without a part in its middle.
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default();
    let mut whole = String::new();
    let mut add = |part: &str| {
        whole.push('/');
        whole.push_str(part);
    };
    match first.to_ascii_lowercase().as_str() {
        "subscriptions" => {
            add("subscriptions");
            if let Some(id) = parts.next() {
                add(id);
            }
        }
        "providers" => {
            add("providers");
            if let Some(one) = parts.next() {
                add(&namespace(one));
            }
        }
        _ => return path.clone(),
    }
    // Words and names take turns; a namespace is followed by a word.
    let mut is_word = true;
    while let Some(part) = parts.next() {
        if !is_word {
            add(part);
            is_word = true;
            continue;
        }
        if part.eq_ignore_ascii_case("providers") {
            add("providers");
            if let Some(one) = parts.next() {
                add(&namespace(one));
            }
            continue;
        }
        add(&documented(part));
        is_word = false;
    }
    whole
}

/// A path in which the scope of a resource that hangs on any scope is one part.
pub(super) fn with_scope(path: &str) -> String {
    let begins = SCOPED.iter().filter_map(|begin| path.rfind(begin));
    let Some(at) = begins.max().filter(|at| *at > 0) else {
        return path.to_owned();
    };
    let (scope, rest) = path.split_at(at);
    format!("/{}{rest}", utf8_percent_encode(scope, NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_documented_case_and_names_their_own() {
        let check = |path: &str, expected: &str| assert_eq!(canonical(path), expected);
        check(
            "/SUBSCRIPTIONS/S/resourcegroups/Providers/PROVIDERS/microsoft.network/virtualnetworks/SUBNETS/Subnets/x",
            "/subscriptions/S/resourceGroups/Providers/providers/Microsoft.Network/virtualNetworks/SUBNETS/subnets/x",
        );
        check(
            "/subscriptions/s/providers/microsoft.containerservice/Register",
            "/subscriptions/s/providers/Microsoft.ContainerService/register",
        );
        check("//subscriptions/s", "/subscriptions/s");
        check("/subscriptions/s//locations/", "/subscriptions/s/locations");
        check("/subscriptions%2Fs/locations", "/subscriptions/s/locations");
        check("/v1.0/Applications", "/v1.0/Applications");
        check("/subscriptions", "/subscriptions");
    }

    #[test]
    fn a_scope_of_any_depth_is_one_part() {
        let parts = |path: &str| with_scope(path).matches('/').count();
        let end = "/providers/Microsoft.Authorization/roleAssignments/1";
        assert_eq!(parts(&format!("/subscriptions/s{end}")), 5);
        assert_eq!(parts(&format!("/subscriptions/s/resourceGroups/g{end}")), 5);
        assert_eq!(with_scope("/subscriptions/s"), "/subscriptions/s");
    }
}
