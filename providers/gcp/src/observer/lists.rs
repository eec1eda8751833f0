//! The lists of Compute Engine, to their last page: what they show, and which places they could not read.
//!
//! A warning, a place that did not answer and a partial success are parts that are unknown, never empty ones.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::scope::Scope;
use serde::Deserialize;
use serde_json::Value;

use crate::api::Api;
use crate::api::types::{AggregatedPage, Warning, last};

/// The most results of one page; and what can be read, also where some places do not answer.
const PAGE: [(&str, &str); 2] = [("maxResults", "500"), ("returnPartialSuccess", "true")];

/// A list of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// One that covers all places, by this call; its items stand below this member.
    Aggregated(&'static str, &'static str),
    /// One of what has no place, by this call.
    Global(&'static str),
}

/// What a list has shown.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) items: Vec<Value>,
    pub(super) unread: Vec<Unread>,
}

/// A part of a list that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// Where; `None`: it is not known where.
    pub(super) place: Option<Scope>,
    pub(super) error: CallError,
}

/// What a page consists of.
type Part = Result<Value, Box<Unread>>;

/// A page of a list without places. Which of its members are there is known only when it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GlobalPage {
    #[serde(default)]
    items: Vec<Value>,
    next_page_token: Option<String>,
    warning: Option<Warning>,
}

/// Reads a list of the project.
///
/// # Errors
/// When a page cannot be read at all.
pub(super) async fn read(api: &Api, project: &str, list: List) -> Result<Read, CallError> {
    let parameters = [project];
    let request = |call| RestCall::new(call, &parameters).with_query(&PAGE);
    let parts = match list {
        List::Global(call) => {
            let take = |page| Ok(global(call, page));
            api.compute
                .all_pages(request(call), "pageToken", take)
                .await
        }
        List::Aggregated(call, member) => {
            let take = |page| aggregated(call, member, page);
            api.compute
                .all_pages(request(call), "pageToken", take)
                .await
        }
    };
    let mut read = Read::default();
    for part in parts? {
        match part {
            Ok(item) => read.items.push(item),
            Err(unread) if read.unread.contains(&unread) => {}
            Err(unread) => read.unread.push(*unread),
        }
    }
    Ok(read)
}

/// Why a part is unknown; nothing when the warning says only that there is nothing.
fn unknown(call: &str, place: Option<Scope>, warning: Option<&Warning>) -> Option<Box<Unread>> {
    let warning = warning.filter(|warning| !warning.is_harmless())?;
    let message = format!("not complete: {} {}", warning.code, warning.message);
    Some(Box::new(Unread {
        place,
        error: CallError::state(format!("compute:{call}"), message.trim_end()),
    }))
}

fn global(call: &str, page: GlobalPage) -> (Vec<Part>, Option<String>) {
    let warned = unknown(call, None, page.warning.as_ref());
    let items = page.items.into_iter().map(Ok);
    (items.chain(warned.map(Err)).collect(), page.next_page_token)
}

fn aggregated(
    call: &str,
    member: &str,
    page: AggregatedPage,
) -> Result<(Vec<Part>, Option<String>), CallError> {
    let warned = unknown(call, None, page.warning.as_ref());
    let mut parts: Vec<Part> = warned.map(Err).into_iter().collect();
    parts.extend(page.unreachables.iter().map(|link| {
        Err(Box::new(Unread {
            place: place(link),
            error: CallError::state(format!("compute:{call}"), format!("not reached: {link}")),
        }))
    }));
    for (key, mut content) in page.items {
        let unread = |error: serde_json::Error| {
            CallError::state(format!("compute:{call}"), format!("{key}: {error}"))
        };
        if let Some(warning) = content.get("warning") {
            let warning: Warning = serde_json::from_value(warning.clone()).map_err(unread)?;
            parts.extend(unknown(call, place(&key), Some(&warning)).map(Err));
        }
        if let Some(items) = content.get_mut(member).map(Value::take) {
            let items: Vec<Value> = serde_json::from_value(items).map_err(unread)?;
            parts.extend(items.into_iter().map(Ok));
        }
    }
    Ok((parts, page.next_page_token))
}

/// The scope of a zone.
pub(super) fn zone_scope(zone: &str) -> Scope {
    let region = zone.rsplit_once('-').map_or(zone, |(region, _)| region);
    Scope::new(&format!("{region}/{zone}"))
}

/// The scope that a link or a key such as `zones/us-central1-a` names.
fn place(link: &str) -> Option<Scope> {
    let name = last(link)?;
    match link.rsplit('/').nth(1) {
        Some("zones") => Some(zone_scope(name)),
        Some("regions") => Some(Scope::new(name)),
        _ if name == "global" => Some(Scope::global()),
        _ => None,
    }
}

/// The scope of an item: that of its zone, its region, or the project as a whole.
pub(super) fn scope_of(item: &Value) -> Scope {
    let name = |member: &str| item[member].as_str().and_then(last);
    match (name("zone"), name("region")) {
        (Some(zone), _) => zone_scope(zone),
        (None, Some(region)) => Scope::new(region),
        (None, None) => Scope::global(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(page: Value, items: usize, unread: &[Option<&str>]) {
        let page: AggregatedPage = serde_json::from_value(page).expect("a page");
        let (parts, _) = aggregated("disks.aggregatedList", "disks", page).expect("parts");
        let (good, bad): (Vec<_>, Vec<_>) = parts.into_iter().partition(Result::is_ok);
        assert_eq!(good.len(), items);
        let places = bad.into_iter().filter_map(Result::err);
        let places: Vec<Option<String>> = places
            .map(|unread| unread.place.map(String::from))
            .collect();
        let expected: Vec<Option<String>> = unread
            .iter()
            .map(|place| place.map(str::to_owned))
            .collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn a_warning_or_a_place_that_did_not_answer_is_unread_and_the_rest_is_kept() {
        let empty = json!({"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "none"}});
        let disks = json!({"disks": [{"name": "a"}, {"name": "b"}]});
        let unreached = json!({"warning": {"code": "UNREACHABLE", "message": "zone b"}});
        check(
            json!({"items": {"zones/x-a": disks, "zones/x-b": empty}}),
            2,
            &[],
        );
        check(
            json!({"items": {"zones/x-a": disks, "zones/x-b": unreached}}),
            2,
            &[Some("x/x-b")],
        );
        let link = "https://www.googleapis.com/compute/v1/projects/p/regions/y";
        check(
            json!({"items": {"zones/x-a": disks}, "unreachables": [link]}),
            2,
            &[Some("y")],
        );
        check(
            json!({"items": {}, "warning": {"code": "PARTIAL_SUCCESS"}}),
            0,
            &[None],
        );
        check(json!({}), 0, &[]);
    }

    #[test]
    fn a_list_without_places_may_be_incomplete_too() {
        let check = |page: Value, items: usize, unread: usize| {
            let page: GlobalPage = serde_json::from_value(page).expect("a page");
            let (parts, _) = global("firewalls.list", page);
            let good = parts.iter().filter(|part| part.is_ok()).count();
            assert_eq!((good, parts.len() - good), (items, unread));
        };
        check(json!({"items": [{"name": "a"}]}), 1, 0);
        check(json!({}), 0, 0);
        check(json!({"warning": {"code": "NO_RESULTS_ON_PAGE"}}), 0, 0);
        check(
            json!({"items": [{"name": "a"}], "warning": {"code": "UNREACHABLE"}}),
            1,
            1,
        );
    }

    #[test]
    fn a_place_is_read_from_links_and_members() {
        let check = |link: &str, expected: Option<&str>| {
            assert_eq!(place(link), expected.map(Scope::new), "{link}");
        };
        check("zones/us-central1-a", Some("us-central1/us-central1-a"));
        check("projects/p/regions/us-east1", Some("us-east1"));
        check("global", Some("global"));
        check("somewhere", None);
        let zonal = json!({"zone": "https://c/projects/p/zones/us-east1-b"});
        assert_eq!(scope_of(&zonal), Scope::new("us-east1/us-east1-b"));
        assert_eq!(
            scope_of(&json!({"region": "r/us-east1"})),
            Scope::new("us-east1")
        );
        assert_eq!(scope_of(&json!({})), Scope::global());
    }
}
