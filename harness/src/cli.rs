//! The command line: global options here, one file per command.
//!
//! Only this part of the crate prints or exits.

pub mod account_of_run;
pub mod attest;
pub mod audit;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod estimate;
pub mod explain;
pub mod faults;
pub mod init;
pub mod man;
pub mod output;
pub mod permissions;
pub mod progress;
pub mod report;
pub mod report_files;
pub mod schema;
pub mod settle;
pub mod signals;
pub mod simulate;
pub mod supported;
pub mod sweep;
pub mod verify;

use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::{ArgAction, Parser, Subcommand};
use kubeproof_contract::process;

use crate::exit_code;
use output::{ColorChoice, Output};

/// Checks that a Kubernetes auto-provisioner does what it claims: creates the cluster, runs a job, recovers
/// from failures, cleans up, and costs what it estimated.
#[derive(Debug, Parser)]
#[command(
    name = "kubeproof",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    infer_subcommands = false,
    after_help = AFTER_HELP
)]
pub struct Cli {
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    color: ColorChoice,
    /// Print each phase of each trial
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
    /// Print only the report
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   everything requested passed
  1   a finding: something failed
  2   usage or scenario error; nothing was run
  3   inconclusive, or waiting for the bill
  70  internal error

Ctrl-C (or SIGTERM, or SIGHUP of a closed terminal) starts no new trials and lets running ones tear
down; programs are interrupted and get 40 seconds to end. Trials that did not run are reported as
unknown. A second Ctrl-C exits at once with status 130, may leave resources behind, and prints the
clean-up command.

Examples:
  kubeproof demo                                       see it work
  kubeproof init DIR                                   a scenario for your terraform configuration
  kubeproof verify                                     all of scenarios/, in rehearsal
  kubeproof verify FOLDER --format markdown            a folder, as Markdown
  kubeproof verify FILE --fault SPEC                   inject a fault of your choice
  kubeproof faults FILE                                every fault into every call
  kubeproof verify --tier kind                         on a real cluster on this machine
  kubeproof sweep --run ID                             what a run left behind
  kubeproof settle                                     what live runs were billed
  kubeproof simulate -- COMMAND                        run a program against a simulated cloud
  kubeproof estimate FILE                              what it would cost
  kubeproof permissions FILE                           the least permissions for it
  kubeproof explain O1                                 what a finding means
  kubeproof doctor                                     what can run here";

/// The commands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Show a correct and a wrong provisioner, rehearsed; needs nothing
    Demo(demo::Args),
    /// Write a scenario for a terraform configuration or for programs
    Init(init::Args),
    /// Run scenarios and report the results
    Verify(verify::Args),
    /// Serve simulated accounts to other programs and show what they leave behind
    Simulate(simulate::Args),
    /// Fail every call of a clean run in every documented way and show the consequences
    Faults(faults::Args),
    /// List the resources in an account; deletes nothing
    Audit(audit::Args),
    /// List what a run left behind; with --delete, remove it
    Sweep(sweep::Args),
    /// Read the bills of live runs again until they are final, and judge the cost
    Settle(settle::Args),
    /// Show what a scenario would cost, line by line
    Estimate(estimate::Args),
    /// Print the least permissions for a scenario's provisioner, and prove them
    Permissions(permissions::Args),
    /// Show the records of earlier runs in any format
    Report(report::Args),
    /// Tell what an oracle, verdict, fault effect or check means, and how to mend it
    Explain(explain::Args),
    /// List the operations that are simulated
    Supported(supported::Args),
    /// Sign a live run that passed, as a person who saw it
    Attest(attest::Args),
    /// Show what can run here and what is missing for the rest
    Doctor(doctor::Args),
    /// Print the JSON schema of scenario files, or of a command's JSON output
    Schema(schema::Args),
    /// Print shell completions
    Completions(completions::Args),
    /// Write manual pages to a folder
    #[command(hide = true)]
    Man(man::Args),
}

/// Reads the command line, does what it says, and returns the exit code.
pub fn main() -> u8 {
    output::report_internal_errors();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            // Nothing can be done when even this cannot be written.
            let _ = error.print();
            return if usage {
                exit_code::USAGE
            } else {
                exit_code::PASSED
            };
        }
    };
    let out = Output::new(cli.color, cli.verbose, cli.quiet);
    let code = catch_unwind(AssertUnwindSafe(|| carry_out(&cli.command, &out)));
    // Everything of a trial with an internal error was dropped; programs that are left must not run on.
    process::end_all();
    match code {
        Ok(code) if !output::had_internal_error() => code,
        _ => exit_code::INTERNAL_ERROR,
    }
}

fn carry_out(command: &Command, out: &Output) -> u8 {
    match command {
        Command::Demo(args) => demo::run(args, out),
        Command::Init(args) => init::run(args, out),
        Command::Verify(args) => verify::run(args, out),
        Command::Simulate(args) => simulate::run(args, out),
        Command::Faults(args) => faults::run(args, out),
        Command::Audit(args) => audit::run(args, out),
        Command::Sweep(args) if args.is_of_expired() => sweep::expired::run(args, out),
        Command::Sweep(args) => sweep::run(args, out),
        Command::Settle(args) => settle::run(args, out),
        Command::Estimate(args) => estimate::run(args, out),
        Command::Permissions(args) => permissions::run(args, out),
        Command::Report(args) => report::run(args, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Supported(args) => supported::run(args, out),
        Command::Attest(args) => attest::run(args, out),
        Command::Doctor(args) => doctor::run(args, out),
        Command::Schema(args) => schema::run(args, out),
        Command::Completions(args) => completions::run(args, out),
        Command::Man(args) => man::run(args, out),
    }
}
