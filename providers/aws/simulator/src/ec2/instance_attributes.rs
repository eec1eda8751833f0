//! Attributes of instances that have operations of their own: protection, user data, credits.

use crate::ec2::describe::{list, need, need_param};
use crate::ec2::instances::Instance;
use crate::ec2::{Operations, errors};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome, returned};
use crate::wire::xml::Node;

/// The operations on attributes.
pub const OPERATIONS: Operations = &[
    ("DescribeInstanceAttribute", describe),
    ("ModifyInstanceAttribute", modify),
    ("DescribeInstanceCreditSpecifications", credits),
];

fn describe(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Instance>(state, call, "InstanceId")?;
    let attribute = call.params.need("Attribute")?;
    let options = &need::<Instance>(state, &id)?.options;
    let value = match attribute {
        "disableApiTermination" => Some(options.protected.to_string()),
        "disableApiStop" => Some(options.stop_protected.to_string()),
        "instanceInitiatedShutdownBehavior" => Some(options.shutdown.clone()),
        "userData" => options.user_data.clone(),
        "instanceType" => Some(need::<Instance>(state, &id)?.instance_type.clone()),
        other => {
            let operation = format!("DescribeInstanceAttribute of {other}");
            return Err(AwsError::unknown_operation("ec2", &operation));
        }
    };
    let inner = Node::new().maybe("value", value);
    Ok(Answer::Xml(
        Node::new().text("instanceId", id).node(attribute, inner),
    ))
}

fn modify(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Instance>(state, call, "InstanceId")?;
    let known = [
        "Action",
        "Version",
        "InstanceId",
        "DisableApiTermination",
        "DisableApiStop",
        "InstanceInitiatedShutdownBehavior",
    ];
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let mut names = call.params.entries().map(|(name, _)| first(name));
    if let Some(other) = names.find(|name| !known.contains(&name.as_str())) {
        let operation = format!("ModifyInstanceAttribute of {other}");
        return Err(AwsError::unknown_operation("ec2", &operation));
    }
    let protected = call.params.flag("DisableApiTermination.Value");
    let stop_protected = call.params.flag("DisableApiStop.Value");
    let shutdown = call.params.get("InstanceInitiatedShutdownBehavior.Value");
    if let Some(other) = shutdown.filter(|name| !["stop", "terminate"].contains(name)) {
        let why = "Valid values are stop and terminate.";
        let name = "instanceInitiatedShutdownBehavior";
        return Err(errors::bad_value(other, name, why));
    }
    if let Some(instance) = state.ec2.instances.get_mut(&id) {
        let options = &mut instance.options;
        options.protected = protected.unwrap_or(options.protected);
        options.stop_protected = stop_protected.unwrap_or(options.stop_protected);
        if let Some(shutdown) = shutdown {
            shutdown.clone_into(&mut options.shutdown);
        }
    }
    returned()
}

/// Refuses the termination of a protected instance.
///
/// # Errors
/// `OperationNotPermitted`, for the whole call.
pub fn admit_termination(state: &State, ids: &[String]) -> Result<(), AwsError> {
    for id in ids {
        if need::<Instance>(state, id)?.options.protected {
            let message = format!(
                "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and \
                 try again."
            );
            return Err(errors::refuse("OperationNotPermitted", message));
        }
    }
    Ok(())
}

/// Burstable types of the third generation on are unlimited by default (EC2 user guide, "Unlimited mode").
fn credits(state: &mut State, call: &Call) -> Outcome {
    let ids = call.params.list("InstanceId");
    let mut items = Vec::new();
    for id in &ids {
        let instance = need::<Instance>(state, id)?;
        if instance.instance_type.starts_with('t') {
            let item = Node::new().text("instanceId", id);
            items.push(item.text("cpuCredits", "unlimited"));
        }
    }
    list(state, call, "instanceCreditSpecificationSet", items, true)
}
