//! The things that Google sells, as the price list and the billing export name them.
//!
//! The ids of the management fees are Google's; the others are made up of their descriptions.

use kubeproof_contract::Decimal;
use sha2::{Digest as _, Sha256};

use crate::prices::{self, Family};

/// The name of Compute Engine on the bill.
pub(crate) const COMPUTE_ENGINE: &str = "Compute Engine";
/// The name of Kubernetes Engine on the bill.
pub(crate) const KUBERNETES_ENGINE: &str = "Kubernetes Engine";
/// The services with prices: their names and public ids.
pub(crate) const SERVICES: [(&str, &str); 2] = [
    (COMPUTE_ENGINE, "6F81-5844-456A"),
    (KUBERNETES_ENGINE, "CCD8-9BF1-090E"),
];

pub(crate) const ZONAL: &str = "Zonal Kubernetes Clusters";
pub(crate) const REGIONAL: &str = "Regional Kubernetes Clusters";
pub(crate) const AUTOPILOT: &str = "Autopilot Kubernetes Clusters";
pub(crate) const POD_CPU: &str = "Autopilot Pod mCPU Requests (us-central1)";
pub(crate) const POD_MEMORY: &str = "Autopilot Pod Memory Requests (us-central1)";
pub(crate) const ADDRESS: &str = "External IP Charge on a Standard VM";
pub(crate) const SPOT_ADDRESS: &str = "External IP Charge on a Spot Preemptible VM";
pub(crate) const UNUSED_ADDRESS: &str = "Static Ip Charge in Iowa";
pub(crate) const NAT: &str = "Networking Cloud Nat Gateway Uptime in Iowa";
pub(crate) const NAT_ADDRESS: &str = "Networking Cloud Nat IP Usage in Iowa";
pub(crate) const FIRST_RULES: &str =
    "Network Load Balancing: Forwarding Rule Minimum Service Charge in Iowa";
pub(crate) const FURTHER_RULE: &str =
    "Network Load Balancing: Forwarding Rule Additional Service Charge in Iowa";

/// What one of something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Hour,
    GibHour,
    GibMonth,
}

impl Unit {
    /// As the price list writes it.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Hour => "h",
            Self::GibHour => "GiBy.h",
            Self::GibMonth => "GiBy.mo",
        }
    }

    /// Spelt out, as the billing export writes it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::GibHour => "gibibyte hour",
            Self::GibMonth => "gibibyte month",
        }
    }

    /// The unit in which usage is counted: its symbol, one of it, and many.
    pub(crate) fn base(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Hour => ("s", "second", "seconds"),
            Self::GibHour | Self::GibMonth => ("By.s", "byte second", "byte-seconds"),
        }
    }

    /// How many base units are in one, in a month of so many seconds.
    pub(crate) fn factor(self, month: i64) -> Decimal {
        let gib = Decimal::from(1_073_741_824_u64);
        match self {
            Self::Hour => Decimal::from(3600),
            Self::GibHour => gib * Decimal::from(3600),
            Self::GibMonth => gib * Decimal::from(month),
        }
    }
}

/// One thing that is sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sku {
    pub(crate) description: String,
    /// The service's name.
    pub(crate) service: &'static str,
    /// The resource's family and group in the price list.
    pub(crate) family: (&'static str, &'static str),
    pub(crate) unit: Unit,
    /// US dollars for one.
    pub(crate) usd: Decimal,
}

impl Sku {
    fn compute(
        description: impl Into<String>,
        family: (&'static str, &'static str),
        unit: Unit,
        usd: Decimal,
    ) -> Self {
        Self {
            description: description.into(),
            service: COMPUTE_ENGINE,
            family,
            unit,
            usd,
        }
    }

    /// Its id: Google's where it is known.
    pub(crate) fn id(&self) -> String {
        match self.description.as_str() {
            ZONAL => return "6B92-A835-08AB".to_owned(),
            REGIONAL => return "B561-BFBD-1264".to_owned(),
            _ => {}
        }
        let digest = Sha256::digest(self.description.as_bytes());
        let words: Vec<String> = digest
            .chunks(2)
            .take(3)
            .map(|pair| {
                let digits = pair.iter().map(|byte| format!("{byte:02X}"));
                digits.collect()
            })
            .collect();
        words.join("-")
    }

    /// The id of its service.
    pub(crate) fn service_id(&self) -> &'static str {
        let mut services = SERVICES.iter();
        let found = services.find(|(name, _)| *name == self.service);
        found.map_or("", |(_, id)| id)
    }
}

/// The description of a disk's type.
pub(crate) fn disk(kind: &str) -> Option<&'static str> {
    match kind {
        "pd-standard" => Some("Storage PD Capacity"),
        "pd-balanced" => Some("Balanced PD Capacity"),
        "pd-ssd" => Some("SSD backed PD Capacity"),
        _ => None,
    }
}

/// Whether this is the management fee of a cluster.
pub(crate) fn is_fee(description: &str) -> bool {
    [ZONAL, REGIONAL, AUTOPILOT].contains(&description)
}

/// The descriptions of a family's vCPUs and of its memory.
fn of_family(family: Family) -> (&'static str, &'static str) {
    match family {
        Family::E2 => (
            "E2 Instance Core running in Americas",
            "E2 Instance Ram running in Americas",
        ),
        Family::N1 => (
            "N1 Predefined Instance Core running in Americas",
            "N1 Predefined Instance Ram running in Americas",
        ),
        Family::N2 => (
            "N2 Instance Core running in Americas",
            "N2 Instance Ram running in Americas",
        ),
    }
}

fn core(family: Family) -> Sku {
    let ((core, _), (usd, _)) = (of_family(family), family.prices());
    Sku::compute(core, ("Compute", "CPU"), Unit::Hour, usd)
}

fn memory(family: Family) -> Sku {
    let ((_, memory), (_, usd)) = (of_family(family), family.prices());
    Sku::compute(memory, ("Compute", "RAM"), Unit::GibHour, usd)
}

/// What a running machine is billed for: its vCPUs and its memory, each with how many of it an hour takes. One whose
/// parts have no known prices is billed in one piece, which Google does not do.
pub(crate) fn of_machine(machine: &str) -> Vec<(Sku, Decimal)> {
    if let Some(parts) = prices::parts(machine) {
        let family = parts.family;
        return vec![(core(family), parts.vcpus), (memory(family), parts.gib)];
    }
    let usd = prices::machine(machine).into_iter();
    let description = format!("Machine {machine}: Instance Core, Ram and GPUs running in Americas");
    let sku = |usd| Sku::compute(description.clone(), ("Compute", "GPU"), Unit::Hour, usd);
    usd.map(|usd| (sku(usd), Decimal::ONE)).collect()
}

/// All that has a known price.
pub(crate) fn all() -> Vec<Sku> {
    let mut all = Vec::new();
    for family in Family::ALL {
        all.extend([core(family), memory(family)]);
    }
    for machine in ["g2-standard-4", "a2-highgpu-1g", "a3-highgpu-8g"] {
        all.extend(of_machine(machine).into_iter().map(|(sku, _)| sku));
    }
    for kind in ["pd-standard", "pd-balanced", "pd-ssd"] {
        let found = disk(kind).zip(prices::disk(kind));
        all.extend(
            found.map(|(sku, usd)| Sku::compute(sku, ("Storage", "SSD"), Unit::GibMonth, usd)),
        );
    }
    let network = |sku, group, usd| Sku::compute(sku, ("Network", group), Unit::Hour, usd);
    all.extend([
        network(ADDRESS, "IpAddress", prices::address(false)),
        network(SPOT_ADDRESS, "IpAddress", prices::address(true)),
        network(UNUSED_ADDRESS, "IpAddress", prices::unused_address()),
        network(NAT, "CloudNat", prices::gateway(1).1),
        network(NAT_ADDRESS, "CloudNat", prices::address(false)),
        network(FIRST_RULES, "LoadBalancing", prices::forwarding_rule(true)),
        network(
            FURTHER_RULE,
            "LoadBalancing",
            prices::forwarding_rule(false),
        ),
    ]);
    let kubernetes = |description: &str, unit, usd| Sku {
        service: KUBERNETES_ENGINE,
        ..Sku::compute(description, ("Compute", "Kubernetes"), unit, usd)
    };
    let fee = |description| kubernetes(description, Unit::Hour, prices::fee());
    all.extend([ZONAL, REGIONAL, AUTOPILOT].map(fee));
    let (cpu, gib) = prices::of_pods();
    all.extend([
        kubernetes(POD_CPU, Unit::Hour, cpu),
        kubernetes(POD_MEMORY, Unit::GibHour, gib),
    ]);
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_sku_has_an_id_of_its_own_in_googles_form() {
        let all = all();
        let ids: BTreeSet<String> = all.iter().map(Sku::id).collect();
        assert_eq!(ids.len(), all.len());
        for id in ids {
            let words: Vec<&str> = id.split('-').collect();
            assert!(
                words.len() == 3 && words.iter().all(|word| word.len() == 4),
                "{id}"
            );
        }
    }

    #[test]
    fn every_machine_with_a_price_is_billed_for_what_the_list_has() {
        let all = all();
        for machine in [
            "e2-medium",
            "n1-standard-2",
            "n2-standard-4",
            "a3-highgpu-8g",
        ] {
            let parts = of_machine(machine);
            assert!(!parts.is_empty(), "{machine}");
            assert!(parts.iter().all(|(sku, _)| all.contains(sku)), "{machine}");
        }
        assert!(of_machine("z9-huge-1").is_empty());
    }
}
