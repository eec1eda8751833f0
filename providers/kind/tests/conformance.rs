//! The Kubernetes cases on a real cluster that our own provisioner makes and removes: the reference for the simulated
//! API server.
//!
//! Runs when `KUBEPROOF_TIERS` names kind; it fails when kind is asked for but not available.
//!
//! tidy: real time (the cluster is real).

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::https::Https;
use kubeproof_contract::provider::{Connection, Credentials, LiveAccess as _, ProgressSink};
use kubeproof_contract::provisioner::{KubernetesAccess, Provisioner as _};
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::Tier;
use kubeproof_kind::engine::transport::DockerTransport;
use kubeproof_kind::provider::Kind;
use kubeproof_kind::provisioner::KindProvisioner;
use kubeproof_kind::spec::KindSpec;
use kubeproof_kubernetes_conformance::{CASES, Case, Target, run_case};
use libtest_mimic::{Arguments, Trial};

/// Names the tiers that run.
const TIERS: &str = "KUBEPROOF_TIERS";
/// Names the image of jobs where the default one cannot be pulled.
const IMAGE: &str = "KUBEPROOF_JOB_IMAGE";
/// An image of the Kubernetes project, for clusters that reach its registry.
const DEFAULT_IMAGE: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
/// Cases that run concurrently; they mostly wait.
const AT_ONCE: usize = 8;
/// How long anything that a case waits for may take. Generous, because two cores with other builds on them are slow;
/// a case that is done earlier ends earlier.
const WAIT_LIMIT: Duration = Duration::from_mins(4);
/// The longest that one request may take.
const REQUEST_LIMIT: Duration = Duration::from_mins(1);

/// The cluster of this process, made by the first case that needs it.
static CLUSTER: OnceLock<Result<KubernetesAccess, String>> = OnceLock::new();

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let asked = std::env::var(TIERS).unwrap_or_default();
    let asked = asked.split(',').any(|tier| tier.trim() == "kind");
    let kind = if asked {
        "kind".to_owned()
    } else {
        format!("kind: not in {TIERS}")
    };
    let run = run();
    let trials = CASES
        .iter()
        .map(|case| {
            let run = run.clone();
            Trial::test(format!("kind::{}", case.name), move || {
                judge(&run, case).map_err(Into::into)
            })
            .with_kind(kind.clone())
            .with_ignored_flag(!asked)
        })
        .collect();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let conclusion = libtest_mimic::run(&arguments, trials);
    if CLUSTER.get().is_some()
        && let Err(problem) = torn_down(&run)
    {
        eprintln!("the cluster of these tests may be left: {problem}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

fn run() -> Run {
    let now = Timestamp::now();
    let id = format!(
        "c{}-{}",
        now.strftime("%y%m%d%H%M%S"),
        std::process::id() % 10_000
    );
    Run::new(id, "conformance", now)
}

fn judge(run: &Run, case: &Case) -> Result<(), String> {
    let access = CLUSTER.get_or_init(|| made(run)).clone()?;
    let image = std::env::var(IMAGE).unwrap_or_else(|_| DEFAULT_IMAGE.to_owned());
    runtime()?.block_on(async {
        let https = Https::new(REQUEST_LIMIT).map_err(|error| error.to_string())?;
        let mut target = Target::new(access, Arc::new(https), &image, "kp-conf")
            .map_err(|error| error.to_string())?;
        target.limit = WAIT_LIMIT;
        let judged = run_case(&target, case).await;
        judged.map_err(|finding| finding.to_string())
    })
}

fn made(run: &Run) -> Result<KubernetesAccess, String> {
    Kind.readiness(Tier::Kind, Path::new(".env"))
        .map_err(|error| error.to_string())?;
    runtime()?.block_on(async {
        let provisioned = provisioner(run)?.provision().await;
        let access = provisioned.map_err(|error| error.to_string())?.access;
        access.map_err(|error| error.to_string())
    })
}

fn torn_down(run: &Run) -> Result<(), String> {
    runtime()?.block_on(async {
        let torn_down = provisioner(run)?.teardown().await;
        torn_down.map_err(|error| error.to_string())
    })
}

fn provisioner(run: &Run) -> Result<KindProvisioner, String> {
    let https = Https::new(REQUEST_LIMIT).map_err(|error| error.to_string())?;
    let connection = Connection {
        transport: Arc::new(DockerTransport::new(Arc::new(https))),
        clock: Clock::starting_at(Timestamp::now()),
        seed: 1,
        run: run.clone(),
        credentials: Credentials::Documented {
            env_file: ".env".into(),
        },
        directory: std::env::temp_dir().join("kubeproof").join(&run.id),
        disk: kubeproof_contract::disk::Disk::unwatched(),
        progress: ProgressSink::default(),
    };
    Ok(KindProvisioner::new(KindSpec::default(), connection))
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
}
