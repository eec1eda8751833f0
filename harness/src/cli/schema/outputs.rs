//! The JSON schemas of what the commands print with `--format json`, and of what a program may write for us.

use clap::ValueEnum;
use kubeproof_external::output as of_programs;
use kubeproof_reports::campaign::Campaign;
use kubeproof_reports::json::Document;
use kubeproof_reports::output;
use serde_json::Value;

use crate::cli::{audit, estimate};

/// The commands that print JSON, and the programs under test.
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
    /// What a program under test may write into `KUBEPROOF_OUTPUT`
    Program,
}

/// The schema of what a command prints.
pub fn of(command: Command) -> Value {
    match command {
        Command::Verify | Command::Report => output::schema::<Document>(),
        Command::Faults => output::schema::<Campaign>(),
        Command::Audit => audit::schema(),
        Command::Estimate => estimate::schema(),
        Command::Program => of_programs::schema(),
    }
}
