//! The fault layer: injects the faults of a plan into the calls on a transport.
//!
//! It sits next to the journal, so live runs use the same layer. Effects on asynchronous operations are passed
//! to the simulator in a header that no real cloud knows; live runs refuse them beforehand.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::call::{Actor, Dialect, Signature};
use crate::call_key::CallKey;
use crate::disk;
use crate::fault::{CallMatcher, Effect, Fault, ObservedCall};
use crate::mutex::lock;
use crate::provider_errors::ForeignChangeError;
use crate::transport::SharedTransport;

mod apply;
mod retry_after;
mod stale_reads;

use apply::FaultLayer;
use retry_after::RetryAfterWaits;
use stale_reads::StaleReads;

/// The header that asks a simulator to make the operation fail, get stuck or take longer, or to answer a read
/// as if something were not visible yet.
pub const ASYNC_FAULT_HEADER: &str = "x-kubeproof-async-fault";

/// A response extension: the simulator carries out what [`ASYNC_FAULT_HEADER`] asks for. Without it the
/// fault was not injected. Extensions never leave the process, so no client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged;

/// A plan of faults with its counters, shared by the transports of all actors of one trial.
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
    services_out: Mutex<BTreeSet<String>>,
    foreign: Mutex<Option<Arc<dyn ForeignChanges>>>,
    failed_changes: Mutex<Vec<String>>,
    interrupts_again: AtomicBool,
    pages: Mutex<Vec<(Signature, Page)>>,
    stale_reads: Mutex<StaleReads>,
    retry_after_waits: Mutex<RetryAfterWaits>,
    programs: AtomicBool,
    in_teardown: AtomicBool,
    over: AtomicBool,
}

/// The page that answers the request for the further page of a list.
type Page = http::Response<bytes::Bytes>;

/// Makes the changes of another user of the account ([`Effect::ForeignChange`]). Only the provider knows how.
#[async_trait]
pub trait ForeignChanges: Send + Sync + std::fmt::Debug {
    /// Makes the change of this name.
    ///
    /// # Errors
    /// When the change is unknown or could not be made; the trial is then inconclusive.
    async fn make(&self, name: &str) -> Result<(), ForeignChangeError>;

    /// The first attempt has ended: undoes the changes that last only until then.
    fn first_attempt_is_over(&self) {}
}

/// How often calls matched a fault's target, and how often it was injected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Matching calls.
    pub seen: u64,
    /// Calls that the effect was carried out on, including those that are still to be applied later.
    pub attempted: u64,
    /// Those of them that are to be applied later and have not been yet.
    pub late: u64,
    /// Calls that it would have been injected into if another fault had not been.
    pub taken: u64,
}

impl Count {
    /// How often the effect was carried out in full: without the calls that are still to be applied.
    pub fn injected(self) -> u64 {
        self.attempted.saturating_sub(self.late)
    }
}

impl FaultPlan {
    /// A plan of these faults, in order of precedence: the first one that is due for a call is injected.
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
                services_out: Mutex::default(),
                foreign: Mutex::default(),
                failed_changes: Mutex::default(),
                interrupts_again: AtomicBool::new(false),
                pages: Mutex::default(),
                stale_reads: Mutex::default(),
                retry_after_waits: Mutex::default(),
                programs: AtomicBool::new(false),
                in_teardown: AtomicBool::new(false),
                over: AtomicBool::new(false),
            }),
        }
    }

    /// Sets the plan up for provisioners that are programs: when the user interrupts one, it is not dropped but
    /// runs on until it ends, and it waits by its own clock, the real one.
    pub fn include_programs(&self) {
        self.inner.programs.store(true, Ordering::SeqCst);
        lock(&self.inner.retry_after_waits).of_programs();
    }

    fn includes_programs(&self) -> bool {
        self.inner.programs.load(Ordering::SeqCst)
    }

    /// Sets who makes the foreign changes of this plan.
    pub fn let_change(&self, foreign: Arc<dyn ForeignChanges>) {
        *lock(&self.inner.foreign) = Some(foreign);
    }

    /// The foreign changes that could not be made, with the reasons.
    pub fn failed_changes(&self) -> Vec<String> {
        lock(&self.inner.failed_changes).clone()
    }

    /// Lifts all faults: calls that hang break now, and nothing more is injected.
    pub fn lift(&self) {
        self.inner.lifted.send_replace(true);
    }

    /// Marks the trial as over: calls that are still to be applied later are dropped, because their effect
    /// could no longer be observed.
    pub fn trial_is_over(&self) {
        self.inner.over.store(true, Ordering::SeqCst);
    }

    async fn until_lifted(&self) {
        let mut lifted = self.inner.lifted.subscribe();
        // The sender lives as long as the plan, so this ends only when the faults are lifted.
        let _ = lifted.wait_for(|lifted| *lifted).await;
    }

    /// Tells the plan that the first attempt has ended.
    pub fn first_attempt_is_over(&self) {
        if let Some(foreign) = lock(&self.inner.foreign).as_ref() {
            foreign.first_attempt_is_over();
        }
    }

    /// Makes a foreign change, and returns whether it was made.
    async fn change(&self, name: &str) -> bool {
        let foreign = lock(&self.inner.foreign).clone();
        let made = match foreign {
            Some(foreign) => foreign.make(name).await,
            None => Err(ForeignChangeError::Unsupported),
        };
        let Err(problem) = made else {
            return true;
        };
        lock(&self.inner.failed_changes).push(format!("foreign-change({name}): {problem}"));
        false
    }

    /// Each fault with its counts. A trial whose fault was never triggered is inconclusive.
    pub fn tally(&self) -> Vec<(Fault, Count)> {
        let counts = lock(&self.inner.counts);
        self.inner
            .faults
            .iter()
            .cloned()
            .zip(counts.iter().copied())
            .collect()
    }

    /// Waits for an injected crash that was not reported yet. The harness then drops the provisioner, as a
    /// crash would.
    pub async fn crash(&self) {
        let reported = self.inner.reported.load(Ordering::SeqCst);
        let mut crashes = self.inner.crashed.subscribe();
        // A crash that was injected before anyone waited counts too. The sender lives as long as the plan,
        // so this ends only with a crash.
        if let Ok(count) = crashes.wait_for(|count| *count > reported).await {
            self.inner.reported.store(*count, Ordering::SeqCst);
        }
    }

    /// Whether the last process was interrupted by its user ([`Effect::Cancel`]) rather than killed. Reading
    /// the answer resets it.
    pub fn was_cancelled(&self) -> bool {
        self.inner.cancelled.swap(false, Ordering::SeqCst)
    }

    /// A new process begins: it does not know what an earlier one was told.
    pub fn process_begins(&self) {
        lock(&self.inner.retry_after_waits).forget();
        lock(&self.inner.pages).clear();
    }

    /// The teardown begins: faults that are aimed at calls of it count from here.
    pub fn teardown_begins(&self) {
        self.inner.in_teardown.store(true, Ordering::SeqCst);
    }

    /// Whether some fault is aimed at calls by what they are about.
    pub fn needs_keys(&self) -> bool {
        let by_key = |target: &CallMatcher| target.key.is_some() || target.changed;
        self.inner.faults.iter().any(|fault| by_key(&fault.target))
    }

    /// Whether it depends on the answer of a read like this whether a fault is injected into it.
    fn depends_on_answer(&self, actor: Actor, signature: &Signature) -> bool {
        let faults = &self.inner.faults;
        !signature.mutating
            && faults
                .iter()
                .any(|fault| fault.target.changed && fault.target.names(actor, signature))
    }

    /// The calls that were repeated before their `Retry-After` time was over, a message each.
    pub fn ignored_retry_after(&self) -> Vec<String> {
        lock(&self.inner.retry_after_waits).ignored()
    }

    /// Whether any fault has this effect.
    fn has(&self, effect: impl Fn(&Effect) -> bool) -> bool {
        self.inner.faults.iter().any(|fault| effect(&fault.effect))
    }

    /// A transport that injects the faults of this plan into the calls of `actor`.
    pub fn layer(
        &self,
        inner: SharedTransport,
        dialect: Arc<dyn Dialect>,
        actor: Actor,
    ) -> SharedTransport {
        // An outage also affects actors that never call its target themselves.
        let concerns =
            |fault: &Fault| fault.target.actor == actor || fault.effect == Effect::Outage;
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

    /// The effect to inject into a call of this name, with the index of its fault. `shows_later` tells of an
    /// effect whether the cloud accepts the call and shows the effect later.
    fn decide(
        &self,
        (actor, signature): (Actor, &Signature),
        (key, changed): (Option<&CallKey>, bool),
        shows_later: impl Fn(&Effect) -> bool,
    ) -> Option<(usize, Effect)> {
        if *self.inner.lifted.borrow() {
            return None;
        }
        let mut services_out = lock(&self.inner.services_out);
        if services_out.contains(&signature.service) {
            return Some((usize::MAX, Effect::Hang));
        }
        let changes = actor == Actor::Provisioner && signature.mutating;
        if changes && self.inner.interrupts_again.swap(false, Ordering::SeqCst) {
            return Some((usize::MAX, Effect::Cancel));
        }
        let call = ObservedCall {
            actor,
            signature,
            key,
            in_teardown: self.inner.in_teardown.load(Ordering::SeqCst),
            changed,
        };
        let mut counts = lock(&self.inner.counts);
        let mut decided = None;
        let counted = self.inner.faults.iter().zip(counts.iter_mut());
        for (index, (fault, count)) in counted.enumerate() {
            if !fault.target.counts(&call) {
                continue;
            }
            count.seen += 1;
            if !due(fault, count, shows_later(&fault.effect)) {
                continue;
            }
            if decided.is_some() {
                count.taken += 1;
            } else {
                count.attempted += 1;
                decided = Some((index, fault.effect.clone()));
                if fault.effect == Effect::Outage {
                    services_out.insert(signature.service.clone());
                }
            }
        }
        decided
    }

    /// The effect could not be carried out on the call that was chosen for it.
    fn missed(&self, index: usize) {
        if let Some(count) = lock(&self.inner.counts).get_mut(index) {
            count.attempted = count.attempted.saturating_sub(1);
        }
    }

    /// A call that a fault was injected into will be applied later, or has been now.
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

/// Whether a fault is to be injected into the call that was just counted. An effect that shows later waits for
/// calls that accept it, from its occurrence on.
fn due(fault: &Fault, count: &Count, shows_later: bool) -> bool {
    let target = &fault.target;
    if !shows_later {
        return target.covers(count.seen);
    }
    count.seen >= target.occurrence && (target.lasts() || count.attempted < target.times)
}
