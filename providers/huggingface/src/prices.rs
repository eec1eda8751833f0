//! List prices with source and date, exact matches only.
//!
//! They are one of two sources: the other is what the service lists for the namespace. Jobs have no price here: their
//! hardware and its price are listed by the service alone.

use std::sync::LazyLock;

use kubeproof_cloudkit::prices::{HOURS_PER_MONTH, Price, PriceTable, cents};
use kubeproof_contract::Decimal;
use kubeproof_contract::resource::{MonthlyCost, Resource};

use crate::api::types::state;

/// The price table. One that cannot be read prices nothing; a test reads it.
static TABLE: LazyLock<Option<PriceTable>> =
    LazyLock::new(|| PriceTable::read(include_str!("../prices.csv")).ok());
/// The kind of all rows.
const REPLICA: &str = "endpoint_replica";

/// The price of a replica for an hour, on this hardware (`nvidia-l4 x1`) of a vendor.
pub fn exact(vendor: &str, hardware: &str) -> Option<&'static Price> {
    TABLE.as_ref()?.exact(vendor, REPLICA, hardware)
}

/// The price of a replica for an hour, in a place such as `aws-us-east-1` on hardware such as `intel-spr-x1`.
fn in_place(place: &str, hardware: &str) -> Option<&'static Price> {
    let (vendor, _) = place.split_once('-')?;
    let (kind, size) = hardware.rsplit_once('-')?;
    exact(vendor, &format!("{kind} {size}"))
}

/// All types of hardware with a price, in the order of the table.
pub fn instance_types() -> Vec<&'static str> {
    let replicas = TABLE.iter().flat_map(|table| table.of_kind(REPLICA));
    let mut types: Vec<&str> = replicas
        .filter_map(|price| price.sku.split(' ').next())
        .collect();
    types.dedup();
    types
}

/// States in which an endpoint costs nothing: `../shared/reference`, cost.md section 1.5.
const FREE: &[&str] = &[
    state::PAUSED,
    state::SCALED_TO_ZERO,
    state::PENDING,
    state::FAILED,
];

/// The monthly cost of keeping a resource as it is now: an endpoint by its replicas, and nothing while it has none.
pub fn monthly(resource: &Resource) -> Option<MonthlyCost> {
    let property = |name: &str| resource.properties.get(name);
    let usd = match resource.resource_type.as_str() {
        "inference_endpoint" if FREE.contains(&resource.state.as_str()) => Decimal::ZERO,
        "inference_endpoint" => {
            // One that starts has one, however few it may have.
            let fewest = property("min_replica")?.parse().ok()?;
            let now = property("replicas").and_then(|count| count.parse().ok());
            let replicas: u32 = now.unwrap_or(0).max(fewest).max(1);
            let place = resource.scope.as_str().rsplit('/').next()?;
            let price = in_place(place, property("hardware")?)?;
            price.usd * Decimal::from(replicas) * Decimal::from(HOURS_PER_MONTH)
        }
        // Their prices are not in the table.
        "job" | "scheduled_job" => return None,
        "space" if property("hardware").is_some_and(|hardware| hardware != "cpu-basic") => {
            return None;
        }
        _ => Decimal::ZERO,
    };
    Some(MonthlyCost { usd: cents(usd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_only_exact_names_match() {
        let usd = |vendor, hardware| exact(vendor, hardware).map(|price| price.usd.to_string());
        assert_eq!(usd("aws", "intel-spr x1"), Some("0.033".to_owned()));
        assert_eq!(usd("gcp", "intel-spr x1"), Some("0.05".to_owned()));
        assert_eq!(usd("aws", "intel-spr x3"), None);
        // Deprecated, and billed all the same.
        assert_eq!(usd("aws", "nvidia-h100 x8"), Some("36.0".to_owned()));
        let rows = include_str!("../prices.csv").lines().count() - 1;
        assert_eq!(TABLE.as_ref().map(PriceTable::len), Some(rows));
        assert!(instance_types().contains(&"nvidia-l4"));
    }

    #[test]
    fn an_endpoint_costs_by_its_replicas_and_nothing_without() {
        let endpoint = |state: &str, replicas: u32| {
            Resource::new("inference_endpoint", "kp-r1", "acme/aws-us-east-1")
                .in_state(state, kubeproof_contract::resource::Lifetime::Alive)
                .with("hardware", "nvidia-l4-x1")
                .with("min_replica", 0)
                .with("replicas", replicas)
        };
        let check = |resource: &Resource, expected: Option<&str>| {
            let usd = monthly(resource).map(|cost| cost.usd.normalize().to_string());
            assert_eq!(usd.as_deref(), expected, "{resource:?}");
        };
        // 0.80 × 730, and twice that.
        check(&endpoint("running", 1), Some("584"));
        check(&endpoint("running", 2), Some("1168"));
        check(&endpoint("scaledToZero", 0), Some("0"));
        check(&endpoint("paused", 1), Some("0"));
        check(&Resource::new("job", "1", "acme"), None);
        let space = Resource::new("space", "acme/s", "acme");
        check(&space.clone().with("hardware", "cpu-basic"), Some("0"));
        check(&space.with("hardware", "t4-small"), None);
        check(&Resource::new("inference_endpoint", "a", "acme"), None);
    }
}
