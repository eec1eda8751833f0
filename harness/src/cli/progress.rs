//! Shows what trials do: moving lines on a terminal, plain lines elsewhere.
//!
//! Apart from the trials, which only say it.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;

use super::output::Output;
use crate::run::progress::{Progress, Silent};

/// How often a line that moves by itself does so.
const TICK: Duration = Duration::from_millis(120);

/// The way to show progress that fits standard error and the options.
pub fn new(out: &Output, tier: Tier) -> Arc<dyn Progress> {
    let real = tier != Tier::Rehearsal;
    if out.quiet {
        Arc::new(Silent)
    } else if std::io::stderr().is_terminal() && out.verbose == 0 {
        Arc::new(Moving {
            real,
            ..Moving::default()
        })
    } else {
        Arc::new(Plain {
            // What takes minutes says what it is doing, also without a terminal.
            phases: out.verbose > 0 || real,
            notes: out.verbose > 0,
        })
    }
}

/// A trial's end in a line.
fn end_line(trial: &str, verdict: Verdict, calls: u64, milliseconds: u64) -> String {
    format!("{verdict:<8} {trial} ({calls} calls, {milliseconds} ms)")
}

/// A time in a trial's own clock.
fn virtual_time(at: Duration) -> String {
    let seconds = at.as_secs();
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Plain lines on standard error.
#[derive(Debug)]
struct Plain {
    phases: bool,
    notes: bool,
}

impl Progress for Plain {
    fn phase(&self, trial: &str, phase: &str, at: Duration) {
        if self.phases {
            let _ = writeln!(
                anstream::stderr().lock(),
                "{} {trial}: {phase}",
                virtual_time(at)
            );
        }
    }

    fn note(&self, trial: &str, line: &str) {
        if self.notes {
            let _ = writeln!(anstream::stderr().lock(), "         {trial}: {line}");
        }
    }

    fn phase_done(&self, trial: &str, phase: &str, verdict: Verdict, message: &str) {
        if self.phases {
            let _ = writeln!(
                anstream::stderr().lock(),
                "         {trial}: {phase}: {verdict}: {message}"
            );
        }
    }

    fn ends(&self, trial: &str, verdict: Verdict, calls: u64, milliseconds: u64) {
        let line = end_line(trial, verdict, calls, milliseconds);
        let _ = writeln!(anstream::stderr().lock(), "{line}");
    }
}

/// A moving line for each running trial.
#[derive(Default)]
struct Moving {
    /// Whether trials take real time: then the lines move by themselves.
    real: bool,
    bars: MultiProgress,
    running: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Moving {
    fn with(&self, trial: &str, change: impl FnOnce(&ProgressBar)) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = running.get(trial) {
            change(bar);
        }
    }
}

impl Progress for Moving {
    fn begins(&self, trial: &str) {
        let bar = self.bars.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(trial.to_owned());
        if self.real {
            bar.enable_steady_tick(TICK);
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(trial.to_owned(), bar);
    }

    fn phase(&self, trial: &str, phase: &str, at: Duration) {
        self.with(trial, |bar| {
            let clock = if self.real { "after" } else { "virtual time" };
            bar.set_message(format!("{phase} ({clock} {})", virtual_time(at)));
            bar.tick();
        });
    }

    fn note(&self, trial: &str, line: &str) {
        self.with(trial, |bar| bar.set_message(line.trim().to_owned()));
    }

    fn ends(&self, trial: &str, verdict: Verdict, calls: u64, milliseconds: u64) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = running.remove(trial) {
            bar.finish_and_clear();
        }
        let line = end_line(trial, verdict, calls, milliseconds);
        // A line that cannot be shown must not stop a trial.
        let _ = self.bars.println(line);
    }
}
