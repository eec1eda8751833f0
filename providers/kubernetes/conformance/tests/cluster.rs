//! All cases on a real cluster: the one of the kubeconfig that `KUBEPROOF_CONFORMANCE_KUBECONFIG`
//! names. Without it each trial shows as ignored.
//!
//! `KUBEPROOF_CONFORMANCE_IMAGE` names the image, which must have a shell.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::https::Https;
use kubeproof_kubernetes::kubeconfig;
use kubeproof_kubernetes_conformance::{Arm, CASES, Case, run_case};
use libtest_mimic::{Arguments, Trial};

const KUBECONFIG: &str = "KUBEPROOF_CONFORMANCE_KUBECONFIG";
const IMAGE: &str = "KUBEPROOF_CONFORMANCE_IMAGE";
/// An image of the Kubernetes project, for clusters that reach its registry.
const DEFAULT_IMAGE: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
/// Cases that run at once: they mostly wait.
const AT_ONCE: usize = 8;

fn run(text: &str, image: &str, prefix: &str, case: &Case) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let access = kubeconfig::access(text).map_err(|error| error.to_string())?;
        let https = Https::new(Duration::from_secs(60)).map_err(|error| error.to_string())?;
        let arm =
            Arm::new(access, Arc::new(https), image, prefix).map_err(|error| error.to_string())?;
        run_case(&arm, case)
            .await
            .map_err(|finding| finding.to_string())
    })
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let image = std::env::var(IMAGE).unwrap_or_else(|_| DEFAULT_IMAGE.to_owned());
    // Name spaces of this run are told from those of another by the process.
    let prefix = format!("kp-conf-{}", std::process::id());
    let trials = match std::env::var(KUBECONFIG) {
        Err(_) => CASES
            .iter()
            .map(|case| {
                let name = format!("{} (no cluster: {KUBECONFIG} is not set)", case.name);
                Trial::test(name, || Ok(())).with_ignored_flag(true)
            })
            .collect(),
        Ok(path) => match std::fs::read_to_string(&path) {
            Err(error) => {
                eprintln!("{KUBECONFIG} names {path}, which cannot be read: {error}");
                return ExitCode::FAILURE;
            }
            Ok(text) => CASES
                .iter()
                .map(|case| {
                    let (text, image, prefix) = (text.clone(), image.clone(), prefix.clone());
                    Trial::test(case.name, move || {
                        run(&text, &image, &prefix, case).map_err(Into::into)
                    })
                })
                .collect(),
        },
    };
    arguments.test_threads.get_or_insert(AT_ONCE);
    libtest_mimic::run(&arguments, trials).exit_code()
}
