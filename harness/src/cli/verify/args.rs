//! The options of `kubeproof verify`.

use std::path::PathBuf;

use clap::ValueEnum;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::scenario::Tier;

use crate::cli::output::{FailOn, FormatName};
use crate::cli::report_files::ReportFile;
use crate::run_directory::DEFAULT_FOLDER;
use crate::trial::demand;

const AFTER_HELP: &str = "\
A fault that was not injected, or not as often as asked, makes its trial unknown, and so does one
that outlasts all attempts.

What a scenario allows (`allow`) is shown with its reason and is no finding; an entry whose last day is
over fails, and one that matched nothing is a warning.

Each trial leaves a folder DIR/<run id> with its record, journal and log; `kubeproof report` shows
them again, and `kubeproof sweep` lists what an interrupted run left behind.

A live run spends money in a real account. It needs:
  KUBEPROOF_LIVE_ACCOUNT     the ids of the accounts that may be used, separated by commas
  KUBEPROOF_LIVE_BUDGET_USD  the most that all trials together may cost
  --yes-spend-money          your confirmation
--plan shows beforehand what it would make and cost. The bill comes days later: the trial is pending
until `kubeproof settle` has read it.

Exit codes:
  0   every trial passed
  1   a finding; with --fail-on unknown also what is inconclusive
  2   usage or scenario error, or live trials that may cost too much; nothing was run
  3   inconclusive: a trial is unknown or was not run, or the bill is not final

Examples:
  kubeproof verify                                     all of scenarios/, in rehearsal
  kubeproof verify FILE --only TRIAL                   one trial of a scenario
  kubeproof verify --only-failed --fail-fast           what did not pass last time, up to the first finding
  kubeproof verify --report junit=j.xml --report html=r.html
  kubeproof verify FILE --fault SERVICE:OPERATION#1=lost-response
  kubeproof verify --tier kind --jobs 1                on a real cluster on this machine";

fn after_help() -> String {
    format!("{}\n{AFTER_HELP}", demand::help())
}

/// The tiers, as the command line names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TierName {
    /// Simulators in this process; needs nothing else
    Rehearsal,
    /// A real Kubernetes cluster made by kind on Docker
    Kind,
    /// A real cloud account; costs money
    Live,
}

impl From<TierName> for Tier {
    fn from(name: TierName) -> Self {
        match name {
            TierName::Rehearsal => Self::Rehearsal,
            TierName::Kind => Self::Kind,
            TierName::Live => Self::Live,
        }
    }
}

/// Options of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help())]
pub struct Args {
    /// Scenario files or folders [default: scenarios/]
    #[arg(
        value_name = "PATH",
        long_help = "Scenario files or folders [default: scenarios/].\n\
            In scenarios/ itself, named or not, scenarios that need a client program run only if \
            KUBEPROOF_CLIENTS names it; any other file or folder given here always runs."
    )]
    pub paths: Vec<PathBuf>,
    /// Tier of evidence
    #[arg(long, value_name = "TIER", default_value = "rehearsal")]
    pub tier: TierName,
    /// Only scenarios of this provider; may be repeated
    #[arg(long, value_name = "NAME")]
    pub provider: Vec<String>,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Run each scenario once with this fault; may be repeated
    #[arg(
        long,
        value_name = "SPEC",
        long_help = "Run each scenario once with this fault; may be repeated.\n\
            [actor/]service:operation[#occurrence][*times]=effect[(argument)]\n\
            For async-… and partial, it is the first accepted call from that occurrence on.\n\
            With --only, the fault is added to those of the selected trials."
    )]
    pub fault: Vec<Fault>,
    /// Run only this trial, such as two-zones/lost-vpc-answer; may be repeated
    #[arg(long, value_name = "TRIAL")]
    pub only: Vec<String>,
    /// Folder for run directories
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    pub out: PathBuf,
    /// Format of the report [default: table]
    #[arg(
        long,
        value_name = "FORMAT",
        long_help = "Format of the report [default: table].\n\
            For several scenarios the table shows the matrix, all findings, and the details of what \
            did not pass; with --verbose, or for a single scenario, all details. The other formats \
            always include everything."
    )]
    pub format: Option<FormatName>,
    /// Also write the report to a file in this format, such as html=report.html; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<ReportFile>,
    /// What makes the exit code that of a finding
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "finding",
        long_help = "What makes the exit code that of a finding.\n\
            By default what is inconclusive exits with 3. There is no value for which a finding exits with 0."
    )]
    pub fail_on: FailOn,
    /// List the trials that would run, and why others would not; run nothing
    #[arg(long, conflicts_with_all = ["plan", "prove_permissions", "report", "fail_fast"])]
    pub list: bool,
    /// Stop at the first finding: running trials tear down, and no further ones begin
    #[arg(
        long,
        long_help = "Stop at the first finding: running trials tear down, and no further ones begin.\n\
            Those are reported as not run, which is unknown and never a pass."
    )]
    pub fail_fast: bool,
    /// Keep the cluster after the checks, for a look: no teardown, no audit, and never a pass
    #[arg(
        long,
        conflicts_with_all = ["plan", "list", "prove_permissions"],
        long_help = "Keep the cluster after the checks, for a look: no teardown, no audit, and never a pass.\n\
            For the tiers kind and live. The command that removes it is printed at the end; until then it costs \
            money. A trial that is stopped, or that reaches its budget, is torn down all the same."
    )]
    pub keep: bool,
    /// Run only trials whose last record in the folder of --out is not a pass
    #[arg(long, conflicts_with = "only")]
    pub only_failed: bool,
    /// Number of trials to run in parallel [default: number of cores; 1 when live]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Rehearse in an account without a second cluster
    #[arg(
        long,
        long_help = "Rehearse in an account without a second cluster.\n\
            By default the same provisioner first creates a cluster for another run, whose name starts with \
            this run's name; it must survive the run and is torn down afterwards."
    )]
    pub no_bystander: bool,
    /// Rehearse again under the least permissions, and without each of them, for the row permissions.minimal
    #[arg(long, conflicts_with_all = ["plan", "fault", "only"])]
    pub prove_permissions: bool,
    /// Show what a live run would make, for how long and at what price, and run nothing
    #[arg(
        long,
        conflicts_with = "format",
        long_help = "Show what a live run would make, for how long and at what price, and run nothing.\n\
            Makes no call: prices are those of the tables, and the operations for which it needs \
            permissions are those of a rehearsal. Also says what is missing for the run."
    )]
    pub plan: bool,
    /// Confirm that a live run may spend money
    #[arg(long)]
    pub yes_spend_money: bool,
}
