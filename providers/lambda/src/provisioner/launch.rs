//! In which region the nodes are launched: where some exist already, else in the first with capacity.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::machines::{ClusterOrder, Machine, launch_in_first};

use super::{LambdaProvisioner, teardown};
use crate::api::NO_CAPACITY;

/// All nodes in one region: that of a usable one, else the first of those listed with capacity.
pub(super) async fn somewhere(
    work: &LambdaProvisioner,
    order: ClusterOrder<'_>,
    usable: Option<&Machine>,
    listed: &[&str],
) -> Result<Vec<Machine>, CallError> {
    let mut regions = work.spec.regions();
    match usable {
        Some(one) => regions = vec![&one.place],
        None => regions.retain(|region| listed.contains(region)),
    }
    let kind = work.spec.instance_type.0.as_str();
    if regions.is_empty() {
        let listed = listed.join(", ");
        let message = format!(
            "no capacity is listed for {kind} in any of the scenario's regions; listed: [{listed}]"
        );
        return Err(CallError {
            code: NO_CAPACITY.to_owned(),
            suggestion: "Choose another instance type or region, or try again later.".into(),
            ..CallError::state("lambda:ListInstanceTypes", message)
        });
    }
    launch_in_first(work, order, (kind, &regions), || teardown::everything(work)).await
}
