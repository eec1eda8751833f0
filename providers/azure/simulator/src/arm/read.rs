//! Reading resources: one, the parts of one, those of a group, and those of the subscription, by pages.

use kubeproof_simkit::page;
use serde_json::{Value, json};

use super::item::Item;
use super::kind::Kind;
use crate::groups;
use crate::route::Call;
use crate::state::State;
use crate::wire::{Answer, ApiError, Object, Outcome};

/// The names of resources in the path of a call, after subscription and group.
fn names<'c>(call: &'c Call<'_>) -> Vec<&'c str> {
    call.parameters.iter().skip(2).map(String::as_str).collect()
}

/// The key of the resource that a call names.
pub(crate) fn key(state: &State, call: &Call<'_>, kind: &Kind) -> String {
    let id = kind.id(&state.subscription_path(), call.parameter(1), &names(call));
    id.to_ascii_lowercase()
}

/// The resource that a call names.
pub(crate) fn found<'s>(
    state: &'s State,
    call: &Call<'_>,
    kind: &Kind,
) -> Result<&'s Item, ApiError> {
    let group = groups::found(state, call.parameter(1))?;
    let absent = || {
        let path: Vec<String> = kind
            .types
            .iter()
            .zip(names(call))
            .map(|(kind, name)| format!("{kind}/{name}"))
            .collect();
        ApiError::not_found(
            &format!("{}/{}", kind.namespace, path.join("/")),
            &group.name,
        )
    };
    let item = state
        .arm
        .items
        .get(&key(state, call, kind))
        .ok_or_else(absent)?;
    if call.injected.hides(item.created, state.now) {
        return Err(absent());
    }
    Ok(item)
}

/// One resource.
pub(crate) fn get(state: &mut State, call: &Call<'_>, kind: &'static Kind) -> Outcome {
    let item = found(state, call, kind)?;
    let etag = item.shown_etag();
    Ok(Answer::ok(item.shown(state)).header("ETag", etag))
}

fn listed(
    state: &State,
    call: &Call<'_>,
    kind: &'static Kind,
    is_meant: impl Fn(&Item) -> bool,
) -> Outcome {
    let now = state.now;
    let items =
        state.arm.items.all().filter(|item| {
            item.is(kind) && is_meant(item) && !call.injected.hides(item.created, now)
        });
    let all: Vec<Value> = items.map(|item| item.shown(state)).collect();
    page(state, call, all)
}

/// All of the subscription.
pub(crate) fn all(state: &mut State, call: &Call<'_>, kind: &'static Kind) -> Outcome {
    listed(state, call, kind, |_| true)
}

/// All of a group.
pub(crate) fn of_group(state: &mut State, call: &Call<'_>, kind: &'static Kind) -> Outcome {
    let group = groups::found(state, call.parameter(1))?.name.clone();
    listed(state, call, kind, |item| {
        item.group.eq_ignore_ascii_case(&group)
    })
}

/// All parts of a resource.
pub(crate) fn parts(
    state: &mut State,
    call: &Call<'_>,
    kind: &'static Kind,
    of: &'static Kind,
) -> Outcome {
    let parent = found(state, call, of)?.key();
    listed(state, call, kind, |item| {
        item.parent.as_deref() == Some(parent.as_str())
    })
}

/// One page of a list, with the whole address of the next one.
pub(crate) fn page(state: &State, call: &Call<'_>, all: Vec<Value>) -> Outcome {
    let top = call
        .query("$top")
        .and_then(|text| text.parse::<usize>().ok());
    let size = top
        .unwrap_or(state.setup.page_size)
        .min(state.setup.page_size);
    let token = call
        .query("$skiptoken")
        .or_else(|| call.query("$skipToken"));
    let page = page::page(&call.path, all, token, size)
        .map_err(|_| ApiError::new(400, "InvalidSkipToken", "The skip token is invalid."))?;
    let mut list = json!({ "value": page.items });
    if let Some(next) = page.next {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = call
            .query
            .iter()
            .filter(|(key, _)| !key.eq_ignore_ascii_case("$skiptoken"));
        for (key, value) in kept {
            query.append_pair(key, value);
        }
        query.append_pair("$skiptoken", &next);
        list["nextLink"] = json!(format!("{}{}?{}", call.base, call.path, query.finish()));
    }
    Ok(Answer::ok(list))
}

/// A condition on tags: a name, and perhaps a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagFilter {
    name: String,
    value: Option<String>,
}

impl TagFilter {
    pub(crate) fn fits(&self, tags: &Object) -> bool {
        let tags = tags
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(&self.name));
        tags.is_some_and(|(_, value)| {
            self.value
                .as_ref()
                .is_none_or(|wanted| value.as_str() == Some(wanted))
        })
    }
}

/// What a list of resources is filtered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Tag(TagFilter),
    Type(String),
    Group(String),
}

impl Filter {
    pub(crate) fn takes(&self, item: &Item) -> bool {
        match self {
            Self::Tag(filter) => filter.fits(&item.tags),
            Self::Type(kind) => item.kind.full_type().eq_ignore_ascii_case(kind),
            Self::Group(group) => item.group.eq_ignore_ascii_case(group),
        }
    }
}

/// The text in `member eq 'text'`, with doubled quotation marks as one.
fn equal(text: &str, member: &str) -> Option<String> {
    let rest = text.trim().strip_prefix(member)?.trim_start();
    let rest = rest.strip_prefix("eq")?.trim_start();
    let inner = rest.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

/// A condition on tags, as it is written.
pub(crate) fn tag_filter(text: &str) -> Option<TagFilter> {
    let (name, value) = match text.split_once(" and ") {
        Some((name, value)) => (name, Some(equal(value, "tagValue")?)),
        None => (text, None),
    };
    let name = equal(name, "tagName")?;
    Some(TagFilter { name, value })
}

/// A filter of resources, as it is written; `None` for one that is not understood.
pub(crate) fn filter(text: &str) -> Option<Filter> {
    if let Some(kind) = equal(text, "resourceType") {
        return Some(Filter::Type(kind));
    }
    if let Some(group) = equal(text, "resourceGroup") {
        return Some(Filter::Group(group));
    }
    tag_filter(text).map(Filter::Tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused() {
        let tag = |name: &str, value: Option<&str>| {
            Some(Filter::Tag(TagFilter {
                name: name.to_owned(),
                value: value.map(str::to_owned),
            }))
        };
        let check =
            |text: &str, expected: Option<Filter>| assert_eq!(filter(text), expected, "{text}");
        check(
            "tagName eq 'a:b' and tagValue eq 'it''s'",
            tag("a:b", Some("it's")),
        );
        check("tagName eq 'a'", tag("a", None));
        check(
            "resourceGroup eq 'MC_x'",
            Some(Filter::Group("MC_x".to_owned())),
        );
        check(
            "resourceType eq 'A/b'",
            Some(Filter::Type("A/b".to_owned())),
        );
        check("name eq 'x'", None);
        check("tagName eq 'a' and tagValue ne 'b'", None);
    }
}
