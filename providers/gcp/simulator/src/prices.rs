//! Prices: of the region us-central1, in US dollars. Elsewhere nothing has a known price.
//!
//! Sources, as in the table of prices of the reference: machines from karpenter-provider-gcp (2026-08-03), disks and
//! unused addresses from infracost's golden files (2024 and 2026) and Google's calculator (2023), addresses and Cloud NAT
//! from Google's network price page (2026-10-16), the management fee and its free tier from the GKE price page
//! (2026-09-19). The price of the first five forwarding rules was not read from a price page. The prices of a vCPU and of
//! a GiB of memory are those that add up to the machines' prices (E2: Google's page, through the same table).

use kubeproof_contract::Decimal;

/// The region whose prices are known.
pub(crate) const REGION: &str = "us-central1";

/// Dollars from a number of hundred-millionths.
fn dollars(hundred_millionths: i64) -> Decimal {
    Decimal::new(hundred_millionths, 8).normalize()
}

/// The price of a machine for an hour.
pub(crate) fn machine(name: &str) -> Option<Decimal> {
    let price = match name {
        "e2-micro" => 837_643,
        "e2-small" => 1_675_286,
        "e2-medium" => 3_350_571,
        "e2-standard-2" => 6_701_142,
        "e2-standard-4" => 13_402_284,
        "e2-standard-8" => 26_804_568,
        "n1-standard-1" => 4_749_975,
        "n1-standard-2" => 9_499_950,
        "n1-standard-4" => 18_999_900,
        "n2-standard-2" => 9_711_800,
        "n2-standard-4" => 19_423_600,
        "g2-standard-4" => 70_683_226,
        "a2-highgpu-1g" => 367_338_500,
        "a3-highgpu-8g" => 8_848_999_990,
        _ => return None,
    };
    Some(dollars(price))
}

/// What Google bills of a machine: so many vCPUs and so much memory, each at its family's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) family: Family,
    /// vCPUs as billed: machines that share theirs have a part of one.
    pub(crate) vcpus: Decimal,
    pub(crate) gib: Decimal,
}

/// A family of machines whose vCPUs and memory have known prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    E2,
    N1,
    N2,
}

impl Family {
    pub(crate) const ALL: [Self; 3] = [Self::E2, Self::N1, Self::N2];

    /// The prices of a vCPU and of a GiB of memory for an hour.
    pub(crate) fn prices(self) -> (Decimal, Decimal) {
        match self {
            Self::E2 => (dollars(2_181_159), dollars(292_353)),
            Self::N1 | Self::N2 => (dollars(3_161_100), dollars(423_700)),
        }
    }
}

/// The parts of a machine; `None` where they are not known one by one.
pub(crate) fn parts(name: &str) -> Option<Parts> {
    // Quarters of a vCPU and of a GiB.
    let (family, vcpus, gib) = match name {
        "e2-micro" => (Family::E2, 1, 4),
        "e2-small" => (Family::E2, 2, 8),
        "e2-medium" => (Family::E2, 4, 16),
        "e2-standard-2" => (Family::E2, 8, 32),
        "e2-standard-4" => (Family::E2, 16, 64),
        "e2-standard-8" => (Family::E2, 32, 128),
        "n1-standard-1" => (Family::N1, 4, 15),
        "n1-standard-2" => (Family::N1, 8, 30),
        "n1-standard-4" => (Family::N1, 16, 60),
        "n2-standard-2" => (Family::N2, 8, 32),
        "n2-standard-4" => (Family::N2, 16, 64),
        _ => return None,
    };
    Some(Parts {
        family,
        vcpus: Decimal::new(vcpus * 25, 2),
        gib: Decimal::new(gib * 25, 2),
    })
}

/// The management fee of a cluster for an hour.
pub(crate) fn fee() -> Decimal {
    Decimal::new(10, 2)
}

/// The prices of a vCPU and of a GiB of memory that a pod of an Autopilot cluster requests, for an hour (public notes
/// that cite the GKE price page, 2026).
pub(crate) fn of_pods() -> (Decimal, Decimal) {
    (dollars(4_450_000), dollars(492_250))
}

/// The price of a GiB of a disk for a month.
pub(crate) fn disk(kind: &str) -> Option<Decimal> {
    let cents = match kind {
        "pd-standard" => 4,
        "pd-balanced" => 10,
        "pd-ssd" => 17,
        _ => return None,
    };
    Some(Decimal::new(cents, 2))
}

/// The price of a public address in use, for an hour: half as much on a spot machine.
pub(crate) fn address(is_spot: bool) -> Decimal {
    if is_spot {
        Decimal::new(25, 4)
    } else {
        Decimal::new(5, 3)
    }
}

/// The price of a reserved public address that is not in use, for an hour.
pub(crate) fn unused_address() -> Decimal {
    Decimal::new(1, 2)
}

/// The most machines of a NAT gateway that are charged one by one.
pub(crate) const GATEWAY_MACHINES_MAX: usize = 32;

/// What a NAT gateway is billed for in an hour, and the price of each: the machines that use it, up to a limit.
pub(crate) fn gateway(machines: usize) -> (Decimal, Decimal) {
    if machines > GATEWAY_MACHINES_MAX {
        return (Decimal::ONE, Decimal::new(44, 3));
    }
    (Decimal::from(machines), Decimal::new(14, 4))
}

/// How many forwarding rules the first price covers.
pub(crate) const RULES_TOGETHER: usize = 5;

/// The price of forwarding rules for an hour: of the first five together, and of each further one.
pub(crate) fn forwarding_rule(is_first: bool) -> Decimal {
    if is_first {
        Decimal::new(25, 3)
    } else {
        Decimal::new(1, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_machine_cost_what_the_machine_does() {
        let names = [
            "e2-micro",
            "e2-small",
            "e2-medium",
            "e2-standard-2",
            "e2-standard-4",
            "e2-standard-8",
            "n1-standard-1",
            "n1-standard-2",
            "n1-standard-4",
            "n2-standard-2",
            "n2-standard-4",
        ];
        for name in names {
            let parts = parts(name).expect("known parts");
            let (vcpu, gib) = parts.family.prices();
            let sum = parts.vcpus * vcpu + parts.gib * gib;
            let difference = (sum - machine(name).expect("a price")).abs();
            // The list rounds to a hundred-millionth.
            assert!(difference <= Decimal::new(1, 8), "{name}: {difference}");
        }
    }
}
