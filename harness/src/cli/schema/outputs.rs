//! The JSON schemas of what the commands print with `--format json`.

use clap::ValueEnum;
use kubeproof_reports::campaign::Campaign;
use kubeproof_reports::json::Document;
use kubeproof_reports::output;
use serde_json::Value;

use crate::cli::{audit, estimate};

/// The commands that print JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Command {
    /// Records, matrix and criteria; `report` prints the same of records
    Verify,
    /// Records, matrix and criteria
    Report,
    /// A campaign; `report` prints the same of campaigns
    Faults,
    /// The resources of accounts
    Audit,
    /// The estimates of scenarios
    Estimate,
}

/// The schema of what a command prints.
pub fn of(command: Command) -> Value {
    match command {
        Command::Verify | Command::Report => output::schema::<Document>(),
        Command::Faults => output::schema::<Campaign>(),
        Command::Audit => audit::schema(),
        Command::Estimate => estimate::schema(),
    }
}
