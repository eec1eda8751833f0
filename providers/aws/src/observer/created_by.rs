//! Who created a resource, according to `CloudTrail`: a proof that needs no tag.
//!
//! `CloudTrail` is slow and rate-limited (two look-ups a second), so it is asked about few resources.

use std::collections::BTreeMap;

use kubeproof_contract::observer::{Caller, Creation, ObserverError};
use kubeproof_contract::resource::{MADE_BY_PROPERTY, Resource};
use kubeproof_contract::run::Run;
use serde_json::Value;

use super::clients::{Clients, failed};
use super::trail::{self, Event};

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
        let name = name.unwrap_or(&resource.id);
        // One page: the events of one resource in one run are few, and the newest come first.
        let page = trail::page(clients, ("ResourceName", name), run.started_at, None).await?;
        if let Some(event) = page.events.iter().rev().find(|event| makes(event)) {
            let making = making(event, own, run);
            creators.insert(resource.id.clone(), making);
        }
    }
    Ok(creators)
}

/// Whether an event is of a call that makes something.
pub(crate) fn makes(event: &Event) -> bool {
    MAKING.iter().any(|verb| event.name.starts_with(verb))
}

/// `CreateVpc by arn:… at 2026-11-23T10:00:00Z`, and by whom that was.
fn making(event: &Event, own: &str, run: &Run) -> Creation {
    let details: Value = serde_json::from_str(&event.text).unwrap_or_default();
    let identity = &details["userIdentity"];
    let arn = identity["arn"].as_str();
    let who = arn
        .or(event.username.as_deref())
        .unwrap_or("an unknown caller");
    let at = event.at().map(|at| format!(" at {at}"));
    Creation {
        text: format!("{} by {who}{}", event.name, at.unwrap_or_default()),
        caller: caller(identity, own, run),
    }
}

/// Who a caller is to a run whose provisioner acts as `own` and whose names all begin with the run's. Only a
/// person is certainly somebody else: a role may have been assumed by something that the run itself started.
fn caller(identity: &Value, own: &str, run: &Run) -> Caller {
    let arn = identity["arn"].as_str().unwrap_or_default();
    if arn.is_empty() {
        return Caller::Unclear;
    }
    // A part begins with a letter, so a run whose id goes on after this one's is told apart.
    let is_part =
        |part: &str| part.is_empty() || part.starts_with(|c: char| c.is_ascii_lowercase());
    let mut names = arn.split(['/', ':']);
    if arn == own || names.any(|name| run.part_of(name).is_some_and(is_part)) {
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

    fn run() -> Run {
        Run::new("r1", "me", jiff::Timestamp::UNIX_EPOCH)
    }

    #[track_caller]
    fn check(kind: &str, arn: &str, own: &str, expected: Caller) {
        let identity = json!({"type": kind, "arn": arn});
        assert_eq!(caller(&identity, own, &run()), expected, "{arn}");
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
        for other in ["kp-r12-nodes", "kp-r1-2-nodes"] {
            let nodes = format!("arn:aws:sts::1:assumed-role/{other}/i-0aaaaaaaa");
            check("AssumedRole", &nodes, OWN, Caller::Unclear);
        }
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
        assert_eq!(caller(&identity, OWN, &run()), Caller::Unclear);
    }
}
