//! A test bench: a simulated account, a run in it, and the faults of its calls. It is for tests alone, and panics as they do.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use kubeproof_contract::call::{Actor, Dialect, Signature};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::{Disk, Files};
use kubeproof_contract::documented_effects::DocumentedEffect;
use kubeproof_contract::fault::{Effect, Fault};
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::{GroundTruth, Rehearsal};
use kubeproof_contract::journal::Journal;
use kubeproof_contract::observer::Lister;
use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use kubeproof_contract::scope::{Breadth, Listed};
use kubeproof_contract::transport::SharedTransport;

/// When every bench begins: 2026-11-18T09:46:40Z.
const START: i64 = 1_795_000_000;

/// A simulated account with a run in it.
pub struct Bench {
    /// What there really is.
    pub ground_truth: Arc<dyn GroundTruth>,
    /// The time in the account.
    pub clock: Clock,
    /// The run.
    pub run: Run,
    /// All calls so far.
    pub journal: Journal,
    /// What happens to them.
    pub faults: FaultPlan,
    transport: SharedTransport,
    dialect: Arc<dyn Dialect>,
    disk: SharedTransport,
}

/// A plan of these faults.
///
/// # Panics
/// When one of them cannot be read.
pub fn plan(faults: &[&str]) -> FaultPlan {
    let faults = faults.iter().map(|text| text.parse());
    FaultPlan::new(faults.collect::<Result<_, _>>().expect("faults"))
}

fn clock() -> Clock {
    Clock::starting_at(Timestamp::from_second(START).expect("a time"))
}

fn run(clock: Clock) -> Run {
    Run::new("r1", "tester", clock.now())
}

/// A connection of a run over this transport, without journal and faults.
///
/// # Panics
/// Never.
pub fn connection(transport: SharedTransport) -> Connection {
    let clock = clock();
    Connection {
        transport,
        clock,
        seed: 1,
        run: run(clock),
        credentials: Credentials::Rehearsal,
        directory: PathBuf::from("no-such-folder"),
        disk: Disk::over(Files::empty()),
        progress: ProgressSink::default(),
    }
}

/// The call that a fault such as `compute:networks.insert=quota` is injected into, and its effect.
///
/// # Panics
/// When the fault cannot be read, or none of the calls is meant.
#[track_caller]
pub fn injected<'a>(calls: &'a [Signature], fault: &str) -> (&'a Signature, Effect) {
    let fault: Fault = fault.parse().expect(fault);
    let target = &fault.target;
    let call = calls.iter().find(|call| target.names(target.actor, call));
    (call.expect("a call of the cloud"), fault.effect)
}

/// Asserts that an effect is or is not documented of a call: `compute:networks.insert=quota`. Pedantic ones do not
/// count.
///
/// # Panics
/// When it is otherwise.
#[track_caller]
pub fn check_documented(
    calls: &[Signature],
    of: fn(&Signature) -> Vec<DocumentedEffect>,
    fault: &str,
    expected: bool,
) {
    let (call, effect) = injected(calls, fault);
    let all = of(call);
    let mut usual = all.iter().filter(|documented| !documented.pedantic);
    let found = usual.any(|documented| documented.effect == effect);
    assert_eq!(found, expected, "{fault}");
}

/// Asserts that all documented effects name their source, and that the others do not.
///
/// # Panics
/// When one does otherwise.
#[track_caller]
pub fn check_sources(calls: &[Signature], of: fn(&Signature) -> Vec<DocumentedEffect>) {
    for call in calls {
        for documented in of(call) {
            assert_eq!(documented.source.is_empty(), documented.pedantic, "{call}");
        }
    }
}

impl Bench {
    /// A bench over a fresh account. Call it inside a runtime whose clock is paused.
    ///
    /// # Panics
    /// When one of the faults cannot be read.
    pub fn new(
        dialect: Arc<dyn Dialect>,
        faults: &[&str],
        account: impl FnOnce(Clock) -> Rehearsal,
    ) -> Self {
        let clock = clock();
        let rehearsal = account(clock);
        Self {
            ground_truth: rehearsal.ground_truth,
            clock,
            run: run(clock),
            journal: Journal::default(),
            faults: plan(faults),
            transport: rehearsal.transport,
            dialect,
            disk: Files::empty(),
        }
    }

    /// A connection of this actor: its calls meet the faults and are in the journal.
    pub fn connection(&self, actor: Actor) -> Connection {
        let dialect = || Arc::clone(&self.dialect);
        let transport = Arc::clone(&self.transport);
        let faulty = self.faults.layer(transport, dialect(), actor);
        Connection {
            clock: self.clock,
            run: self.run.clone(),
            disk: Disk::over(Arc::clone(&self.disk)),
            ..connection(self.journal.layer(faulty, dialect(), actor, self.clock))
        }
    }

    /// The provisioner's files are lost.
    pub fn lose_disk(&mut self) {
        self.disk = Files::empty();
    }

    /// How many calls of this signature there were.
    pub fn calls(&self, signature: &str) -> usize {
        let calls = self.journal.calls();
        let alike = calls.iter().map(|call| call.signature.to_string());
        alike.filter(|one| one == signature).count()
    }

    /// The calls that were answered with 429.
    pub fn throttled(&self) -> Vec<String> {
        let calls = self.journal.calls();
        let refused = calls.iter().filter(|call| call.status == Some(429));
        refused.map(|call| call.signature.to_string()).collect()
    }

    /// The changing calls since the journal had this length.
    pub fn changes_since(&self, length: usize) -> Vec<String> {
        let later = self.journal.calls().split_off(length);
        let changing = later.iter().filter(|call| call.signature.mutating);
        changing.map(|call| call.signature.to_string()).collect()
    }

    /// What exists that was not there before.
    pub fn new_since(&self, before: &[Resource]) -> Vec<Resource> {
        let mut all = self.ground_truth.inventory();
        all.retain(|one| !before.iter().any(|old| old.is_same(one)));
        all
    }

    /// Resources of this type that the run ever had.
    pub fn ever(&self, resource_type: &str) -> usize {
        let lives = self.ground_truth.lifetimes();
        let own = lives.iter().filter(|life| {
            life.resource.resource_type == resource_type && life.from > self.run.started_at
        });
        own.count()
    }
}

/// All that an observer lists, and the cells that it could not.
///
/// # Panics
/// When a list fails, or shows what does not belong to its cells.
pub async fn listed(lister: &dyn Lister, breadth: &Breadth) -> Listed {
    let mut all = Listed::default();
    for listing in lister.cells(breadth).await.expect("cells") {
        let listed = lister.list(&listing).await;
        let listed = listed.unwrap_or_else(|error| panic!("{listing:?}: {error}"));
        let covered = |one: &Resource| listing.cells.iter().any(|cell| cell.covers(one));
        assert!(listed.resources.iter().all(covered), "{listing:?}");
        all.resources.extend(listed.resources);
        all.unread.extend(listed.unread);
    }
    all
}

/// All that there is for a scenario, each list read in full.
///
/// # Panics
/// When one is not.
pub async fn audited(lister: &dyn Lister) -> Vec<Resource> {
    let Listed { resources, unread } = listed(lister, &Breadth::Scenario).await;
    assert_eq!(unread, []);
    resources
}

/// Asserts that an audit shows what there is, with every property that the ground truth has.
///
/// # Panics
/// When it does not, or shows nothing.
#[track_caller]
pub fn assert_same(mut seen: Vec<Resource>, mut there: Vec<Resource>) {
    seen.sort_by_key(Resource::key);
    there.sort_by_key(Resource::key);
    let keys = |all: &[Resource]| all.iter().map(Resource::key).collect::<Vec<_>>();
    assert_eq!(keys(&seen), keys(&there));
    assert!(!seen.is_empty());
    for (seen, there) in seen.iter_mut().zip(&there) {
        let known: BTreeSet<&String> = there.properties.keys().collect();
        seen.properties.retain(|name, _| known.contains(name));
        assert_eq!(seen, there);
    }
}
