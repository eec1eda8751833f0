//! What spot machines cost now: no table of prices has it, and the cloud's public list does.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_contract::Decimal;

use super::Judged;
use crate::api::{Api, prices};
use crate::cost;
use crate::spec::AksSpec;

/// By the name under which the estimate looks for it, US dollars an hour.
pub(super) type Listed = BTreeMap<String, Decimal>;

/// The prices of all sizes that pools of spot machines have.
pub(super) async fn read(api: &Api, spec: &AksSpec) -> Result<Listed, CallError> {
    let location = spec.location.0.as_str();
    let mut listed = Listed::new();
    for pool in spec.node_pools.0.iter().filter(|pool| pool.spot) {
        let size = pool.vm_size.0.as_str();
        let name = cost::spot_price(location, size);
        if let std::collections::btree_map::Entry::Vacant(unknown) = listed.entry(name) {
            unknown.insert(prices::of_spot(api.prices(), location, size).await?);
        }
    }
    Ok(listed)
}

/// Only a scenario with spot machines asks.
pub(super) fn judge(spec: &AksSpec, read: &Result<Listed, CallError>) -> Option<Judged> {
    spec.node_pools.0.iter().find(|pool| pool.spot)?;
    Some(read.clone().map(|listed| {
        let each = listed
            .iter()
            .map(|(name, usd)| format!("{name}: ${usd} an hour"));
        (Vec::new(), each.collect::<Vec<_>>().join(", "))
    }))
}
