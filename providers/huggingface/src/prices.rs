//! List prices with source and date, exact matches only.
//!
//! They are one of two sources: the other is what the service lists.

use std::sync::LazyLock;

use kubeproof_cloudkit::prices::{HOURS_PER_MONTH, Price, PriceTable, cents};
use kubeproof_contract::Decimal;
use kubeproof_contract::resource::{MonthlyCost, Resource};

use crate::api::types::state;

/// The price table. One that cannot be read prices nothing; a test reads it.
static TABLE: LazyLock<Option<PriceTable>> =
    LazyLock::new(|| PriceTable::read(include_str!("../prices.csv")).ok());
/// The kinds of rows.
const REPLICA: &str = "endpoint_replica";
const JOB: &str = "job";
/// What a Space runs on for nothing (docs/hub/spaces-gpus).
const FREE_SPACE: &str = "cpu-basic";

/// The price of a replica for an hour, on this hardware (`nvidia-l4 x1`) of a vendor.
pub fn exact(vendor: &str, hardware: &str) -> Option<&'static Price> {
    TABLE.as_ref()?.exact(vendor, REPLICA, hardware)
}

/// The price of a job, or a Space, for an hour on this hardware (`a10g-small`).
pub fn of_flavor(flavor: &str) -> Option<&'static Price> {
    TABLE.as_ref()?.exact("all", JOB, flavor)
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

/// Stages of a Space that costs nothing: docs/hub/spaces-gpus.
const SLEEPING: &[&str] = &["PAUSED", "SLEEPING", "STOPPED"];

/// The price of a replica of an endpoint for an hour, where it runs.
fn replica_of(endpoint: &Resource) -> Option<&'static Price> {
    let place = endpoint.scope.as_str().rsplit('/').next()?;
    in_place(place, endpoint.properties.get("hardware")?)
}

/// What one call of an endpoint that has scaled to zero starts: a replica, or the fewest that it may have.
pub fn starts_when_used(resource: &Resource) -> Option<String> {
    let is_asleep = resource.state == state::SCALED_TO_ZERO;
    if resource.resource_type != "inference_endpoint" || !is_asleep {
        return None;
    }
    let hardware = resource.properties.get("hardware")?;
    let Some(price) = replica_of(resource) else {
        return Some(format!(
            "one call starts a replica on {hardware}, whose price is not known"
        ));
    };
    let (hour, month) = (
        price.usd.normalize(),
        cents(price.usd * Decimal::from(HOURS_PER_MONTH)),
    );
    Some(format!(
        "one call starts a replica on {hardware}: ${hour} an hour, ${month:.2} a month"
    ))
}

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
            replica_of(resource)?.usd * Decimal::from(replicas) * Decimal::from(HOURS_PER_MONTH)
        }
        "job" => of_flavor(property("flavor")?)?.usd * Decimal::from(HOURS_PER_MONTH),
        // What the jobs cost that it starts depends on how long they run.
        "scheduled_job" => return None,
        "space" => match property("flavor").map(String::as_str) {
            None | Some("" | FREE_SPACE) => Decimal::ZERO,
            Some(_) if SLEEPING.contains(&resource.state.as_str()) => Decimal::ZERO,
            Some(flavor) => of_flavor(flavor)?.usd * Decimal::from(HOURS_PER_MONTH),
        },
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
        let starts = |state: &str| starts_when_used(&endpoint(state, 0));
        let price = "one call starts a replica on nvidia-l4-x1: $0.8 an hour, $584.00 a month";
        assert_eq!(starts("scaledToZero").as_deref(), Some(price));
        // One that is paused refuses calls, and one that runs costs what it says.
        assert_eq!((starts("paused"), starts("running")), (None, None));
        let unknown = endpoint("scaledToZero", 0).with("hardware", "nvidia-z9-x1");
        let text = starts_when_used(&unknown).unwrap_or_default();
        assert!(text.contains("price is not known"), "{text}");
        let job = Resource::new("job", "1", "acme");
        // 0.40 × 730.
        check(&job.clone().with("flavor", "t4-small"), Some("292"));
        check(&job.with("flavor", "t4-huge"), None);
        check(&Resource::new("scheduled_job", "1", "acme"), None);
        let space = Resource::new("space", "s", "acme").with("flavor", "t4-small");
        check(&space, Some("292"));
        let asleep = Resource {
            state: "SLEEPING".to_owned(),
            ..space
        };
        check(&asleep, Some("0"));
        check(
            &Resource::new("space", "s", "acme").with("flavor", "cpu-basic"),
            Some("0"),
        );
        check(&Resource::new("webhook", "w", "acme"), Some("0"));
        check(&Resource::new("inference_endpoint", "a", "acme"), None);
    }
}
