//! Who created a resource, according to the audit log.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_contract::observer::Creation;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

use crate::api::Api;

/// Resource id → who created it. Nothing is read yet.
#[expect(clippy::unused_async, reason = "it will make calls")]
pub(super) async fn look_up(
    _api: &Api,
    _project: &str,
    _run: &Run,
    _resources: &[Resource],
) -> Result<BTreeMap<String, Creation>, CallError> {
    Ok(BTreeMap::new())
}
