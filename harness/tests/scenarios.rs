//! Each trial of each scenario file as its own test: `aws/two-zones::lifecycle`.
//!
//! `KUBEPROOF_TIERS` names the tiers that run (default `rehearsal`); the trials of the others are shown as ignored.

#[path = "support/threads.rs"]
mod threads;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};

use kubeproof::providers;
use kubeproof::runner::{self, readiness, spending};
use kubeproof::trial::plan::{CLIENTS, Choice, clients_of, plan};
use kubeproof::trial::{Part, Trial};
use kubeproof::trial_context::progress::Silent;
use kubeproof::trial_context::{JOB_IMAGE_VARIABLE, RunOptions};
use kubeproof::{live, scenario};
use kubeproof_contract::check::Verdict;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Record;
use libtest_mimic::{Arguments, Failed};

/// Names the tiers that run.
const TIERS: &str = "KUBEPROOF_TIERS";
const ALL_TIERS: [Tier; 3] = [Tier::Rehearsal, Tier::Kind, Tier::Live];
/// Confirms live trials, as the option does on the command line.
const CONFIRM: &str = "KUBEPROOF_LIVE_CONFIRM";

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    threads::for_waiting_tests(&mut arguments);
    // Paths are relative to the root of the repository, as a user gives them, also in replay commands.
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entered = std::env::set_current_dir(&top);
    let mut tests = match entered
        .map_err(|error| error.to_string())
        .and_then(|()| found(&arguments))
    {
        Ok(tests) => tests,
        Err(problem) => vec![failing("scenarios", problem)],
    };
    tests.extend(impossible_tiers());
    tests.push(libtest_mimic::Trial::test(
        "a_requested_tier_fails_if_it_cannot_run_and_other_tiers_are_ignored",
        requested_tier_cannot_run,
    ));
    tests.push(libtest_mimic::Trial::test(
        "live_trials_of_one_invocation_are_added_up_before_the_first_call",
        added_up,
    ));
    libtest_mimic::run(&arguments, tests).exit_code()
}

/// The requested tiers.
fn asked() -> Vec<String> {
    let tiers = std::env::var(TIERS).unwrap_or_else(|_| "rehearsal".to_owned());
    let tiers = tiers
        .split(',')
        .map(str::trim)
        .filter(|tier| !tier.is_empty());
    tiers.map(str::to_owned).collect()
}

/// A requested tier that is unknown is a failure; it is never ignored silently.
fn impossible_tiers() -> Vec<libtest_mimic::Trial> {
    let known = |tier: &str| ALL_TIERS.iter().any(|known| known.to_string() == tier);
    asked()
        .into_iter()
        .filter(|tier| !known(tier))
        .map(|tier| {
            let message =
                format!("{TIERS}: unknown tier `{tier}` (expected rehearsal, kind or live)");
            failing(&format!("tier {tier}"), message)
        })
        .collect()
}

/// Runs this program again for one trial of the tier kind, without an engine.
fn requested_tier_cannot_run() -> Result<(), Failed> {
    let again = |tiers: &str| -> Result<(bool, String), Failed> {
        let output = Command::new(std::env::current_exe()?)
            .args(["--exact", "kind/two-nodes::lifecycle"])
            .env(TIERS, tiers)
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((output.status.success(), said))
    };
    let (passed, said) = again("rehearsal,kind")?;
    if passed || !said.contains("/nowhere/docker.sock does not answer") {
        return Err(format!("requested, it passed ({passed}):\n{said}").into());
    }
    let (passed, said) = again("rehearsal")?;
    if !passed || !said.contains("1 ignored") {
        return Err(format!("not requested, it was not ignored:\n{said}").into());
    }
    Ok(())
}

/// Runs this program again for all six live trials of one scenario, with a budget that each of them fits alone, but not
/// all together.
fn added_up() -> Result<(), Failed> {
    let output = Command::new(std::env::current_exe()?)
        .arg("live aws/two-zones::")
        .env(TIERS, "live")
        .env(CONFIRM, "yes-spend-money")
        .env(live::ACCOUNT_VARIABLE, "123456789012")
        .env(live::BUDGET_VARIABLE, "2")
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() || !said.contains("6 trials may cost $") {
        return Err(format!("six live trials went through a budget of $2:\n{said}").into());
    }
    Ok(())
}

fn failing(name: &str, message: String) -> libtest_mimic::Trial {
    libtest_mimic::Trial::test(name, move || Err(Failed::from(message)))
}

/// One test for each trial of each scenario in each of its tiers. Only the files are read here; a
/// trial runs when its test does.
fn found(arguments: &Arguments) -> Result<Vec<libtest_mimic::Trial>, String> {
    let scenarios = scenario::read::all(&[PathBuf::from("scenarios")], &providers::shared())
        .map_err(|all| {
            all.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        })?;
    let asked = asked();
    let mut tests = Vec::new();
    for tier in ALL_TIERS {
        let choice = Choice {
            tier,
            providers: Vec::new(),
            seed: 1,
            faults: Vec::new(),
            only: Vec::new(),
            clients: None,
        };
        // A tier that no scenario names has no tests.
        let Ok(plan) = plan(&scenarios, &choice) else {
            continue;
        };
        let runs = asked.contains(&tier.to_string());
        // The maximum cost of all live trials in this invocation is added up before the first one.
        let live: Vec<Trial> = match tier {
            Tier::Live if runs => plan
                .trials
                .iter()
                .filter(|trial| is_chosen(arguments, &name_of(trial)))
                .cloned()
                .collect(),
            _ => Vec::new(),
        };
        let permit: Permitted = Arc::new(OnceLock::new());
        let live = Arc::new(live);
        tests.extend(
            plan.trials
                .into_iter()
                .map(|trial| test(trial, runs, &permit, &live)),
        );
    }
    Ok(tests)
}

/// The accounts in which live trials may run, or why none may: determined once for all of them.
type Permitted = Arc<OnceLock<Result<Vec<String>, String>>>;

/// Whether the arguments select the test of this name, by libtest's rules.
fn is_chosen(arguments: &Arguments, name: &str) -> bool {
    let matches = |filter: &String| {
        if arguments.exact {
            name == filter
        } else {
            name.contains(filter.as_str())
        }
    };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

/// Checks whether all live trials together may run; returns the permitted accounts.
fn permitted(trials: &[Trial]) -> Result<Vec<String>, String> {
    let environment = kubeproof::simulate::environment::own();
    let confirmed = std::env::var(CONFIRM).is_ok_and(|value| value == "yes-spend-money");
    let permit = live::permit(&environment, confirmed).map_err(|error| error.to_string())?;
    let clouds: Vec<&dyn Provider> = trials
        .iter()
        .map(|trial| trial.scenario.provider.as_ref())
        .collect();
    live::check_accounts(&permit.accounts, &clouds).map_err(|error| error.to_string())?;
    spending::check(&permit, trials).map_err(|error| error.to_string())?;
    Ok(permit.accounts)
}

/// The name of the test of a trial.
fn name_of(trial: &Trial) -> String {
    let part = match &trial.part {
        // A plan made from scenarios has no campaigns.
        Part::Lifecycle(_) | Part::Campaign(..) => "lifecycle".to_owned(),
        Part::Failure(..) => trial
            .name()
            .split('/')
            .next_back()
            .unwrap_or_default()
            .to_owned(),
    };
    let prefix = match trial.tier {
        Tier::Live => "live ",
        Tier::Rehearsal | Tier::Kind => "",
    };
    let provider = trial.scenario.provider.name();
    format!("{prefix}{provider}/{}::{part}", trial.scenario.name())
}

fn test(
    trial: Trial,
    runs: bool,
    permit: &Permitted,
    live: &Arc<Vec<Trial>>,
) -> libtest_mimic::Trial {
    let name = name_of(&trial);
    let client = trial.scenario.content.provisioner.client();
    let clients = clients_of(&std::env::var(CLIENTS).unwrap_or_default());
    let without = client.filter(|client| !clients.iter().any(|name| name == client));
    let runs = runs && without.is_none();
    let reason = if let Some(client) = without {
        format!("{client}: not in {CLIENTS}")
    } else if runs {
        trial.tier.to_string()
    } else {
        format!("{}: not in {TIERS}", trial.tier)
    };
    let (permit, live) = (Arc::clone(permit), Arc::clone(live));
    libtest_mimic::Trial::test(name, move || {
        run(&trial, &|| permit.get_or_init(|| permitted(&live)).clone())
    })
    .with_kind(reason)
    .with_ignored_flag(!runs)
}

/// Held by the running live trial.
static LIVE: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn run(trial: &Trial, permitted: &dyn Fn() -> Result<Vec<String>, String>) -> Result<(), Failed> {
    let mut options = RunOptions::quiet();
    // External programs write files. What they need was requested, so it must be installed.
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let is_external = trial.scenario.content.provisioner.is_external();
    if is_external {
        options.out = Some(folder.path().to_owned());
    }
    if trial.tier == Tier::Kind {
        // A requested tier that cannot run is a failure: it must not look as if it had been tested.
        let provider = &trial.scenario.provider;
        provider
            .readiness(trial.tier, Path::new(".env"))
            .map_err(|error| error.to_string())?;
        options.job_image = std::env::var(JOB_IMAGE_VARIABLE).ok();
        options.out = Some(PathBuf::from("kubeproof-runs"));
    }
    if trial.tier == Tier::Live {
        options.accounts = permitted().map_err(Failed::from)?;
        options.out = Some(PathBuf::from("kubeproof-runs"));
    }
    // One at a time in a real account: trials share its quotas and see each other's resources.
    let _one = (trial.tier == Tier::Live).then(|| lock(&LIVE));
    if is_external {
        readiness::of_programs(trial, &options).map_err(Failed::from)?;
    }
    let record =
        runner::run_one(trial, &options, &Silent::shared()).map_err(|error| error.to_string())?;
    match record.verdict {
        Verdict::Pass => Ok(()),
        // Everything that can be known now passed. The bill comes days later.
        Verdict::Pending if trial.tier == Tier::Live => {
            let run = &record.run_id;
            eprintln!(
                "{}: pending: {}; `kubeproof settle {run}` finishes it",
                record.scenario, record.cost.message
            );
            Ok(())
        }
        _ => Err(Failed::from(why(&record))),
    }
}

fn why(record: &Record) -> String {
    let mut lines = vec![format!("{} is {}", record.scenario, record.verdict)];
    for phase in record
        .phases
        .iter()
        .filter(|phase| phase.verdict != Verdict::Pass)
    {
        lines.push(format!(
            "phase {}: {}: {}",
            phase.name, phase.verdict, phase.message
        ));
    }
    for finding in &record.findings {
        lines.push(format!("{}: {}", finding.oracle, finding.message));
        lines.push(format!("  replay: {}", finding.replay));
    }
    lines.join("\n")
}
