//! What a failed process reports.

use kubeproof_contract::provisioner::UNKNOWN_LEFT;

/// The report of a failed process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Ids of what it left behind, all of them.
    pub left_behind: Vec<String>,
    /// Why it cannot be read, if it cannot.
    pub unreadable: Option<String>,
}

impl Report {
    /// Whether it reports that it does not know, or nothing. Then it cannot be wrong.
    pub fn is_silent(&self) -> bool {
        self.left_behind.iter().any(|id| id == UNKNOWN_LEFT)
    }
}
