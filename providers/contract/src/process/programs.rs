//! The programs of one trial: which of them are running, requests to interrupt them, and where their time went.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::mutex::lock;

use tokio::sync::watch;
use tokio::time::Instant;

/// The shared state of the programs of one trial. Clones share it too.
#[derive(Clone, Debug)]
pub struct Programs {
    interrupts: Arc<watch::Sender<u64>>,
    roots: Arc<watch::Sender<BTreeSet<i32>>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    spent: Spent,
    overrun: Option<Overrun>,
    /// When those that sleep on the runtime's clock are to wake, by a number of each.
    sleepers: BTreeMap<u64, Instant>,
    next_sleeper: u64,
}

/// Where the real time of programs went while a paced clock was running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Programs waited, and the cloud's clock advanced.
    pub cloud: Duration,
    /// Programs or simulators computed, or waited for the machine, and the cloud's clock stood still.
    pub machine: Duration,
    /// It is not known which of the two it was, and the cloud's clock advanced.
    pub unknown: Duration,
}

impl Spent {
    /// The time spent since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            cloud: self.cloud.saturating_sub(before.cloud),
            machine: self.machine.saturating_sub(before.machine),
            unknown: self.unknown.saturating_sub(before.unknown),
        }
    }

    /// Whether the machine took most of it, as far as is known. Without a paced clock the cloud is a real one,
    /// whose time always passes.
    pub fn is_the_machines(&self) -> bool {
        self.machine + self.unknown > self.cloud
    }
}

/// A program that was ended at its limit of real time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overrun {
    /// The program.
    pub program: String,
    /// Its limit.
    pub limit: Duration,
    /// Where its time went.
    pub spent: Spent,
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (program, limit) = (&self.program, self.limit.as_secs());
        write!(
            f,
            "`{program}` ran into its limit of {limit} s of real time"
        )?;
        let Spent {
            cloud,
            machine,
            unknown,
        } = self.spent;
        if !unknown.is_zero() {
            return f.write_str(
                "; this system does not tell whether a program computes, so it is unknown whether the \
                 machine or the cloud took the time",
            );
        }
        if cloud.is_zero() && machine.is_zero() {
            return Ok(());
        }
        let (cloud, machine) = (cloud.as_secs(), machine.as_secs());
        write!(
            f,
            ": it computed for {machine} s while the cloud's clock stood still, and waited for {cloud} s"
        )
    }
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            interrupts: Arc::new(watch::channel(0).0),
            roots: Arc::new(watch::channel(BTreeSet::new()).0),
            state: Arc::default(),
        }
    }
}

impl Programs {
    /// A new attempt begins: its programs were neither interrupted nor ended at a limit yet.
    pub fn begin(&self) {
        self.interrupts.send_replace(0);
        self.state().overrun = None;
    }

    /// Interrupts the running programs, as Ctrl-C does. The attempt starts no others. Calling it again changes
    /// nothing.
    pub fn interrupt(&self) {
        self.interrupts.send_if_modified(|times| {
            let first = *times == 0;
            *times = (*times).max(1);
            first
        });
    }

    /// Interrupts them once more, as an impatient user does.
    pub fn interrupt_again(&self) {
        self.interrupts.send_modify(|times| *times += 1);
    }

    /// Whether they were interrupted.
    pub fn interrupted(&self) -> bool {
        *self.interrupts.borrow() > 0
    }

    /// Waits until no program is running. Bounded by their own limits: see [`super::ProcessSpec::run`].
    pub async fn idle(&self) {
        let mut roots = self.roots.subscribe();
        // The sender lives as long as this value.
        let _ = roots.wait_for(BTreeSet::is_empty).await;
    }

    /// The ids of the processes that were started and have not ended.
    pub fn roots(&self) -> BTreeSet<i32> {
        self.roots.borrow().clone()
    }

    /// Where time went so far.
    pub fn spent(&self) -> Spent {
        self.state().spent
    }

    /// Adds time that was spent.
    pub fn spend(&self, time: Spent) {
        let spent = &mut self.state().spent;
        spent.cloud += time.cloud;
        spent.machine += time.machine;
        spent.unknown += time.unknown;
    }

    /// The last program of this attempt that was ended at its limit of real time, if any was.
    pub fn overrun(&self) -> Option<Overrun> {
        self.state().overrun.clone()
    }

    /// A program sleeps on the clock of the current runtime until this moment, or until the returned guard is dropped.
    pub fn sleeps_until(&self, wake: Instant) -> SleepGuard {
        let mut state = self.state();
        let number = state.next_sleeper;
        state.next_sleeper += 1;
        state.sleepers.insert(number, wake);
        SleepGuard(self.clone(), number)
    }

    /// When the first of those that sleep on the runtime's clock is to wake.
    pub fn first_to_wake(&self) -> Option<Instant> {
        self.state().sleepers.values().min().copied()
    }

    pub(super) fn overran(&self, overrun: Overrun) {
        self.state().overrun = Some(overrun);
    }

    /// How often the programs were asked to interrupt, as a channel.
    pub(super) fn interrupts(&self) -> watch::Receiver<u64> {
        self.interrupts.subscribe()
    }

    /// Registers a process as running until the returned guard is dropped.
    pub(super) fn register(&self, pid: Option<i32>) -> RunningGuard {
        if let Some(pid) = pid {
            self.roots.send_modify(|all| {
                all.insert(pid);
            });
        }
        RunningGuard(self.clone(), pid)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Keeps a program registered as sleeping.
pub struct SleepGuard(Programs, u64);

impl Drop for SleepGuard {
    fn drop(&mut self) {
        self.0.state().sleepers.remove(&self.1);
    }
}

/// Keeps a process registered as running.
pub struct RunningGuard(Programs, Option<i32>);

impl Drop for RunningGuard {
    fn drop(&mut self) {
        if let Some(pid) = self.1 {
            self.0.roots.send_modify(|all| {
                all.remove(&pid);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(cloud: u64, machine: u64, unknown: u64) -> Spent {
        Spent {
            cloud: Duration::from_secs(cloud),
            machine: Duration::from_secs(machine),
            unknown: Duration::from_secs(unknown),
        }
    }

    #[test]
    fn time_is_the_machines_when_most_of_it_was_computed_or_unknown() {
        let check = |time: Spent, expected: bool| {
            assert_eq!(time.is_the_machines(), expected, "{time:?}");
        };
        check(spent(10, 20, 0), true);
        check(spent(20, 10, 0), false);
        check(spent(0, 0, 10), true);
        // A real cloud: there is no paced clock, so nothing was measured.
        check(spent(0, 0, 0), false);
    }

    #[test]
    fn an_overrun_says_where_the_time_went() {
        let check = |time: Spent, expected: &str| {
            let overrun = Overrun {
                program: "terraform".to_owned(),
                limit: Duration::from_mins(15),
                spent: time,
            };
            let text = overrun.to_string();
            assert!(text.starts_with("`terraform` ran into its limit of 900 s of real time"));
            assert!(text.ends_with(expected), "{text}");
        };
        check(
            spent(100, 800, 0),
            ": it computed for 800 s while the cloud's clock stood still, and waited for 100 s",
        );
        check(spent(0, 0, 900), "the machine or the cloud took the time");
        check(spent(0, 0, 0), "of real time");
    }

    #[test]
    fn programs_are_interrupted_once_however_often_it_is_asked_for_until_a_new_attempt() {
        let programs = Programs::default();
        let mut interrupts = programs.interrupts();
        programs.interrupt();
        programs.interrupt();
        assert_eq!(*interrupts.borrow_and_update(), 1);
        programs.interrupt_again();
        assert_eq!(*interrupts.borrow_and_update(), 2);
        assert!(programs.interrupted());
        programs.begin();
        assert!(!programs.interrupted());
    }
}
