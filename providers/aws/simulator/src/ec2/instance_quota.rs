//! The vCPU quotas: how many standard instances may run at a time, on demand and as spot instances.
//!
//! Other instance families have their own quotas, which are not enforced.

use crate::ec2::instances::Stage;
use crate::ec2::{errors, instance_types};
use crate::quotas;
use crate::state::State;
use crate::wire::error::AwsError;

/// Checks one more instance of a type against the quota of standard vCPUs: spot instances have their own.
///
/// # Errors
/// For unknown types; `VcpuLimitExceeded`, and `MaxSpotInstanceCountExceeded` for spot instances.
pub fn admit(state: &State, instance_type: &str, spot: bool) -> Result<(), AwsError> {
    let Some(wanted) = instance_types::get(instance_type) else {
        let message = format!("Invalid value '{instance_type}' for InstanceType.");
        return Err(errors::value(message));
    };
    if !instance_types::is_standard(instance_type) {
        return Ok(());
    }
    let held: u32 = state
        .ec2
        .instances
        .all()
        .filter(|one| one.stage == Stage::Running && one.spot_request.is_some() == spot)
        .filter(|one| instance_types::is_standard(&one.instance_type))
        .filter_map(|one| instance_types::get(&one.instance_type))
        .map(|known| known.vcpus)
        .sum();
    let limit = quotas::limit(
        state,
        if spot {
            quotas::SPOT
        } else {
            quotas::ON_DEMAND
        },
    );
    if held + wanted.vcpus > limit {
        if spot {
            let message = "Max spot instance count exceeded";
            return Err(errors::refuse("MaxSpotInstanceCountExceeded", message));
        }
        return Err(errors::refuse(
            "VcpuLimitExceeded",
            format!(
                "You have requested more vCPU capacity than your current vCPU limit of {limit} \
                 allows for the instance bucket that the specified instance type belongs to."
            ),
        ));
    }
    Ok(())
}
