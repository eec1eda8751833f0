//! What a replica costs: its instance's price, by the minute, from initializing on.
//!
//! "Charged … while successfully deployed endpoints are initializing and in a running state", "billed per minute"
//! (docs/source/support/pricing.md). Pending, paused, scaled to zero and failed are free. That a part of a minute counts
//! as a whole one is not documented; nor is when the initializing of an endpoint that fails is billed: here it is.

use kubeproof_simkit::meter::{Rounding, Usage};

use super::Endpoint;
use crate::tags;

/// The line of the bill.
const LINE: &str = "endpoint_replica";

/// The key of a replica in the meter.
pub(super) fn key(id: &str, number: u32) -> String {
    format!("{id}/{number}")
}

/// What a replica of an endpoint uses.
pub(super) fn of(endpoint: &Endpoint) -> Option<Usage> {
    let hardware = endpoint.hardware()?;
    let tags = tags::pairs(&endpoint.config.tags);
    let id = hardware.id(&endpoint.config.provider.region);
    let names = [LINE, "Inference Endpoints", id.as_str()];
    Some(Usage {
        rounding: Rounding::Minutes,
        run_id: tags::run_id(&tags),
        tags,
        ..Usage::of(&endpoint.config.name, names, hardware.usd_per_hour())
    })
}
