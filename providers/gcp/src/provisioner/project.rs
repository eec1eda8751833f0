//! The project: it must exist, be active and be billed before anything is made in it.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;

use super::{READ, Work};
use crate::api::types::{BillingInfo, Project};

/// Checks the project, changing nothing.
pub(super) async fn check(work: &Work) -> Result<(), CallError> {
    let id = work.project();
    let call = RestCall::new("projects.get", std::slice::from_ref(&id));
    let project: Project = work.api.projects.call(READ, call).await?;
    if project.lifecycle_state != "ACTIVE" {
        let message = format!("project {id} is {}, not ACTIVE", project.lifecycle_state);
        return Err(CallError::state("check the project", message));
    }
    let call = RestCall::new("projects.getBillingInfo", std::slice::from_ref(&id));
    let billing: BillingInfo = match work.api.billing.call(READ, call).await {
        // A project may be billed although its Cloud Billing API is off: the cloud refuses later if it is not.
        Err(error) if error.is("SERVICE_DISABLED") || error.is("accessNotConfigured") => {
            work.report(&format!("whether {id} is billed is not known: {error}"));
            return Ok(());
        }
        result => result?,
    };
    if billing.billing_enabled {
        return Ok(());
    }
    let message = format!("project {id} has no billing account: link one, then start again");
    Err(CallError::state("check the project", message))
}
