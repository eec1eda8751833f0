//! Our own provisioner and observer over real sockets against moto's server, an independent emulator.
//!
//! The same lifecycle (list, provision, list, tear down, list) runs in moto and in our simulator, and every difference
//! must be in `providers/aws/simulator/CONFORMANCE.md`, which says for each which one is right. moto has no Kubernetes
//! API server, so its lifecycle ends where Ready nodes are expected.
//!
//! tidy: real time (moto has no clock that can be advanced).

mod transport;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof::audit::compare::new_resources;
use kubeproof::audit::inventory::{Inventory, take};
use kubeproof_aws::provider::Aws;
use kubeproof_contract::call::Actor;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::https::Https;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::process::Programs;
use kubeproof_contract::provider::{
    Connection, Credentials, ProgressSink, Provider as _, ProviderParts as _, Simulated as _,
};
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::AnyScenario;
use kubeproof_contract::transport::SharedTransport;
use kubeproof_simkit::paced_clock::{self, PacedClock};

use self::transport::MotoTransport;
use crate::run::server::Server;
use crate::table::Seen;

/// moto's resources are ready immediately: only our own pauses are shortened.
const SCALE: u32 = 10;
/// How long the simulator gets to remove what it deletes with a delay; moto deletes nothing with a delay.
const LATE: Duration = Duration::from_mins(10);

/// The error that ends the lifecycle in moto: its certificate authority is not one, and it has no API server.
const STOPPED: &str = "make a kubeconfig: the certificate authority of cluster `kp-moto`";
/// The document that lists the differences.
const LIST: &str = "providers/aws/simulator/CONFORMANCE.md";
/// The journal's error for a call that took too long.
const NO_ANSWER: &str = "no answer";

/// Observed values by name.
type Observations = BTreeMap<String, String>;

/// The result of one lifecycle.
struct Lifespan {
    /// Why provisioning stopped, if it did.
    stopped: Option<String>,
    /// Why teardown failed, if it did.
    stuck: Option<String>,
    /// What was made and left, and which calls were accepted and refused.
    seen: Observations,
}

pub fn lifecycle(program: &str, _seen: &Seen) -> Result<(), String> {
    let server = Server::start(program, &[("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")])?;
    let there = there(&server.address)?;
    let ours = ours()?;
    if let Some(problem) = there.stuck.or(ours.stopped).or(ours.stuck) {
        return Err(problem);
    }
    let seen = differences(&there.seen, &ours.seen);
    let listed = listed()?;
    let words = |lines: Vec<&String>| {
        let lines: Vec<&str> = lines.into_iter().map(String::as_str).collect();
        lines.join("\n")
    };
    if there
        .stopped
        .as_deref()
        .is_none_or(|it| !it.starts_with(STOPPED))
    {
        return Err(format!("expected `{STOPPED}`, got {:?}", there.stopped));
    }
    if seen == listed {
        return Ok(());
    }
    Err(format!(
        "{LIST} is out of date\nnot listed:\n{}\nno longer:\n{}",
        words(seen.difference(&listed).collect()),
        words(listed.difference(&seen).collect())
    ))
}

/// Everything that differs between the two lifecycles, as text.
fn differences(there: &Observations, ours: &Observations) -> BTreeSet<String> {
    let names: BTreeSet<&String> = there.keys().chain(ours.keys()).collect();
    let none = "no".to_owned();
    let word = |all: &Observations, name: &String| all.get(name).unwrap_or(&none).clone();
    names
        .into_iter()
        .map(|name| (name, word(there, name), word(ours, name)))
        .filter(|(_, there, ours)| there != ours)
        .map(|(name, there, ours)| format!("{name}: moto {there}, ours {ours}"))
        .collect()
}

/// The differences in the first column of the list's tables.
fn listed() -> Result<BTreeSet<String>, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(LIST);
    let text = std::fs::read_to_string(path).map_err(|error| format!("{LIST}: {error}"))?;
    let cells = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split("` |").next());
    Ok(cells.map(str::to_owned).collect())
}

fn scenario() -> Result<AnyScenario, String> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/aws/two-zones.yaml"
    );
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    Aws.read(&text).map_err(|error| error.message)
}

fn there(address: &str) -> Result<Lifespan, String> {
    let https = Https::new(Duration::from_mins(1) * SCALE).map_err(|error| error.to_string())?;
    let transport = MotoTransport::new(https, address)?;
    let runtime = paced_clock::runtime().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let _pace = PacedClock::keep(
            NonZeroU32::new(SCALE).unwrap_or(NonZeroU32::MIN),
            &Programs::default(),
        );
        let clock = Clock::starting_at(Timestamp::now());
        run_lifecycle(&scenario()?, Arc::new(transport), clock, Duration::ZERO).await
    })
}

fn ours() -> Result<Lifespan, String> {
    let runtime = paced_clock::runtime().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let scenario = scenario()?;
        let clock = Clock::starting_at(Timestamp::now());
        let rehearsal = Aws.rehearse(&scenario, clock, 1).ok_or("no simulator")?;
        run_lifecycle(&scenario, rehearsal.transport, clock, LATE).await
    })
}

async fn run_lifecycle(
    scenario: &AnyScenario,
    transport: SharedTransport,
    clock: Clock,
    late: Duration,
) -> Result<Lifespan, String> {
    let journal = Journal::default();
    let connection = Connection {
        transport: journal.layer(transport, Aws.dialect(), Actor::Provisioner, clock),
        clock,
        seed: 1,
        run: Run::new("moto", "tests", clock.now()),
        credentials: Credentials::Rehearsal,
        directory: std::path::PathBuf::new(),
        disk: kubeproof_contract::disk::Disk::unwatched(),
        progress: ProgressSink::default(),
    };
    let account = Aws.observer(scenario, connection.clone());
    account.preflight().await;
    let before = take(account.as_ref()).await;
    let provisioned = Aws
        .provisioner(scenario, connection.clone())
        .provision()
        .await;
    let during = take(account.as_ref()).await;
    let torn = Aws.provisioner(scenario, connection).teardown().await;
    tokio::time::sleep(late).await;
    let after = take(account.as_ref()).await;
    let mut seen = Observations::new();
    for (when, now) in [("made", &during), ("left", &after)] {
        for (resource_type, number) in count(&before, now) {
            seen.insert(format!("{when} {resource_type}"), number.to_string());
        }
    }
    for cell in &before.coverage.failed {
        let name = cell.split(' ').next().unwrap_or_default();
        seen.insert(format!("cannot list {name}"), "yes".to_owned());
    }
    for call in journal.calls() {
        let name = &call.signature;
        // Not every refusal has an error code: some are web pages.
        let status = call.status.filter(|status| *status >= 400);
        let code = call.error.or_else(|| Some(status?.to_string()));
        match code {
            None if name.mutating => seen.insert(format!("accepted {name}"), "yes".to_owned()),
            // The machine was busy: the call was repeated.
            Some(code) if code != NO_ANSWER => {
                seen.insert(format!("refused {name} {code}"), "yes".to_owned())
            }
            _ => None,
        };
    }
    Ok(Lifespan {
        stopped: provisioned.err().map(|error| error.message),
        stuck: torn.err().map(|error| error.message),
        seen,
    })
}

fn count(before: &Inventory, after: &Inventory) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for resource in new_resources(&before.resources, &after.resources) {
        *counts.entry(resource.resource_type).or_default() += 1;
    }
    counts
}
