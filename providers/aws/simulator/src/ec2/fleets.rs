//! `CreateFleet` of type `instant`, as Karpenter launches its nodes: one call, its instances in the answer.
//!
//! Of the overrides of all launch templates the cheapest that can be launched is: on-demand ones by their list price, spot
//! ones in the order given, as no spot price is known. A fleet of this type stays as a record only, and is not kept.
//! Facts: EC2 API reference, `CreateFleet`; EC2 user guide, "Instant fleets".

use crate::billing::prices;
use crate::ec2::instances::NewInstance;
use crate::ec2::{Operations, errors, launch_order, run_instances};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// The operation.
pub const OPERATIONS: Operations = &[("CreateFleet", create)];

/// One way to launch: what is asked, and what it becomes.
struct Choice {
    specification: Params,
    overrides: Params,
    order: Result<NewInstance, AwsError>,
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let kind = call.params.get("Type").unwrap_or("maintain");
    if kind != "instant" {
        let operation = format!("CreateFleet of type {kind}");
        return Err(AwsError::unknown_operation("ec2", &operation));
    }
    let target = call.params.under("TargetCapacitySpecification.");
    target.need("TotalTargetCapacity")?;
    let total = target.number("TotalTargetCapacity")?.unwrap_or(0);
    let spot = target.get("DefaultTargetCapacityType") == Some("spot");
    for split in ["OnDemandTargetCapacity", "SpotTargetCapacity"] {
        let given = target.number(split)?.unwrap_or(0);
        if given != 0 && (split.starts_with("Spot") != spot || given != total) {
            let operation = "CreateFleet of on-demand and spot instances together";
            return Err(AwsError::unknown_operation("ec2", operation));
        }
    }
    if total < 1 {
        return Err(errors::value("TotalTargetCapacity must be at least 1"));
    }
    let mut choices = choices(state, call, spot)?;
    if !spot {
        choices.sort_by_key(|choice| price(state, choice));
    }
    let no_capacity = call.injected.take_capacity();
    let (made, refused) = launch(state, choices, total, no_capacity);
    let fleet = state.ids.uuid();
    Ok(Answer::Xml(
        Node::new()
            .text("fleetId", format!("fleet-{fleet}"))
            .list("errorSet", "item", refused)
            .list("fleetInstanceSet", "item", made),
    ))
}

/// All overrides of all launch templates; a template without any is one choice itself.
fn choices(state: &State, call: &Call, spot: bool) -> Result<Vec<Choice>, AwsError> {
    let configs = call.params.structs("LaunchTemplateConfigs");
    if configs.is_empty() {
        let message = "The request must contain the parameter LaunchTemplateConfigs";
        return Err(errors::refuse("MissingParameter", message));
    }
    let mut all = Vec::new();
    for config in configs {
        let specification = config.under("LaunchTemplateSpecification.");
        let mut overrides = config.structs("Overrides");
        if overrides.is_empty() {
            overrides.push(Params::default());
        }
        for overrides in overrides {
            if overrides
                .entries()
                .any(|(name, _)| name.starts_with("InstanceRequirements"))
            {
                let operation = "CreateFleet with InstanceRequirements";
                return Err(AwsError::unknown_operation("ec2", operation));
            }
            let order = order(state, &specification, &overrides, &call.params, spot);
            all.push(Choice {
                specification: specification.clone(),
                overrides,
                order,
            });
        }
    }
    Ok(all)
}

fn order(
    state: &State,
    specification: &Params,
    overrides: &Params,
    fleet: &Params,
    spot: bool,
) -> Result<NewInstance, AwsError> {
    let given = specification.prefixed("LaunchTemplate.");
    let (template, _) = launch_order::with_template(state, &given)?;
    let mut over = Params::default();
    for name in ["InstanceType", "SubnetId", "ImageId"] {
        over = over.with_one(name, overrides.get(name));
    }
    let zone = overrides.get("AvailabilityZone");
    let over = over.with_one("Placement.AvailabilityZone", zone);
    // An override of the subnet goes into the template's network interface, if it has one.
    let (over, template) = match (over.get("SubnetId"), template.structs("NetworkInterface")) {
        (Some(subnet), interfaces) if !interfaces.is_empty() => {
            let template = template.with_one("NetworkInterface.1.SubnetId", Some(subnet));
            (over.without("SubnetId"), template)
        }
        _ => (over, template),
    };
    let mut order = launch_order::read(state, &template.with(&over), &template)?;
    order.tags.extend(fleet.tag_specification("instance"));
    order.volume_tags.extend(fleet.tag_specification("volume"));
    if spot && order.spot.is_none() {
        order.spot = Some(fleet.tag_specification("spot-instances-request"));
    }
    Ok(order)
}

/// What an hour costs; unknown prices come last.
fn price(state: &State, choice: &Choice) -> (bool, kubeproof_contract::Decimal) {
    let order = choice.order.as_ref().ok();
    let region = &state.setup.region;
    let price = order.and_then(|order| prices::of_instance(region, &order.instance_type));
    (price.is_none(), price.unwrap_or_default())
}

/// Launches by the first choice that works; what the others answer is listed.
fn launch(
    state: &mut State,
    choices: Vec<Choice>,
    total: i64,
    no_capacity: bool,
) -> (Vec<Node>, Vec<Node>) {
    let mut refused = Vec::new();
    for choice in choices {
        let outcome = match &choice.order {
            Err(error) => Err(error.clone()),
            Ok(order) if no_capacity => Err(run_instances::no_capacity(state, order)),
            Ok(order) => run_instances::launch(state, order, (total, total)),
        };
        let lifecycle = |order: &NewInstance| {
            if order.spot.is_some() {
                "spot"
            } else {
                "on-demand"
            }
        };
        match (outcome, &choice.order) {
            (Ok(ids), Ok(order)) => {
                let ids = ids.iter().map(Node::of_text);
                let node = Node::new()
                    .node("launchTemplateAndOverrides", described(&choice))
                    .text("lifecycle", lifecycle(order))
                    .list("instanceIds", "item", ids)
                    .text("instanceType", &order.instance_type);
                return (vec![node], refused);
            }
            (Err(error), order) => {
                let kind = order.as_ref().map_or("on-demand", lifecycle);
                refused.push(
                    Node::new()
                        .node("launchTemplateAndOverrides", described(&choice))
                        .text("lifecycle", kind)
                        .text("errorCode", error.code)
                        .text("errorMessage", error.message),
                );
            }
            (Ok(_), Err(_)) => {}
        }
    }
    (Vec::new(), refused)
}

fn described(choice: &Choice) -> Node {
    let specification = Node::new()
        .maybe(
            "launchTemplateId",
            choice.specification.get("LaunchTemplateId"),
        )
        .maybe(
            "launchTemplateName",
            choice.specification.get("LaunchTemplateName"),
        )
        .maybe("version", choice.specification.get("Version"));
    let overrides = Node::new()
        .maybe("instanceType", choice.overrides.get("InstanceType"))
        .maybe("subnetId", choice.overrides.get("SubnetId"))
        .maybe("availabilityZone", choice.overrides.get("AvailabilityZone"))
        .maybe("imageId", choice.overrides.get("ImageId"));
    Node::new()
        .node("launchTemplateSpecification", specification)
        .node("overrides", overrides)
}
