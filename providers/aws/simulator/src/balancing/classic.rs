//! Classic load balancers (version 2012-06-01): what a `LoadBalancer` service becomes by default.
//!
//! They are identified by name, and deleting one that does not exist succeeds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;

use crate::balancing::interfaces::{self, BalancerInterfaces};
use crate::billing::{self, usage};
use crate::quotas;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// What another service requests of a new classic load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewClassic {
    /// Its name, unique in the region.
    pub name: String,
    /// Its subnets, one per zone.
    pub subnet_ids: Vec<String>,
    /// Its security groups.
    pub group_ids: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// The run that causes it, where no tag names one.
    pub run_id: Option<String>,
}

/// A classic load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classic {
    /// What was asked for.
    pub new: NewClassic,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    pub dns_name: String,
    /// The VPC of its subnets.
    pub vpc_id: String,
    pub created_at: Timestamp,
    held: BalancerInterfaces,
}

/// Answers one call.
///
/// # Errors
/// The service's own; 501 for operations that the simulator does not know.
pub fn answer(state: &mut State, call: &Call) -> Outcome {
    match call.action.as_str() {
        "CreateLoadBalancer" => create(state, call),
        "DeleteLoadBalancer" => delete(state, call),
        "DescribeLoadBalancers" => describe(state, call),
        "DescribeTags" => describe_tags(state, call),
        other => Err(AwsError::unknown_operation("elasticloadbalancing", other)),
    }
}

/// Creates an internet-facing balancer and returns its DNS name.
///
/// # Errors
/// `DuplicateLoadBalancerName`, `TooManyLoadBalancers`, `SubnetNotFound`, or what EC2 says when the
/// interfaces cannot be created.
pub fn create_internal(state: &mut State, new: NewClassic) -> Result<String, AwsError> {
    create_in(state, new, "internet-facing")
}

/// Deletes a balancer, if it exists; its interfaces are released later.
pub fn delete_internal(state: &mut State, name: &str) {
    if let Some(balancer) = state.balancing.classic.remove(name) {
        super::close(state, &usage::classic_key(name), balancer.held);
    }
}

fn create_in(state: &mut State, new: NewClassic, scheme: &str) -> Result<String, AwsError> {
    if state.balancing.classic.contains_key(&new.name) {
        return Err(AwsError::new(
            400,
            "DuplicateLoadBalancerName",
            format!(
                "The specified load balancer name '{}' cannot be used.",
                new.name
            ),
        ));
    }
    let most = quotas::limit(state, "L-E9E9831D") as usize;
    if state.balancing.classic.len() >= most {
        return Err(AwsError::new(
            400,
            "TooManyLoadBalancers",
            "The quota for the number of load balancers has been reached.",
        ));
    }
    let vpc_id = interfaces::vpc_of(state, &new.subnet_ids)?;
    let run_id = new.run_id.clone().or_else(|| billing::run_of(&new.tags));
    let asked = interfaces::InterfaceRequest {
        description: format!("ELB {}", new.name),
        subnet_ids: new.subnet_ids.clone(),
        group_ids: new.group_ids.clone(),
        public: scheme == "internet-facing",
        run_id: run_id.clone(),
    };
    let held = interfaces::hold(state, asked)?;
    let dns_name = format!(
        "{}-{}.{}.elb.amazonaws.com",
        new.name,
        state.ids.below(2_000_000_000),
        state.setup.region
    );
    usage::classic_load_balancer(state, &new.name, &new.tags, run_id.as_deref());
    let balancer = Classic {
        scheme: scheme.to_owned(),
        dns_name: dns_name.clone(),
        vpc_id,
        created_at: state.now,
        held,
        new,
    };
    state
        .balancing
        .classic
        .insert(balancer.new.name.clone(), balancer);
    Ok(dns_name)
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let new = NewClassic {
        name: call.params.need("LoadBalancerName")?.to_owned(),
        subnet_ids: call.params.list("Subnets"),
        group_ids: call.params.list("SecurityGroups"),
        tags: call.params.tags("Tags"),
        run_id: None,
    };
    let scheme = call.params.get("Scheme").unwrap_or("internet-facing");
    create_in(state, new, scheme).map(|dns_name| Answer::Xml(Node::new().text("DNSName", dns_name)))
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    delete_internal(state, call.params.need("LoadBalancerName")?);
    Ok(Answer::Xml(Node::new()))
}

fn describe(state: &State, call: &Call) -> Outcome {
    let names = call.params.list("LoadBalancerNames");
    if let Some(unknown) = names
        .iter()
        .find(|name| !state.balancing.classic.contains_key(*name))
    {
        return Err(not_found(unknown));
    }
    let all: Vec<Node> = state
        .balancing
        .classic
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(name))
        .map(|(_, balancer)| render(balancer))
        .collect();
    super::paged(
        state,
        call,
        "elb:DescribeLoadBalancers",
        "LoadBalancerDescriptions",
        all,
    )
}

fn describe_tags(state: &State, call: &Call) -> Outcome {
    let names = call.params.list("LoadBalancerNames");
    super::check_tagged(&names)?;
    let descriptions = names
        .iter()
        .map(|name| {
            let balancer = state
                .balancing
                .classic
                .get(name)
                .ok_or_else(|| not_found(name))?;
            Ok(Node::new().text("LoadBalancerName", name).list(
                "Tags",
                "member",
                super::tag_nodes(&balancer.new.tags),
            ))
        })
        .collect::<Result<Vec<Node>, AwsError>>()?;
    Ok(Answer::Xml(Node::new().list(
        "TagDescriptions",
        "member",
        descriptions,
    )))
}

fn render(balancer: &Classic) -> Node {
    let new = &balancer.new;
    Node::new()
        .text("LoadBalancerName", &new.name)
        .text("DNSName", &balancer.dns_name)
        .text("VPCId", &balancer.vpc_id)
        .text("Scheme", &balancer.scheme)
        .text("CreatedTime", balancer.created_at)
        .list(
            "Subnets",
            "member",
            new.subnet_ids.iter().map(Node::of_text),
        )
        .list(
            "SecurityGroups",
            "member",
            new.group_ids.iter().map(Node::of_text),
        )
        .list("Instances", "member", [])
}

fn not_found(name: &str) -> AwsError {
    AwsError::new(
        400,
        "LoadBalancerNotFound",
        format!("There is no ACTIVE Load Balancer named '{name}'"),
    )
}

/// Adds all classic load balancers.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    all.extend(state.balancing.classic.iter().map(|(name, balancer)| {
        let mut resource = Resource::new("elb_classic", name.as_str(), &state.setup.region);
        resource.name = Some(name.clone());
        resource.tags.clone_from(&balancer.new.tags);
        resource.incarnation = Some(balancer.created_at.as_second().to_string());
        resource.created_at = Some(balancer.created_at);
        resource
            .properties
            .insert("vpc_id".to_owned(), balancer.vpc_id.clone());
        resource
    }));
}
