//! A simulated account with entries of the corpus in it, and its audit by the observer alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kubeproof::audit::inventory::Inventory;
use kubeproof::inspect::Inspector as _;
use kubeproof::inspect::observer::ObserverInspector;
use kubeproof::inspect::sources::Sources;
use kubeproof::phases::audit::{AuditOutcome, Known, audit};
use kubeproof::providers;
use kubeproof::scenario::{Scenario, read};
use kubeproof::trial::{Part, Trial};
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::{Disk, Files};
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::ground_truth::Rehearsal;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::plan::Plan;
use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::transport::SharedTransport;
use serde_json::Value;

use super::corpus::{Corpus, Entry};
use super::narrow::Narrow;
use super::requests::{self, Variables};

/// Between two calls: what was made shows, and an operation ends.
const PAUSE: Duration = Duration::from_secs(13);
/// After the last call: logs and indexes show it.
const SETTLE: Duration = Duration::from_mins(20);

/// Tokens are renewed after this time: some are valid for an hour.
const RENEWED_AFTER: Duration = Duration::from_mins(30);

/// What an audit found, and what it cost.
pub struct Audited {
    pub outcome: AuditOutcome,
    /// Calls of all its inventories: it takes three where something is left.
    pub calls: u64,
    pub seconds: u64,
}

/// An account.
pub struct Account<'a> {
    corpus: &'a Corpus,
    pub trial: Trial,
    rehearsal: Rehearsal,
    clock: Clock,
    pub run: Run,
    pub plan: Box<dyn Plan>,
    variables: Variables,
    made: BTreeSet<String>,
    /// When tokens were last asked for.
    logged_in: Option<Duration>,
    /// Whether others have no identity yet.
    is_new: bool,
    /// The calls of the run.
    own: Journal,
    baseline: Inventory,
}

/// The trial of a corpus. If the calls of its provisioner are not seen, it is a program.
fn trial(corpus: &Corpus, is_seen: bool) -> Trial {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join(&corpus.scenario);
    let mut text = std::fs::read_to_string(&path).expect("a scenario");
    if !is_seen {
        text.push_str("\nprovisioner: {command: {provision: [\"true\"], teardown: [\"true\"]}}\n");
    }
    let file = path.display().to_string();
    let scenario: Scenario = read::parse(&file, &text, &providers::shared()).expect("a scenario");
    Trial {
        scenario,
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Live,
        seed: 7,
    }
}

impl<'a> Account<'a> {
    /// A fresh account. Call it on a runtime with a paused clock.
    pub async fn new(corpus: &'a Corpus, is_seen: bool) -> Self {
        let trial = trial(corpus, is_seen);
        let clock = Clock::starting_at("2026-11-23T10:07:00Z".parse().expect("a time"));
        let provider = Arc::clone(&trial.scenario.provider);
        let rehearsal = provider
            .rehearse(&trial.scenario.content, clock, trial.seed)
            .expect("a simulator");
        let plan = provider.plan(&trial.scenario.content);
        let mut account = Self {
            corpus,
            trial,
            rehearsal,
            clock,
            run: Run::new("r1", "tests", clock.now()),
            plan,
            variables: corpus.variables.clone(),
            made: BTreeSet::new(),
            logged_in: None,
            is_new: true,
            own: Journal::default(),
            baseline: Inventory::default(),
        };
        account.name_run();
        let transport = account.rehearsal.transport.clone();
        account.log_in(&transport).await;
        for call in &corpus.setup {
            account.make(call, &transport, "setup").await;
        }
        account.logged_in = None;
        tokio::time::sleep(Duration::from_mins(1)).await;
        account
    }

    /// Asks for tokens, if those that there are may expire soon: the run's first, which others' calls need.
    async fn log_in(&mut self, transport: &SharedTransport) {
        let since = self
            .logged_in
            .map(|at| self.clock.elapsed().saturating_sub(at));
        if since.is_some_and(|since| since < RENEWED_AFTER) {
            return;
        }
        let is_first = self.made.is_empty() && since.is_none() && self.is_new;
        let corpus = self.corpus;
        for call in &corpus.login {
            self.make(call, transport, "login").await;
        }
        if !is_first {
            for call in &corpus.login_of_others {
                self.make(call, transport, "login of others").await;
            }
            self.logged_in = Some(self.clock.elapsed());
        }
        self.is_new = false;
    }

    /// The variables that say what a run is called and marked with.
    fn name_run(&mut self) {
        let other = Run::new("r2", "others", self.run.started_at);
        for (prefix, run) in [("", &self.run), ("OTHER_", &other)] {
            let marks = self.plan.marks(run);
            let all = [
                ("RUN", run.id.clone()),
                ("NAME", run.name("")),
                ("OWNER", marks.owner.value),
                ("EXPIRES", marks.expires.value),
            ];
            let all = all.map(|(name, value)| (format!("{prefix}{name}"), value));
            self.variables.extend(all);
        }
    }

    /// Makes what others had before the run, and takes the baseline; the run begins now.
    pub async fn begin(&mut self, bystanders: impl IntoIterator<Item = &'a Entry>) {
        let transport = self.rehearsal.transport.clone();
        for entry in bystanders {
            self.add(entry, &transport, true).await;
        }
        tokio::time::sleep(SETTLE).await;
        // What was there uses up no quota.
        self.rehearsal = self.rehearsal.ground_truth.snapshot().fork(self.clock);
        self.run = Run::new("r1", "tests", self.clock.now());
        self.name_run();
        let journal = Journal::default();
        let observer = self.observer(&journal, &FaultPlan::new(Vec::new()));
        let inspector = ObserverInspector {
            sources: self.sources(&journal),
            account: observer.as_ref(),
        };
        self.baseline = inspector.take().await;
        let failed = &self.baseline.coverage.failed;
        assert!(failed.is_empty(), "the baseline: {failed:?}");
    }

    /// Makes these, as the run.
    pub async fn leak(&mut self, leaks: impl IntoIterator<Item = &'a Entry>) {
        let dialect = self.trial.scenario.provider.dialect();
        let inner = self.rehearsal.transport.clone();
        let transport = self
            .own
            .layer(inner, dialect, Actor::Provisioner, self.clock);
        for entry in leaks {
            self.add(entry, &transport, false).await;
        }
    }

    /// Makes these, as others, while the run goes on.
    pub async fn arrive(&mut self, bystanders: impl IntoIterator<Item = &'a Entry>) {
        let transport = self.rehearsal.transport.clone();
        for entry in bystanders {
            self.add(entry, &transport, true).await;
        }
    }

    async fn add(&mut self, entry: &'a Entry, transport: &SharedTransport, by_others: bool) {
        let mut order: Vec<&Entry> = vec![entry];
        let mut next = 0;
        while let Some(one) = order.get(next).copied() {
            order.extend(one.needs.iter().map(|id| self.corpus.entry(id)));
            next += 1;
        }
        let rehearsal = self.rehearsal.transport.clone();
        self.log_in(&rehearsal).await;
        let own = self.variables.clone();
        if by_others {
            let theirs = own.iter().filter_map(|(name, value)| {
                Some((name.strip_prefix("THEIR_")?.to_owned(), value.clone()))
            });
            self.variables.extend(theirs.collect::<Vec<_>>());
        }
        for one in order.into_iter().rev() {
            if self.made.insert(one.id.clone()) {
                for call in &one.calls {
                    self.make(call, transport, &one.id).await;
                }
            }
        }
        self.variables.extend(own);
    }

    /// Makes one call, or waits.
    async fn make(&mut self, call: &[Value], transport: &SharedTransport, of: &str) {
        let text = |at: usize| call.get(at).and_then(Value::as_str).unwrap_or_default();
        if text(0) == "wait" {
            let seconds = call.get(1).and_then(Value::as_u64).unwrap_or_default();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            return;
        }
        let service = self.corpus.services.get(text(0));
        let service = service.unwrap_or_else(|| panic!("{of}: no service {}", text(0)));
        let arguments = call.get(2).unwrap_or(&Value::Null);
        let request = requests::request(service, text(1), arguments, &self.variables);
        let shown = format!("{of}: {} {}", text(1), request.uri());
        tokio::time::sleep(PAUSE).await;
        let answer = transport.send(request).await.expect("an answer");
        let said = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(
            answer.status().is_success(),
            "{shown}: {} {said}",
            answer.status()
        );
        for (name, place) in call.get(3).and_then(Value::as_object).into_iter().flatten() {
            let place = place.as_str().unwrap_or_default();
            let value = requests::read(answer.body(), place);
            let value = value.unwrap_or_else(|| panic!("{shown}: no {place} in {said}"));
            self.variables.insert(name.clone(), value);
        }
    }

    /// Waits until logs and indexes show everything.
    pub async fn settle(&self) {
        tokio::time::sleep(SETTLE).await;
    }

    fn observer(&self, journal: &Journal, faults: &FaultPlan) -> Box<dyn Observer> {
        let provider = &self.trial.scenario.provider;
        let inner = self.rehearsal.transport.clone();
        let inner = faults.layer(inner, provider.dialect(), Actor::Auditor);
        let transport = journal.layer(inner, provider.dialect(), Actor::Auditor, self.clock);
        let connection = Connection {
            transport,
            clock: self.clock,
            seed: self.trial.seed,
            run: self.run.clone(),
            credentials: Credentials::Rehearsal,
            directory: PathBuf::from("no-such-folder"),
            disk: Disk::over(Files::empty()),
            progress: ProgressSink::default(),
        };
        provider.observer(&self.trial.scenario.content, connection)
    }

    fn sources<'s>(&'s self, journal: &'s Journal) -> Sources<'s> {
        Sources {
            trial: &self.trial,
            run: &self.run,
            plan: self.plan.as_ref(),
            out: None,
            journal,
            ground_truth: None,
        }
    }

    /// Audits the account, under these faults: all of it, or the cells of one resource type.
    pub async fn audit(&self, faults: &FaultPlan, only: Option<&str>) -> Audited {
        // What the audit knows of the run's calls: all, or none where they are not seen.
        let is_seen = !self.trial.scenario.content.provisioner.is_external();
        let calls = if is_seen {
            self.own.calls()
        } else {
            Vec::new()
        };
        let journal = Journal::after(calls);
        let earlier = journal.len() as u64;
        let whole = self.observer(&journal, faults);
        let narrow = Narrow {
            whole: whole.as_ref(),
            only,
        };
        let inspector = ObserverInspector {
            sources: self.sources(&journal),
            account: &narrow,
        };
        let mut baseline = self.baseline.clone();
        if only.is_some() {
            // Coverage of one type is compared with itself.
            baseline.coverage.cells = 0;
            baseline.coverage.listed = u64::MAX;
        }
        let known = Known::between(Tier::Live, &baseline, false);
        let began = self.clock.elapsed();
        let outcome = audit(&inspector, &known, &mut Vec::new()).await;
        Audited {
            outcome,
            calls: journal.len() as u64 - earlier,
            seconds: self.clock.elapsed().saturating_sub(began).as_secs(),
        }
    }

    /// How many calls one inventory makes.
    pub async fn calls_of_an_inventory(&self) -> usize {
        let journal = Journal::default();
        let observer = self.observer(&journal, &FaultPlan::new(Vec::new()));
        kubeproof::audit::inventory::take(observer.as_ref()).await;
        journal.len()
    }

    /// The names of calls that an audit of one resource type makes.
    pub async fn calls_of(&self, only: &str) -> BTreeSet<String> {
        let journal = Journal::default();
        let whole = self.observer(&journal, &FaultPlan::new(Vec::new()));
        let narrow = Narrow {
            whole: whole.as_ref(),
            only: Some(only),
        };
        kubeproof::audit::inventory::take(&narrow).await;
        let calls = journal.calls().into_iter();
        calls.map(|call| call.signature.to_string()).collect()
    }

    /// What the account really has of an entry.
    pub fn truth(&self, entry: &Entry) -> Option<Resource> {
        let all = self.rehearsal.ground_truth.inventory();
        all.into_iter()
            .find(|one| self.is_it(entry, &one.resource_type, &one.id, one.name.as_deref()))
    }

    /// Whether this is what an entry made.
    pub fn is_it(&self, entry: &Entry, of_type: &str, id: &str, name: Option<&str>) -> bool {
        let is = requests::filled(&entry.is, &self.variables).to_ascii_lowercase();
        let id = id.to_ascii_lowercase();
        let is_id = id == is || id.ends_with(&format!("/{is}"));
        let is_name = name.is_some_and(|name| name.eq_ignore_ascii_case(&is));
        of_type == entry.resource_type && (is_id || is_name)
    }
}
