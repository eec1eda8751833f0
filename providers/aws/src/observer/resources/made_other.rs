//! What the run's own identity has made of any other service since the run began, from CloudTrail: resources without
//! tags.
//!
//! A safety net below the types with listings of their own. The trail is some minutes late.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::{MADE_BY_PROPERTY, Resource, ResourceType};

use super::entry::{Entry, regional};
use super::net::{all_pages, only_by_hand};
use super::tagged_other::is_listed;
use super::{Listing, Type};
use crate::observer::clients::{Clients, failed, observer_error};
use crate::observer::created_by::makes;

const NAME: &str = "made_other";
const CALL: &str = "cloudtrail:LookupEvents";

/// Services whose resources have types of their own, except those made by these calls.
const LISTED: &[(&str, &[&str])] = &[
    ("ec2", &["CreateFleet"]),
    ("eks", &[]),
    ("iam", &[]),
    ("sts", &[]),
    ("elasticloadbalancing", &[]),
    ("autoscaling", &["CreateLaunchConfiguration"]),
    ("logs", &[]),
];
/// Verbs of calls that end something.
const ENDING: &[&str] = &[
    "Delete",
    "ScheduleKeyDeletion",
    "Remove",
    "Terminate",
    "Release",
    "Deregister",
    "Cancel",
];

/// Everything else that the run's identity has made.
pub struct MadeOther;

#[async_trait]
impl Type for MadeOther {
    fn resource_type(&self) -> ResourceType {
        regional(NAME)
    }

    async fn list(&self, clients: &Clients) -> Listing {
        let own = clients.sts.get_caller_identity().send().await;
        let own = own.map_err(|error| failed("sts:GetCallerIdentity", &error))?;
        let own = own.arn().unwrap_or_default();
        // The trail knows users by name, and roles by their session.
        let name = own.rsplit(['/', ':']).next().unwrap_or_default();
        let by_name = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::Username)
            .attribute_value(name)
            .build()
            .map_err(|error| observer_error(CALL, error.to_string()))?;
        let start = clients.connection.run.started_at.as_second();
        let start = aws_smithy_types::DateTime::from_secs(start);
        let page = |token: Option<String>| {
            let events = clients
                .trail
                .lookup_events()
                .lookup_attributes(by_name.clone())
                .start_time(start)
                .set_next_token(token);
            async move {
                let page = events.send().await.map_err(|error| failed(CALL, &error))?;
                let seen = page.events().iter().filter_map(seen).collect();
                Ok((seen, page.next_token().map(str::to_owned)))
            }
        };
        let events: Vec<MadeEvent> = all_pages(CALL, page).await?;
        Ok(made(&events, &clients.region))
    }

    async fn delete(&self, _: &Clients, resource: &Resource) -> Result<(), ObserverError> {
        Err(only_by_hand(resource))
    }

    fn monthly_cost(&self, _: &Resource) -> Option<Decimal> {
        None
    }
}

/// The relevant parts of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MadeEvent {
    call: String,
    makes: bool,
    names: Vec<String>,
    id: String,
    at: Option<aws_smithy_types::DateTime>,
    /// The whole event: a call that ends something names it there.
    text: String,
}

/// An event that made or ended something of another service.
fn seen(event: &Event) -> Option<MadeEvent> {
    let source = event.event_source().unwrap_or_default();
    let service = source.split('.').next().unwrap_or_default();
    let name = event.event_name().unwrap_or_default();
    let listed = LISTED.iter().find(|(known, _)| *known == service);
    let ends = ENDING.iter().any(|verb| name.starts_with(verb));
    let of_other = listed.is_none_or(|(_, besides)| besides.contains(&name) || ends);
    if !of_other || !(makes(event) || ends) {
        return None;
    }
    let names = event.resources().iter().filter_map(|it| it.resource_name());
    Some(MadeEvent {
        call: format!("{service}:{name}"),
        makes: !ends,
        names: names
            .filter(|name| !is_listed(name))
            .map(str::to_owned)
            .collect(),
        id: event.event_id().unwrap_or_default().to_owned(),
        at: event.event_time().copied(),
        text: event.cloud_trail_event().unwrap_or_default().to_owned(),
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
        let entry = Entry::new(NAME, Some(id), region).created(event.at.as_ref());
        there.push(entry.property(MADE_BY_PROPERTY, Some(&event.call)).done());
    }
    there
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event of the run's identity.
    fn event(source: &str, name: &str, resource: Option<&str>, text: &str) -> Event {
        let resource = resource.map(|name| {
            aws_sdk_cloudtrail::types::Resource::builder()
                .resource_name(name)
                .build()
        });
        Event::builder()
            .event_id("e-1")
            .event_source(format!("{source}.amazonaws.com"))
            .event_name(name)
            .set_resources(Some(resource.into_iter().collect()))
            .cloud_trail_event(text)
            .build()
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
        let key = || event("kms", "CreateKey", Some("key-1"), "{}");
        check(&[key()], &["key-1"]);
        let ended = event("kms", "ScheduleKeyDeletion", None, "{\"keyId\":\"key-1\"}");
        check(&[ended.clone(), key()], &[]);
        // It came back after that, and another one was never ended.
        check(&[key(), ended.clone()], &["key-1"]);
        let other = event("kms", "CreateKey", Some("key-2"), "{}");
        check(&[ended, key(), other], &["key-2"]);
        // An ending of another service concerns another resource.
        let elsewhere = event("sqs", "DeleteQueue", None, "{\"queueUrl\":\"key-1\"}");
        check(&[elsewhere, key()], &["key-1"]);
    }

    #[test]
    fn what_has_a_type_of_its_own_and_what_only_reads_is_not_caught() {
        check(&[event("ec2", "CreateVpc", Some("vpc-1"), "{}")], &[]);
        check(&[event("kms", "DescribeKey", Some("key-1"), "{}")], &[]);
        check(
            &[event("ec2", "CreateFleet", Some("fleet-1"), "{}")],
            &["fleet-1"],
        );
        let unnamed = event("cloudformation", "CreateStack", None, "{}");
        check(&[unnamed], &["e-1"]);
    }
}
