//! Whether the names of the run are free, or taken by this very run, so that provisioning converges.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::super::{READ, cluster};
use super::Judged;
use crate::api::Api;
use crate::api::types::ServiceAccount;
use crate::marks;
use crate::spec::GkeSpec;

/// What something says of whose it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Marked {
    description: String,
    labels: BTreeMap<String, String>,
}

pub(super) async fn judge(api: &Api, spec: &GkeSpec) -> Judged {
    let run = &api.connection().run;
    let (project, region) = (spec.project.0.as_str(), spec.location.region());
    let mut taken = Vec::new();
    let mut own = Vec::new();
    let mut note = |what: String, is_own: bool| {
        if is_own {
            own.push(what);
        } else {
            taken.push(format!("{what} exists and does not carry this run's mark"));
        }
    };
    if spec.network.existing.is_none() {
        for (what, call, place, part) in [
            ("network", "networks.get", None, ""),
            ("subnetwork", "subnetworks.get", Some(region), "subnet"),
            ("firewall rule", "firewalls.get", None, "internal"),
            ("router", "routers.get", Some(region), "router"),
        ] {
            let name = run.name(part);
            let parameters: Vec<&str> = [Some(project), place, Some(&name)]
                .into_iter()
                .flatten()
                .collect();
            if let Some(found) = compute(api, call, &parameters).await? {
                let described = marks::described(&found.description);
                let is_own = marks::are_of(run, &found.labels) || marks::are_of(run, &described);
                note(format!("{what} {name}"), is_own);
            }
        }
    }
    if let Some(found) = cluster(api, spec, run).await? {
        note(
            format!("cluster {}", found.name),
            marks::are_of(run, &found.resource_labels),
        );
    }
    let email = format!("{}@{project}.iam.gserviceaccount.com", run.name("nodes"));
    if let Some(found) = account(api, project, &email).await? {
        let described = marks::described(&found.description);
        note(
            format!("service account {email}"),
            marks::are_of(run, &described),
        );
    }
    let seen = match own.as_slice() {
        [] => "all are free".to_owned(),
        own => format!("of this run: {}", own.join(", ")),
    };
    Ok((taken, seen))
}

async fn compute(
    api: &Api,
    call: &'static str,
    parameters: &[&str],
) -> Result<Option<Marked>, CallError> {
    match api
        .compute
        .call(READ, RestCall::new(call, parameters))
        .await
    {
        Err(error) if error.is_not_found() => Ok(None),
        found => found.map(Some),
    }
}

async fn account(
    api: &Api,
    project: &str,
    email: &str,
) -> Result<Option<ServiceAccount>, CallError> {
    let parameters = [project, email];
    let call = RestCall::new("projects.serviceAccounts.get", &parameters);
    match api.iam.call(READ, call).await {
        Err(error) if error.is_not_found() => Ok(None),
        found => found.map(Some),
    }
}
