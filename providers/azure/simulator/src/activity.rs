//! The activity log: changes of the subscription, each shown some minutes after it was made.

use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::arm::read::page;
use crate::billing::cost_management::QUERY;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Outcome, time};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values", "monitor.activityLogs.list", list),
]);

/// How late an entry shows: minutes, by general knowledge.
const LAG: SignedDuration = SignedDuration::from_secs(180);

/// An entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    at: Timestamp,
    id: String,
    caller: String,
    /// `Microsoft.Network/virtualNetworks/write`.
    operation: String,
    resource: String,
    status: String,
}

/// What an operation is called in the log.
fn operation(method: &str, path: &str) -> String {
    let (_, below) = path
        .rsplit_once("/providers/")
        .unwrap_or(("", "Microsoft.Resources/subscriptions/resourceGroups"));
    let mut parts = below.split('/');
    let namespace = parts.next().unwrap_or_default();
    let types: Vec<&str> = parts.step_by(2).collect();
    let verb = match method {
        "DELETE" => "delete",
        "POST" => "action",
        _ => "write",
    };
    let types = if below.starts_with("Microsoft.Resources/") {
        "subscriptions/resourceGroups".to_owned()
    } else {
        types.join("/")
    };
    format!("{namespace}/{types}/{verb}")
}

/// Notes a change of the subscription.
pub(crate) fn record(state: &mut State, call: &Call<'_>, outcome: &Outcome) {
    let method = call.request.method().as_str();
    // A question about costs is sent as a POST, and changes nothing.
    let is_read = matches!(method, "GET" | "HEAD") || call.name == QUERY;
    if is_read || !call.path.starts_with("/subscriptions/") {
        return;
    }
    let status = match outcome {
        Ok(answer) if answer.status == 202 => "Accepted",
        Ok(_) => "Succeeded",
        Err(_) => "Failed",
    };
    let entry = Entry {
        at: state.now,
        id: state.ids.uuid(),
        caller: call.caller.clone(),
        operation: operation(method, &call.path),
        resource: call.path.clone(),
        status: status.to_owned(),
    };
    state.trail.push(entry);
}

/// What a list is filtered by: from when, until when, and the group.
#[derive(Debug, Default, PartialEq, Eq)]
struct Filter {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    group: Option<String>,
}

impl Filter {
    fn read(text: &str) -> Option<Self> {
        let mut filter = Self::default();
        for part in text
            .split(" and ")
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (member, rest) = part.split_once(' ')?;
            let (word, value) = rest.split_once(' ')?;
            let value = value.trim().trim_matches('\'');
            match (member, word) {
                ("eventTimestamp", "ge") => filter.from = Some(value.parse().ok()?),
                ("eventTimestamp", "le") => filter.until = Some(value.parse().ok()?),
                ("resourceGroupName", "eq") => filter.group = Some(value.to_ascii_lowercase()),
                _ => return None,
            }
        }
        Some(filter)
    }
}

fn list(state: &mut State, call: &Call<'_>) -> Outcome {
    let text = call.query("$filter").unwrap_or_default();
    let filter = Filter::read(text);
    let Some(filter) = filter.filter(|filter| filter.from.is_some()) else {
        let message = format!("{} with $filter {text}", call.name);
        return Err(if text.is_empty() {
            ApiError::new(400, "BadRequest", "A filter with a start time is required.")
        } else {
            ApiError::not_simulated(message)
        });
    };
    let shown_until = state.now.checked_sub(LAG).unwrap_or(state.now);
    let fitting = state.trail.iter().rev().filter(|entry| {
        let group = filter
            .group
            .as_ref()
            .map(|group| format!("/resourcegroups/{group}"));
        let path = entry.resource.to_ascii_lowercase();
        entry.at <= shown_until
            && filter.from.is_none_or(|from| entry.at >= from)
            && filter.until.is_none_or(|until| entry.at <= until)
            && group
                .is_none_or(|group| path.ends_with(&group) || path.contains(&format!("{group}/")))
    });
    let all: Vec<Value> = fitting
        .map(|entry| {
            json!({
                "id": format!("{}/events/{}", entry.resource, entry.id), "eventDataId": entry.id,
                "eventTimestamp": time(entry.at), "submissionTimestamp": time(entry.at), "caller": entry.caller,
                "resourceId": entry.resource, "operationName": {"value": entry.operation},
                "status": {"value": entry.status}, "category": {"value": "Administrative"},
                "level": "Informational", "subscriptionId": state.setup.subscription,
            })
        })
        .collect();
    page(state, call, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_named_by_its_type() {
        let group = "/subscriptions/s/resourceGroups/g";
        let check = |method: &str, path: &str, expected: &str| {
            assert_eq!(operation(method, path), expected);
        };
        check(
            "PUT",
            &format!("{group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"),
            "Microsoft.Network/virtualNetworks/subnets/write",
        );
        check(
            "DELETE",
            group,
            "Microsoft.Resources/subscriptions/resourceGroups/delete",
        );
    }

    #[test]
    fn filters_are_read_or_refused() {
        let filter =
            Filter::read("eventTimestamp ge '2026-11-29T00:00:00Z' and resourceGroupName eq 'G'");
        assert_eq!(filter.and_then(|filter| filter.group), Some("g".to_owned()));
        assert_eq!(Filter::read("caller eq 'x'"), None);
    }
}
