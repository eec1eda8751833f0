//! Elastic Load Balancing: two APIs under one name, distinguished by their version.
//!
//! Balancers hold network interfaces that outlive them for minutes: the classic reason why a subnet
//! or a security group cannot be deleted yet.

use std::collections::BTreeMap;

use kubeproof_contract::resource::Resource;

use crate::billing::usage;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::page::page;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

pub mod classic;
pub mod interfaces;
pub mod target_groups;
pub mod v2;

/// The most balancers or target groups on a page.
const PAGE_MAX: usize = 400;
/// The most resources that one `DescribeTags` may name.
const TAGGED_MAX: usize = 20;

/// The store of both load balancing APIs.
#[derive(Clone, Debug, Default)]
pub struct Balancing {
    /// Classic load balancers by name.
    pub classic: BTreeMap<String, classic::Classic>,
    /// Application and network load balancers by ARN.
    pub balancers: BTreeMap<String, v2::Balancer>,
    /// Target groups by ARN.
    pub target_groups: BTreeMap<String, target_groups::TargetGroup>,
}

/// What happens later in load balancing.
#[derive(Clone, Debug)]
pub enum Event {
    /// A balancer's creation ends: it is active, or failed with this reason.
    Created {
        /// The balancer's ARN.
        arn: String,
        /// Why it failed, if it did.
        failure: Option<String>,
    },
    /// The interfaces of a deleted balancer are released.
    Released(interfaces::BalancerInterfaces),
}

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    if call.version == "2012-06-01" {
        classic::answer(state, call)
    } else {
        v2::answer(state, call)
    }
}

/// Lets an event happen.
pub fn happen(state: &mut State, event: Event) {
    match event {
        Event::Created { arn, failure } => v2::created(state, &arn, failure),
        Event::Released(held) => interfaces::release(state, &held),
    }
}

/// Adds all load balancers and target groups that exist.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    classic::inventory(state, all);
    v2::inventory(state, all);
    target_groups::inventory(state, all);
}

/// One page of a list as the answer: all three lists take `PageSize` and `Marker` alike.
fn paged(state: &State, call: &Call, list: &str, wrapper: &str, all: Vec<Node>) -> Outcome {
    let asked = call
        .params
        .number("PageSize")?
        .and_then(|n| usize::try_from(n).ok());
    let size = asked
        .unwrap_or(PAGE_MAX)
        .min(PAGE_MAX)
        .min(state.setup.page_size_max);
    let page =
        page(list, all, call.params.get("Marker"), size).map_err(|_| invalid("Invalid Marker"))?;
    let body = Node::new()
        .list(wrapper, "member", page.items)
        .maybe("NextMarker", page.next);
    Ok(Answer::Xml(body))
}

/// Ends a balancer's billing now; its interfaces are released later.
fn close(state: &mut State, key: &str, held: interfaces::BalancerInterfaces) {
    usage::stop(state, key);
    let wait = state.durations.load_balancer_linger;
    state.after(wait, crate::state::Event::Balancing(Event::Released(held)));
}

/// Refuses a request for the tags of more resources than the API accepts in one call.
fn check_tagged(names: &[String]) -> Result<(), AwsError> {
    if names.len() > TAGGED_MAX {
        return Err(invalid(format!(
            "Cannot have more than {TAGGED_MAX} resources specified"
        )));
    }
    Ok(())
}

fn tag_nodes(tags: &BTreeMap<String, String>) -> impl Iterator<Item = Node> {
    tags.iter()
        .map(|(key, value)| Node::new().text("Key", key).text("Value", value))
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ValidationError", message)
}
