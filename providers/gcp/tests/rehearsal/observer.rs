//! The observer against the simulated project: what it lists is what there is, and what it cannot read is never empty.

mod inventory;
