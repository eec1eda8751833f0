//! `kubeproof faults`: fails every call of a clean run in every documented way.
//!
//! Options and progress; the campaign itself is in `faults::campaign`.

mod progress_line;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::{EFFECTS, Effect, Fault};
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::campaign::{Campaign, page, render};
use kubeproof_reports::format::Format;

use self::progress_line::ProgressLine;
use super::output::{FormatName, Output};
use super::signals;
use crate::faults::campaign::{CampaignOptions, Mode, run as run_campaign};
use crate::faults::plan_file::{PlanFile, ScenarioPlan};
use crate::faults::schedules::EffectFilter;
use crate::faults::shard::Shard;
use crate::scenario::{Scenario, injectable};
use crate::trial_context::RunOptions;
use crate::trial_context::bystander::BystanderState;
use crate::trial_context::cancel::CancelToken;
use crate::{exit_code, providers, scenario};

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
  1   a finding
  2   usage or scenario error; nothing was run
  3   inconclusive: something in the clean run is unknown, a fault did not reach its call, or a part
      of the plan was not run

Examples:
  kubeproof faults FILE                                every fault into every call
  kubeproof faults FILE --effects throttle,quota       these effects only
  kubeproof faults FILE --within 30m                   as far as it comes in half an hour
  kubeproof faults FILE --seed N --fault SPEC          one lifecycle again
  kubeproof faults FILE --shard 1/3 --format json      one third of it; `report` merges all";

/// Options of `faults`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Scenario files or folders [default: scenarios/]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Comma-separated effects to inject [default: all documented effects]
    #[arg(long, value_name = "EFFECTS", value_delimiter = ',', value_parser = effect_name)]
    effects: Vec<String>,
    /// Also inject effects the provider does not document for that call
    #[arg(
        long,
        long_help = "Also inject effects the provider does not document for that call.\n\
            Without this option they are injected only if --effects names them."
    )]
    pedantic: bool,
    /// Inject every pair of transient faults into two mutating calls
    #[arg(long, conflicts_with = "random")]
    pairs: bool,
    /// Inject N random pairs of faults
    #[arg(long, value_name = "N")]
    random: Option<usize>,
    /// Inject only these faults, together, in one lifecycle; may be repeated
    #[arg(long, value_name = "SPEC", conflicts_with_all = ["pairs", "random", "effects", "pedantic"])]
    fault: Vec<Fault>,
    /// Inject into every call of a polling loop, not only the first, middle and last
    #[arg(long)]
    every_poll: bool,
    /// Programs: inject into every call, not only the first and the last of calls that are alike
    #[arg(long)]
    every: bool,
    /// Run only N lifecycles of the plan, chosen by the seed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,
    /// Begin no lifecycle after this time, such as 90s, 30m or 2h
    #[arg(long, value_name = "TIME", value_parser = span)]
    within: Option<Duration>,
    /// Run only the clean runs, and list what would be injected
    #[arg(long, conflicts_with_all = ["sample", "within"])]
    list: bool,
    /// Write the plan to a file, for `--plan` on other machines
    #[arg(long, value_name = "FILE")]
    plan_out: Option<PathBuf>,
    /// Run this plan, which `--plan-out` has written
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fault", "pairs", "random", "effects", "pedantic", "every"])]
    plan: Option<PathBuf>,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Run only this part of the campaign, such as 1/3; `kubeproof report` merges the parts
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Start in an account without a second cluster of the same provisioner
    #[arg(long)]
    no_bystander: bool,
    /// Number of lifecycles to run in parallel [default: number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Format of the report [default: table]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
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

/// Why no campaign can be run on a scenario, if so.
fn not_for_campaigns(scenario: &Scenario) -> Option<&'static str> {
    let rehearsed = scenario.content.tiers.contains(&Tier::Rehearsal);
    (!rehearsed).then_some("it does not support the tier rehearsal, in which campaigns run")
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

/// Runs the campaign and reports.
pub fn run(args: &Args, out: &Output) -> u8 {
    match run_all(args, out) {
        Ok(code) | Err(code) => code,
    }
}

fn run_all(args: &Args, out: &Output) -> Result<u8, u8> {
    let usage = |problem: String| {
        out.error(&problem);
        exit_code::USAGE
    };
    let scenarios = chosen(args, out)?;
    let given = args.plan.as_deref().map(read_plan).transpose();
    let plans = plans_of(&scenarios, given.map_err(usage)?.as_ref(), args.seed).map_err(usage)?;
    let cancel = CancelToken::default();
    if let Err(error) = signals::listen(cancel.clone()) {
        out.say(&format!("warning: Ctrl-C cannot be caught here: {error}"));
    }
    let run_options = RunOptions {
        cancel,
        bystander: BystanderState::unless(args.no_bystander),
        ..RunOptions::quiet()
    };
    let mut whole = Campaign::default();
    let mut made = PlanFile::default();
    for (scenario, plan) in scenarios.iter().zip(plans) {
        let progress_line = ProgressLine::new(out);
        let mut options = options(args);
        options.plan = plan;
        let campaign = run_campaign(scenario, &options, &run_options, &progress_line);
        whole.merge(campaign.map_err(|error| {
            out.error(&error.to_string());
            exit_code::UNKNOWN
        })?);
        progress_line.leave_line();
        made.plans.extend(progress_line.plans());
        if run_options.cancel.is_cancelled() {
            whole.stopped = true;
            break;
        }
    }
    let written = args.plan_out.as_deref().map(|path| write_plan(path, &made));
    written.transpose().map_err(usage)?;
    if args.list {
        return Ok(listed(&whole, out));
    }
    let format = args.format.map_or(Format::Table, Format::from);
    out.report(&render::render(format, &whole, &out.style()));
    let verdict = page::verdict(&whole);
    out.say(&last_line(&whole, verdict));
    Ok(exit_code::of([verdict]))
}

/// The scenarios that campaigns run on; the exit code when there is none, or something cannot be injected.
fn chosen(args: &Args, out: &Output) -> Result<Vec<Scenario>, u8> {
    let scenarios = scenario::read::all(&args.paths, &providers::shared());
    let scenarios = scenarios.map_err(|problems| out.problems(&problems))?;
    let usage = |reason: &str| {
        out.error(reason);
        exit_code::USAGE
    };
    if let Some(reason) = refused(args) {
        return Err(usage(&reason));
    }
    let mut rehearsed = Vec::new();
    for scenario in scenarios {
        match not_for_campaigns(&scenario) {
            None => rehearsed.push(scenario),
            Some(reason) => out.say(&format!("skipped  {}: {reason}", scenario.name())),
        }
    }
    let refusal = |scenario: &Scenario| {
        let provider = scenario.provider.as_ref();
        let reason = injectable::refusal(&args.fault, provider, Tier::Rehearsal)?;
        Some(format!("{}: {reason}", scenario.name()))
    };
    if let Some(reason) = rehearsed.iter().find_map(refusal) {
        return Err(usage(&reason));
    }
    if rehearsed.is_empty() {
        let none = "nothing to run: no scenario supports the tier rehearsal";
        return Err(usage(none));
    }
    Ok(rehearsed)
}

/// The plan of each scenario from the file that was given, if one was.
fn plans_of(
    scenarios: &[Scenario],
    given: Option<&PlanFile>,
    seed: u64,
) -> Result<Vec<Option<Arc<ScenarioPlan>>>, String> {
    let of = |scenario: &Scenario| {
        let Some(given) = given else { return Ok(None) };
        let name = scenario.name();
        let plan = given.of(name, seed);
        let plan = plan.ok_or_else(|| format!("the plan has none for {name} with seed {seed}"))?;
        Ok(Some(Arc::new(plan.clone())))
    };
    scenarios.iter().map(of).collect()
}

fn read_plan(path: &Path) -> Result<PlanFile, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{} is not a plan: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}

fn write_plan(path: &Path, plan: &PlanFile) -> Result<(), String> {
    let wrong =
        |why: &dyn std::fmt::Display| format!("{} cannot be written: {why}", path.display());
    let text = serde_json::to_string_pretty(plan).map_err(|error| wrong(&error))?;
    std::fs::write(path, text).map_err(|error| wrong(&error))
}

/// What cannot be done in a campaign.
fn refused(args: &Args) -> Option<String> {
    let foreign = args
        .fault
        .iter()
        .find(|fault| matches!(fault.effect, Effect::ForeignChange(_) | Effect::Outage))?;
    Some(format!(
        "`{foreign}` is an effect of scenario files: use `kubeproof verify --fault`"
    ))
}

fn options(args: &Args) -> CampaignOptions {
    let mode = if !args.fault.is_empty() {
        Mode::These(args.fault.clone())
    } else if let Some(count) = args.random {
        Mode::Random(count)
    } else if args.pairs {
        Mode::Pairs
    } else {
        Mode::Singles
    };
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    CampaignOptions {
        mode,
        effect_filter: EffectFilter {
            effects: args.effects.clone(),
            pedantic: args.pedantic,
        },
        every_poll: args.every_poll,
        seed: args.seed,
        shard: args.shard,
        jobs: args.jobs.map_or_else(cores, usize::from),
        every: args.every,
        sample: args.sample.and_then(|count| usize::try_from(count).ok()),
        within: args.within,
        lists_only: args.list,
        plan: None,
    }
}

/// Prints what would be injected, a lifecycle a line, and what would not.
fn listed(campaign: &Campaign, out: &Output) -> u8 {
    let lines: Vec<&str> = campaign.not_run.iter().map(String::as_str).collect();
    out.report(&lines.join("\n"));
    for one in &campaign.unstable {
        out.say(&format!("unstable, not aimed at: {one}"));
    }
    let problems = campaign.findings.iter().map(|finding| &finding.message);
    let problems: Vec<&String> = problems.chain(&campaign.unknown).collect();
    for problem in &problems {
        out.say(&format!("the clean run: {problem}"));
    }
    let count = campaign.not_run_count();
    out.say(&format!("{count} lifecycles"));
    if problems.is_empty() {
        exit_code::PASSED
    } else {
        exit_code::UNKNOWN
    }
}

fn last_line(campaign: &Campaign, verdict: Verdict) -> String {
    let not_run = campaign.not_run_count();
    if not_run > 0 {
        let all = campaign.lifecycles.saturating_add(not_run);
        return format!(
            "{verdict}: {} of {all} lifecycles run, {} findings, {} unreached",
            campaign.lifecycles,
            campaign.findings.len(),
            campaign.unreached_count()
        );
    }
    let limits = match campaign.limits.len() {
        0 => String::new(),
        count => format!(", {count} limits of the cloud"),
    };
    format!(
        "{verdict}: {} lifecycles, {} findings{limits}, {} unreached",
        campaign.lifecycles,
        campaign.findings.len(),
        campaign.unreached_count()
    )
}
