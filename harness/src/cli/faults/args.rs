//! The options of `kubeproof faults`.

use std::path::PathBuf;
use std::time::Duration;

use kubeproof_contract::fault::{EFFECTS, Fault};

use crate::cli::output::{FailOn, FormatName};
use crate::cli::report_files::ReportFile;
use crate::faults::shard::Shard;

const AFTER_HELP: &str = "\
The clean run comes first, and must pass. Then there is one lifecycle for each of its calls and each
effect that the provider documents for it, once and lasting (*1000), and for each way in which the
process can end around the call: crash-before, crash-after, cancel-before, cancel, and cancel-twice,
which also interrupts the teardown. Faults are injected only into the first provision and the first
teardown. A finding of several faults is reduced to those that it needs, and names the command that
replays it.

A program (terraform, any command) is run clean three times; faults are aimed at calls by what they
are about, such as service:CreateSubnet[10.0.2.0/24], and of calls that are alike at the first and the
last. What was not run is listed; a pass needs the complete plan.

Exit codes:
  0   no finding
  1   a finding; with --fail-on unknown also what is inconclusive
  2   usage or scenario error; nothing was run
  3   inconclusive: something in the clean run is unknown, a fault did not reach its call, or a part
      of the plan was not run

Examples:
  kubeproof faults FILE                                every fault into every call
  kubeproof faults FILE --effects throttle,quota       these effects only
  kubeproof faults FILE --within 30m                   as far as it comes in half an hour
  kubeproof faults FILE --out DIR                      keep results; `--resume DIR` goes on after Ctrl-C
  kubeproof faults FILE --seed N --fault SPEC          one lifecycle again
  kubeproof faults FILE --shard 1/3 --format json      one third of it; `report` merges all";

/// Options of `faults`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Scenario files or folders [default: scenarios/]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Comma-separated effects to inject [default: all documented effects]
    #[arg(long, value_name = "EFFECTS", value_delimiter = ',', value_parser = effect_name)]
    pub effects: Vec<String>,
    /// Also inject effects the provider does not document for that call
    #[arg(
        long,
        long_help = "Also inject effects the provider does not document for that call.\n\
            Without this option they are injected only if --effects names them."
    )]
    pub pedantic: bool,
    /// Inject every pair of transient faults into two mutating calls
    #[arg(long, conflicts_with = "random")]
    pub pairs: bool,
    /// Inject N random pairs of faults
    #[arg(long, value_name = "N")]
    pub random: Option<usize>,
    /// Inject only these faults, together, in one lifecycle; may be repeated
    #[arg(long, value_name = "SPEC", conflicts_with_all = ["pairs", "random", "effects", "pedantic"])]
    pub fault: Vec<Fault>,
    /// Inject into every call of a polling loop, not only the first, middle and last
    #[arg(long)]
    pub every_poll: bool,
    /// Programs: inject into every call, not only the first and the last of calls that are alike
    #[arg(long)]
    pub every: bool,
    /// Run only N lifecycles of the plan, chosen by the seed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub sample: Option<u32>,
    /// Begin no lifecycle after this time, such as 90s, 30m or 2h
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub within: Option<Duration>,
    /// Run only the clean runs, and list what would be injected
    #[arg(long, conflicts_with_all = ["sample", "within"])]
    pub list: bool,
    /// Write the plan to a file, for `--plan` on other machines
    #[arg(long, value_name = "FILE")]
    pub plan_out: Option<PathBuf>,
    /// Run this plan, which `--plan-out` has written
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fault", "pairs", "random", "effects", "pedantic", "every"])]
    pub plan: Option<PathBuf>,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Run only this part of the campaign, such as 1/3; `kubeproof report` merges the parts
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,
    /// Start in an account without a second cluster of the same provisioner
    #[arg(long)]
    pub no_bystander: bool,
    /// Number of lifecycles to run in parallel [default: number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Keep the result of each lifecycle in this folder as it comes, for `--resume`
    #[arg(long, value_name = "DIR", conflicts_with_all = ["list", "resume"])]
    pub out: Option<PathBuf>,
    /// Go on with a campaign that was stopped, from the folder of its --out
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "list",
        long_help = "Go on with a campaign that was stopped, from the folder of its --out.\n\
            Give the same paths and options. The clean runs are run again; results are taken only for the same \
            scenario file, seed, plan and version of kubeproof, and the report is that of an uninterrupted campaign."
    )]
    pub resume: Option<PathBuf>,
    /// Format of the report [default: table]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<FormatName>,
    /// Also write the report to a file in this format, such as html=report.html; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", conflicts_with = "list")]
    pub report: Vec<ReportFile>,
    /// What makes the exit code that of a finding
    #[arg(long, value_name = "WHAT", default_value = "finding")]
    pub fail_on: FailOn,
}

/// An effect that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("unknown effect `{0}` (expected one of {names})", names = effect_names())]
struct UnknownEffect(String);

fn effect_names() -> String {
    let names: Vec<&str> = EFFECTS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// A name of an effect, or an effect with its argument.
fn effect_name(text: &str) -> Result<String, UnknownEffect> {
    let known = EFFECTS.iter().any(|(name, _)| *name == text);
    let written = || format!("s:o={text}").parse::<Fault>().is_ok();
    if known || written() {
        return Ok(text.to_owned());
    }
    Err(UnknownEffect(text.to_owned()))
}

/// A span of time, such as `30m`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time: write a number with s, m or h, such as 30m");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number = text[..text.len() - unit.len_utf8()].parse::<u64>();
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(wrong()),
    };
    let number = number.ok().filter(|number| *number > 0).ok_or_else(wrong)?;
    let seconds = number.checked_mul(seconds).ok_or_else(wrong)?;
    Ok(Duration::from_secs(seconds))
}
