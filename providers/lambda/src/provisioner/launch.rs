//! In which region the nodes are launched: where some exist already, else in the first with capacity.

use kubeproof_cloudkit::create::first_with_capacity;
use kubeproof_cloudkit::machines::{ClusterOrder, Machine, launch_nodes};
use kubeproof_cloudkit::{CallError, Cause};

use super::{Work, teardown};
use crate::api::NO_CAPACITY;

/// All nodes in one region: that of a usable one, else the first of those listed with capacity.
pub(super) async fn somewhere(
    work: &Work,
    order: ClusterOrder<'_>,
    usable: Option<&Machine>,
    listed: &[&str],
) -> Result<Vec<Machine>, CallError> {
    let mut regions = work.spec.regions();
    match usable {
        Some(one) => regions = vec![&one.place],
        None => regions.retain(|region| listed.contains(region)),
    }
    let make = |region| launch_nodes(work, order, region);
    let leave = |region, error| async move {
        let progress = &work.api.connection().progress;
        progress.report(&format!("{region}: {error}"));
        let stuck = teardown::everything(work).await;
        stuck.map_err(|error| CallError::state("change of region", error.message))
    };
    let kind = &work.spec.instance_type.0;
    let made = first_with_capacity(&regions, make, leave).await;
    made.map_err(|refusal| match refusal {
        Some(last) if last.cause == Cause::NoCapacity => {
            let (regions, said) = (regions.join(", "), &last.message);
            let message = format!("no capacity for {kind} in any of {regions}: {said}");
            CallError { message, ..last }
        }
        Some(other) => other,
        None => CallError {
            code: NO_CAPACITY.to_owned(),
            suggestion: "Choose another instance type or region, or try again later.".into(),
            ..CallError::state(
                "lambda:ListInstanceTypes",
                format!(
                    "no capacity is listed for {kind} in any of the scenario's regions; listed: [{}]",
                    listed.join(", ")
                ),
            )
        },
    })
}
