//! Cost: none. An explicit empty estimate with a reason, so that it is not taken for an incomplete one.

use jiff::Timestamp;
use kubeproof_contract::cost::{Billed, Estimate};

/// Why nothing is billed.
pub const FREE: &str = "it runs on this machine and is not billed";

/// The estimate: no line at all, and the reason.
pub fn estimate() -> Estimate {
    Estimate {
        lines: Vec::new(),
        left_out: vec![format!("everything: {FREE}")],
        ..Estimate::default()
    }
}

/// The bill: none, and there never will be one.
pub fn billed(now: Timestamp) -> Billed {
    Billed {
        charges: Vec::new(),
        is_final: true,
        attribution: vec![FREE.to_owned()],
        shared_lines: Vec::new(),
        last_used: None,
        read_at: now,
    }
}
