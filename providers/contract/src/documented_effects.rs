//! The effects that a cloud documents for each of its calls, as plain data.
//!
//! Any fault can be injected into any call, but only documented effects are used by default.

use crate::fault::Effect;

/// An effect that can happen to a call, and where that is documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentedEffect {
    /// The effect.
    pub effect: Effect,
    /// Where it is documented, for the reader; empty when it is not.
    pub source: &'static str,
    /// Whether it may persist: a missing permission stays missing.
    pub can_persist: bool,
    /// Not documented for this call: disabled unless asked for by name or by `--pedantic`.
    pub pedantic: bool,
}

impl DocumentedEffect {
    /// An effect that goes away by itself.
    pub fn transient(effect: Effect, source: &'static str) -> Self {
        Self {
            effect,
            source,
            can_persist: false,
            pedantic: false,
        }
    }

    /// An effect that goes away or persists.
    pub fn lasting(effect: Effect, source: &'static str) -> Self {
        Self {
            can_persist: true,
            ..Self::transient(effect, source)
        }
    }

    /// An effect that is not documented for this call.
    pub fn pedantic(effect: Effect) -> Self {
        Self {
            pedantic: true,
            ..Self::transient(effect, "")
        }
    }
}
