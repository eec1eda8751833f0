//! All cases on a real cluster: the one of the kubeconfig that `KUBEPROOF_CONFORMANCE_KUBECONFIG`
//! names. Without it each trial is reported as ignored.
//!
//! `KUBEPROOF_CONFORMANCE_IMAGE` names the image, which must have a shell.

#[path = "cluster/schema.rs"]
mod schema;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::https::Https;
use kubeproof_kubernetes::kubeconfig;
use kubeproof_kubernetes_conformance::{CASES, Case, Target, run_case};
use libtest_mimic::{Arguments, Failed, Trial};

const KUBECONFIG: &str = "KUBEPROOF_CONFORMANCE_KUBECONFIG";
const IMAGE: &str = "KUBEPROOF_CONFORMANCE_IMAGE";
/// An image of the Kubernetes project, for clusters that reach its registry.
const DEFAULT_IMAGE: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
/// The trial that is not a case.
const SCHEMA: &str = "schema::the_simulators_schema_is_that_of_the_cluster";
/// Cases that run in parallel: they mostly wait.
const AT_ONCE: usize = 8;

/// Runs something with a target in a runtime of its own.
fn with_target<F>(
    text: &str,
    image: &str,
    prefix: &str,
    work: impl FnOnce(Target) -> F,
) -> Result<(), Failed>
where
    F: Future<Output = Result<(), String>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let access = kubeconfig::access(text)?;
        let https = Https::new(Duration::from_mins(1))?;
        let target = Target::new(access, Arc::new(https), image, prefix)?;
        work(target).await.map_err(Into::into)
    })
}

async fn run(target: Target, case: &Case) -> Result<(), String> {
    run_case(&target, case)
        .await
        .map_err(|finding| finding.to_string())
}

/// The trials on a cluster.
fn trials(text: &str, image: &str) -> Vec<Trial> {
    // The process id keeps the namespaces of parallel runs apart.
    let prefix = format!("kp-conf-{}", std::process::id());
    let given = || (text.to_owned(), image.to_owned(), prefix.clone());
    let mut trials: Vec<Trial> = CASES
        .iter()
        .map(|case| {
            let (text, image, prefix) = given();
            Trial::test(case.name, move || {
                with_target(&text, &image, &prefix, |target| run(target, case))
            })
        })
        .collect();
    let (text, image, prefix) = given();
    trials.push(Trial::test(SCHEMA, move || {
        with_target(&text, &image, &prefix, |target| async move {
            schema::check(&target.client).await
        })
    }));
    trials
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let image = std::env::var(IMAGE).unwrap_or_else(|_| DEFAULT_IMAGE.to_owned());
    let trials = match std::env::var(KUBECONFIG) {
        Err(_) => CASES
            .iter()
            .map(|case| case.name)
            .chain([SCHEMA])
            .map(|name| {
                let name = format!("{name} (no cluster: {KUBECONFIG} is not set)");
                Trial::test(name, || Ok(())).with_ignored_flag(true)
            })
            .collect(),
        Ok(path) => match std::fs::read_to_string(&path) {
            Err(error) => {
                eprintln!("{KUBECONFIG} names {path}, which cannot be read: {error}");
                return ExitCode::FAILURE;
            }
            Ok(text) => trials(&text, &image),
        },
    };
    arguments.test_threads.get_or_insert(AT_ONCE);
    libtest_mimic::run(&arguments, trials).exit_code()
}
