//! The fault layer: carries a plan of faults out on the transport.
//!
//! It sits beside the journal, so live runs use the same one. Effects on asynchronous operations are
//! handed to the simulator in a header, which no real cloud knows: live refuses them beforehand.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::call::{Actor, Dialect, Signature};
use crate::disk;
use crate::fault::{Effect, Fault};
use crate::transport::SharedTransport;

mod carry;
mod memory;
mod waits;

use carry::FaultLayer;
use memory::Memory;
use waits::Waits;

/// The header that asks a simulator to let the operation fail, stick or be late, or to answer a read as
/// if something were not visible yet.
pub const ASYNC_FAULT_HEADER: &str = "x-kubeproof-async-fault";

/// An extension of a response: the simulator carries out what [`ASYNC_FAULT_HEADER`] asks for. Without it
/// the fault was not injected. Extensions never leave the process, so no client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged;

/// A plan of faults with its counters: shared by the transports of all actors of one trial.
#[derive(Clone, Debug)]
pub struct FaultPlan {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    faults: Vec<Fault>,
    counts: Mutex<Vec<Count>>,
    crashed: watch::Sender<u64>,
    reported: AtomicU64,
    cancelled: AtomicBool,
    lifted: watch::Sender<bool>,
    out: Mutex<BTreeSet<String>>,
    foreign: Mutex<Option<Arc<dyn ForeignChanges>>>,
    failed_changes: Mutex<Vec<String>>,
    interrupts_again: AtomicBool,
    pages: Mutex<Vec<(Signature, Page)>>,
    memory: Mutex<Memory>,
    waits: Mutex<Waits>,
    programs: AtomicBool,
    over: AtomicBool,
}

/// The page that a list which was told of a further page is answered with.
type Page = http::Response<bytes::Bytes>;

/// Carries out changes that somebody else makes ([`Effect::ForeignChange`]), for real: only the
/// provider knows how.
#[async_trait]
pub trait ForeignChanges: Send + Sync + std::fmt::Debug {
    /// Makes the change of this name.
    ///
    /// # Errors
    /// When there is no such change, or it could not be made: then the trial proves nothing.
    async fn make(&self, name: &str) -> Result<(), String>;

    /// The first attempt has ended: changes that last only so long are taken back.
    fn first_attempt_is_over(&self) {}
}

/// How often a fault's place was seen and how often it struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Matching calls.
    pub seen: u64,
    /// Calls that the effect was carried out on.
    pub struck: u64,
    /// Those of them that are to be applied later, and are not yet.
    pub late: u64,
    /// Calls that it would have met if another fault had not been injected into them.
    pub taken: u64,
}

impl Count {
    /// How often the effect was carried out in full: what is still to be applied shows nothing.
    pub fn injected(self) -> u64 {
        self.struck.saturating_sub(self.late)
    }
}

impl FaultPlan {
    /// A plan of these faults, in order of precedence: the first that strikes a call decides.
    pub fn new(faults: Vec<Fault>) -> Self {
        let counts = Mutex::new(vec![Count::default(); faults.len()]);
        let (crashed, reported) = (watch::channel(0).0, AtomicU64::new(0));
        Self {
            inner: Arc::new(Inner {
                faults,
                counts,
                crashed,
                reported,
                cancelled: AtomicBool::new(false),
                lifted: watch::channel(false).0,
                out: Mutex::default(),
                foreign: Mutex::default(),
                failed_changes: Mutex::default(),
                interrupts_again: AtomicBool::new(false),
                pages: Mutex::default(),
                memory: Mutex::default(),
                waits: Mutex::default(),
                programs: AtomicBool::new(false),
                over: AtomicBool::new(false),
            }),
        }
    }

    /// Says that the provisioner is a program: it is not dropped where its user interrupts it, but goes on
    /// until it ends, and it waits by a clock of its own, the real one.
    pub fn strike_programs(&self) {
        self.inner.programs.store(true, Ordering::SeqCst);
        lock(&self.inner.waits).of_programs();
    }

    fn strikes_programs(&self) -> bool {
        self.inner.programs.load(Ordering::SeqCst)
    }

    /// Says who makes the foreign changes of this plan.
    pub fn let_change(&self, foreign: Arc<dyn ForeignChanges>) {
        *lock(&self.inner.foreign) = Some(foreign);
    }

    /// The foreign changes that could not be made, with the reasons.
    pub fn failed_changes(&self) -> Vec<String> {
        lock(&self.inner.failed_changes).clone()
    }

    /// Ends all faults: what hangs breaks now, and no call is struck any more.
    pub fn lift(&self) {
        self.inner.lifted.send_replace(true);
    }

    /// The trial is over: whatever was to be applied later is not applied any more, for it would not be
    /// seen.
    pub fn trial_is_over(&self) {
        self.inner.over.store(true, Ordering::SeqCst);
    }

    async fn until_lifted(&self) {
        let mut lifted = self.inner.lifted.subscribe();
        // The sender lives as long as the plan, so this only ends when the faults are lifted.
        let _ = lifted.wait_for(|lifted| *lifted).await;
    }

    /// Says that the first attempt has ended.
    pub fn first_attempt_is_over(&self) {
        if let Some(foreign) = lock(&self.inner.foreign).as_ref() {
            foreign.first_attempt_is_over();
        }
    }

    /// Has somebody else make a change. Whether it was made.
    async fn change(&self, name: &str) -> bool {
        let foreign = lock(&self.inner.foreign).clone();
        let made = match foreign {
            Some(foreign) => foreign.make(name).await,
            None => Err("no foreign changes can be made here".to_owned()),
        };
        let Err(problem) = made else {
            return true;
        };
        lock(&self.inner.failed_changes).push(format!("foreign-change({name}): {problem}"));
        false
    }

    /// Each fault with how often it was seen and struck: a fault that never struck proves nothing.
    pub fn tally(&self) -> Vec<(Fault, Count)> {
        let counts = lock(&self.inner.counts);
        self.inner
            .faults
            .iter()
            .cloned()
            .zip(counts.iter().copied())
            .collect()
    }

    /// Waits until a crash effect strikes that was not reported yet. The harness then drops the
    /// provisioner, as a crash would.
    pub async fn crash(&self) {
        let reported = self.inner.reported.load(Ordering::SeqCst);
        let mut crashes = self.inner.crashed.subscribe();
        // A crash that struck before anyone waited counts too. The sender lives as long as the plan,
        // so this only ends by a crash.
        if let Ok(count) = crashes.wait_for(|count| *count > reported).await {
            self.inner.reported.store(*count, Ordering::SeqCst);
        }
    }

    /// Whether the last process was interrupted by its user ([`Effect::Cancel`]) and did not die by
    /// itself. Asking takes the answer back.
    pub fn was_cancelled(&self) -> bool {
        self.inner.cancelled.swap(false, Ordering::SeqCst)
    }

    /// A new process begins: it knows of nothing that an earlier one was told.
    pub fn process_begins(&self) {
        lock(&self.inner.waits).forget();
        lock(&self.inner.pages).clear();
    }

    /// What was repeated before the time was over that `Retry-After` asks for, in words.
    pub fn impatience(&self) -> Vec<String> {
        lock(&self.inner.waits).broken()
    }

    /// Whether any fault has this effect.
    fn has(&self, effect: impl Fn(&Effect) -> bool) -> bool {
        self.inner.faults.iter().any(|fault| effect(&fault.effect))
    }

    /// A transport that strikes the calls of `actor`.
    pub fn layer(
        &self,
        inner: SharedTransport,
        dialect: Arc<dyn Dialect>,
        actor: Actor,
    ) -> SharedTransport {
        // An outage strikes those who make no struck call themselves.
        let concerns = |fault: &Fault| fault.place.actor == actor || fault.effect == Effect::Outage;
        if !self.inner.faults.iter().any(concerns) {
            return inner;
        }
        Arc::new(FaultLayer {
            plan: self.clone(),
            inner,
            dialect,
            actor,
        })
    }

    /// The effect that strikes a call of this name, and the index of its fault. `shows_later` says of an
    /// effect whether the call is accepted all the same.
    fn decide(
        &self,
        actor: Actor,
        signature: &Signature,
        shows_later: impl Fn(&Effect) -> bool,
    ) -> Option<(usize, Effect)> {
        if *self.inner.lifted.borrow() {
            return None;
        }
        let mut out = lock(&self.inner.out);
        if out.contains(&signature.service) {
            return Some((usize::MAX, Effect::Hang));
        }
        let changes = actor == Actor::Provisioner && signature.mutating;
        if changes && self.inner.interrupts_again.swap(false, Ordering::SeqCst) {
            return Some((usize::MAX, Effect::Cancel));
        }
        let mut counts = lock(&self.inner.counts);
        let mut decided = None;
        let places = self.inner.faults.iter().zip(counts.iter_mut());
        for (index, (fault, count)) in places.enumerate() {
            if !fault.place.names(actor, signature) {
                continue;
            }
            count.seen += 1;
            if !due(fault, count, shows_later(&fault.effect)) {
                continue;
            }
            if decided.is_some() {
                count.taken += 1;
            } else {
                count.struck += 1;
                decided = Some((index, fault.effect.clone()));
                if fault.effect == Effect::Outage {
                    out.insert(signature.service.clone());
                }
            }
        }
        decided
    }

    /// A fault could not be carried out on the call that it had struck.
    fn missed(&self, index: usize) {
        if let Some(count) = lock(&self.inner.counts).get_mut(index) {
            count.struck = count.struck.saturating_sub(1);
        }
    }

    /// A call into which a fault was injected is applied later, or has been now.
    fn late(&self, index: usize, is_applied: bool) {
        if let Some(count) = lock(&self.inner.counts).get_mut(index) {
            count.late = if is_applied {
                count.late.saturating_sub(1)
            } else {
                count.late + 1
            };
        }
    }
}

/// Whether a fault is injected into the call that was just counted. What shows later waits for calls that take it,
/// from its occurrence on.
fn due(fault: &Fault, count: &Count, shows_later: bool) -> bool {
    let place = &fault.place;
    if !shows_later {
        return place.strikes(count.seen);
    }
    count.seen >= place.occurrence && (place.lasts() || count.struck < place.times)
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
