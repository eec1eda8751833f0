//! What the run's own identity has made of any other service since the run began, from `CloudTrail`: resources without
//! tags.
//!
//! A safety net below the types with listings of their own. The trail is some minutes late.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubeproof_contract::resource::{MADE_BY_PROPERTY, Resource};

use super::entry::Entry;
use super::net::{PAGES_MAX, all_pages, only_by_hand};
use super::tagged_other::is_listed;
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, failed};
use crate::observer::created_by::makes;
use crate::observer::trail::{self, CALL, Event};

const NAME: &str = "made_other";

/// Services whose resources have types of their own, except those made by these calls.
const LISTED: &[(&str, &[&str])] = &[
    ("ec2", &["CreateFleet"]),
    ("eks", &[]),
    ("iam", &[]),
    ("sts", &[]),
    ("elasticloadbalancing", &[]),
    ("autoscaling", &["CreateLaunchConfiguration"]),
    ("logs", &[]),
    ("kms", &[]),
    ("events", &[]),
    ("sqs", &[]),
];
/// Verbs of calls that end something.
const ENDING: &[&str] = &[
    "Delete",
    "Remove",
    "Terminate",
    "Release",
    "Deregister",
    "Cancel",
];

/// Everything else that the run's identity has made.
pub const KIND: Kind = Kind::regional(NAME, |clients| Box::pin(list(clients)))
    .deleted(only_by_hand)
    .priced(|_| None);

async fn list(clients: &Clients) -> ListResult {
    let own = clients.sts.get_caller_identity().send().await;
    let own = own.map_err(|error| failed("sts:GetCallerIdentity", &error))?;
    let own = own.arn().unwrap_or_default();
    // The trail knows users by name, and roles by their session.
    let name = own.rsplit(['/', ':']).next().unwrap_or_default();
    let since = clients.connection.run.started_at;
    let page = |token: Option<String>| async move {
        let page = trail::page(clients, ("Username", name), since, token).await?;
        let seen = page.events.iter().filter_map(seen).collect();
        Ok((seen, page.next_token))
    };
    let events: Vec<MadeEvent> = all_pages(CALL, PAGES_MAX, page).await?;
    Ok(made(&events, &clients.region))
}

/// The relevant parts of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MadeEvent {
    call: String,
    makes: bool,
    names: Vec<String>,
    id: String,
    at: Option<Timestamp>,
    /// The whole event: a call that ends something names it there.
    text: String,
}

/// An event that made or ended something of another service.
fn seen(event: &Event) -> Option<MadeEvent> {
    let service = event.source.split('.').next().unwrap_or_default();
    let name = event.name.as_str();
    let listed = LISTED.iter().find(|(known, _)| *known == service);
    let ends = ENDING.iter().any(|verb| name.starts_with(verb));
    let of_other = listed.is_none_or(|(_, besides)| besides.contains(&name) || ends);
    if !of_other || !(makes(event) || ends) {
        return None;
    }
    let names = event.resources.iter().filter_map(|it| it.name.as_deref());
    Some(MadeEvent {
        call: format!("{service}:{name}"),
        makes: !ends,
        names: names
            .filter(|name| !is_listed(name))
            .map(str::to_owned)
            .collect(),
        id: event.id.clone(),
        at: event.at(),
        text: event.text.clone(),
    })
}

/// What was made and not ended by a later event. The newest event comes first.
fn made(events: &[MadeEvent], region: &str) -> Vec<Resource> {
    let mut there = Vec::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (place, event) in events.iter().enumerate().filter(|(_, event)| event.makes) {
        // One resource has several names: the first is reported, but any may have been used to end it.
        let id = event.names.first().unwrap_or(&event.id);
        let service = event.call.split(':').next().unwrap_or_default();
        let later = events.iter().take(place).filter(|later| !later.makes);
        let mut later = later.filter(|later| later.call.starts_with(service));
        let ended = later.any(|later| {
            event
                .names
                .iter()
                .any(|name| later.text.contains(name.as_str()))
        });
        if ended || !known.insert(id) {
            continue;
        }
        let entry = Entry::new(NAME, Some(id), region).created_at(event.at);
        there.push(entry.property(MADE_BY_PROPERTY, Some(&event.call)).done());
    }
    there
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::trail::Named;

    /// An event of the run's identity.
    fn event(source: &str, name: &str, resource: Option<&str>, text: &str) -> Event {
        let named = resource.map(|name| Named {
            name: Some(name.to_owned()),
        });
        Event {
            id: "e-1".to_owned(),
            source: format!("{source}.amazonaws.com"),
            name: name.to_owned(),
            resources: named.into_iter().collect(),
            text: text.to_owned(),
            ..Event::default()
        }
    }

    /// The newest event comes first.
    #[track_caller]
    fn check(events: &[Event], expected: &[&str]) {
        let seen: Vec<MadeEvent> = events.iter().filter_map(seen).collect();
        let made = made(&seen, "us-east-1");
        let ids: Vec<&str> = made.iter().map(|resource| resource.id.as_str()).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn what_was_made_of_another_service_is_there_until_an_event_ends_it() {
        let key = || event("secretsmanager", "CreateSecret", Some("key-1"), "{}");
        check(&[key()], &["key-1"]);
        let ended = event(
            "secretsmanager",
            "DeleteSecret",
            None,
            "{\"secretId\":\"key-1\"}",
        );
        check(&[ended.clone(), key()], &[]);
        // It came back after that, and another one was never ended.
        check(&[key(), ended.clone()], &["key-1"]);
        let other = event("secretsmanager", "CreateSecret", Some("key-2"), "{}");
        check(&[ended, key(), other], &["key-2"]);
        // An ending of another service concerns another resource.
        let elsewhere = event("sqs", "DeleteQueue", None, "{\"queueUrl\":\"key-1\"}");
        check(&[elsewhere, key()], &["key-1"]);
    }

    #[test]
    fn what_has_a_type_of_its_own_and_what_only_reads_is_not_caught() {
        check(&[event("ec2", "CreateVpc", Some("vpc-1"), "{}")], &[]);
        check(&[event("kms", "CreateKey", Some("key-1"), "{}")], &[]);
        check(&[event("sqs", "GetQueueUrl", Some("key-1"), "{}")], &[]);
        check(
            &[event("ec2", "CreateFleet", Some("fleet-1"), "{}")],
            &["fleet-1"],
        );
        let unnamed = event("cloudformation", "CreateStack", None, "{}");
        check(&[unnamed], &["e-1"]);
    }
}
