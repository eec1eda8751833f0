//! Cost: the estimate for a scenario's cluster, from two price sources.
//!
//! Arithmetic only. Lambda Cloud has no billing API to read a bill from.

use jiff::Timestamp;
use kubeproof_cloudkit::prices::{by_the_minute, listed_first};
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Estimate, EstimateLine};

use crate::prices;
use crate::spec::LambdaSpec;

/// The line of the instances.
pub const NODES: &str = "nodes";

/// Why no bill can ever be read.
pub const NEVER_BILLED: &str = "Lambda Cloud has no billing API; the weekly invoice, tax included, \
                                confirms it by hand";

/// The estimate for a duration. `listed` is the API's own price of the instance type, US dollars an hour.
pub fn estimate(
    spec: &LambdaSpec,
    listed: Option<Decimal>,
    start: Option<Timestamp>,
    duration_minutes: u32,
) -> Estimate {
    let kind = &spec.instance_type.0;
    let mut left_out = vec![
        "sales tax: it is in Lambda's charges, and no API says how much".to_owned(),
        "booting and terminating: billed from the health check to the order to terminate"
            .to_owned(),
    ];
    if spec.filesystem {
        left_out.push(
            "the filesystem: $0.20 a GiB used and month of 720 hours; the scenario writes nothing to it"
                .to_owned(),
        );
    }
    let count = u32::try_from(spec.nodes()).unwrap_or(u32::MAX);
    // The API's price, if it was asked, takes precedence over the table's.
    let price = listed_first(listed, prices::exact(kind), "GET /instance-types");
    let line = |price| by_the_minute(NODES, (count, kind), price, start, duration_minutes);
    let lines: Vec<EstimateLine> = price.map(line).into_iter().collect();
    let unpriced = lines.is_empty().then(|| format!("{count} × {kind}"));
    Estimate {
        lines,
        left_out,
        unpriced: unpriced.into_iter().collect(),
        ..Estimate::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::NodeCount;
    use kubeproof_contract::scenario::Word;

    #[test]
    fn both_sources_are_named_and_their_disagreement_too() {
        let spec = LambdaSpec {
            instance_type: Word("gpu_1x_h100_pcie".to_owned()),
            nodes: NodeCount(2),
            ..LambdaSpec::default()
        };
        let check = |cents: Option<i64>, usd: &str, words: &str| {
            let listed = cents.map(|cents| Decimal::new(cents, 2));
            let estimate = estimate(&spec, listed, None, 30);
            let line = &estimate.lines[0];
            assert_eq!(line.usd_per_hour.to_string(), usd);
            assert_eq!(line.expected_usd * Decimal::TWO, line.usd_per_hour);
            assert!(line.source.contains(words), "{}", line.source);
        };
        check(None, "6.58", "the API was not asked");
        check(Some(329), "6.58", "says the same");
        check(Some(349), "6.98", "disagrees: $3.29 an hour");
    }
}
