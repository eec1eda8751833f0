//! Who created a resource, according to the subscription's activity log: a proof that needs no mark.
//!
//! The log is some minutes late, has no entries of the directory, and names what AKS makes for a cluster by AKS itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kubeproof_cloudkit::CallError;
use kubeproof_contract::observer::{Caller, Creation};
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use serde::Deserialize;

use crate::api::Api;

/// An entry of the log.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    caller: String,
    event_timestamp: String,
    resource_id: String,
    operation_name: Word,
    status: Word,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Word {
    value: String,
}

/// Resource id → who created it since the run began. Resources without an entry are left out.
///
/// # Errors
/// When the log cannot be read to its end.
pub(super) async fn look_up(
    api: &Api,
    subscription: &str,
    run: &Run,
    resources: &[Resource],
) -> Result<BTreeMap<String, Creation>, CallError> {
    if resources.is_empty() {
        return Ok(BTreeMap::new());
    }
    let now = api.connection().clock.now();
    let filter = filter(run.started_at, now);
    let entries: Vec<Entry> = api
        .list("activityLogs.list", &[subscription], Some(&filter))
        .await?;
    let known = Known {
        own: api.identity().await?,
        of_run: principals(run, resources),
    };
    let creation = |resource: &Resource| {
        let theirs = entries
            .iter()
            .filter(|entry| makes(entry) && entry.resource_id.eq_ignore_ascii_case(&resource.id));
        // A write of what exists changes it: the first one after the last one of its name was deleted made it.
        let since = resource.created_at;
        let is_it = |entry: &&Entry| at(entry).zip(since).is_none_or(|(at, since)| at <= since);
        let newest = |entry: &&Entry| at(entry);
        let entry = theirs.clone().filter(is_it).max_by_key(newest);
        let entry = entry.or_else(|| theirs.min_by_key(newest))?;
        Some((resource.id.clone(), known.described(entry)))
    };
    Ok(resources.iter().filter_map(creation).collect())
}

/// From when until when; the log wants both.
fn filter(from: Timestamp, until: Timestamp) -> String {
    format!("eventTimestamp ge '{from}' and eventTimestamp le '{until}'")
}

fn at(entry: &Entry) -> Option<Timestamp> {
    entry.event_timestamp.parse().ok()
}

/// Whether an entry is of a call that makes something, and was not refused.
fn makes(entry: &Entry) -> bool {
    let ends = entry.operation_name.value.to_ascii_lowercase();
    ends.ends_with("/write") && !entry.status.value.eq_ignore_ascii_case("Failed")
}

/// The principals of identities that the run made, among what is asked for.
fn principals(run: &Run, resources: &[Resource]) -> BTreeSet<String> {
    let ours = resources.iter().filter(|one| run.owns(&one.tags));
    let ids = ours.flat_map(|one| {
        let of_identity = one.properties.get("principalId").cloned();
        let is_principal = one.resource_type == "service_principal";
        let own = is_principal.then(|| one.id.clone());
        let client = one.properties.get("app_id").cloned();
        [of_identity, own, client]
    });
    ids.flatten().map(|id| id.to_ascii_lowercase()).collect()
}

/// The ids that are known.
#[derive(Debug, Default)]
struct Known {
    /// Those of the caller itself: its object id and its client id.
    own: BTreeSet<String>,
    /// Those of identities that the run made.
    of_run: BTreeSet<String>,
}

impl Known {
    /// `Microsoft.Network/virtualNetworks/write by a@x at 2026-11-29T10:00:00Z`, and who that was.
    fn described(&self, entry: &Entry) -> Creation {
        let who = entry.caller.as_str();
        let shown = if who.is_empty() {
            "an unknown caller"
        } else {
            who
        };
        let (operation, at) = (&entry.operation_name.value, &entry.event_timestamp);
        Creation {
            text: format!("{operation} by {shown} at {at}"),
            caller: self.caller(who),
        }
    }

    /// Who a caller is. Only a person is certainly somebody else: anything may act as a service principal.
    fn caller(&self, who: &str) -> Caller {
        let lower = who.to_ascii_lowercase();
        if lower.is_empty() {
            return Caller::Unclear;
        }
        if self.own.contains(&lower) || self.of_run.contains(&lower) {
            return Caller::Ours;
        }
        if lower.contains('@') && !self.own.is_empty() {
            return Caller::Theirs;
        }
        Caller::Unclear
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_person_is_certainly_somebody_else() {
        let check = |who: &str, own: &[&str], expected: Caller| {
            let known = Known {
                own: own.iter().map(|id| (*id).to_owned()).collect(),
                of_run: ["made".to_owned()].into(),
            };
            assert_eq!(known.caller(who), expected, "{who} {own:?}");
        };
        check("ME", &["me"], Caller::Ours);
        check("made", &["me"], Caller::Ours);
        check("other", &["me"], Caller::Unclear);
        check("alice@example.com", &["me"], Caller::Theirs);
        check("alice@example.com", &["alice@example.com"], Caller::Ours);
        check("alice@example.com", &[], Caller::Unclear);
        check("", &["me"], Caller::Unclear);
    }

    #[test]
    fn only_writes_that_were_not_refused_make_something() {
        let check = |operation: &str, status: &str, expected: bool| {
            let entry = json!({"operationName": {"value": operation}, "status": {"value": status}});
            let entry: Entry = serde_json::from_value(entry).unwrap();
            assert_eq!(makes(&entry), expected, "{operation} {status}");
        };
        check("Microsoft.Network/virtualNetworks/write", "Succeeded", true);
        check("MICROSOFT.NETWORK/VIRTUALNETWORKS/WRITE", "Accepted", true);
        check("Microsoft.Network/virtualNetworks/write", "Failed", false);
        check(
            "Microsoft.Network/virtualNetworks/delete",
            "Succeeded",
            false,
        );
    }
}
