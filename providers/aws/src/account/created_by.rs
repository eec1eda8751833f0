//! Who created a resource, told by CloudTrail: a proof that needs no tag.
//!
//! Apart because the trail is slow and rationed (two look-ups a second): it is asked for few
//! resources.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use kubeproof_contract::account::ObserverError;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

use super::clients::{Clients, failed, problem, timestamp};

const CALL: &str = "cloudtrail:LookupEvents";

/// Most resources that the trail is asked about at once.
const RESOURCES_MAX: usize = 50;

/// Verbs of calls that make something.
const MAKING: &[&str] = &["Create", "Allocate", "Run", "Register", "Request", "Import"];

/// Resource id → who created it, when. Resources without an event yet are left out.
///
/// # Errors
/// When the trail could not be read.
pub async fn look_up(
    clients: &Clients,
    run: &Run,
    resources: &[Resource],
) -> Result<BTreeMap<String, String>, ObserverError> {
    let mut creators = BTreeMap::new();
    for resource in resources.iter().take(RESOURCES_MAX) {
        // The trail knows node groups by their own name, not by ours.
        let name = match resource.resource_type.as_str() {
            "eks_nodegroup" | "eks_fargate_profile" => resource.id.rsplit('/').next(),
            _ => None,
        };
        let by_name = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::ResourceName)
            .attribute_value(name.unwrap_or(&resource.id))
            .build()
            .map_err(|error| problem(CALL, error.to_string()))?;
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
            creators.insert(resource.id.clone(), described(event));
        }
    }
    Ok(creators)
}

fn makes(event: &Event) -> bool {
    let name = event.event_name().unwrap_or_default();
    MAKING.iter().any(|verb| name.starts_with(verb))
}

/// `CreateVpc by arn:… at 2026-11-23T10:00:00Z`.
fn described(event: &Event) -> String {
    let text = event.cloud_trail_event().unwrap_or_default();
    let details: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let arn = details["userIdentity"]["arn"].as_str();
    let who = arn.or(event.username()).unwrap_or("an unknown caller");
    let at = event
        .event_time()
        .and_then(timestamp)
        .map(|at| format!(" at {at}"));
    format!(
        "{} by {who}{}",
        event.event_name().unwrap_or_default(),
        at.unwrap_or_default()
    )
}
