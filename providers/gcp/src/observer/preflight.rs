//! Preflight: the project, its APIs, permissions, quotas and names, changing nothing.

use kubeproof_cloudkit::checks::{CREDENTIALS, credentials_found};
use kubeproof_contract::check::{Check, Verdict};

use super::checks::ROWS;
use crate::api::Api;
use crate::credentials;
use crate::spec::GkeSpec;

/// All checks, and the project's id if the cloud told it.
pub(super) async fn run(api: &Api, spec: &GkeSpec) -> (Vec<Check>, Option<String>) {
    let source = match credentials::find(api.connection()) {
        Ok((_, source)) => source,
        Err(error) => return (vec![ROWS.check(CREDENTIALS, Verdict::Fail, error)], None),
    };
    match super::project(api, &spec.project.0).await {
        Ok(project) => (credentials_found(ROWS, source), Some(project.project_id)),
        Err(error) => {
            let row = ROWS.unknown(CREDENTIALS, format!("{source}: {error}"));
            (vec![row], None)
        }
    }
}
