//! A live run, the readings of its bill, and the sweep after it, against an account of the second process.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use jiff::Timestamp;
use kubeproof::lifecycle;
use kubeproof::live;
use kubeproof::run_directory::{self, unfinished};
use kubeproof::runner::spending;
use kubeproof::scenario::{self, Scenario};
use kubeproof::settle;
use kubeproof::simulate::environment;
use kubeproof::sweep::account::{
    SweepListing, Sweeper, Swept, delete, list_and_plan, list_and_plan_expired,
};
use kubeproof::sweep::log::Log;
use kubeproof::trial::{Part, Trial};
use kubeproof::trial_context::account::Account as _;
use kubeproof::trial_context::progress::{Progress, Silent};
use kubeproof::trial_context::{RunOptions, TrialContext};
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::journal::Call;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::{AnyScenario, Tier};
use kubeproof_reports::record::Record;
use kubeproof_simkit::paced_clock;

use crate::network::{self, Network, Tamper};
use crate::second_process::Account;
use crate::variant::through;

/// Seconds of the run's clock in a second that a program waits.
const PACE: NonZeroU32 = NonZeroU32::new(120).unwrap();

/// A scenario, the account for it, and the folder of its runs.
pub struct Live<'a> {
    pub account: &'a Account,
    pub scenario: Scenario,
    pub out: &'a Path,
    /// The id of the account, as an allow-list names it.
    pub id: &'a str,
}

impl<'a> Live<'a> {
    /// The scenario of a file below `scenarios/`.
    pub fn new(account: &'a Account, file: &str, out: &'a Path, id: &'a str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let read = scenario::read::all(&[path.join(file)], &kubeproof::providers::shared());
        Self {
            account,
            scenario: read.expect("a scenario").remove(0),
            out,
            id,
        }
    }

    /// The date of the account.
    pub fn now(&self) -> Timestamp {
        network::date(self.account)
    }

    /// What the gate says to this budget, as `verify --tier live` asks it.
    pub fn gate(&self, budget: &str) -> Result<Vec<String>, String> {
        let mut environment = environment::own();
        let set = [
            (live::ACCOUNT_VARIABLE, self.id),
            (live::BUDGET_VARIABLE, budget),
        ];
        environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let permit = live::permit(&environment, true).map_err(|error| error.to_string())?;
        let providers: [&dyn Provider; 1] = [self.scenario.provider.as_ref()];
        live::check_accounts(&permit.accounts, &providers).map_err(|error| error.to_string())?;
        let trial = trial(self.scenario.clone());
        spending::check(&permit, &[trial]).map_err(|error| error.to_string())?;
        Ok(permit.accounts)
    }

    fn options(&self, accounts: Vec<String>) -> RunOptions {
        RunOptions {
            env_file: self.account.env_file.clone(),
            out: Some(self.out.to_owned()),
            accounts,
            ..RunOptions::quiet()
        }
    }

    /// Runs the main trial, and leaves its folder as `verify` does.
    pub fn run(&self, accounts: Vec<String>) -> Record {
        self.run_until(accounts, &Silent::shared(), Arc::default())
    }

    /// The same in a process that dies when the counter has come down to zero.
    pub fn run_until(
        &self,
        accounts: Vec<String>,
        progress: &Arc<dyn Progress>,
        dies: Arc<AtomicUsize>,
    ) -> Record {
        let start = half_past(self.now());
        let die = |network: Network| network.dying(dies);
        self.on(start, die, async |trial| {
            let options = self.options(accounts);
            let context = TrialContext::new(&trial, &options, progress, start).expect("a context");
            unfinished::announce(self.out, &trial, &context.run).expect("announced");
            let output = lifecycle::run(&context).await;
            let calls = context.journal.calls();
            run_directory::write_all(self.out, &output, &calls).expect("written");
            output.record
        })
    }

    /// Changes the scenario.
    pub fn change(&mut self, change: impl FnOnce(&mut AnyScenario)) {
        let mut content = self.scenario.content.as_ref().clone();
        change(&mut content);
        self.scenario.content = Arc::new(content);
    }

    /// Runs a trial whose provisioner is a program, on a paced clock: while the program waits, it goes faster. Returns its
    /// record and its journal.
    pub fn run_program(&self, accounts: Vec<String>, part: Part) -> (Record, Vec<Call>) {
        let start = half_past(self.now());
        let runtime = paced_clock::runtime().expect("a runtime");
        runtime.block_on(async {
            let network = Network::new(self.account, Clock::starting_at(start), None);
            let mut scenario = through(self.scenario.clone(), Arc::new(network));
            let mut content = scenario.content.as_ref().clone();
            content.limits = content.limits.at_scale(PACE.get());
            scenario.content = Arc::new(content);
            let trial = Trial {
                part,
                ..trial(scenario)
            };
            let options = self.options(accounts);
            let context = TrialContext::new(&trial, &options, &Silent::shared(), start);
            let mut context = context.expect("a context");
            context.pace = Some(PACE);
            unfinished::announce(self.out, &trial, &context.run).expect("announced");
            let output = lifecycle::run(&context).await;
            let calls = context.journal.calls();
            run_directory::write_all(self.out, &output, &calls).expect("written");
            (output.record, calls)
        })
    }

    /// Reads the bill of a run at this date, by its folder alone, and writes what that changes.
    pub fn settle(&self, run: &str, at: Timestamp, tamper: Option<Tamper>) -> Record {
        let folder = self.out.join(run);
        let intent = run_directory::read_intent(&folder).expect("an intent");
        let record = unfinished::of_folder(&folder).expect("readable");
        let mut record = record.expect("a record");
        let tampered = |mut network: Network| {
            network.tamper = tamper;
            network
        };
        self.on(at, tampered, async |trial| {
            let options = self.options(vec![self.id.to_owned()]);
            let (run, progress) = (intent.run.clone(), Silent::shared());
            let context = TrialContext::of_run(&trial, run, &options, &progress, at);
            let context = context.expect("a context");
            let biller = context.observer(Actor::Biller);
            let allowed = [self.id.to_owned()];
            let account = live::in_allowed_account(biller.as_ref(), &allowed).await;
            assert_eq!(account.as_ref().ok(), intent.account.as_ref());
            let budget = trial.scenario.content.cost.budget_usd.0;
            let of = (biller.as_ref(), &intent.run);
            settle::read_again(&mut record, of, budget, context.clock, |text| text).await;
            run_directory::write_record(&folder, &record).expect("written");
        });
        record
    }

    /// Sweeps what a run has left, by its folder, as `sweep RUN --delete` does; returns what was planned, and what is left.
    pub fn sweep_run(&self, run: &str, at: Timestamp) -> (SweepListing, SweepListing) {
        let folder = self.out.join(run);
        let intent = run_directory::read_intent(&folder).expect("an intent");
        self.on(
            at,
            |network| network,
            async |trial| {
                let options = self.options(vec![self.id.to_owned()]);
                let (run, progress) = (intent.run.clone(), Silent::shared());
                let context = TrialContext::of_run(&trial, run, &options, &progress, at);
                let context = context.expect("a context");
                let account = context.observer(Actor::Provisioner);
                let of_run = Swept {
                    account: account.as_ref(),
                    naming: context.plan.as_ref(),
                    intent: &intent,
                    scopes: &[],
                    out: Some(self.out),
                };
                let list = async || list_and_plan(of_run).await;
                sweep(&context, account.as_ref(), list, &folder).await
            },
        )
    }

    /// Sweeps what expired runs have left at this date, without the folder of any run; returns what was planned, and
    /// what is left.
    pub fn sweep_expired(&self, at: Timestamp) -> (SweepListing, SweepListing) {
        let folder = tempfile::tempdir().expect("a folder");
        self.on(
            at,
            |network| network,
            async |trial| {
                let options = RunOptions {
                    out: None,
                    ..self.options(vec![self.id.to_owned()])
                };
                let context = TrialContext::new(&trial, &options, &Silent::shared(), at);
                let context = context.expect("a context");
                let account = context.observer(Actor::Provisioner);
                let naming = context.plan.as_ref() as &dyn Naming;
                let list = async || {
                    list_and_plan_expired((account.as_ref(), naming), &[], context.clock.now())
                        .await
                };
                sweep(&context, account.as_ref(), list, folder.path()).await
            },
        )
    }

    /// Does this with the trial, on a paused clock at this date, over the network to the account.
    fn on<T>(
        &self,
        at: Timestamp,
        change: impl FnOnce(Network) -> Network,
        work: impl AsyncFnOnce(Trial) -> T,
    ) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let network = change(Network::new(self.account, Clock::starting_at(at), None));
            let scenario = through(self.scenario.clone(), Arc::new(network));
            work(trial(scenario)).await
        })
    }
}

/// Deletes what is planned to be; returns what was planned, and what is left.
async fn sweep(
    context: &TrialContext<'_>,
    account: &dyn Observer,
    list: impl AsyncFn() -> SweepListing,
    folder: &Path,
) -> (SweepListing, SweepListing) {
    let (planned, deleter) = (list().await, context.deleter());
    let sweeper = Sweeper {
        account,
        naming: context.plan.as_ref(),
        deleter: deleter.as_ref(),
        clock: context.clock,
        say: &|_| (),
    };
    let mut log = Log::open(folder).expect("a log");
    let left = delete(&sweeper, list, planned.clone(), &mut log).await;
    (planned, left.expect("a log"))
}

/// Half past the next hour: what is billed by clock hours is the same whenever the tests run.
fn half_past(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    let hour = second - second.rem_euclid(3600) + 3600;
    Timestamp::from_second(hour + 1800).expect("a date")
}

fn trial(scenario: Scenario) -> Trial {
    Trial {
        scenario,
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Live,
        seed: 1,
    }
}
