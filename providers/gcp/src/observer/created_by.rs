//! Who created a resource, according to the project's audit log: a proof that needs no mark.
//!
//! The log is some seconds late, and has no entries of what Google's own agents make for a cluster.

use std::collections::BTreeMap;

use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::observer::{Caller, Creation};
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use serde::Deserialize;
use serde_json::json;

use super::inventory::{Source, known};
use crate::api::Api;
use crate::credentials;

const CALL: &str = "entries.list";
/// The most entries of one page.
const PAGE: u32 = 1000;
/// How the address of a service account ends, no matter whose it is.
const OF_ACCOUNTS: &str = "gserviceaccount.com";

/// A page of entries.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    entries: Vec<Entry>,
    next_page_token: Option<String>,
}

/// A call that changed something.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    timestamp: String,
    proto_payload: Payload,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Payload {
    method_name: String,
    resource_name: String,
    authentication_info: Authentication,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Authentication {
    principal_email: String,
}

/// Resource id → who created it since the run began. Resources without an entry are left out.
///
/// # Errors
/// When the log cannot be read to its end.
pub(super) async fn look_up(
    api: &Api,
    project: &str,
    run: &Run,
    resources: &[Resource],
) -> Result<BTreeMap<String, Creation>, CallError> {
    if resources.is_empty() {
        return Ok(BTreeMap::new());
    }
    let own = credentials::identity(api.connection());
    let entries = entries(api, project, run).await?;
    let creation = |resource: &Resource| {
        // The last one of its name: an earlier one made what is gone.
        let mut making = entries.iter().rev().filter(|entry| makes(entry));
        let entry = making.find(|entry| is_of(entry, resource))?;
        Some((resource.id.clone(), described(entry, own.as_deref(), run)))
    };
    Ok(resources.iter().filter_map(creation).collect())
}

/// The audit entries since the run began, the oldest first.
async fn entries(api: &Api, project: &str, run: &Run) -> Result<Vec<Entry>, CallError> {
    let filter = format!(
        "logName=\"projects/{project}/logs/cloudaudit.googleapis.com%2Factivity\" AND timestamp>=\"{}\"",
        run.started_at
    );
    let page = |token: Option<String>| {
        let mut body = json!({
            "resourceNames": [format!("projects/{project}")],
            "filter": filter, "orderBy": "timestamp asc", "pageSize": PAGE,
        });
        if let Some(token) = token {
            body["pageToken"] = json!(token);
        }
        async move {
            let call = RestCall::new(CALL, &[]).with_body(&body);
            // The list repeats a page by its own policy.
            let page: Page = api.logging.call(RetryPolicy::ONCE, call).await?;
            Ok((page.entries, page.next_page_token))
        }
    };
    let name = format!("logging:{CALL}");
    api.session().all_pages(&name, page).await
}

/// Whether an entry is of a call that makes something.
fn makes(entry: &Entry) -> bool {
    let method = entry.proto_payload.method_name.rsplit('.').next();
    method.is_some_and(|method| {
        ["insert", "create"].contains(&method) || method.starts_with("Create")
    })
}

/// Whether it is about this resource.
fn is_of(entry: &Entry, resource: &Resource) -> bool {
    let named = entry.proto_payload.resource_name.as_str();
    let ends = |path: &str| {
        named
            .strip_suffix(path)
            .is_some_and(|rest| rest.ends_with('/'))
    };
    let id = &resource.id;
    let place = resource
        .scope
        .as_str()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    match known("read", &resource.resource_type).map(|kind| &kind.source) {
        Ok(Source::Compute(collections, _)) => {
            let folder = match resource.scope.as_str().split_once('/') {
                _ if resource.scope.is_global() => "global".to_owned(),
                None => format!("regions/{place}"),
                Some(_) => format!("zones/{place}"),
            };
            let mut all = collections.iter();
            all.any(|of| ends(&format!("{folder}/{}/{id}", of.plural)))
        }
        Ok(Source::Clusters) => ends(&format!("{place}/clusters/{id}")),
        Ok(Source::Instances) => ends(&format!("locations/{place}/instances/{id}")),
        Ok(Source::Zones) => ends(&format!("managedZones/{id}")),
        Ok(Source::Memberships) => ends(&format!("memberships/{id}")),
        Ok(Source::Sinks) => ends(&format!("sinks/{id}")),
        Ok(Source::Buckets) => {
            let (location, name) = id.split_once('/').unwrap_or_default();
            ends(&format!("locations/{location}/buckets/{name}"))
        }
        Ok(Source::Pools) => ends(&format!("workloadIdentityPools/{id}")),
        Ok(Source::Providers) => {
            let (pool, name) = id.split_once('/').unwrap_or_default();
            ends(&format!("workloadIdentityPools/{pool}/providers/{name}"))
        }
        Ok(Source::Keys) => {
            let parts: Vec<&str> = id.split('/').collect();
            let [location, ring, name] = parts[..] else {
                return false;
            };
            ends(&format!(
                "locations/{location}/keyRings/{ring}/cryptoKeys/{name}"
            ))
        }
        Ok(Source::Accounts) => {
            let name = id.split('@').next().unwrap_or_default();
            ends(&format!("serviceAccounts/{id}")) || ends(&format!("serviceAccounts/{name}"))
        }
        _ => false,
    }
}

/// `v1.compute.networks.insert by a@p at 2026-11-29T10:00:00Z`, and who that was.
fn described(entry: &Entry, own: Option<&str>, run: &Run) -> Creation {
    let payload = &entry.proto_payload;
    let who = payload.authentication_info.principal_email.as_str();
    let shown = if who.is_empty() {
        "an unknown caller"
    } else {
        who
    };
    Creation {
        text: format!("{} by {shown} at {}", payload.method_name, entry.timestamp),
        caller: caller(who, own, run),
    }
}

/// Who a caller is. Only a person is certainly somebody else: anything may act as a service account.
fn caller(who: &str, own: Option<&str>, run: &Run) -> Caller {
    let is_account = who.ends_with(OF_ACCOUNTS);
    let of_run = || {
        let name = who.split('@').next().unwrap_or_default();
        let part = run.part_of(name);
        part.is_some_and(|part| part.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    match own {
        _ if who.is_empty() => Caller::Unclear,
        Some(own) if own == who => Caller::Ours,
        _ if is_account && of_run() => Caller::Ours,
        Some(_) if !is_account => Caller::Theirs,
        // Whose token this is, only its issuer knows: it may be this person's.
        _ => Caller::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "ci@p.iam.gserviceaccount.com";

    #[test]
    fn only_a_person_is_certainly_somebody_else() {
        let run = Run::new("r1", "me", jiff::Timestamp::UNIX_EPOCH);
        let check = |who: &str, own: Option<&str>, expected: Caller| {
            assert_eq!(caller(who, own, &run), expected, "{who} {own:?}");
        };
        check(OWN, Some(OWN), Caller::Ours);
        check(
            "kp-r1-nodes@p.iam.gserviceaccount.com",
            Some(OWN),
            Caller::Ours,
        );
        check(
            "kp-r1-2-nodes@p.iam.gserviceaccount.com",
            Some(OWN),
            Caller::Unclear,
        );
        check(
            "other@p.iam.gserviceaccount.com",
            Some(OWN),
            Caller::Unclear,
        );
        check("alice@example.com", Some(OWN), Caller::Theirs);
        check("alice@example.com", Some("alice@example.com"), Caller::Ours);
        check("alice@example.com", None, Caller::Unclear);
        check("", Some(OWN), Caller::Unclear);
    }

    #[test]
    fn an_entry_is_about_the_resource_of_its_name_and_place() {
        let check = |resource: &Resource, path: &str, expected: bool| {
            let mut entry = Entry::default();
            entry.proto_payload.resource_name = format!("projects/p/{path}");
            assert_eq!(is_of(&entry, resource), expected, "{path}");
        };
        let disk = Resource::new("disk", "d", "us-east1/us-east1-b");
        check(&disk, "zones/us-east1-b/disks/d", true);
        check(&disk, "zones/us-east1-c/disks/d", false);
        check(&disk, "zones/us-east1-b/disks/xd", false);
        check(&disk, "zones/us-east1-b/instances/d", false);
        let network = Resource::new("network", "n", "global");
        check(&network, "global/networks/n", true);
        let cluster = Resource::new("gke_cluster", "c", "us-east1/us-east1-b");
        check(&cluster, "locations/us-east1-b/clusters/c", true);
        check(&cluster, "zones/us-east1-b/clusters/c", true);
        check(&cluster, "zones/us-east1-c/clusters/c", false);
        let account = Resource::new("service_account", "a@p", "global");
        check(&account, "serviceAccounts/a", true);
        check(&Resource::new("iam_binding", "r/m", "global"), "", false);
    }

    #[test]
    fn only_calls_that_make_something_count() {
        let check = |method: &str, expected: bool| {
            let mut entry = Entry::default();
            entry.proto_payload.method_name = method.to_owned();
            assert_eq!(makes(&entry), expected, "{method}");
        };
        check("v1.compute.networks.insert", true);
        check("google.container.v1.ClusterManager.CreateCluster", true);
        check("google.iam.admin.v1.CreateServiceAccount", true);
        check("v1.compute.networks.delete", false);
        check("SetIamPolicy", false);
    }
}
