//! Application and network load balancers (version 2015-12-01).
//!
//! Identified by ARN; created as `provisioning`, then `active` or `failed`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::injected::AsyncFault;

use crate::balancing::interfaces::{self, BalancerInterfaces};
use crate::balancing::{Event, target_groups};
use crate::billing::{self, usage};
use crate::quotas;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// An application or network load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balancer {
    /// Its name, unique in the region.
    pub name: String,
    /// `application` or `network`.
    pub balancer_type: String,
    /// `internet-facing` or `internal`.
    pub scheme: String,
    /// `provisioning`, `active` or `failed`.
    pub state: String,
    /// Why it failed.
    pub reason: Option<String>,
    pub dns_name: String,
    /// The VPC of its subnets.
    pub vpc_id: String,
    pub subnet_ids: Vec<String>,
    /// Its security groups.
    pub group_ids: Vec<String>,
    pub tags: BTreeMap<String, String>,
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
        "CreateTargetGroup" => target_groups::create(state, call),
        "DeleteTargetGroup" => target_groups::delete(state, call),
        "DescribeTargetGroups" => target_groups::describe(state, call),
        other => Err(AwsError::unknown_operation("elasticloadbalancing", other)),
    }
}

/// Ends a creation.
pub fn created(state: &mut State, arn: &str, failure: Option<String>) {
    let Some(balancer) = state.balancing.balancers.get_mut(arn) else {
        return;
    };
    if let Some(reason) = failure {
        "failed".clone_into(&mut balancer.state);
        balancer.reason = Some(reason);
        usage::stop(state, arn);
    } else {
        "active".clone_into(&mut balancer.state);
    }
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let name = call.params.need("Name")?.to_owned();
    let balancer_type = call.params.get("Type").unwrap_or("application").to_owned();
    let scheme = call
        .params
        .get("Scheme")
        .unwrap_or("internet-facing")
        .to_owned();
    check_new(state, &name, &balancer_type)?;
    let subnet_ids = subnets(call);
    let group_ids = call.params.list("SecurityGroups");
    let tags = call.params.tags("Tags");
    let vpc_id = interfaces::vpc_of(state, &subnet_ids)?;
    let short = if balancer_type == "application" {
        "app"
    } else {
        "net"
    };
    let path = format!("{short}/{name}/{}", state.ids.hex(16));
    let arn = state.arn("elasticloadbalancing", &format!("loadbalancer/{path}"));
    let run_id = billing::run_of(&tags);
    let asked = interfaces::InterfaceRequest {
        description: format!("ELB {path}"),
        subnet_ids: subnet_ids.clone(),
        group_ids: group_ids.clone(),
        public: scheme == "internet-facing",
        run_id: run_id.clone(),
    };
    let held = interfaces::hold(state, asked)?;
    usage::load_balancer(state, &arn, &tags, run_id.as_deref());
    let dns_name = dns_name(state, &name, short);
    let balancer = Balancer {
        state: "provisioning".to_owned(),
        reason: None,
        created_at: state.now,
        name,
        balancer_type,
        scheme,
        dns_name,
        vpc_id,
        subnet_ids,
        group_ids,
        tags,
        held,
    };
    let answer = Node::new().list("LoadBalancers", "member", [render(&arn, &balancer)]);
    state.balancing.balancers.insert(arn.clone(), balancer);
    plan(state, arn, call.injected.take_async());
    Ok(Answer::Xml(answer))
}

fn check_new(state: &State, name: &str, balancer_type: &str) -> Result<(), AwsError> {
    let code = match balancer_type {
        "application" => "L-53DA6B97",
        "network" => "L-69A177A2",
        other => {
            return Err(super::invalid(format!(
                "'{other}' is not a type of load balancer"
            )));
        }
    };
    let balancers = &state.balancing.balancers;
    if balancers.values().any(|balancer| balancer.name == name) {
        return Err(AwsError::new(
            400,
            "DuplicateLoadBalancerName",
            format!(
                "A load balancer with the same name '{name}' exists, but with different settings"
            ),
        ));
    }
    let count = balancers
        .values()
        .filter(|balancer| balancer.balancer_type == balancer_type)
        .count();
    if count >= quotas::limit(state, code) as usize {
        return Err(AwsError::new(
            400,
            "TooManyLoadBalancers",
            "You've reached the limit on the number of load balancers for your account.",
        ));
    }
    Ok(())
}

fn subnets(call: &Call) -> Vec<String> {
    let mapped = call.params.structs("SubnetMappings");
    let mapped = mapped
        .iter()
        .filter_map(|mapping| mapping.get("SubnetId").map(str::to_owned));
    call.params
        .list("Subnets")
        .into_iter()
        .chain(mapped)
        .collect()
}

fn dns_name(state: &mut State, name: &str, short: &str) -> String {
    let region = state.setup.region.clone();
    if short == "app" {
        format!(
            "{name}-{}.{region}.elb.amazonaws.com",
            state.ids.below(2_000_000_000)
        )
    } else {
        format!("{name}-{}.elb.{region}.amazonaws.com", state.ids.hex(16))
    }
}

/// Schedules the end of the creation, as the injected fault requires.
fn plan(state: &mut State, arn: String, fault: Option<&AsyncFault>) {
    let mut wait = state.durations.load_balancer_create;
    let failure = match fault {
        None => None,
        Some(AsyncFault::Stuck) => return,
        Some(AsyncFault::Late(times)) => {
            wait *= *times;
            None
        }
        Some(AsyncFault::Fail(code)) => {
            Some(code.clone().unwrap_or_else(|| "InternalError".to_owned()))
        }
    };
    state.after(
        wait,
        crate::state::Event::Balancing(Event::Created { arn, failure }),
    );
}

/// Succeeds whether or not the balancer exists; its interfaces are released later.
fn delete(state: &mut State, call: &Call) -> Outcome {
    let arn = call.params.need("LoadBalancerArn")?;
    if let Some(balancer) = state.balancing.balancers.remove(arn) {
        target_groups::forget(state, arn);
        super::close(state, arn, balancer.held);
    }
    Ok(Answer::Xml(Node::new()))
}

fn describe(state: &State, call: &Call) -> Outcome {
    let arns = call.params.list("LoadBalancerArns");
    let names = call.params.list("Names");
    let balancers = &state.balancing.balancers;
    let known = |name: &String| balancers.values().any(|balancer| balancer.name == *name);
    if arns.iter().any(|arn| !balancers.contains_key(arn)) || !names.iter().all(known) {
        return Err(not_found());
    }
    let all: Vec<Node> = balancers
        .iter()
        .filter(|(arn, balancer)| {
            (arns.is_empty() || arns.contains(arn))
                && (names.is_empty() || names.contains(&balancer.name))
        })
        .map(|(arn, balancer)| render(arn, balancer))
        .collect();
    super::paged(
        state,
        call,
        "elbv2:DescribeLoadBalancers",
        "LoadBalancers",
        all,
    )
}

fn describe_tags(state: &State, call: &Call) -> Outcome {
    let arns = call.params.list("ResourceArns");
    super::check_tagged(&arns)?;
    let balancing = &state.balancing;
    let descriptions = arns
        .iter()
        .map(|arn| {
            let balancer = balancing.balancers.get(arn).map(|balancer| &balancer.tags);
            let group = balancing.target_groups.get(arn).map(|group| &group.tags);
            let tags = balancer.or(group).ok_or_else(|| {
                if arn.contains(":targetgroup/") {
                    target_groups::not_found()
                } else {
                    not_found()
                }
            })?;
            let tags = super::tag_nodes(tags);
            Ok(Node::new()
                .text("ResourceArn", arn)
                .list("Tags", "member", tags))
        })
        .collect::<Result<Vec<Node>, AwsError>>()?;
    Ok(Answer::Xml(Node::new().list(
        "TagDescriptions",
        "member",
        descriptions,
    )))
}

fn render(arn: &str, balancer: &Balancer) -> Node {
    let state = Node::new()
        .text("Code", &balancer.state)
        .maybe("Reason", balancer.reason.as_ref());
    let zones = balancer
        .subnet_ids
        .iter()
        .map(|id| Node::new().text("SubnetId", id));
    Node::new()
        .text("LoadBalancerArn", arn)
        .text("LoadBalancerName", &balancer.name)
        .text("DNSName", &balancer.dns_name)
        .text("CreatedTime", balancer.created_at)
        .text("Scheme", &balancer.scheme)
        .text("VpcId", &balancer.vpc_id)
        .node("State", state)
        .text("Type", &balancer.balancer_type)
        .text("IpAddressType", "ipv4")
        .list("AvailabilityZones", "member", zones)
        .list(
            "SecurityGroups",
            "member",
            balancer.group_ids.iter().map(Node::of_text),
        )
}

fn not_found() -> AwsError {
    AwsError::new(
        400,
        "LoadBalancerNotFound",
        "One or more load balancers not found",
    )
}

/// Adds all application and network load balancers.
pub fn inventory(state: &State, all: &mut Vec<Resource>) {
    all.extend(state.balancing.balancers.iter().map(|(arn, balancer)| {
        let mut resource = Resource::new("elbv2_load_balancer", arn.as_str(), &state.setup.region);
        resource.name = Some(balancer.name.clone());
        resource.tags.clone_from(&balancer.tags);
        resource.state.clone_from(&balancer.state);
        resource.created_at = Some(balancer.created_at);
        resource
            .properties
            .insert("vpc_id".to_owned(), balancer.vpc_id.clone());
        resource
            .properties
            .insert("type".to_owned(), balancer.balancer_type.clone());
        resource
    }));
}
