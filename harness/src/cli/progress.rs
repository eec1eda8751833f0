//! Shows the progress of trials: moving lines on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use kubeproof_contract::check::Verdict;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::scenario::Tier;

use super::output::Output;
use crate::trial_context::progress::{Progress, Silent};

/// How often a line that moves by itself does so.
const TICK: Duration = Duration::from_millis(120);

/// Back to the beginning of the line, and nothing in it.
const CLEARED: &str = "\r\u{1b}[2K";

/// What is being redrawn on standard error now, if anything: messages go above it, or they would be overwritten.
enum Now {
    Nothing,
    /// The lines of trials.
    Bars(MultiProgress),
    /// One line that is written anew.
    Line(String),
}

static NOW: Mutex<Now> = Mutex::new(Now::Nothing);

fn now() -> MutexGuard<'static, Now> {
    lock(&NOW)
}

/// Prints a line on standard error, above whatever is redrawn there.
pub fn say_above(line: &str) {
    // A failed write must not stop a trial.
    let write = |text: &str| {
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
    };
    match &*now() {
        Now::Nothing => write(&format!("{line}\n")),
        Now::Bars(bars) => bars.suspend(|| write(&format!("{line}\n"))),
        Now::Line(moving) => write(&above(line, moving)),
    }
}

/// What is sent to a terminal to put a line above one that is redrawn.
fn above(line: &str, moving: &str) -> String {
    format!("{CLEARED}{line}\n{moving}")
}

/// Redraws a line, cut to the width of the terminal: a longer one would leave its beginning behind.
pub fn show_line(line: &str) {
    let width = terminal_size::terminal_size_of(std::io::stderr());
    let room = width.map_or(usize::MAX, |(width, _)| {
        usize::from(width.0).saturating_sub(1)
    });
    let line: String = line.chars().take(room).collect();
    let mut now = now();
    let mut stderr = anstream::stderr().lock();
    let _ = write!(stderr, "{CLEARED}{line}").and_then(|()| stderr.flush());
    *now = Now::Line(line);
}

/// Leaves the line as it is: what follows begins below it.
pub fn leave_line() {
    let mut now = now();
    if let Now::Line(_) = &*now {
        let _ = writeln!(anstream::stderr().lock());
    }
    *now = Now::Nothing;
}

/// The kind of progress display for standard error and these options.
pub fn new(out: &Output, tier: Tier) -> Arc<dyn Progress> {
    let real = tier != Tier::Rehearsal;
    if out.quiet {
        Arc::new(Silent)
    } else if std::io::stderr().is_terminal() && out.verbose == 0 {
        let moving = Moving {
            real,
            ..Moving::default()
        };
        *now() = Now::Bars(moving.bars.clone());
        Arc::new(moving)
    } else {
        Arc::new(Plain {
            // What takes minutes shows its phases, even without a terminal.
            phases: out.verbose > 0 || real,
            notes: out.verbose > 0,
        })
    }
}

/// The line for the end of a trial.
fn end_line(trial: &str, verdict: Verdict, calls: u64, milliseconds: u64) -> String {
    format!("{verdict:<8} {trial} ({calls} calls, {milliseconds} ms)")
}

/// A time by a trial's own clock.
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
        let running = lock(&self.running);
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
        let mut running = lock(&self.running);
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
        let mut running = lock(&self.running);
        if let Some(bar) = running.remove(trial) {
            bar.finish_and_clear();
        }
        let line = end_line(trial, verdict, calls, milliseconds);
        // A line that cannot be shown must not stop a trial.
        let _ = self.bars.println(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a terminal shows that was sent this.
    fn shown(sent: &str) -> Vec<String> {
        let mut lines = vec![String::new()];
        let mut rest = sent;
        while let Some(c) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix(CLEARED) {
                lines.last_mut().expect("a line").clear();
                rest = after;
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                '\n' => lines.push(String::new()),
                c => lines.last_mut().expect("a line").push(c),
            }
        }
        lines
    }

    #[test]
    fn what_is_said_stands_above_the_line_that_moves_and_stays() {
        let sent = format!(
            "{CLEARED}1 of 9{}{CLEARED}2 of 9",
            above("stopping", "1 of 9")
        );
        assert_eq!(shown(&sent), ["stopping", "2 of 9"]);
    }
}
