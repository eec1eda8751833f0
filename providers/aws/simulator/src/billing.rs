//! Billing: prices, the usages of the meter, Cost Explorer and the Pricing API.

pub mod cost_explorer;
pub mod pricing;

/// Billing settings: which cost allocation tags are active, and since when.
#[derive(Clone, Debug, Default)]
pub struct Billing {}
