//! What the subscription costs: the meter, and the cost data and prices that are made of it.

pub(crate) mod cost_management;
pub(crate) mod exports;
pub(crate) mod quota;
pub(crate) mod retail;

mod costs;
mod query;

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::Usage;

use crate::aks;
use crate::arm::Item;
use crate::prices::{self, Sku};
use crate::state::State;

/// Tags as texts.
type Tags = BTreeMap<String, String>;

/// The state of billing, besides the meter's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Billing {
    /// The tags that resources had until some time, in order: cost data show the tags that there were then.
    earlier: BTreeMap<String, Vec<(Timestamp, Tags)>>,
    pub(crate) queries: quota::Queries,
    pub(crate) exports: exports::Exports,
}

/// Starts to meter a resource under `key` as what it is sold as, for the resource `of`; where it has no known price,
/// that is said. What costs nothing is not metered.
pub(crate) fn meter(
    state: &mut State,
    key: &str,
    item: &Item,
    of: &str,
    (sku, what): (Option<Sku>, &str),
) {
    let Some(sku) = sku.filter(|_| prices::is_known(&item.location)) else {
        let place = &item.location;
        state.unpriced.insert(format!("{what} in {place}"));
        return;
    };
    if sku.usd.is_zero() {
        return state.meter.stop(key, state.now);
    }
    let of_group = || aks::run_of_group(state, &item.group);
    let usage = Usage {
        line: sku.line.to_owned(),
        service: sku.service.to_owned(),
        usage_type: sku.meter,
        unit: sku.unit.to_owned(),
        usd_per_unit: sku.usd,
        amount: Decimal::ONE / Decimal::from(sku.hours),
        rounding: sku.rounding,
        resource_id: of.to_owned(),
        tags: item.tags(),
        run_id: item.run().or_else(of_group),
    };
    state.meter.start(key, usage, state.now);
}

/// A resource has other tags from now on.
pub(crate) fn retag(state: &mut State, key: &str, tags: &Tags) {
    let used = state.meter.periods().iter().rev();
    let mut open = used.filter(|period| period.to.is_none());
    let before = open.find(|period| period.usage.resource_id == key);
    let before = before.map(|period| period.usage.tags.clone());
    if let Some(before) = before.filter(|before| before != tags) {
        let earlier = state.billing.earlier.entry(key.to_owned()).or_default();
        earlier.push((state.now, before));
    }
    state.meter.retag(key, tags);
}

/// The tags that a usage had at a time.
fn tags_at<'s>(state: &'s State, usage: &'s Usage, at: Timestamp) -> &'s Tags {
    let earlier = state.billing.earlier.get(&usage.resource_id);
    let mut earlier = earlier.into_iter().flatten();
    let then = earlier.find(|(until, _)| at < *until);
    then.map_or(&usage.tags, |(_, tags)| tags)
}
