//! The progress of a campaign on standard error, and the plans that it makes.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};

use kubeproof_contract::mutex::lock;

use crate::cli::output::Output;
use crate::cli::progress;
use crate::faults::campaign::CampaignProgress;
use crate::faults::plan_file::ScenarioPlan;
use crate::wall_clock::Stopwatch;

/// Milliseconds between two lines of progress: on a terminal, and elsewhere.
const INTERVAL_MILLISECONDS: (u64, u64) = (200, 10_000);

/// Progress on standard error: a line that is redrawn on a terminal, an occasional line elsewhere.
pub struct ProgressLine {
    quiet: bool,
    terminal: bool,
    state: Mutex<State>,
    plans: Mutex<Vec<ScenarioPlan>>,
}

struct State {
    scenario: String,
    planned: usize,
    done: usize,
    findings: usize,
    since: Stopwatch,
    said: u64,
}

impl ProgressLine {
    pub fn new(out: &Output) -> Self {
        Self {
            quiet: out.quiet,
            terminal: std::io::stderr().is_terminal(),
            state: Mutex::new(State {
                scenario: String::new(),
                planned: 0,
                done: 0,
                findings: 0,
                since: Stopwatch::start(),
                said: 0,
            }),
            plans: Mutex::default(),
        }
    }

    /// The plans that were made.
    pub fn plans(self) -> Vec<ScenarioPlan> {
        let plans = self.plans.into_inner();
        plans.unwrap_or_else(PoisonError::into_inner)
    }

    pub fn leave_line(&self) {
        if self.terminal && !self.quiet {
            progress::leave_line();
        }
    }
}

impl State {
    /// `aws/two-zones: 120 of 1800 lifecycles, 0 with findings, 31 a second, 54 s left`.
    fn line(&self) -> String {
        let milliseconds = self.since.milliseconds().max(1);
        let done = u64::try_from(self.done).unwrap_or(u64::MAX);
        let rest = u64::try_from(self.planned - self.done.min(self.planned)).unwrap_or(0);
        let left = rest.saturating_mul(milliseconds) / done.max(1) / 1000;
        let rate = match done.saturating_mul(1000) / milliseconds {
            // Programs take seconds each.
            0..3 => format!("{} a minute", done.saturating_mul(60_000) / milliseconds),
            rate => format!("{rate} a second"),
        };
        format!(
            "{}: {} of {} lifecycles, {} with findings, {rate}, {left} s left",
            self.scenario, self.done, self.planned, self.findings
        )
    }
}

impl CampaignProgress for ProgressLine {
    fn plan_made(&self, plan: ScenarioPlan) {
        lock(&self.plans).push(plan);
    }

    fn planned(&self, scenario: &str, lifecycles: usize) {
        let mut state = lock(&self.state);
        scenario.clone_into(&mut state.scenario);
        state.planned = lifecycles;
        state.since = Stopwatch::start();
    }

    fn resumed(&self, lifecycles: usize) {
        if lifecycles > 0 && !self.quiet {
            let state = lock(&self.state);
            let (scenario, planned) = (&state.scenario, state.planned);
            progress::say_above(&format!(
                "{scenario}: {lifecycles} of {planned} lifecycles have results from before"
            ));
        }
    }

    fn lifecycle_done(&self, _calls: u64, findings: usize) {
        let mut state = lock(&self.state);
        state.done += 1;
        state.findings += usize::from(findings > 0);
        let (on_terminal, elsewhere) = INTERVAL_MILLISECONDS;
        let interval = if self.terminal {
            on_terminal
        } else {
            elsewhere
        };
        let now = state.since.milliseconds();
        if self.quiet || now < state.said + interval {
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
