//! The programs of one trial: which of them run now, the wish to interrupt them, and where their time went.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// What the programs of one trial share. Clones are the same.
#[derive(Clone, Debug)]
pub struct Programs {
    wish: Arc<watch::Sender<u64>>,
    roots: Arc<watch::Sender<BTreeSet<i32>>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    spent: Spent,
    overrun: Option<Overrun>,
}

/// Where the real time of programs went while a paced clock ran beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Programs waited: the cloud's time passed.
    pub cloud: Duration,
    /// Programs or simulators computed, or the machine kept them from it: the cloud's clock stood.
    pub machine: Duration,
    /// It could not be told which of the two it was, and the cloud's time passed.
    pub untold: Duration,
}

impl Spent {
    /// What was spent since then.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            cloud: self.cloud.saturating_sub(before.cloud),
            machine: self.machine.saturating_sub(before.machine),
            untold: self.untold.saturating_sub(before.untold),
        }
    }

    /// Whether most of it was the machine's, as far as anybody can tell. Without a paced clock the cloud
    /// is a real one, and its time passes always.
    pub fn is_the_machines(&self) -> bool {
        self.machine + self.untold > self.cloud
    }
}

/// A program that was ended because its limit of real time was over.
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
            untold,
        } = self.spent;
        if !untold.is_zero() {
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
            ": for {machine} s it computed and the cloud's clock stood, for {cloud} s it waited"
        )
    }
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            wish: Arc::new(watch::channel(0).0),
            roots: Arc::new(watch::channel(BTreeSet::new()).0),
            state: Arc::default(),
        }
    }
}

impl Programs {
    /// A new attempt begins: its programs were not interrupted yet, and overran nothing.
    pub fn begin(&self) {
        self.wish.send_replace(0);
        self.state().overrun = None;
    }

    /// Interrupts those that run, as a user does by ^C; the attempt starts no other. Asked for once more,
    /// it changes nothing.
    pub fn interrupt(&self) {
        self.wish.send_if_modified(|times| {
            let first = *times == 0;
            *times = (*times).max(1);
            first
        });
    }

    /// Interrupts them once more: a user who is impatient.
    pub fn interrupt_again(&self) {
        self.wish.send_modify(|times| *times += 1);
    }

    /// Whether they were interrupted.
    pub fn interrupted(&self) -> bool {
        *self.wish.borrow() > 0
    }

    /// Waits until none runs. Bounded by their own ends: see [`super::Order::run`].
    pub async fn idle(&self) {
        let mut roots = self.roots.subscribe();
        // The sender lives as long as this value.
        let _ = roots.wait_for(BTreeSet::is_empty).await;
    }

    /// The processes that were started and have not ended.
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
        spent.untold += time.untold;
    }

    /// The last program of this attempt that was ended at its limit of real time, if any was.
    pub fn overrun(&self) -> Option<Overrun> {
        self.state().overrun.clone()
    }

    pub(super) fn overran(&self, overrun: Overrun) {
        self.state().overrun = Some(overrun);
    }

    /// The wish to interrupt: how often it was uttered.
    pub(super) fn wishes(&self) -> watch::Receiver<u64> {
        self.wish.subscribe()
    }

    /// A process was started; it runs until this is dropped.
    pub(super) fn started(&self, pid: Option<i32>) -> Started {
        if let Some(pid) = pid {
            self.roots.send_modify(|all| {
                all.insert(pid);
            });
        }
        Started(self.clone(), pid)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process that runs.
pub struct Started(Programs, Option<i32>);

impl Drop for Started {
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

    fn spent(cloud: u64, machine: u64, untold: u64) -> Spent {
        Spent {
            cloud: Duration::from_secs(cloud),
            machine: Duration::from_secs(machine),
            untold: Duration::from_secs(untold),
        }
    }

    #[test]
    fn time_is_the_machines_when_most_of_it_was_computed_or_nobody_can_tell() {
        let check = |time: Spent, expected: bool| {
            assert_eq!(time.is_the_machines(), expected, "{time:?}");
        };
        check(spent(10, 20, 0), true);
        check(spent(20, 10, 0), false);
        check(spent(0, 0, 10), true);
        // A real cloud: no paced clock, nothing to be told apart.
        check(spent(0, 0, 0), false);
    }

    #[test]
    fn an_overrun_says_where_the_time_went() {
        let check = |time: Spent, words: &str| {
            let overrun = Overrun {
                program: "terraform".to_owned(),
                limit: Duration::from_secs(900),
                spent: time,
            };
            let said = overrun.to_string();
            assert!(said.starts_with("`terraform` ran into its limit of 900 s of real time"));
            assert!(said.ends_with(words), "{said}");
        };
        check(
            spent(100, 800, 0),
            ": for 800 s it computed and the cloud's clock stood, for 100 s it waited",
        );
        check(spent(0, 0, 900), "the machine or the cloud took the time");
        check(spent(0, 0, 0), "of real time");
    }

    #[test]
    fn a_wish_is_uttered_once_however_many_utter_it_and_ends_with_the_attempt() {
        let programs = Programs::default();
        let mut wishes = programs.wishes();
        programs.interrupt();
        programs.interrupt();
        assert_eq!(*wishes.borrow_and_update(), 1);
        programs.interrupt_again();
        assert_eq!(*wishes.borrow_and_update(), 2);
        assert!(programs.interrupted());
        programs.begin();
        assert!(!programs.interrupted());
    }
}
