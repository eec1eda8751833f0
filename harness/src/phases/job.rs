//! The phase that proves execution: a job on the cluster, with leftovers if the scenario asks for them.
//!
//! It changes things in the cluster, as a user would. It reaches the cluster through the observer, never through what
//! the provisioner handed over.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::journal::digest;
use kubeproof_kubernetes::Client;
use kubeproof_kubernetes::client::client;
use kubeproof_kubernetes::job::{self, JobOrder, JobProof};
use kubeproof_kubernetes::leftovers;
use kubeproof_kubernetes::scale::{self, ScaleOrder, ScaleProof};

use crate::phases::attempt::conditions;
use crate::recorder::Recorder;
use crate::trial_context::TrialContext;

/// The row of the checklist that this phase decides.
const ROW: &str = "job.execution";
/// What the row must show.
const TITLE: &str =
    "a Job prints the scenario's text plus a nonce that only this run knows, exit 0";
/// How often the job is tried, each time with a fresh token.
const ATTEMPTS_MAX: usize = 3;
/// Pause before the next try.
const PAUSE: Duration = Duration::from_secs(30);
/// What an attempt may take beside the job itself: creating and removing its namespace.
const AROUND_JOB: Duration = Duration::from_secs(20 * 60);
/// How long service and volume may take to appear in the cloud.
const LEFTOVERS_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Runs the job where the trial forces it to fail: it must fail with a message.
pub async fn must_fail(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    let phase = recorder.begin("run_job_struck");
    match one(context, 0).await {
        Ok(message) if !conditions(context).forced => {
            let message = format!("{message}, and nothing was forced");
            recorder.end(phase, Verdict::Unknown, message);
        }
        Ok(message) => {
            let message = format!("the job succeeded although its failure was forced: {message}");
            recorder.end_judged(phase, Verdict::Fail, message);
        }
        Err(problem) => recorder.end(phase, Verdict::Pass, format!("{problem} (as forced)")),
    }
}

/// Scales a workload up and down, when the scenario asks for it.
pub async fn scale(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    let Some(to) = context.scenario().job.scale_to else {
        return;
    };
    let phase = recorder.begin("scale");
    let order = ScaleOrder {
        name: "kubeproof-workload".to_owned(),
        namespace: context.run.name("scale"),
        image: image(context),
        from: 1,
        to,
        timeout: Duration::from_secs(u64::from(context.scenario().job.timeout_seconds)),
        labels: labels(context),
    };
    let work = async {
        let client = connected(context).await?;
        scale::prove(&client, &order)
            .await
            .map_err(|error| error.to_string())
    };
    match tokio::time::timeout(order.timeout * 3 + AROUND_JOB, work).await {
        Ok(Ok(proof)) => recorder.end(phase, Verdict::Pass, scaled(&proof)),
        Ok(Err(problem)) => recorder.end_judged(phase, Verdict::Fail, problem),
        Err(_) => recorder.end_judged(phase, Verdict::Fail, "it did not end"),
    }
}

/// The image of job and workload: from the scenario, the run options, or the default.
fn image(context: &TrialContext<'_>) -> Option<String> {
    let of_scenario = context.scenario().job.image.clone();
    of_scenario.or_else(|| context.job_image.clone())
}

/// A client with access of its own, through the observer.
async fn connected(context: &TrialContext<'_>) -> Result<Client, String> {
    let workload = context.observer(Actor::Workload);
    let access = workload
        .kubernetes(&context.run)
        .await
        .map_err(|error| error.to_string())?;
    client(&access, context.transport(Actor::Workload)).map_err(|error| error.to_string())
}

/// Runs the job and writes its row.
pub async fn run_job(recorder: &mut Recorder<'_, '_>, context: &TrialContext<'_>) {
    let phase = recorder.begin("run_job");
    let mut tries = Vec::new();
    for number in 1..=ATTEMPTS_MAX {
        match one(context, number).await {
            Ok(message) => {
                recorder
                    .checks
                    .push(Check::new(ROW, TITLE, Verdict::Pass, message.clone()));
                recorder.end(phase, Verdict::Pass, message);
                return;
            }
            Err(problem) => tries.push(format!("try {number}: {problem}")),
        }
        if context.cancel.is_cancelled() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let message = tries.join("; ");
    recorder
        .checks
        .push(Check::new(ROW, TITLE, Verdict::Fail, message.clone()));
    recorder.end_judged(phase, Verdict::Fail, message);
}

/// One try, with access of its own: tokens expire within minutes.
async fn one(context: &TrialContext<'_>, number: usize) -> Result<String, String> {
    let job = &context.scenario().job;
    let limit = Duration::from_secs(u64::from(job.timeout_seconds));
    let work = async {
        let client = connected(context).await?;
        let mut made = String::new();
        if job.with_leftovers {
            let space = context.run.name("left");
            leftovers::create(&client, &space, &labels(context))
                .await
                .map_err(|error| error.to_string())?;
            "; a load balancer and a volume were left for teardown".clone_into(&mut made);
        }
        let order = order(context, number, limit);
        let proof = job::run_job(&client, &order)
            .await
            .map_err(|error| error.to_string())?;
        Ok(format!("{}{made}", words(&proof)))
    };
    match tokio::time::timeout(limit + LEFTOVERS_LIMIT + AROUND_JOB, work).await {
        Ok(done) => done,
        Err(_) => Err("it did not end".to_owned()),
    }
}

/// The labels of all that the workload makes.
fn labels(context: &TrialContext<'_>) -> BTreeMap<String, String> {
    BTreeMap::from([("kubeproof.dev/run".to_owned(), context.run.id.clone())])
}

fn order(context: &TrialContext<'_>, number: usize, timeout: Duration) -> JobOrder {
    let run = &context.run;
    // Known to this run only: live, the start counts nanoseconds.
    let secret = format!(
        "{}|{}|{}|{number}",
        run.id, run.started_at, context.trial.seed
    );
    JobOrder {
        name: "kubeproof-proof".to_owned(),
        namespace: format!("{}-{number}", run.name("job")),
        image: image(context),
        print: context.scenario().job.print.clone(),
        gpus: context.scenario().job.gpus,
        nonce: digest(secret.as_bytes()),
        timeout,
        labels: labels(context),
    }
}

fn scaled(proof: &ScaleProof) -> String {
    format!(
        "{} pod ready after {} s, {} on {} nodes {} s after scaling, none {} s after scaling to zero",
        proof.before.len(),
        proof.start_seconds,
        proof.after.len(),
        proof.nodes().len(),
        proof.scale_seconds,
        proof.end_seconds
    )
}

fn words(proof: &JobProof) -> String {
    let output: Vec<&str> = proof.output.lines().collect();
    format!(
        "pod {} on {} printed \"{}\", exit {}, {} s",
        proof.pod,
        proof.node,
        output.join(" "),
        proof.exit_code,
        proof.seconds
    )
}
