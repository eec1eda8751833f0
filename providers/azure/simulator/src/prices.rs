//! What is sold, and its list prices: of the location eastus, in US dollars. Elsewhere nothing has a known price.
//!
//! Sources, as in the table of prices of the reference: machines from karpenter-provider-azure (2026-06-18), disks,
//! control plane and NAT gateway from infracost's golden files (2024 to 2026), load balancers and addresses from the
//! retail price API (2026-10). The tiers E1 and E2 are from public test data with prices for an hour, where E4 agrees.

use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::Rounding;

use crate::compute::sizes::SIZES;

/// The location whose prices are known.
const LOCATION: &str = "eastus";
/// Where load balancers are sold.
const EVERYWHERE: &str = "Global";
/// Hours of a month in prices, as the clouds' calculators have it.
const MONTH: u32 = 730;

/// Whether prices of a location are known.
pub(crate) fn is_known(location: &str) -> bool {
    location == LOCATION
}

/// Something that is sold: what it is called on bills and in the price list, and what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sku {
    /// The stable name of its line.
    pub(crate) line: &'static str,
    /// The service: on bills the category of the meter.
    pub(crate) service: &'static str,
    pub(crate) family: &'static str,
    pub(crate) product: String,
    /// The name of the SKU: `D2s v3`.
    pub(crate) name: String,
    /// The name of the meter.
    pub(crate) meter: String,
    /// The size of machines, as Resource Manager calls it; empty for everything else.
    pub(crate) arm_name: String,
    pub(crate) region: &'static str,
    pub(crate) unit: &'static str,
    /// US dollars for a unit.
    pub(crate) usd: Decimal,
    /// Hours in a unit.
    pub(crate) hours: u32,
    pub(crate) rounding: Rounding,
}

impl Sku {
    /// What is sold by the hour, and billed by the second.
    fn hourly(line: &'static str, service: &'static str, meter: &str, usd: Decimal) -> Self {
        Self {
            line,
            service,
            family: "Networking",
            product: service.to_owned(),
            name: "Standard".to_owned(),
            meter: meter.to_owned(),
            arm_name: String::new(),
            region: LOCATION,
            unit: "1 Hour",
            usd,
            hours: 1,
            rounding: Rounding::Seconds { min_seconds: 0 },
        }
    }

    /// The same, billed by clock hours that are touched.
    fn by_clock_hours(self) -> Self {
        Self {
            rounding: Rounding::ClockHours,
            ..self
        }
    }

    /// The group within its category on bills: a series of machines is named without the words before it.
    pub(crate) fn subcategory(&self) -> &str {
        let of_machines = self.product.strip_prefix("Virtual Machines ");
        of_machines.unwrap_or(&self.product)
    }
}

/// A machine with Linux, on demand.
pub(crate) fn machine(size: &str) -> Option<Sku> {
    let mills = match size {
        "Standard_B2ls_v2" | "Standard_B2s" => 41_600,
        "Standard_B2ms" | "Standard_B2s_v2" => 83_200,
        "Standard_B4ms" => 166_000,
        "Standard_D2_v3" | "Standard_D2s_v3" | "Standard_D2s_v4" | "Standard_D2s_v5" => 96_000,
        "Standard_D2as_v5" => 86_000,
        "Standard_D2s_v6" => 101_000,
        "Standard_D4s_v3" | "Standard_D4s_v5" => 192_000,
        "Standard_DS2_v2" => 146_000,
        "Standard_NC4as_T4_v3" => 526_000,
        "Standard_NC8as_T4_v3" => 752_000,
        "Standard_NC6s_v3" => 3_060_000,
        "Standard_NC24ads_A100_v4" => 3_673_000,
        "Standard_NV6ads_A10_v5" => 454_000,
        _ => return None,
    };
    Some(of_machine(size, "", Decimal::new(mills, 6).normalize()))
}

/// What a spot machine costs here, of what one on demand does: what a copy of the price list shows for
/// `Standard_D2s_v3`, 0.018816 of 0.096. The real prices are each size's own, and move.
const SPOT_SHARE: Decimal = Decimal::from_parts(196, 0, 0, false, 3);

/// A machine with Linux that may be taken away.
pub(crate) fn spot_machine(size: &str) -> Option<Sku> {
    let sku = machine(size)?;
    Some(Sku {
        name: format!("{} Spot", sku.name),
        meter: format!("{} Spot", sku.meter),
        usd: (sku.usd * SPOT_SHARE).normalize(),
        ..sku
    })
}

fn of_machine(size: &str, system: &str, usd: Decimal) -> Sku {
    let short = size.trim_start_matches("Standard_");
    let name = short.replace('_', " ");
    // `D2s_v3` belongs to the series `Dsv3`. The names of other series are formed alike.
    let series: String = short
        .chars()
        .filter(|c| *c != '_')
        .enumerate()
        .filter(|(at, c)| !c.is_ascii_digit() || short[..*at].contains('_'))
        .map(|(_, c)| c)
        .collect();
    Sku {
        family: "Compute",
        product: format!("Virtual Machines {series} Series{system}"),
        arm_name: size.to_owned(),
        name: name.clone(),
        ..Sku::hourly("nodes", "Virtual Machines", &name, usd)
    }
}

/// The tiers of disks whose price is known: the kind, the sizes that are billed by the tier in GiB, its name, and
/// thousandths of a dollar for a month.
const DISKS: &[(&str, u32, u32, &str, i64)] = &[
    ("Premium_LRS", 17, 32, "P4 LRS", 5280),
    ("Premium_LRS", 65, 128, "P10 LRS", 19_710),
    ("StandardSSD_LRS", 1, 4, "E1 LRS", 300),
    ("StandardSSD_LRS", 5, 8, "E2 LRS", 600),
    ("StandardSSD_LRS", 17, 32, "E4 LRS", 2400),
    ("StandardSSD_LRS", 513, 1024, "E30 LRS", 76_800),
    ("Standard_LRS", 1, 32, "S4 LRS", 1536),
    ("Standard_LRS", 65, 128, "S10 LRS", 5888),
];

/// A disk, by the tier that its size fits into.
pub(crate) fn disk(kind: &str, gib: u32) -> Option<Sku> {
    let tiers = DISKS.iter().filter(|(of, ..)| *of == kind);
    let mut fitting = tiers.filter(|(_, least, most, ..)| (*least..=*most).contains(&gib));
    let (_, _, _, tier, mills) = fitting.next()?;
    Some(of_disk(kind, tier, *mills))
}

fn of_disk(kind: &str, tier: &str, mills: i64) -> Sku {
    let product = match kind {
        "Premium_LRS" => "Premium SSD Managed Disks",
        "StandardSSD_LRS" => "Standard SSD Managed Disks",
        _ => "Standard HDD Managed Disks",
    };
    Sku {
        family: "Storage",
        product: product.to_owned(),
        name: tier.to_owned(),
        unit: "1/Month",
        hours: MONTH,
        ..Sku::hourly(
            "disks",
            "Storage",
            &format!("{tier} Disk"),
            Decimal::new(mills, 3),
        )
    }
}

/// A cluster's control plane, by its tier: the free one costs nothing.
pub(crate) fn control_plane(tier: &str) -> Option<Sku> {
    let (meter, usd) = match tier {
        "Free" => ("Free", Decimal::ZERO),
        "Standard" => ("Standard Uptime SLA", Decimal::new(1, 1)),
        _ => return None,
    };
    let sku = Sku::hourly("control_plane", "Azure Kubernetes Service", meter, usd);
    Some(Sku {
        family: "Compute",
        ..sku
    })
}

/// A public address.
pub(crate) fn address() -> Sku {
    let meter = "Standard IPv4 Static Public IP";
    let sku = Sku::hourly("public_ipv4", "Virtual Network", meter, Decimal::new(5, 3));
    Sku {
        product: "IP Addresses".to_owned(),
        ..sku.by_clock_hours()
    }
}

/// A NAT gateway, without its traffic.
pub(crate) fn nat_gateway() -> Sku {
    let usd = Decimal::new(45, 3);
    Sku::hourly("nat_gateway", "NAT Gateway", "Standard Gateway", usd).by_clock_hours()
}

/// How many rules of a load balancer have one price together.
pub(crate) const INCLUDED_RULES: usize = 5;

/// The first rules of a load balancer.
pub(crate) fn balancer() -> Sku {
    of_balancer("Standard Included LB Rules and Outbound Rules", 25)
}

/// Each further rule of a load balancer.
pub(crate) fn further_rule() -> Sku {
    of_balancer("Standard Overage LB Rules and Outbound Rules", 10)
}

fn of_balancer(meter: &str, mills: i64) -> Sku {
    let sku = Sku::hourly(
        "load_balancer",
        "Load Balancer",
        meter,
        Decimal::new(mills, 3),
    );
    Sku {
        region: EVERYWHERE,
        ..sku.by_clock_hours()
    }
}

/// All that has a known price, as the price list has it.
pub(crate) fn all() -> Vec<Sku> {
    let mut all: Vec<Sku> = SIZES.iter().filter_map(|size| machine(size.name)).collect();
    all.extend(SIZES.iter().filter_map(|size| spot_machine(size.name)));
    // The same machine with Windows: what a reader of the list must not take.
    let windows = of_machine("Standard_D2as_v5", " Windows", Decimal::new(178, 3));
    all.push(windows);
    let disks = DISKS.iter();
    all.extend(disks.map(|(kind, _, _, tier, mills)| of_disk(kind, tier, *mills)));
    all.extend(control_plane("Standard"));
    all.extend([address(), nat_gateway(), balancer(), further_rule()]);
    all
}

/// The group within its category that a meter has on bills.
pub(crate) fn subcategory(meter: &str) -> Option<String> {
    let found = all().into_iter().find(|sku| sku.meter == meter)?;
    Some(found.subcategory().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_billed_by_its_tier() {
        let tier = |kind: &str, gib| disk(kind, gib).map(|sku| sku.meter);
        assert_eq!(tier("Premium_LRS", 128).as_deref(), Some("P10 LRS Disk"));
        assert_eq!(tier("Premium_LRS", 100).as_deref(), Some("P10 LRS Disk"));
        assert_eq!(tier("StandardSSD_LRS", 4).as_deref(), Some("E1 LRS Disk"));
        assert_eq!(tier("Premium_LRS", 129), None);
    }

    #[test]
    fn a_machine_is_named_as_on_bills() {
        let check = |size: &str, meter: &str, subcategory: &str| {
            let sku = machine(size).unwrap();
            assert_eq!(
                (sku.meter.as_str(), sku.subcategory()),
                (meter, subcategory)
            );
        };
        check("Standard_D2s_v3", "D2s v3", "Dsv3 Series");
        check("Standard_B2s", "B2s", "Bs Series");
        check("Standard_D2as_v5", "D2as v5", "Dasv5 Series");
        assert_eq!(machine("Standard_Huge"), None);
        assert_eq!(
            subcategory("P10 LRS Disk").as_deref(),
            Some("Premium SSD Managed Disks")
        );
    }
}
