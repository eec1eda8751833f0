//! The JSON schemas of what the commands print with `--format json`, and of what a program under test may write.

use clap::ValueEnum;
use kubeproof_external::output as of_programs;
use kubeproof_reports::campaign::Campaign;
use kubeproof_reports::json::Document;
use kubeproof_reports::output;
use kubeproof_reports::record::Record;
use serde_json::Value;

use crate::cli::simulate::conclusion;
use crate::cli::{audit, doctor, estimate, permissions, supported, sweep};

/// The commands that print JSON, the file that every trial leaves, and what programs under test may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Command {
    /// Records, matrix and criteria; `report` prints the same for records
    Verify,
    /// The trials that `verify --list` lists
    List,
    /// Records, matrix and criteria
    Report,
    /// Records, matrix and criteria of the runs whose bills were read
    Settle,
    /// The final state of simulated accounts
    Simulate,
    /// A campaign; `report` prints the same for campaigns
    Faults,
    /// The resources of accounts
    Audit,
    /// What a run left behind, and what of it was deleted
    Sweep,
    /// The estimates of scenarios
    Estimate,
    /// The least permissions for a scenario's provisioner, and their proof
    Permissions,
    /// What can run here
    Doctor,
    /// What is simulated
    Supported,
    /// The file `record.json` in the folder of a trial
    Record,
    /// What a program under test may write into `KUBEPROOF_OUTPUT`
    Program,
}

/// The schema of what a command prints.
pub fn of(command: Command) -> Value {
    match command {
        Command::Verify | Command::Report | Command::Settle => output::schema::<Document>(),
        Command::List => output::plain_schema::<crate::cli::verify::List>(),
        Command::Simulate => conclusion::schema(),
        Command::Faults => output::schema::<Campaign>(),
        Command::Audit => audit::schema(),
        Command::Sweep => sweep::document::schema(),
        Command::Estimate => estimate::schema(),
        Command::Permissions => permissions::schema(),
        Command::Doctor => doctor::schema(),
        Command::Supported => supported::schema(),
        Command::Record => output::plain_schema::<Record>(),
        Command::Program => of_programs::schema(),
    }
}
