//! What all Describe operations share: ids, filters, pages and the list element.
//!
//! A resource type declares its names on the wire and its filters; the rest is here.

use std::collections::BTreeSet;

use kubeproof_contract::resource::Resource;

use crate::ec2::errors;
use crate::ec2::fields::{self, Field};
use crate::ec2::filters;
use crate::ec2::store::{Meta, Store, Tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// Most items on one page of an EC2 list.
const PAGE_MAX: usize = 1000;
/// The smallest `MaxResults` that a caller may request.
const PAGE_MIN: i64 = 5;

/// The names of a resource type on the wire.
#[derive(Debug)]
pub struct ResourceSpec {
    /// The prefix of ids: `vpc-`.
    pub prefix: &'static str,
    /// The name of the list of ids in a request: `VpcId`.
    pub ids: &'static str,
    /// The name of the list in a response: `vpcSet`.
    pub set: &'static str,
    /// The noun in error messages: `vpc ID`.
    pub noun: &'static str,
    /// The error code for an unknown id.
    pub not_found: &'static str,
    /// The error code for a malformed id.
    pub malformed: &'static str,
    /// Whether the list has pages: lists without pages refuse `MaxResults`.
    pub paged: bool,
    /// The type of the resource in tag specifications: `vpc`.
    pub tag_type: &'static str,
    /// The resource type in the inventory: `vpc`; empty if it is not listed there.
    pub resource_type: &'static str,
}

/// A resource type that can be described, filtered, tagged and inventoried.
pub trait ResourceKind: Sized + 'static {
    /// Its names on the wire.
    const SPEC: ResourceSpec;

    /// Its fields, in the order of responses.
    const FIELDS: &'static [Field<Self>] = &[];

    /// Where its resources are.
    fn store(state: &State) -> &Store<Self>;

    /// Id, times and tags.
    fn meta(&self) -> &Meta;

    /// The resource as an item of a response.
    fn node(&self, state: &State) -> Node {
        with_tags(fields::node(self, state), &self.meta().tags)
    }

    /// Whether reads show it (given that they do not lag).
    fn is_listed(&self, _state: &State) -> bool {
        true
    }

    /// Whether it exists: the record of a deleted resource may stay readable for a while.
    fn exists(&self) -> bool {
        true
    }

    /// The state as the cloud names it; empty if there is none.
    fn state_name(&self, _state: &State) -> String {
        String::new()
    }

    /// Its natural name, if it has one besides the `Name` tag.
    fn natural_name(&self) -> Option<String> {
        None
    }
}

/// The form of an id: the prefix and 8 or 17 hexadecimal digits.
pub fn is_well_formed(prefix: &str, id: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|rest| {
        (rest.len() == 8 || rest.len() == 17) && rest.chars().all(|c| c.is_ascii_hexdigit())
    })
}

/// Refuses a malformed or unknown id. Writes see new resources immediately.
///
/// # Errors
/// The resource type's codes for malformed and unknown ids.
pub fn need<'a, T: ResourceKind>(state: &'a State, id: &str) -> Result<&'a T, AwsError> {
    if !is_well_formed(T::SPEC.prefix, id) {
        return Err(errors::malformed::<T>(id));
    }
    T::store(state)
        .get(id)
        .ok_or_else(|| errors::not_found::<T>(id))
}

/// The id in a parameter, checked as by [`need`].
///
/// # Errors
/// As [`need`], and `MissingParameter`.
pub fn need_param<T: ResourceKind>(
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
pub fn describe<T: ResourceKind>(state: &mut State, call: &Call) -> Outcome {
    let chosen = select::<T>(state, call)?;
    let nodes = chosen.iter().map(|item| item.node(state)).collect();
    list(state, call, T::SPEC.set, nodes, T::SPEC.paged)
}

/// The names of all filters that a list knows, besides tag filters.
fn filter_names<T: ResourceKind>() -> Vec<&'static str> {
    let of_fields = T::FIELDS.iter().flat_map(Field::filters);
    of_fields.copied().collect()
}

/// The resources that a Describe call selects, before pagination.
///
/// # Errors
/// For unknown ids and filters.
pub fn select<'a, T: ResourceKind>(state: &'a State, call: &Call) -> Result<Vec<&'a T>, AwsError> {
    let spec = &T::SPEC;
    let conditions = call.params.filters();
    for (name, _) in &conditions {
        filters::admit(name, &filter_names::<T>())?;
    }
    let visible = |item: &&T| item.meta().visible_at <= state.now && item.is_listed(state);
    let shown = |item: &&T| !state.hides(call, item.meta().created_at);
    let ids = call.params.list(spec.ids);
    for id in &ids {
        if !is_well_formed(spec.prefix, id) {
            return Err(errors::malformed::<T>(id));
        }
        if T::store(state)
            .get(id)
            .filter(visible)
            .as_ref()
            .is_none_or(|x| !shown(x))
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
                    .or_else(|| fields::values(*item, state, name))
                    .unwrap_or_default();
                filters::matches(&values, patterns)
            })
        })
        // Last, because only what would be in the answer can be missing from it.
        .filter(shown)
        .collect())
}

/// A list response: one page of `nodes`, with the token of the next.
///
/// # Errors
/// For a bad page size or token, and for either if the operation has no pages.
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
///
/// # Errors
/// When there is no such resource.
pub fn one<T: ResourceKind>(state: &State, name: &str, id: &str) -> Outcome {
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

/// Adds all existing resources of a type to the inventory, except those with these ids.
pub fn inventory<T: ResourceKind>(state: &State, all: &mut Vec<Resource>, but: &BTreeSet<String>) {
    for item in T::store(state).all().filter(|item| item.exists()) {
        let meta = item.meta();
        if but.contains(&meta.id) {
            continue;
        }
        let mut resource = Resource::new(T::SPEC.resource_type, &meta.id, &state.setup.region);
        resource.name = meta.name().or_else(|| item.natural_name());
        resource.tags.clone_from(&meta.tags);
        crate::lifetime::set(&mut resource, item.state_name(state));
        resource.created_at = Some(meta.created_at);
        fields::properties(item, state, &mut resource.properties);
        all.push(resource);
    }
}
