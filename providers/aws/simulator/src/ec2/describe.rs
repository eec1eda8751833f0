//! What all Describe operations share: ids, filters, pages and the list around the items.
//!
//! A concept says what it is called on the wire and which filters it knows; the rest is here.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::resource::Resource;

use crate::ec2::errors;
use crate::ec2::filters;
use crate::ec2::store::{Meta, Store, Tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The most items that one page of an EC2 list has.
const PAGE_MAX: usize = 1000;
/// The least that a caller may ask for as `MaxResults`.
const PAGE_MIN: i64 = 5;

/// How a concept is called on the wire.
#[derive(Debug)]
pub struct Words {
    /// What ids begin with: `vpc-`.
    pub prefix: &'static str,
    /// The name of the list of ids in a request: `VpcId`.
    pub ids: &'static str,
    /// The name of the list in a response: `vpcSet`.
    pub set: &'static str,
    /// The word for it in error messages: `vpc ID`.
    pub noun: &'static str,
    /// The error code for an id that is not there.
    pub not_found: &'static str,
    /// The error code for an id of the wrong form.
    pub malformed: &'static str,
    /// Whether the list has pages: some have none, and refuse `MaxResults`.
    pub paged: bool,
    /// The type of the resource in tag specifications: `vpc`.
    pub tag_type: &'static str,
    /// The resource type in the inventory: `vpc`; empty for what is not listed there.
    pub resource_type: &'static str,
    /// The names of the filters that the list knows, apart from those of tags.
    pub filters: &'static [&'static str],
}

/// A concept whose resources can be described, filtered, tagged and inventoried.
pub trait Described: Sized + 'static {
    /// How it is called on the wire.
    const WORDS: Words;

    /// Where its resources are.
    fn store(state: &State) -> &Store<Self>;

    /// Id, times and tags.
    fn meta(&self) -> &Meta;

    /// The values that a filter of `WORDS.filters` compares with; `None` for an unknown filter.
    fn values(&self, state: &State, filter: &str) -> Option<Vec<String>>;

    /// The resource as an item of a response.
    fn node(&self, state: &State) -> Node;

    /// Whether reads show it (given that they do not lag).
    fn is_listed(&self, _state: &State) -> bool {
        true
    }

    /// Whether it exists: a record of something deleted may be readable for a while.
    fn exists(&self) -> bool {
        true
    }

    /// The state in the cloud's word; empty when it has none.
    fn state_word(&self, _state: &State) -> String {
        String::new()
    }

    /// Its natural name, when it has one besides the `Name` tag.
    fn natural_name(&self) -> Option<String> {
        None
    }

    /// Facts for price and ownership.
    fn facts(&self, _facts: &mut BTreeMap<String, String>) {}

    /// Facts that other parts of the account hold.
    fn facts_elsewhere(&self, _state: &State, _facts: &mut BTreeMap<String, String>) {}
}

/// The form of an id: the prefix and 8 or 17 hexadecimal digits.
pub fn is_well_formed(prefix: &str, id: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|rest| {
        (rest.len() == 8 || rest.len() == 17) && rest.chars().all(|c| c.is_ascii_hexdigit())
    })
}

/// Refuses an id that has the wrong form or is not there. Writes see new resources at once.
///
/// # Errors
/// The concept's codes for malformed and missing ids.
pub fn need<'a, T: Described>(state: &'a State, id: &str) -> Result<&'a T, AwsError> {
    if !is_well_formed(T::WORDS.prefix, id) {
        return Err(errors::malformed::<T>(id));
    }
    T::store(state)
        .get(id)
        .ok_or_else(|| errors::not_found::<T>(id))
}

/// The id in a parameter, checked like [`need`].
///
/// # Errors
/// As [`need`], and `MissingParameter`.
pub fn need_param<T: Described>(
    state: &State,
    call: &Call,
    name: &str,
) -> Result<String, AwsError> {
    let id = call.params.need(name)?;
    need::<T>(state, id)?;
    Ok(id.to_owned())
}

/// Answers a Describe operation.
///
/// # Errors
/// For unknown ids and filters, bad page sizes and tokens.
pub fn describe<T: Described>(state: &mut State, call: &Call) -> Outcome {
    let chosen = select::<T>(state, call)?;
    let nodes = chosen.iter().map(|item| item.node(state)).collect();
    list(state, call, T::WORDS.set, nodes, T::WORDS.paged)
}

/// The resources that a Describe call asks for, before they are cut into pages.
///
/// # Errors
/// For unknown ids and filters.
pub fn select<'a, T: Described>(state: &'a State, call: &Call) -> Result<Vec<&'a T>, AwsError> {
    let words = &T::WORDS;
    let conditions = call.params.filters();
    for (name, _) in &conditions {
        filters::admit(name, words.filters)?;
    }
    let visible = |item: &&T| item.meta().visible_at <= state.now && item.is_listed(state);
    let shown = |item: &&T| !state.hides(call, item.meta().created_at);
    let ids = call.params.list(words.ids);
    for id in &ids {
        if !is_well_formed(words.prefix, id) {
            return Err(errors::malformed::<T>(id));
        }
        if T::store(state)
            .get(id)
            .filter(visible)
            .filter(shown)
            .is_none()
        {
            return Err(errors::not_found::<T>(id));
        }
    }
    Ok(T::store(state)
        .all()
        .filter(visible)
        .filter(|item| ids.is_empty() || ids.contains(&item.meta().id))
        .filter(|item| {
            conditions.iter().all(|(name, patterns)| {
                let values = filters::of_tags(&item.meta().tags, name)
                    .or_else(|| item.values(state, name))
                    .unwrap_or_default();
                filters::matches(&values, patterns)
            })
        })
        // Last, for only what would be in the answer can be missing in it.
        .filter(shown)
        .collect())
}

/// A list response: one page of `nodes`, with the token of the next.
///
/// # Errors
/// For a bad page size or token, and for either where the operation has no pages.
pub fn list(state: &State, call: &Call, set: &str, nodes: Vec<Node>, paged: bool) -> Outcome {
    let (size, token) = (
        call.params.number("MaxResults")?,
        call.params.get("NextToken"),
    );
    if !paged {
        for name in ["MaxResults", "NextToken"] {
            if call.params.get(name).is_some() {
                return Err(errors::unknown_parameter(name));
            }
        }
        return Ok(Answer::Xml(Node::new().list(set, "item", nodes)));
    }
    let size = match size {
        None => PAGE_MAX,
        Some(size) if size < PAGE_MIN => return Err(errors::page_size(size, "greater", PAGE_MIN)),
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| *size <= PAGE_MAX)
            .ok_or_else(|| {
                errors::page_size(size, "less", i64::try_from(PAGE_MAX).unwrap_or(i64::MAX))
            })?,
    };
    let page = page(
        &call.action,
        nodes,
        token,
        size.min(state.setup.page_size_max),
    )?;
    let node = Node::new()
        .list(set, "item", page.items)
        .maybe("nextToken", page.next);
    Ok(Answer::Xml(node))
}

/// The answer that holds one resource under a name: `<vpc>…</vpc>`.
pub fn one<T: Described>(state: &State, name: &str, id: &str) -> Outcome {
    let item = T::store(state)
        .get(id)
        .ok_or_else(|| errors::not_found::<T>(id))?;
    Ok(Answer::Xml(Node::new().node(name, item.node(state))))
}

/// Adds the tags of a resource to its element.
#[must_use]
pub fn with_tags(node: Node, tags: &Tags) -> Node {
    node.list(
        "tagSet",
        "item",
        tags.iter()
            .map(|(key, value)| Node::new().text("key", key).text("value", value)),
    )
}

/// Adds all resources of a concept that exist to the inventory, but for those of these ids.
pub fn inventory<T: Described>(state: &State, all: &mut Vec<Resource>, but: &BTreeSet<String>) {
    for item in T::store(state).all().filter(|item| item.exists()) {
        let meta = item.meta();
        if but.contains(&meta.id) {
            continue;
        }
        let mut resource = Resource::new(T::WORDS.resource_type, &meta.id, &state.setup.region);
        resource.name = meta.name().or_else(|| item.natural_name());
        resource.tags.clone_from(&meta.tags);
        resource.state = item.state_word(state);
        resource.created_at = Some(meta.created_at);
        item.facts(&mut resource.facts);
        item.facts_elsewhere(state, &mut resource.facts);
        all.push(resource);
    }
}
