//! What it costs to keep a resource for a month of 730 hours.

use kubeproof_cloudkit::prices::cents;
use kubeproof_contract::Decimal;
use kubeproof_contract::resource::{MonthlyCost, Resource};

use super::{
    ADDRESS, BALANCER, DiskKind, HOURS_PER_MONTH, NAT_GATEWAY, OVERAGE_RULE, STANDARD_TIER, disk,
    exact,
};

/// Rules of a load balancer that one price covers.
const INCLUDED_RULES: u32 = 5;

/// Types that are billed by what they hold or do, or whose price no source here tells.
const UNKNOWN: &[&str] = &[
    "deleted_key_vault",
    "deleted_workspace",
    "key_vault",
    "log_analytics_workspace",
    "other_resource",
    "private_dns_zone",
    "private_endpoint",
    "prometheus_rule_group",
    "snapshot",
    "storage_account",
    "virtual_machine",
];

/// The monthly cost of keeping a resource; `None` when no price is known.
pub fn monthly(resource: &Resource) -> Option<MonthlyCost> {
    let property = |name: &str| resource.properties.get(name).map(String::as_str);
    let number = |name: &str| property(name)?.parse::<u32>().ok();
    let location = property("location").unwrap_or_default();
    let hours = Decimal::from(HOURS_PER_MONTH);
    let usd = match resource.resource_type.as_str() {
        of_type if UNKNOWN.contains(&of_type) => return None,
        "aks_managed_cluster" => match property("tier")? {
            "Free" => Decimal::ZERO,
            "Standard" => exact(location, "control_plane", STANDARD_TIER)?.usd * hours,
            _ => return None,
        },
        "vmss" => {
            // The price of spare capacity changes by the hour.
            let is_spot = property("priority") == Some("Spot");
            let machine = exact(location, "instance", property("size")?).filter(|_| !is_spot)?;
            let count: u32 = property("capacity")?.parse().ok()?;
            machine.usd * hours * Decimal::from(count)
        }
        "managed_disk" => {
            let kind = DiskKind::named(property("sku")?)?;
            let gib: u32 = property("diskSizeGB")?.parse().ok()?;
            disk(location, kind, gib)?.1.usd
        }
        "load_balancer" => {
            let rules = number("rules")? + number("outbound_rules")?;
            let further = rules.saturating_sub(INCLUDED_RULES);
            let mut hourly = Decimal::ZERO;
            if rules > 0 {
                hourly += exact("Global", "load_balancer", BALANCER)?.usd;
            }
            if further > 0 {
                let each = exact(location, "load_balancer", OVERAGE_RULE)?.usd;
                hourly += each * Decimal::from(further);
            }
            hourly * hours
        }
        "public_ip" => exact(location, "public_ipv4", ADDRESS)?.usd * hours,
        "nat_gateway" => exact(location, "nat_gateway", NAT_GATEWAY)?.usd * hours,
        _ => Decimal::ZERO,
    };
    Some(MonthlyCost { usd: cents(usd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(of_type: &str, properties: &[(&str, &str)], expected: Option<&str>) {
        let mut resource = Resource::new(of_type, "x", "g").with("location", "eastus");
        for (name, value) in properties {
            resource = resource.with(name, value);
        }
        let seen = monthly(&resource).map(|cost| cost.usd.normalize().to_string());
        assert_eq!(seen.as_deref(), expected, "{of_type} {properties:?}");
    }

    #[test]
    fn what_is_left_costs_what_the_list_says_for_730_hours() {
        // By hand, from the table: 0.1, 0.096 × 2, 19.71, 0.025, 0.025 + 2 × 0.01, 0.005 and 0.045, times 730.
        check("aks_managed_cluster", &[("tier", "Standard")], Some("73"));
        check("aks_managed_cluster", &[("tier", "Free")], Some("0"));
        check(
            "vmss",
            &[("size", "Standard_D2s_v3"), ("capacity", "2")],
            Some("140.16"),
        );
        let premium = [("sku", "Premium_LRS"), ("diskSizeGB", "128")];
        check("managed_disk", &premium, Some("19.71"));
        let one = [("rules", "0"), ("outbound_rules", "1")];
        check("load_balancer", &one, Some("18.25"));
        let seven = [("rules", "6"), ("outbound_rules", "1")];
        check("load_balancer", &seven, Some("32.85"));
        let none = [("rules", "0"), ("outbound_rules", "0")];
        check("load_balancer", &none, Some("0"));
        check("public_ip", &[], Some("3.65"));
        check("nat_gateway", &[], Some("32.85"));
        check("role_assignment", &[], Some("0"));
    }

    #[test]
    fn what_has_no_price_is_not_free() {
        check("aks_managed_cluster", &[("tier", "Premium")], None);
        check("aks_managed_cluster", &[], None);
        let spot = [
            ("size", "Standard_D2s_v3"),
            ("capacity", "2"),
            ("priority", "Spot"),
        ];
        check("vmss", &spot, None);
        check(
            "managed_disk",
            &[("sku", "UltraSSD_LRS"), ("diskSizeGB", "8")],
            None,
        );
        check("managed_disk", &[("sku", "Premium_LRS")], None);
        check("snapshot", &[], None);
        check("public_ip", &[("location", "westus")], None);
        check("load_balancer", &[("rules", "many")], None);
        check("load_balancer", &[("rules", "1")], None);
        check("load_balancer", &[], None);
    }
}
