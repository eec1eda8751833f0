//! `kubeproof faults`: fails every call of a clean run in every documented way.
//!
//! Options and progress; the campaign itself is in `faults::campaign`.

mod args;
mod progress_line;

pub use self::args::Args;

use std::path::Path;
use std::sync::Arc;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Effect;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::campaign::{Campaign, page, render};
use kubeproof_reports::format::{Format, Style};

use self::progress_line::ProgressLine;
use super::output::Output;
use super::report_files;
use super::signals;
use crate::faults::campaign::{CampaignOptions, Mode, run as run_campaign};
use crate::faults::plan_file::{PlanFile, ScenarioPlan};
use crate::faults::results_file::ResultsFile;
use crate::faults::schedules::EffectFilter;
use crate::scenario::{Scenario, injectable};
use crate::trial_context::RunOptions;
use crate::trial_context::bystander::BystanderState;
use crate::trial_context::cancel::CancelToken;
use crate::{exit_code, providers, scenario};

/// Why no campaign can be run on a scenario, if so.
fn not_for_campaigns(scenario: &Scenario) -> Option<&'static str> {
    let rehearsed = scenario.content.tiers.contains(&Tier::Rehearsal);
    (!rehearsed).then_some("it does not support the tier rehearsal, in which campaigns run")
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
    report_files::check(&args.report).map_err(usage)?;
    let given = args.plan.as_deref().map(read_plan).transpose();
    let plans = plans_of(&scenarios, given.map_err(usage)?.as_ref(), args.seed).map_err(usage)?;
    let results = results(args).map_err(usage)?;
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
        options.results.clone_from(&results);
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
    let code = args.fail_on.code(verdict);
    let unwritten = report_files::write(&args.report, |format| {
        render::render(format, &whole, &Style::default())
    });
    Ok(match unwritten {
        Ok(()) => code,
        Err(problems) => {
            for problem in &problems {
                out.error(problem);
            }
            exit_code::unwritten(code)
        }
    })
}

/// The file of results, where they are kept or taken.
fn results(args: &Args) -> Result<Option<Arc<ResultsFile>>, String> {
    let file = match (&args.out, &args.resume) {
        (Some(folder), _) => ResultsFile::create(folder),
        (None, Some(folder)) => ResultsFile::resume(folder),
        (None, None) => return Ok(None),
    };
    file.map(|file| Some(Arc::new(file)))
        .map_err(|error| error.to_string())
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
        results: None,
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
    let mut limits = match campaign.limits.len() {
        0 => String::new(),
        count => format!(", {count} limits of the cloud"),
    };
    if !campaign.allowed.is_empty() {
        limits.push_str(&format!(", {} allowed", campaign.allowed.len()));
    }
    format!(
        "{verdict}: {} lifecycles, {} findings{limits}, {} unreached",
        campaign.lifecycles,
        campaign.findings.len(),
        campaign.unreached_count()
    )
}
