//! How the nodes of a group are bought.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether nodes are paid by the hour, or are spare capacity that may be taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    /// On demand.
    #[default]
    OnDemand,
    /// Spot.
    Spot,
}

impl std::fmt::Display for Capacity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
        })
    }
}
