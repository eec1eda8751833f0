//! Checks the claimed hourly rate: does an hour cost what the provisioner claims, and if not, what did it forget?
//!
//! Judged by the list price alone, without the bill.

use kubeproof_contract::Decimal;
use kubeproof_contract::cost::EstimateLine;

use super::usd;

/// Lines up to which every subset is tried.
const LINES_MAX: usize = 16;

/// What is wrong with a claim, as text; `None` when it is within the tolerance.
pub fn problem(claimed: Decimal, lines: &[EstimateLine], tolerance_percent: u32) -> Option<String> {
    let list: Decimal = lines.iter().map(|line| line.usd_per_hour).sum();
    let allowed = list * Decimal::from(tolerance_percent) / Decimal::ONE_HUNDRED;
    if (claimed - list).abs() <= allowed {
        return None;
    }
    let missing = missing(claimed, lines);
    let words: Vec<String> = missing
        .iter()
        .map(|line| format!("{} ({})", name(line), usd(line.usd_per_hour, 4)))
        .collect();
    let why = match (words.is_empty(), claimed < list) {
        (false, _) => format!("missing {}", words.join(", ")),
        (true, true) => "no missing line explains the difference".to_owned(),
        (true, false) => "the claim is too high".to_owned(),
    };
    Some(format!(
        "the provisioner claims ${} an hour; the list price is {}: {why}",
        claimed.normalize(),
        usd(list, 4)
    ))
}

/// The lines that a claim most likely left out: among the subsets that give the claim as it is
/// written (rounded to its digits), the one that keeps the lines that come first, as the control
/// plane and the nodes do. Nothing when no subset comes near.
fn missing(claimed: Decimal, lines: &[EstimateLine]) -> Vec<&EstimateLine> {
    let lines = &lines[..lines.len().min(LINES_MAX)];
    // A claim with all the digits that there can be has no room for half of one more.
    let half_digit = Decimal::try_new(5, claimed.scale() + 1).unwrap_or_default();
    let list: Decimal = lines.iter().map(|line| line.usd_per_hour).sum();
    let near = half_digit.max(list / Decimal::ONE_HUNDRED);
    let kept_of = |subset: u32| -> Decimal {
        let kept = lines
            .iter()
            .enumerate()
            .filter(|(index, _)| keeps(subset, *index));
        kept.map(|(_, line)| line.usd_per_hour).sum()
    };
    let best = (0..(1_u32 << lines.len()))
        .filter(|subset| (kept_of(*subset) - claimed).abs() <= near)
        // The first line is the lowest bit, and must weigh most.
        .max_by_key(|subset| subset.reverse_bits());
    let Some(best) = best else { return Vec::new() };
    let left_out = lines
        .iter()
        .enumerate()
        .filter(|(index, _)| !keeps(best, *index));
    left_out.map(|(_, line)| line).collect()
}

fn keeps(subset: u32, index: usize) -> bool {
    subset & (1 << index) != 0
}

/// The line as text: its own name if that is a plural (`disks`), else its title.
fn name(line: &EstimateLine) -> String {
    if line.line.ends_with('s') {
        line.line.replace('_', " ")
    } else {
        plural(&line.title)
    }
}

/// `2 × NAT gateway` → `NAT gateways`.
fn plural(title: &str) -> String {
    let thing = match title.split_once(" × ") {
        Some((count, thing)) if count.chars().all(|c| c.is_ascii_digit()) => thing,
        _ => return title.to_owned(),
    };
    // What stands in brackets or after a comma explains the thing; the thing itself takes the ending.
    let end = thing.find([',', '(']).unwrap_or(thing.len());
    let (thing, rest) = thing.split_at(end);
    let (thing, space) = (
        thing.trim_end(),
        if rest.starts_with('(') { " " } else { "" },
    );
    let ending = match thing {
        ended if ended.ends_with("ss") => "es",
        ended if ended.ends_with('s') => "",
        _ => "s",
    };
    format!("{thing}{ending}{space}{rest}")
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn line(name: &str, title: &str, usd_per_hour: &str) -> EstimateLine {
        EstimateLine {
            title: title.to_owned(),
            ..samples::estimate(name, usd_per_hour.parse().expect("a price"))
        }
    }

    fn two_nodes() -> Vec<EstimateLine> {
        vec![
            line("control_plane", "EKS control plane", "0.10"),
            line("nodes", "2 × t3.medium node", "0.0832"),
            line("nat_gateway", "2 × NAT gateway", "0.09"),
            line("public_ipv4", "2 × public address", "0.01"),
            line("disks", "2 × 20 GB gp3", "0.004384"),
        ]
    }

    #[track_caller]
    fn check(claimed: &str, expected: Option<&str>) {
        let claimed = claimed.parse().expect("a price");
        assert_eq!(problem(claimed, &two_nodes(), 20).as_deref(), expected);
    }

    #[test]
    fn the_well_known_claim_omits_gateways_addresses_and_disks() {
        check(
            "0.18",
            Some(
                "the provisioner claims $0.18 an hour; the list price is $0.2876: missing \
                 NAT gateways ($0.0900), public addresses ($0.0100), disks ($0.0044)",
            ),
        );
        check(
            "0.1832",
            Some(
                "the provisioner claims $0.1832 an hour; the list price is $0.2876: missing \
                 NAT gateways ($0.0900), public addresses ($0.0100), disks ($0.0044)",
            ),
        );
    }

    #[test]
    fn a_claim_within_the_tolerance_is_not_wrong() {
        check("0.2876", None);
        check("0.25", None);
    }

    #[test]
    fn a_claim_is_wrong_from_just_beyond_the_tolerance_in_both_directions() {
        // A fifth of $0.2876 (exactly 0.287584) is 0.0575168.
        check("0.2300672", None);
        check("0.3451008", None);
        assert!(problem("0.2300671".parse().unwrap(), &two_nodes(), 20).is_some());
        assert!(problem("0.3451009".parse().unwrap(), &two_nodes(), 20).is_some());
    }

    #[test]
    fn what_is_missing_is_told_in_the_plural() {
        let check = |title: &str, expected: &str| assert_eq!(plural(title), expected);
        check("2 × NAT gateway", "NAT gateways");
        check("1 × disk (of tin)", "disks (of tin)");
        check("3 × address, public", "addresses, public");
        check("2 × nodes", "nodes");
        check("EKS control plane", "EKS control plane");
        check("a few × node", "a few × node");
    }

    #[test]
    fn a_claim_of_any_number_of_digits_and_any_size_is_told() {
        let check = |claimed: &str, expected: &str| {
            let claimed = claimed.parse().expect("a number");
            let said = problem(claimed, &two_nodes(), 20).expect("wrong");
            assert!(said.contains(expected), "{said}");
        };
        check("0.1000000000000000055511151231", "missing");
        check("0.0000000000000000000000000001", "missing");
        check("79228162514264337593543950335", "the claim is too high");
    }

    #[test]
    fn a_claim_that_nothing_explains_says_so() {
        check(
            "0.50",
            Some(
                "the provisioner claims $0.5 an hour; the list price is $0.2876: \
                 the claim is too high",
            ),
        );
        check(
            "0.02",
            Some(
                "the provisioner claims $0.02 an hour; the list price is $0.2876: \
                 no missing line explains the difference",
            ),
        );
    }
}
