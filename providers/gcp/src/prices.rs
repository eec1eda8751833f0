//! List prices with source and date, exact matches only.

use std::sync::LazyLock;

pub use kubeproof_cloudkit::prices::{HOURS_PER_MONTH, Price};
use kubeproof_cloudkit::prices::{PriceTable, cents};
use kubeproof_contract::Decimal;
use kubeproof_contract::resource::{MonthlyCost, Resource};

/// The price table. One that cannot be read prices nothing; a test reads it.
static TABLE: LazyLock<Option<PriceTable>> =
    LazyLock::new(|| PriceTable::read(include_str!("../prices.csv")).ok());

/// The fee of a cluster's control plane.
pub const CONTROL_PLANE: &str = "GKE cluster management fee";
/// A public address of a machine.
pub const ADDRESS: &str = "External IPv4 in use on standard VM";
/// A public address of a spot machine.
pub const SPOT_ADDRESS: &str = "External IPv4 in use on Spot VM";
/// A public address that is reserved and not used.
pub const IDLE_ADDRESS: &str = "Static external IPv4 reserved, not in use";
/// Cloud NAT, for each machine that it serves.
pub const NAT: &str = "Cloud NAT per assigned VM";
/// Cloud NAT, however many machines more it serves.
pub const NAT_CAP: &str = "Cloud NAT gateway cap above 32 VMs";
/// An address of Cloud NAT.
pub const NAT_ADDRESS: &str = "Cloud NAT external IP";
/// A forwarding rule of a load balancer.
pub const FORWARDING_RULE: &str = "Forwarding rule";
/// A zone of Cloud DNS.
pub const DNS_ZONE: &str = "Managed zone (first 25)";
/// A version of a key whose material Cloud KMS keeps itself.
pub const KEY_VERSION: &str = "Active SOFTWARE key version";
/// The most machines that Cloud NAT bills one by one.
pub const NAT_MACHINES_MAX: u32 = 32;

/// The price of exactly this in exactly this region.
pub fn exact(region: &str, kind: &str, sku: &str) -> Option<&'static Price> {
    TABLE.as_ref()?.exact(region, kind, sku)
}

/// All machine types with a price, in the order of the table.
pub fn machine_types() -> Vec<&'static str> {
    let instances = TABLE.iter().flat_map(|table| table.of_kind("instance"));
    instances.map(|price| price.sku.as_str()).collect()
}

/// The region of a place: `us-central1` of a zone in it.
fn region(place: &str) -> &str {
    match place.rsplit_once('-') {
        Some((region, zone)) if zone.len() == 1 => region,
        _ => place,
    }
}

/// The monthly cost of keeping a resource; `None` when no price is known.
pub fn monthly(resource: &Resource) -> Option<MonthlyCost> {
    let scope = resource.scope.as_str();
    let region = region(scope.rsplit('/').next().unwrap_or(scope));
    let property = |name: &str| resource.properties.get(name).map(String::as_str);
    let hours = Decimal::from(HOURS_PER_MONTH);
    let hourly = |kind: &str, sku: &str| Some(exact(region, kind, sku)?.usd * hours);
    let usd = match resource.resource_type.as_str() {
        "gke_cluster" => hourly("control_plane", CONTROL_PLANE)?,
        // The price of spare capacity changes by the day, and no price list has it.
        "instance" if property("provisioning_model") == Some("SPOT") => return None,
        "instance" => hourly("instance", property("machine_type")?)?,
        "disk" => {
            let gb: u32 = property("size_gb")?.parse().ok()?;
            exact(region, "disk", property("disk_type")?)?.usd * Decimal::from(gb)
        }
        "address" => {
            let used = resource.state == "IN_USE";
            hourly("public_ipv4", if used { ADDRESS } else { IDLE_ADDRESS })?
        }
        "forwarding_rule" => hourly("load_balancer", FORWARDING_RULE)?,
        // The first 25 of a billing account; how many there are is not known here.
        "dns_zone" => exact("global", "dns", DNS_ZONE)?.usd * hours,
        "filestore_instance" => {
            let gib: u32 = property("capacity_gb")?.parse().ok()?;
            hourly("filestore", property("tier")?)? * Decimal::from(gib)
        }
        // Only the price of versions that are kept in software is known, and none of one that will be destroyed.
        "kms_crypto_key" if property("scheduled") != Some("0") => return None,
        "kms_crypto_key" if property("versions") == Some("0") => Decimal::ZERO,
        "kms_crypto_key" if property("protection_level") == Some("SOFTWARE") => {
            let versions: u32 = property("versions")?.parse().ok()?;
            exact("global", "kms", KEY_VERSION)?.usd * Decimal::from(versions)
        }
        // Their storage, traffic, operations or machines are what costs.
        "snapshot" | "reservation" | "log_bucket" | "kms_crypto_key" => return None,
        "router" if property("nats").is_some_and(|count| count != "0") => return None,
        _ => Decimal::ZERO,
    };
    Some(MonthlyCost { usd: cents(usd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_only_exact_names_match() {
        let usd = |kind, sku| exact("us-central1", kind, sku).map(|price| price.usd.to_string());
        assert_eq!(
            usd("instance", "e2-standard-2"),
            Some("0.06701142".to_owned())
        );
        assert_eq!(usd("instance", "e2-standard"), None);
        assert_eq!(usd("control_plane", CONTROL_PLANE), Some("0.1".to_owned()));
        assert_eq!(
            usd("load_balancer", FORWARDING_RULE),
            Some("0.025".to_owned())
        );
        for sku in [ADDRESS, SPOT_ADDRESS, IDLE_ADDRESS] {
            assert!(usd("public_ipv4", sku).is_some(), "{sku}");
        }
        for sku in [NAT, NAT_CAP, NAT_ADDRESS] {
            assert!(usd("nat_gateway", sku).is_some(), "{sku}");
        }
        let rows = include_str!("../prices.csv").lines();
        let rows = rows.filter(|line| line.contains(",instance,"));
        assert_eq!(machine_types().len(), rows.count());
    }

    #[test]
    fn what_is_left_has_a_price_for_each_month_or_none_that_is_known() {
        let check =
            |kind: &str, place: &str, properties: &[(&str, &str)], expected: Option<&str>| {
                let mut resource = Resource::new(kind, "x", place);
                let properties = properties.iter();
                resource.properties = properties
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect();
                let usd = monthly(&resource).map(|cost| cost.usd.normalize().to_string());
                assert_eq!(usd.as_deref(), expected, "{kind} {place}");
            };
        let disk = [("size_gb", "30"), ("disk_type", "pd-balanced")];
        check("disk", "us-central1-a", &disk, Some("3"));
        check("disk", "europe-west1-b", &disk, None);
        check("gke_cluster", "us-central1", &[], Some("73"));
        check("address", "us-central1", &[], Some("7.3"));
        check("firewall_rule", "global", &[], Some("0"));
        check("snapshot", "global", &[], None);
        check("forwarding_rule", "us-central1", &[], Some("18.25"));
        check("forwarding_rule", "global", &[], None);
        check("router", "us-central1", &[("nats", "1")], None);
        check("router", "us-central1", &[], Some("0"));
        check("dns_zone", "global", &[], Some("0.2"));
        check("dns_record", "global", &[], Some("0"));
        let key = |versions, scheduled| {
            [
                ("protection_level", "SOFTWARE"),
                ("versions", versions),
                ("scheduled", scheduled),
            ]
        };
        check("kms_crypto_key", "us-east1", &key("2", "0"), Some("0.12"));
        check("kms_crypto_key", "global", &key("0", "0"), Some("0"));
        check("kms_crypto_key", "global", &key("0", "1"), None);
        let hsm = [
            ("protection_level", "HSM"),
            ("versions", "1"),
            ("scheduled", "0"),
        ];
        check("kms_crypto_key", "global", &hsm, None);
        check("log_bucket", "global", &[], None);
        check("workload_identity_pool", "global", &[], Some("0"));
        let share = [("tier", "BASIC_HDD"), ("capacity_gb", "1024")];
        check(
            "filestore_instance",
            "us-west1/us-west1-b",
            &share,
            Some("204.82"),
        );
        // No source was found for its price.
        check(
            "filestore_instance",
            "us-central1/us-central1-a",
            &share,
            None,
        );
        let machine = ("machine_type", "e2-standard-2");
        check(
            "instance",
            "us-central1/us-central1-a",
            &[machine],
            Some("48.92"),
        );
        let spot = [machine, ("provisioning_model", "SPOT")];
        check("instance", "us-central1/us-central1-a", &spot, None);
    }
}
