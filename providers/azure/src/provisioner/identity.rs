//! Who the control plane acts as: a managed identity of the run, or an application of the directory.

use super::application::{self, Application};
use super::resource::{self, Wanted};
use super::{Work, requests};
use crate::api::types::Resource;
use crate::spec::Identity;
use kubeproof_cloudkit::{CallError, RetryPolicy};

/// The part of the run's name that its managed identity has.
const PART: &str = "id";
const GET: &str = "userAssignedIdentities.get";

/// Who the control plane acts as.
pub(super) enum ControlPlane {
    /// A managed identity.
    Managed {
        /// Its id.
        id: String,
        /// The object id of its principal.
        principal: String,
    },
    /// An application with a service principal.
    Application(Application),
}

impl ControlPlane {
    /// The object id of the principal, which roles are given to.
    pub(super) fn principal(&self) -> &str {
        match self {
            Self::Managed { principal, .. } => principal,
            Self::Application(application) => &application.principal,
        }
    }
}

/// The identity, made.
pub(super) async fn ensure(work: &Work) -> Result<ControlPlane, CallError> {
    if work.spec.identity == Identity::ServicePrincipal {
        return Ok(ControlPlane::Application(application::ensure(work).await?));
    }
    let wanted = Wanted::new(
        work,
        GET,
        "userAssignedIdentities.createOrUpdate",
        PART,
        requests::identity(work),
    );
    let made = resource::ensure(work, &wanted).await?;
    Ok(ControlPlane::Managed {
        id: made.id,
        principal: made.properties.principal_id,
    })
}

/// The run's managed identity, if it exists.
pub(super) async fn find(work: &Work) -> Result<Option<Resource>, CallError> {
    if work.spec.identity == Identity::ServicePrincipal {
        return Ok(None);
    }
    resource::find_tagged(work, GET, &work.run().name(PART)).await
}

/// Deletes the managed identity.
pub(super) async fn delete(work: &Work, policy: RetryPolicy) -> Result<(), CallError> {
    let (group, name) = (work.group(), work.run().name(PART));
    let parameters = [work.subscription(), group.as_str(), name.as_str()];
    let both = (GET, "userAssignedIdentities.delete");
    resource::remove(work, both, &parameters, policy).await
}
