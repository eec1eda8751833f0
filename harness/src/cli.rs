//! The command line: options here and in one file for each command.
//!
//! Apart from the library, which never prints and never exits.

pub mod audit;
pub mod completions;
pub mod doctor;
pub mod estimate;
pub mod faults;
pub mod output;
pub mod progress;
pub mod report;
pub mod schema;
pub mod signals;
pub mod simulate;
pub mod sweep;
pub mod verify;

use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::{ArgAction, Parser, Subcommand};
use kubeproof_contract::process;

use crate::exit_code;
use output::{ColorChoice, Output};

/// Proves that a Kubernetes auto-provisioner does what it says: it provisions, runs a job, survives
/// failure, cleans up, and costs what it estimated.
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
    /// Say more: each phase of each trial
    #[arg(short, long, action = ArgAction::Count, global = true)]
    verbose: u8,
    /// Say nothing but the report
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   all that was asked for passed
  1   a finding: something failed
  2   usage or scenario error; nothing was run
  3   unknown: could not find out, or not known yet
  70  a bug of kubeproof

^C, SIGTERM, and SIGHUP of a closed terminal let running trials tear down what they made, and begin
no other; programs are interrupted, and get 40 seconds to end. What was not run is unknown.
A second ^C ends at once, may leave things behind, says how to clean them up, and gives 130.

Examples:
  kubeproof verify                                     all of scenarios/, in rehearsal
  kubeproof verify FOLDER --format markdown            a folder, as Markdown
  kubeproof verify FILE --fault SPEC                   with a failure of your own
  kubeproof faults FILE                                every call, every fault
  kubeproof verify --tier kind                         on a real Kubernetes on this machine
  kubeproof sweep --run ID                             what a run left behind
  kubeproof simulate -- COMMAND                        a program of yours, on a simulated cloud
  kubeproof estimate FILE                              what it would cost
  kubeproof doctor                                     what can run here";

/// The commands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios and report what was proven
    Verify(verify::Args),
    /// Serve simulated accounts to other programs, and show what those leave behind
    Simulate(simulate::Args),
    /// Fail every call of a clean run in every documented way, and show what that leaves
    Faults(faults::Args),
    /// List an account and show what is in it; deletes nothing
    Audit(audit::Args),
    /// Show what a run left behind, and with --delete remove it
    Sweep(sweep::Args),
    /// Show what a scenario would cost, line by line
    Estimate(estimate::Args),
    /// Show the records of earlier runs again, in any format
    Report(report::Args),
    /// Show what can run here, and what to do about the rest
    Doctor(doctor::Args),
    /// Print the JSON schema of scenario files, or of what a command prints as JSON
    Schema(schema::Args),
    /// Print completions for a shell
    Completions(completions::Args),
}

/// Reads the command line, does what it says, and returns the exit code.
pub fn main() -> u8 {
    output::report_bugs();
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
    // Of a trial that met a bug everything was dropped; whatever is left must not go on alone.
    process::end_all();
    match code {
        Ok(code) if !output::met_a_bug() => code,
        _ => exit_code::BUG,
    }
}

fn carry_out(command: &Command, out: &Output) -> u8 {
    match command {
        Command::Verify(args) => verify::run(args, out),
        Command::Simulate(args) => simulate::run(args, out),
        Command::Faults(args) => faults::run(args, out),
        Command::Audit(args) => audit::run(args, out),
        Command::Sweep(args) => sweep::run(args, out),
        Command::Estimate(args) => estimate::run(args, out),
        Command::Report(args) => report::run(args, out),
        Command::Doctor(args) => doctor::run(args, out),
        Command::Schema(args) => schema::run(args, out),
        Command::Completions(args) => completions::run(args, out),
    }
}
