//! Who the control plane acts as, and that it has exactly the roles that it needs: in the subnet of its nodes, unless
//! that is in the group that AKS makes, and those that AKS gives it there.

use std::collections::BTreeSet;

use kubeproof_cloudkit::CallError;
use kubeproof_contract::run::Run;
use serde::Deserialize;

use super::Findings;
use super::cluster::{Identity as Acting, Seen};
use super::network;
use super::node_pools::Pool;
use crate::api::graph::{self, DirectoryObject};
use crate::api::types::Resource;
use crate::api::{Api, version};
use crate::spec::{AksSpec, Identity};

/// The built-in role "Network Contributor" (Azure built-in roles): AKS needs it in a subnet that it did not make.
const NETWORK_CONTRIBUTOR: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";

/// A role assignment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Assignment {
    properties: Given,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Given {
    principal_id: String,
    role_definition_id: String,
    scope: String,
}

/// Who acts for a cluster: the object ids of principals.
#[derive(Debug, Default)]
struct Principals {
    control_plane: String,
    /// Those of its nodes.
    nodes: BTreeSet<String>,
}

pub(super) async fn judge(
    api: &Api,
    spec: &AksSpec,
    run: &Run,
    (cluster, pools): (&Seen, &[Pool]),
) -> Result<Findings, CallError> {
    let mut found = Findings::default();
    let control_plane = match spec.identity {
        Identity::Managed => managed(api, run, cluster, &mut found).await?,
        Identity::ServicePrincipal => application(api, run, cluster, &mut found).await?,
    };
    let Some(control_plane) = control_plane else {
        return Ok(found);
    };
    let of_nodes = cluster.properties.identity_profile.values();
    let of_nodes = of_nodes.map(|one| one.principal_id.to_ascii_lowercase());
    let principals = Principals {
        nodes: of_nodes.filter(|id| *id != control_plane).collect(),
        control_plane,
    };
    let operation = "roleAssignments.listForSubscription";
    let all: Vec<Assignment> = api
        .list(operation, &[spec.subscription.0.as_str()], None)
        .await?;
    let all: Vec<Given> = all.into_iter().map(|one| one.properties).collect();
    let nodes = &cluster.properties.node_resource_group;
    let nodes = format!(
        "/subscriptions/{}/resourceGroups/{nodes}",
        spec.subscription.0
    );
    let subnets = network::subnets(pools);
    roles(&mut found, &principals, &all, (&nodes, &subnets));
    if spec.resource_group.is_none() {
        let own = super::super::group(spec, run);
        let own = format!(
            "/subscriptions/{}/resourceGroups/{own}",
            spec.subscription.0
        );
        of_no_one(&mut found, &principals, &all, &own);
    }
    Ok(found)
}

/// The principal of the managed identity, if the cluster has one.
async fn managed(
    api: &Api,
    run: &Run,
    cluster: &Seen,
    found: &mut Findings,
) -> Result<Option<String>, CallError> {
    let Some(identity) = &cluster.identity else {
        let wrong = "the cluster has no managed identity, asked for one";
        found.wrong.push(wrong.to_owned());
        return Ok(None);
    };
    let (given, id) = match principal(identity) {
        Ok(found) => found,
        Err(error) => {
            found.wrong.push(error.to_string());
            return Ok(None);
        }
    };
    if let Some(id) = id {
        let shown: Option<Resource> = api
            .find_by_id(id, version("userAssignedIdentities."))
            .await?;
        match shown {
            None => found.wrong.push(format!("its identity {id} is not there")),
            Some(shown) => found.require(run.owns(&shown.tags()), || {
                format!("its identity {id} does not carry the run's tag")
            }),
        }
    }
    found.note(format!("acts as a managed identity ({})", identity.kind));
    Ok(Some(given.to_ascii_lowercase()))
}

/// Why an identity is not one principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum PrincipalError {
    #[error("the cluster has {0} identities, not one")]
    Many(usize),
    #[error("its identity ({0}) has no principal")]
    None(String),
}

/// The one principal of an identity, and the id of a resource that it has of its own.
fn principal(identity: &Acting) -> Result<(&str, Option<&str>), PrincipalError> {
    let users: Vec<_> = identity.user_assigned_identities.iter().collect();
    let (principal, id) = match users.as_slice() {
        [] => (identity.principal_id.as_str(), None),
        [(id, one)] => (one.principal_id.as_str(), Some(id.as_str())),
        many => return Err(PrincipalError::Many(many.len())),
    };
    if principal.is_empty() {
        return Err(PrincipalError::None(identity.kind.clone()));
    }
    Ok((principal, id))
}

/// The principal of the application that the cluster acts as.
async fn application(
    api: &Api,
    run: &Run,
    cluster: &Seen,
    found: &mut Findings,
) -> Result<Option<String>, CallError> {
    let client = cluster
        .properties
        .service_principal_profile
        .client_id
        .as_str();
    if client.is_empty() || client == "msi" {
        let wrong = "the cluster acts as a managed identity, asked for a service principal";
        found.wrong.push(wrong.to_owned());
        return Ok(None);
    }
    let filter = format!("appId eq '{client}'");
    let read = |operation| graph::list::<DirectoryObject>(api.graph(), operation, Some(&filter));
    let applications = read("applications.list").await?;
    let principals = read("servicePrincipals.list").await?;
    let Some(application) = applications.first() else {
        found
            .wrong
            .push(format!("there is no application {client}"));
        return Ok(None);
    };
    let name = &application.display_name;
    found.require(run.owns(&application.marks()), || {
        format!("application {name} does not carry the run's tag")
    });
    let Some(principal) = principals.first() else {
        found
            .wrong
            .push(format!("application {name} has no service principal"));
        return Ok(None);
    };
    found.note(format!("acts as service principal {name}"));
    Ok(Some(principal.id.to_ascii_lowercase()))
}

/// Whether the principals have the roles that they need, and no others.
fn roles(
    found: &mut Findings,
    principals: &Principals,
    all: &[Given],
    (node_group, subnets): (&str, &[String]),
) {
    let is_in_nodes = |scope: &str| is_within(scope, node_group);
    // In a network that AKS made, its own role in the group is enough.
    let elsewhere: Vec<&String> = subnets
        .iter()
        .filter(|subnet| !subnet.is_empty() && !is_in_nodes(subnet))
        .collect();
    let of = |principal: &str| {
        let principal = principal.to_owned();
        all.iter()
            .filter(move |one| one.principal_id.eq_ignore_ascii_case(&principal))
    };
    for given in of(&principals.control_plane).filter(|given| !is_in_nodes(&given.scope)) {
        let (role, scope) = (role_of(given), &given.scope);
        let is_needed = role == NETWORK_CONTRIBUTOR
            && elsewhere.iter().any(|subnet| {
                // The whole network of a subnet is the widest that the service's documentation asks for.
                let network = &subnet[..super::outer_length(subnet)];
                scope.eq_ignore_ascii_case(subnet) || scope.eq_ignore_ascii_case(network)
            });
        found.require(is_needed, || {
            format!("the control plane has the role {role} at {scope}, which it does not need")
        });
    }
    for subnet in &elsewhere {
        let mut theirs = of(&principals.control_plane);
        let has = theirs
            .any(|given| role_of(given) == NETWORK_CONTRIBUTOR && is_within(subnet, &given.scope));
        found.require(has, || {
            format!("the control plane has no role in {subnet}, where it joins nodes and addresses")
        });
    }
    for principal in &principals.nodes {
        for given in of(principal).filter(|given| !is_in_nodes(&given.scope)) {
            let (role, scope) = (role_of(given), &given.scope);
            found.wrong.push(format!(
                "the identity of the nodes has the role {role} at {scope}, which was not asked for"
            ));
        }
    }
    let count = of(&principals.control_plane).count();
    found.note(format!("{count} role assignments, none wider than needed"));
}

/// In the run's own group no one but the cluster has roles: one of a principal that an earlier attempt made serves no one.
fn of_no_one(found: &mut Findings, principals: &Principals, all: &[Given], own: &str) {
    let is_known = |id: &str| id == principals.control_plane || principals.nodes.contains(id);
    for given in all.iter().filter(|given| is_within(&given.scope, own)) {
        let principal = given.principal_id.to_ascii_lowercase();
        found.require(is_known(&principal), || {
            let (role, scope) = (role_of(given), &given.scope);
            format!("{principal}, which is not of the cluster, has the role {role} at {scope}")
        });
    }
}

fn role_of(given: &Given) -> String {
    let last = given.role_definition_id.rsplit('/').next();
    last.unwrap_or_default().to_ascii_lowercase()
}

/// Whether a path is a scope, or below it, whatever their case.
fn is_within(path: &str, scope: &str) -> bool {
    let (path, scope) = (path.to_ascii_lowercase(), scope.to_ascii_lowercase());
    let rest = path.strip_prefix(scope.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GROUP: &str = "/subscriptions/s/resourceGroups/kp-r1";
    const NODES: &str = "/subscriptions/s/resourceGroups/MC_a";
    const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

    fn subnet() -> String {
        format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/n")
    }

    fn given(principal: &str, role: &str, scope: &str) -> Given {
        Given {
            principal_id: principal.to_owned(),
            role_definition_id: format!("/x/{role}"),
            scope: scope.to_owned(),
        }
    }

    #[track_caller]
    fn check(all: &[Given], subnets: &[String], expected: &[&str]) {
        let principals = Principals {
            control_plane: "p".to_owned(),
            nodes: ["k".to_owned()].into(),
        };
        let mut found = Findings::default();
        roles(&mut found, &principals, all, (NODES, subnets));
        assert_eq!(found.wrong, expected);
    }

    #[test]
    fn exactly_the_role_in_the_subnet_is_needed_and_nothing_wider() {
        let subnets = [subnet()];
        let network = subnet().replace("/subnets/n", "");
        let role = |scope: &str| given("P", NETWORK_CONTRIBUTOR, scope);
        let of_aks = given("p", READER, &NODES.to_uppercase());
        check(&[role(&subnet()), of_aks.clone()], &subnets, &[]);
        check(&[role(&network.to_uppercase())], &subnets, &[]);
        let missing = format!(
            "the control plane has no role in {}, where it joins nodes and addresses",
            subnet()
        );
        check(&[of_aks], &subnets, &[&missing]);
        let wider = format!(
            "the control plane has the role {NETWORK_CONTRIBUTOR} at {GROUP}, which it does not need"
        );
        check(&[role(GROUP)], &subnets, &[&wider]);
        let more = format!(
            "the control plane has the role {READER} at /subscriptions/s, which it does not need"
        );
        let reader = given("p", READER, "/subscriptions/s");
        check(&[role(&subnet()), reader], &subnets, &[&more]);
        let of_nodes = format!(
            "the identity of the nodes has the role {READER} at {GROUP}, which was not asked for"
        );
        let kubelet = given("k", READER, GROUP);
        check(&[role(&subnet()), kubelet], &subnets, &[&of_nodes]);
        // Others have what they have.
        check(&[role(&subnet()), given("o", READER, GROUP)], &subnets, &[]);
    }

    #[test]
    fn in_the_runs_own_group_only_the_cluster_has_roles() {
        let principals = Principals {
            control_plane: "p".to_owned(),
            nodes: ["k".to_owned()].into(),
        };
        let check = |given: Given, expected: usize| {
            let mut found = Findings::default();
            of_no_one(&mut found, &principals, &[given], GROUP);
            assert_eq!(found.wrong.len(), expected, "{:?}", found.wrong);
        };
        check(given("P", NETWORK_CONTRIBUTOR, &subnet()), 0);
        check(given("old", NETWORK_CONTRIBUTOR, &subnet()), 1);
        check(given("old", READER, &GROUP.to_uppercase()), 1);
        check(given("old", READER, "/subscriptions/s"), 0);
        check(
            given("old", READER, "/subscriptions/s/resourceGroups/kp-r1-2"),
            0,
        );
    }

    #[test]
    fn in_a_network_that_aks_made_its_own_role_is_enough() {
        let inside = [format!("{NODES}/providers/x/y/z/subnets/n")];
        check(&[], &inside, &[]);
        let role = given("p", NETWORK_CONTRIBUTOR, &inside[0]);
        check(&[role], &inside, &[]);
        check(&[], &[String::new()], &[]);
    }

    #[test]
    fn a_cluster_acts_as_one_principal() {
        let check = |identity: serde_json::Value, expected: Result<(&str, Option<&str>), &str>| {
            let identity: Acting = serde_json::from_value(identity).unwrap();
            let seen = principal(&identity).map_err(|error| error.to_string());
            assert_eq!(seen, expected.map_err(str::to_owned));
        };
        let own = json!({"type": "SystemAssigned", "principalId": "p"});
        check(own, Ok(("p", None)));
        let user =
            json!({"type": "UserAssigned", "userAssignedIdentities": {"/i": {"principalId": "p"}}});
        check(user, Ok(("p", Some("/i"))));
        let two = json!({"type": "UserAssigned", "userAssignedIdentities": {"/i": {}, "/j": {}}});
        check(two, Err("the cluster has 2 identities, not one"));
        let none = json!({"type": "SystemAssigned"});
        check(none, Err("its identity (SystemAssigned) has no principal"));
    }
}
