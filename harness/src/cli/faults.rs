//! `kubeproof faults`: every call of a clean run, failed in every documented way.
//!
//! Apart from the campaign: this file knows options, and says how far it is.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::{EFFECTS, Effect, Fault};
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::campaign::{Campaign, page, render};
use kubeproof_reports::format::Format;

use super::output::{FormatName, Output};
use super::{progress, signals};
use crate::faults::campaign::{Mode, Order, Watcher, run as run_campaign};
use crate::faults::schedules::Wanted;
use crate::faults::shard::Shard;
use crate::run::bystander::Beside;
use crate::run::stage::Surroundings;
use crate::run::stop::Stop;
use crate::scenario::{Scenario, injectable};
use crate::stopwatch::Stopwatch;
use crate::{exit_code, providers, scenario};

/// Milliseconds between two lines of progress: on a terminal, and elsewhere.
const PACE_MILLISECONDS: (u64, u64) = (200, 10_000);

/// Options of `faults`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario files or folders [default: scenarios/]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only these effects, by name, separated by commas [default: all that the cloud documents]
    #[arg(long, value_name = "EFFECTS", value_delimiter = ',', value_parser = effect_name)]
    effects: Vec<String>,
    /// Also effects that nobody documents for a call
    #[arg(long)]
    pedantic: bool,
    /// Every pair of passing faults on two calls that change things
    #[arg(long, conflicts_with = "random")]
    pairs: bool,
    /// N random pairs of faults
    #[arg(long, value_name = "N")]
    random: Option<usize>,
    /// Only these faults, together, in one lifecycle; may be repeated
    #[arg(long, value_name = "SPEC", conflicts_with_all = ["pairs", "random", "effects", "pedantic"])]
    fault: Vec<Fault>,
    /// Inject into every poll of a loop, not only the first, the middle and the last
    #[arg(long)]
    every_poll: bool,
    /// Seed of all that would be random
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only this part of the campaign, such as 1/3; `kubeproof report` adds the parts up
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Begin in an account without a second cluster of the same provisioner
    #[arg(long)]
    no_bystander: bool,
    /// Lifecycles that run at the same time [default: number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Format of the report [default: table]
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
}

/// A name of an effect, or an effect with its argument.
fn effect_name(text: &str) -> Result<String, String> {
    let known = EFFECTS.iter().any(|(name, _)| *name == text);
    let written = || format!("s:o={text}").parse::<Fault>().is_ok();
    if known || written() {
        return Ok(text.to_owned());
    }
    let names: Vec<&str> = EFFECTS.iter().map(|(name, _)| *name).collect();
    Err(format!(
        "there is no effect `{text}`; effects: {}",
        names.join(", ")
    ))
}

/// Why no campaign is run on a scenario, if none is.
fn not_for_campaigns(scenario: &Scenario) -> Option<&'static str> {
    if !scenario.content.tiers.contains(&Tier::Rehearsal) {
        return Some("it has no tier rehearsal, and faults are rehearsed");
    }
    // Its calls come in another order each time, and a lifecycle takes real time.
    scenario
        .content
        .provisioner
        .is_external()
        .then_some("its provisioner is a program: inject faults by `kubeproof verify --fault`")
}

/// Runs the campaign and reports.
pub fn run(args: &Args, out: &Output) -> u8 {
    let scenarios = match scenario::read::all(&args.paths, &providers::shared()) {
        Ok(scenarios) => scenarios,
        Err(problems) => return out.problems(&problems),
    };
    if let Some(reason) = refused(args) {
        out.error(&reason);
        return exit_code::USAGE;
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
        out.error(&reason);
        return exit_code::USAGE;
    }
    if rehearsed.is_empty() {
        out.error("nothing to run: no scenario has the tier rehearsal");
        return exit_code::USAGE;
    }
    let stop = Stop::default();
    if let Err(error) = signals::listen(stop.clone()) {
        out.say(&format!("warning: ^C cannot be caught here: {error}"));
    }
    let around = Surroundings {
        stop,
        beside: Beside::unless(args.no_bystander),
        ..Surroundings::quiet()
    };
    let mut whole = Campaign::default();
    for scenario in &rehearsed {
        let shown = Shown::new(out);
        match run_campaign(scenario, &order(args), &around, &shown) {
            Ok(campaign) => whole.merge(campaign),
            Err(problem) => {
                out.error(&problem);
                return exit_code::UNKNOWN;
            }
        }
        shown.done();
        if around.stop.asked() {
            whole.stopped = true;
            break;
        }
    }
    let format = args.format.map_or(Format::Table, Format::from);
    out.report(&render::render(format, &whole, &out.style()));
    let verdict = page::verdict(&whole);
    out.say(&last_line(&whole, verdict));
    exit_code::of([verdict])
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

fn order(args: &Args) -> Order {
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
    Order {
        mode,
        wanted: Wanted {
            effects: args.effects.clone(),
            pedantic: args.pedantic,
        },
        every_poll: args.every_poll,
        seed: args.seed,
        shard: args.shard,
        jobs: args.jobs.map_or_else(cores, usize::from),
    }
}

fn last_line(campaign: &Campaign, verdict: Verdict) -> String {
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

/// Progress on standard error: a line that moves on a terminal, a line now and then elsewhere.
struct Shown {
    quiet: bool,
    terminal: bool,
    state: Mutex<State>,
}

struct State {
    scenario: String,
    planned: usize,
    lived: usize,
    findings: usize,
    since: Stopwatch,
    said: u64,
}

impl Shown {
    fn new(out: &Output) -> Self {
        Self {
            quiet: out.quiet,
            terminal: std::io::stderr().is_terminal(),
            state: Mutex::new(State {
                scenario: String::new(),
                planned: 0,
                lived: 0,
                findings: 0,
                since: Stopwatch::start(),
                said: 0,
            }),
        }
    }

    fn done(&self) {
        if self.terminal && !self.quiet {
            progress::leave_line();
        }
    }
}

impl State {
    /// `aws/two-zones: 120 of 1800 lifecycles, 0 with findings, 31 a second, 54 s left`.
    fn line(&self) -> String {
        let milliseconds = self.since.milliseconds().max(1);
        let lived = u64::try_from(self.lived).unwrap_or(u64::MAX);
        let rest = u64::try_from(self.planned - self.lived.min(self.planned)).unwrap_or(0);
        let left = rest.saturating_mul(milliseconds) / lived.max(1) / 1000;
        let rate = lived.saturating_mul(1000) / milliseconds;
        format!(
            "{}: {} of {} lifecycles, {} with findings, {rate} a second, {left} s left",
            self.scenario, self.lived, self.planned, self.findings
        )
    }
}

impl Watcher for Shown {
    fn planned(&self, scenario: &str, lifecycles: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        scenario.clone_into(&mut state.scenario);
        state.planned = lifecycles;
        state.since = Stopwatch::start();
    }

    fn lived(&self, _calls: u64, findings: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lived += 1;
        state.findings += usize::from(findings > 0);
        let (moving, still) = PACE_MILLISECONDS;
        let pace = if self.terminal { moving } else { still };
        let now = state.since.milliseconds();
        if self.quiet || now < state.said + pace {
            return;
        }
        state.said = now;
        let line = state.line();
        if self.terminal {
            progress::show_line(&line);
        } else {
            progress::say_above(&line);
        }
    }
}
