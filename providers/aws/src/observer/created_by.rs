//! Who created a resource, according to CloudTrail: a proof that needs no tag.
//!
//! CloudTrail is slow and rate-limited (two look-ups a second), so it is asked about few resources.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use kubeproof_contract::observer::{Caller, Creation, ObserverError};
use kubeproof_contract::resource::{MADE_BY_PROPERTY, Resource};
use kubeproof_contract::run::Run;

use serde_json::Value;

use super::clients::{Clients, failed, observer_error, timestamp};

const CALL: &str = "cloudtrail:LookupEvents";

/// Most resources in one query of the trail.
const RESOURCES_MAX: usize = 50;

/// Verbs of calls that make something.
const MAKING: &[&str] = &["Create", "Allocate", "Run", "Register", "Request", "Import"];

/// The prefix of roles of people who sign in by AWS's own single sign-on; the session names the person.
const PEOPLE: &str = "AWSReservedSSO_";

/// Resource id → who created it, when, since the run began. Resources without an event yet are left out.
///
/// # Errors
/// When the trail could not be read.
pub async fn look_up(
    clients: &Clients,
    run: &Run,
    resources: &[Resource],
) -> Result<BTreeMap<String, Creation>, ObserverError> {
    // What the trail has shown already needs no query.
    let known = resources.iter().filter_map(|resource| {
        let call = resource.properties.get(MADE_BY_PROPERTY)?;
        let at = resource.created_at.map(|at| format!(" at {at}"));
        let text = format!("{call} by the run's identity{}", at.unwrap_or_default());
        let caller = Caller::Ours;
        Some((resource.id.clone(), Creation { text, caller }))
    });
    let mut creators: BTreeMap<String, Creation> = known.collect();
    let rest = resources.iter().filter(|it| !creators.contains_key(&it.id));
    let rest: Vec<&Resource> = rest.take(RESOURCES_MAX).collect();
    if rest.is_empty() {
        return Ok(creators);
    }
    let own = clients.sts.get_caller_identity().send().await;
    let own = own.map_err(|error| failed("sts:GetCallerIdentity", &error))?;
    let own = own.arn().unwrap_or_default();
    for resource in rest {
        // The trail knows node groups by their own name, not by our id.
        let name = match resource.resource_type.as_str() {
            "eks_nodegroup" | "eks_fargate_profile" => resource.id.rsplit('/').next(),
            _ => None,
        };
        let by_name = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::ResourceName)
            .attribute_value(name.unwrap_or(&resource.id))
            .build()
            .map_err(|error| observer_error(CALL, error.to_string()))?;
        // One page: the events of one resource in one run are few, and the newest come first.
        let answer = clients
            .trail
            .lookup_events()
            .lookup_attributes(by_name)
            .start_time(aws_smithy_types::DateTime::from_secs(
                run.started_at.as_second(),
            ))
            .send()
            .await
            .map_err(|error| failed(CALL, &error))?;
        if let Some(event) = answer.events().iter().rev().find(|event| makes(event)) {
            let making = making(event, own, &run.name(""));
            creators.insert(resource.id.clone(), making);
        }
    }
    Ok(creators)
}

/// Whether an event is of a call that makes something.
pub fn makes(event: &Event) -> bool {
    let name = event.event_name().unwrap_or_default();
    MAKING.iter().any(|verb| name.starts_with(verb))
}

/// `CreateVpc by arn:… at 2026-11-23T10:00:00Z`, and by whom that was.
fn making(event: &Event, own: &str, cluster: &str) -> Creation {
    let text = event.cloud_trail_event().unwrap_or_default();
    let details: Value = serde_json::from_str(text).unwrap_or_default();
    let identity = &details["userIdentity"];
    let arn = identity["arn"].as_str();
    let who = arn.or(event.username()).unwrap_or("an unknown caller");
    let at = event
        .event_time()
        .and_then(timestamp)
        .map(|at| format!(" at {at}"));
    Creation {
        text: format!(
            "{} by {who}{}",
            event.event_name().unwrap_or_default(),
            at.unwrap_or_default()
        ),
        caller: caller(identity, own, cluster),
    }
}

/// Who a caller is to a run whose provisioner acts as `own` and whose names all begin with the cluster's. Only a
/// person is certainly somebody else: a role may have been assumed by something that the run itself started.
fn caller(identity: &Value, own: &str, cluster: &str) -> Caller {
    let arn = identity["arn"].as_str().unwrap_or_default();
    if arn.is_empty() {
        return Caller::Unclear;
    }
    if arn == own || arn.split(['/', ':']).any(|part| part.starts_with(cluster)) {
        return Caller::Ours;
    }
    if !identity["invokedBy"].is_null() {
        return Caller::Unclear;
    }
    let kind = identity["type"].as_str().unwrap_or_default();
    let is_person = arn.contains(&format!(":assumed-role/{PEOPLE}"));
    match kind {
        "IAMUser" | "Root" => Caller::Theirs,
        "AssumedRole" if is_person => Caller::Theirs,
        _ => Caller::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "arn:aws:iam::1:user/ci";

    #[track_caller]
    fn check(kind: &str, arn: &str, own: &str, expected: Caller) {
        let identity = json!({"type": kind, "arn": arn});
        assert_eq!(caller(&identity, own, "kp-r1"), expected, "{arn}");
    }

    #[test]
    fn only_the_identity_that_the_provisioner_acts_as_made_what_is_the_runs() {
        check("IAMUser", OWN, OWN, Caller::Ours);
        check("IAMUser", "arn:aws:iam::1:user/bob", OWN, Caller::Theirs);
        check("IAMUser", "arn:aws:iam::1:user/ci2", OWN, Caller::Theirs);
        check("Root", "arn:aws:iam::1:root", OWN, Caller::Theirs);
    }

    #[test]
    fn roles_that_the_run_made_act_for_it() {
        let nodes = "arn:aws:sts::1:assumed-role/kp-r1-nodes/i-0aaaaaaaa";
        check("AssumedRole", nodes, OWN, Caller::Ours);
    }

    #[test]
    fn people_are_recognised_by_their_session_and_roles_that_anybody_may_assume_are_not() {
        let role = "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_0a/";
        let (alice, bob) = (format!("{role}alice"), format!("{role}bob"));
        check("AssumedRole", &alice, &alice, Caller::Ours);
        check("AssumedRole", &bob, &alice, Caller::Theirs);
        let other = "arn:aws:sts::1:assumed-role/deployer/session";
        check("AssumedRole", other, OWN, Caller::Unclear);
        check("AWSService", "", OWN, Caller::Unclear);
    }

    #[test]
    fn what_a_service_does_for_a_person_is_unclear() {
        let arn = "arn:aws:iam::1:user/bob";
        let invoked = "eks.amazonaws.com";
        let identity = json!({"type": "IAMUser", "arn": arn, "invokedBy": invoked});
        assert_eq!(caller(&identity, OWN, "kp-r1"), Caller::Unclear);
    }
}
