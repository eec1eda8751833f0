//! Which effects a cloud documents for which of its calls, as plain data.
//!
//! Apart from the faults themselves: a fault can strike any call, but only what the cloud documents is
//! a reason for alarm.

use crate::fault::Effect;

/// An effect that a call can meet, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentedEffect {
    /// The effect.
    pub effect: Effect,
    /// Where it is documented, in words; empty when nobody documents it.
    pub source: &'static str,
    /// Whether it may go on and on: a permission that is missing stays missing.
    pub can_persist: bool,
    /// Not documented for this call: off unless asked for by name.
    pub pedantic: bool,
}

impl DocumentedEffect {
    /// An effect that passes.
    pub fn transient(effect: Effect, source: &'static str) -> Self {
        Self {
            effect,
            source,
            can_persist: false,
            pedantic: false,
        }
    }

    /// An effect that passes or goes on.
    pub fn lasting(effect: Effect, source: &'static str) -> Self {
        Self {
            can_persist: true,
            ..Self::transient(effect, source)
        }
    }

    /// An effect that nobody documents for this call.
    pub fn pedantic(effect: Effect) -> Self {
        Self {
            pedantic: true,
            ..Self::transient(effect, "")
        }
    }
}
