//! Prices: of the region us-central1, in US dollars. Elsewhere nothing has a known price.
//!
//! Sources, as in the table of prices of the reference: machines from karpenter-provider-gcp (2026-08-03), disks and
//! unused addresses from infracost's golden files (2024 and 2026) and Google's calculator (2023), addresses and Cloud NAT
//! from Google's network price page (2026-10-16), the management fee and its free tier from the GKE price page
//! (2026-09-19). The price of the first five forwarding rules was not read from a price page.

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

/// The price of a NAT gateway for an hour: for each machine that uses it, up to a limit.
pub(crate) fn gateway(machines: usize) -> Decimal {
    if machines > GATEWAY_MACHINES_MAX {
        return Decimal::new(44, 3);
    }
    Decimal::new(14, 4) * Decimal::from(machines)
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
