//! The phase that proves execution: a job on the cluster, with leftovers when the scenario says so.
//!
//! Apart from the cluster's checks because it changes things in the cluster, as a user would. It
//! reaches the cluster by way of the observer, never through what the provisioner handed over.

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

use super::attempt::under;
use super::book::Book;
use super::stage::Stage;

/// The row of the checklist that this phase decides.
const ROW: &str = "job.execution";
/// What the row must show.
const TITLE: &str =
    "a Job prints the scenario's text plus a nonce that only this run knows, exit 0";
/// How often the job is tried, each time with a fresh token.
const ATTEMPTS_MAX: usize = 3;
/// Pause before the next try.
const PAUSE: Duration = Duration::from_secs(30);
/// What an attempt may take beside the job itself: making and removing its name space.
const AROUND_JOB: Duration = Duration::from_secs(20 * 60);
/// How long service and volume may take to appear in the cloud.
const LEFTOVERS_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Runs the job where the trial forces it to fail: it must fail, and in words.
pub async fn must_fail(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    let begun = book.begin("run_job_struck");
    match one(stage, 0).await {
        Ok(message) if !under(stage).forced => {
            let message = format!("{message}, and nothing was forced");
            book.end(begun, Verdict::Unknown, message);
        }
        Ok(message) => {
            let message = format!("the job succeeded though its failure was forced: {message}");
            book.end_judged(begun, Verdict::Fail, message);
        }
        Err(problem) => book.end(begun, Verdict::Pass, format!("{problem} (as forced)")),
    }
}

/// Scales a workload up and down, when the scenario asks for it.
pub async fn scale(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    let Some(to) = stage.scenario().job.scale_to else {
        return;
    };
    let begun = book.begin("scale");
    let order = ScaleOrder {
        name: "kubeproof-workload".to_owned(),
        namespace: stage.run.name("scale"),
        image: image(stage),
        from: 1,
        to,
        timeout: Duration::from_secs(u64::from(stage.scenario().job.timeout_seconds)),
        labels: labels(stage),
    };
    let work = async {
        let client = connected(stage).await?;
        scale::prove(&client, &order)
            .await
            .map_err(|error| error.to_string())
    };
    match tokio::time::timeout(order.timeout * 3 + AROUND_JOB, work).await {
        Ok(Ok(proof)) => book.end(begun, Verdict::Pass, scaled(&proof)),
        Ok(Err(problem)) => book.end_judged(begun, Verdict::Fail, problem),
        Err(_) => book.end_judged(begun, Verdict::Fail, "it did not end"),
    }
}

/// The image of job and workload: the scenario's, else the surroundings', else the default one.
fn image(stage: &Stage<'_>) -> Option<String> {
    let of_scenario = stage.scenario().job.image.clone();
    of_scenario.or_else(|| stage.job_image.clone())
}

/// A client with access of its own, by way of the observer.
async fn connected(stage: &Stage<'_>) -> Result<Client, String> {
    let workload = stage.account(Actor::Workload);
    let access = workload
        .kubernetes(&stage.run)
        .await
        .map_err(|error| error.to_string())?;
    client(&access, stage.transport(Actor::Workload)).map_err(|error| error.to_string())
}

/// Runs the job and writes its row.
pub async fn run_job(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    let begun = book.begin("run_job");
    let mut tries = Vec::new();
    for number in 1..=ATTEMPTS_MAX {
        match one(stage, number).await {
            Ok(message) => {
                book.checks
                    .push(Check::new(ROW, TITLE, Verdict::Pass, message.clone()));
                book.end(begun, Verdict::Pass, message);
                return;
            }
            Err(problem) => tries.push(format!("try {number}: {problem}")),
        }
        if stage.stop.asked() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let message = tries.join("; ");
    book.checks
        .push(Check::new(ROW, TITLE, Verdict::Fail, message.clone()));
    book.end_judged(begun, Verdict::Fail, message);
}

/// One try, with access of its own: a token lives for minutes only.
async fn one(stage: &Stage<'_>, number: usize) -> Result<String, String> {
    let job = &stage.scenario().job;
    let limit = Duration::from_secs(u64::from(job.timeout_seconds));
    let work = async {
        let client = connected(stage).await?;
        let mut made = String::new();
        if job.with_leftovers {
            let space = stage.run.name("left");
            leftovers::create(&client, &space, &labels(stage))
                .await
                .map_err(|error| error.to_string())?;
            "; a load balancer and a volume were left for teardown".clone_into(&mut made);
        }
        let order = order(stage, number, limit);
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
fn labels(stage: &Stage<'_>) -> BTreeMap<String, String> {
    BTreeMap::from([("kubeproof.dev/run".to_owned(), stage.run.id.clone())])
}

fn order(stage: &Stage<'_>, number: usize, timeout: Duration) -> JobOrder {
    let run = &stage.run;
    // Known to this run only: live, the start counts nanoseconds.
    let secret = format!(
        "{}|{}|{}|{number}",
        run.id, run.started_at, stage.trial.seed
    );
    JobOrder {
        name: "kubeproof-proof".to_owned(),
        namespace: format!("{}-{number}", run.name("job")),
        image: image(stage),
        print: stage.scenario().job.print.clone(),
        gpus: stage.scenario().job.gpus,
        nonce: digest(secret.as_bytes()),
        timeout,
        labels: labels(stage),
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
