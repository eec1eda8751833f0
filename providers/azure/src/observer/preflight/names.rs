//! Whether the names of the run are free, or taken by this very run, so that provisioning converges; and whether what
//! should be there is.

use kubeproof_cloudkit::CallError;
use serde_json::Value;

use super::super::{checks, group};
use super::Judged;
use crate::api::Api;
use crate::api::graph::{self, DirectoryObject};
use crate::api::types::Resource;
use crate::spec::{AksSpec, Identity};

/// What was found of the names.
#[derive(Debug, Default)]
struct Names {
    wrong: Vec<String>,
    own: Vec<String>,
}

impl Names {
    /// Notes something that has a name of the run.
    fn note(&mut self, what: String, is_own: bool) {
        if is_own {
            self.own.push(what);
        } else {
            let wrong = format!("{what} exists and does not carry this run's tag");
            self.wrong.push(wrong);
        }
    }
}

pub(super) async fn judge(api: &Api, spec: &AksSpec) -> Judged {
    let run = &api.connection().run;
    let subscription = spec.subscription.0.as_str();
    let (name, cluster) = (group(spec, run), run.name(""));
    let mut names = Names::default();
    let find = |operation: &'static str, parameters: Vec<String>| async move {
        let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
        api.find::<Resource>(operation, &parameters).await
    };
    let in_group = |last: &str| vec![subscription.to_owned(), name.clone(), last.to_owned()];
    let found = find("resourceGroups.get", in_group("")[..2].to_vec()).await?;
    match (&spec.resource_group, found) {
        (None, None) => {}
        (None, Some(found)) => {
            names.note(format!("resource group {name}"), run.owns(&found.tags()));
        }
        (Some(_), None) => names.wrong.push(format!(
            "there is no resource group {name}, which should be used"
        )),
        (Some(_), Some(found)) => {
            let state = found.state();
            if state != "Succeeded" {
                let wrong = format!("resource group {name}, which should be used, is {state}");
                names.wrong.push(wrong);
            }
        }
    }
    for (what, operation, part) in [
        ("cluster", "managedClusters.get", ""),
        ("network", "virtualNetworks.get", "net"),
        ("identity", "userAssignedIdentities.get", "id"),
    ] {
        let own = run.name(part);
        if let Some(found) = find(operation, in_group(&own)).await? {
            names.note(format!("{what} {own}"), run.owns(&found.tags()));
        }
    }
    let nodes = node_group(&name, &cluster, &spec.location.0);
    let parameters = [subscription, nodes.as_str()];
    let found: Option<Resource> = api.find("resourceGroups.get", &parameters).await?;
    if let Some(found) = found {
        names.note(format!("resource group {nodes}"), run.owns(&found.tags()));
    }
    existing_subnet(api, spec, &mut names).await?;
    if spec.identity == Identity::ServicePrincipal {
        application(api, &cluster, &mut names).await?;
    }
    let seen = match names.own.as_slice() {
        [] => "all are free".to_owned(),
        own => format!("of this run: {}", own.join(", ")),
    };
    Ok((names.wrong, seen))
}

/// The name that AKS gives to the group of a cluster's nodes, cut as it does (AKS, node resource group: 80 characters).
fn node_group(group: &str, cluster: &str, location: &str) -> String {
    let name = format!("MC_{group}_{cluster}_{location}");
    name.chars().take(80).collect()
}

/// The subnet that should be used is there.
async fn existing_subnet(api: &Api, spec: &AksSpec, names: &mut Names) -> Result<(), CallError> {
    if spec.network.is_none() {
        return Ok(());
    }
    let id = checks::existing_subnet(spec);
    let found: Option<Value> = api
        .find_by_id(&id, crate::api::version("virtualNetworks."))
        .await?;
    if found.is_none() {
        let wrong = format!("there is no subnet {id}, which should be used");
        names.wrong.push(wrong);
    }
    Ok(())
}

/// Names of applications are not unique, and one of another owner is in no one's way: it is told all the same.
async fn application(api: &Api, name: &str, names: &mut Names) -> Result<(), CallError> {
    let run = &api.connection().run;
    let filter = format!("displayName eq '{name}'");
    let all: Vec<DirectoryObject> =
        graph::list(api.graph(), "applications.list", Some(&filter)).await?;
    for one in &all {
        names.note(format!("application {name}"), run.owns(&one.marks()));
    }
    Ok(())
}
