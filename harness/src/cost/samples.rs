//! Charges and estimate lines for the tests of this folder.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Billed, Charge, Estimate, EstimateLine};

use super::inputs::{Bill, CostInputs};

/// A charge for a line, US dollars.
pub fn charge(line: &str, usd: Decimal) -> Charge {
    Charge {
        line: line.to_owned(),
        usage_type: "Hours".to_owned(),
        resource_id: None,
        run_id: None,
        quantity: Decimal::ONE,
        unit: "Hrs".to_owned(),
        usd,
    }
}

/// An estimate line that costs this much in US dollars: for an hour, whenever it starts.
pub fn estimate(line: &str, usd: Decimal) -> EstimateLine {
    EstimateLine {
        line: line.to_owned(),
        title: format!("2 × {line}"),
        usd_per_hour: usd,
        min_usd: usd,
        expected_usd: usd,
        max_usd: usd,
        planned_usd: None,
        source: String::new(),
        count: 1,
        usage_types: Vec::new(),
    }
}

/// Inputs with these estimate lines and this final bill, without a meter.
pub fn inputs(lines: Vec<EstimateLine>, billed: Vec<Charge>) -> CostInputs {
    CostInputs {
        claimed: None,
        estimate: Estimate {
            lines,
            ..Estimate::default()
        },
        planned_minutes: 45,
        lifetime_usd: BTreeMap::new(),
        metered: None,
        billed: Bill::Read(Billed {
            charges: billed,
            is_final: true,
            attribution: Vec::new(),
            shared_lines: Vec::new(),
            last_used: None,
            read_at: Timestamp::UNIX_EPOCH,
        }),
        orphans: BTreeSet::new(),
        unpriced: Vec::new(),
        tolerance_percent: 20,
    }
}
