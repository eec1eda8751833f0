//! Preflight: credentials and subscription, before anything is created.

use kubeproof_cloudkit::checks::{CREDENTIALS, credentials_found};
use kubeproof_contract::check::Check;

use super::checks::ROWS;
use crate::account::AccountId;
use crate::api::Api;
use crate::credentials;
use crate::spec::AksSpec;

/// All checks, and the account if the cloud told it.
pub(super) async fn run(api: &Api, spec: &AksSpec) -> (Vec<Check>, Option<String>) {
    let source = match credentials::find(api.connection()) {
        Ok((_, source)) => source,
        Err(error) => return (vec![ROWS.failed(CREDENTIALS, error)], None),
    };
    match super::subscription(api, &spec.subscription.0).await {
        // Rejected credentials, or a cloud that does not answer, show nothing about the provisioner.
        Err(error) => (
            vec![ROWS.unknown(CREDENTIALS, format!("{source}: {error}"))],
            None,
        ),
        Ok(known) => (
            credentials_found(ROWS, source),
            AccountId::of(&known).map(|account| account.to_string()),
        ),
    }
}
