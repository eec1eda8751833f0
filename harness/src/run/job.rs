//! The phase that proves execution: a job on the cluster, with leftovers when the scenario says so.
//!
//! Apart from the cluster's checks because it changes things in the cluster, as a user would. It
//! reaches the cluster by way of the observer, never through what the provisioner handed over.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::journal::digest;
use kubeproof_kubernetes::client::client;
use kubeproof_kubernetes::job::{self, JobOrder, JobProof};
use kubeproof_kubernetes::leftovers;

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
        let workload = stage.account(Actor::Workload);
        let access = workload
            .kubernetes(&stage.run)
            .await
            .map_err(|error| error.to_string())?;
        let client =
            client(&access, stage.transport(Actor::Workload)).map_err(|error| error.to_string())?;
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
        print: stage.scenario().job.print.clone(),
        nonce: digest(secret.as_bytes()),
        timeout,
        labels: labels(stage),
    }
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
