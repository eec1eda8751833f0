//! The phase that proves execution: a job on the cluster, with leftovers if the scenario asks for them.
//!
//! It changes things in the cluster, as a user would. It reaches the cluster through the observer, never through what
//! the provisioner handed over.

use std::collections::BTreeMap;
use std::time::Duration;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::journal::digest;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::JobBlock;
use kubeproof_contract::workload::{
    JobOrder, JobProof, ScaleOrder, ScaleProof, Workload, WorkloadError,
};

use crate::recorder::phase_outcome::PhaseOutcome;
use crate::trial_context::account::Account;
use crate::trial_context::cancel::CancelToken;

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
const AROUND_JOB: Duration = Duration::from_mins(20);
/// How long service and volume may take to appear in the cloud.
const LEFTOVERS_LIMIT: Duration = Duration::from_mins(15);

/// Why the job did not run.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Workload(#[from] WorkloadError),
    #[error("it did not end")]
    NoEnd,
}

/// What the phase uses.
pub struct JobPhase<'a> {
    pub account: &'a dyn Account,
    pub run: &'a Run,
    pub job: &'a JobBlock,
    /// The image where the scenario names none; `None` is the default one.
    pub image: Option<&'a str>,
    pub seed: u64,
    pub cancel: &'a CancelToken,
}

/// Runs the job where the trial forces it to fail: it must fail with a message. `forced` is whether a fault has been
/// injected by then.
pub async fn must_fail(workload: &JobPhase<'_>, forced: impl Fn() -> bool) -> PhaseOutcome {
    let ended = one(workload, 0).await;
    forced_to_fail(ended, forced())
}

/// What the end of a job shows that is forced to fail. What failed without a fault, or was not even tried, shows nothing.
fn forced_to_fail(ended: Result<String, JobError>, forced: bool) -> PhaseOutcome {
    match ended {
        Ok(end) if !forced => {
            PhaseOutcome::new(Verdict::Unknown, format!("{end}, and nothing was forced"))
        }
        Ok(end) => {
            let message = format!("the job succeeded although its failure was forced: {end}");
            PhaseOutcome::judged(Verdict::Fail, message)
        }
        Err(problem) if !forced => {
            let message = format!("{problem}; it failed before anything was forced");
            PhaseOutcome::new(Verdict::Unknown, message)
        }
        Err(JobError::Workload(WorkloadError::Unsupported(why))) => {
            PhaseOutcome::new(Verdict::Unknown, why)
        }
        Err(problem) => PhaseOutcome::new(Verdict::Pass, format!("{problem} (as forced)")),
    }
}

/// Scales a workload up to this number of pods, and down.
pub async fn scale(workload: &JobPhase<'_>, to: u32) -> PhaseOutcome {
    let order = ScaleOrder {
        name: "kubeproof-workload".to_owned(),
        namespace: workload.run.name("scale"),
        image: workload.image(),
        from: 1,
        to,
        timeout: Duration::from_secs(u64::from(workload.job.timeout_seconds)),
        labels: labels(workload.run),
    };
    let work = async {
        let connected = workload.connected().await?;
        let scaling = connected.scaling();
        let none = || WorkloadError::Unsupported("nothing can be scaled here".to_owned());
        scaling.ok_or_else(none)?.scale(&order).await
    };
    match tokio::time::timeout(order.timeout * 3 + AROUND_JOB, work).await {
        Ok(Ok(proof)) => PhaseOutcome::new(Verdict::Pass, scaled(&proof)),
        Ok(Err(WorkloadError::Unsupported(why))) => PhaseOutcome::new(Verdict::Unknown, why),
        Ok(Err(problem)) => PhaseOutcome::judged(Verdict::Fail, problem.to_string()),
        Err(_) => PhaseOutcome::judged(Verdict::Fail, "it did not end"),
    }
}

impl JobPhase<'_> {
    /// The image of job and workload: from the scenario, the run options, or the default.
    fn image(&self) -> Option<String> {
        let of_scenario = self.job.image.clone();
        of_scenario.or_else(|| self.image.map(str::to_owned))
    }

    /// Access of its own, through the observer.
    async fn connected(&self) -> Result<Box<dyn Workload>, WorkloadError> {
        let observer = self.account.observer(Actor::Workload);
        let transport = self.account.transport(Actor::Workload);
        observer.workload(self.run, transport).await
    }
}

/// Runs the job, which decides its row of the checklist.
pub async fn run_job(workload: &JobPhase<'_>) -> PhaseOutcome {
    let row = |verdict, message: &str| vec![Check::new(ROW, TITLE, verdict, message.to_owned())];
    let mut tries = Vec::new();
    for number in 1..=ATTEMPTS_MAX {
        match one(workload, number).await {
            Ok(end) => {
                let message = succeeded(end, &tries);
                let checks = row(Verdict::Pass, &message);
                return PhaseOutcome::new(Verdict::Pass, message).with_checks(checks);
            }
            Err(problem) => tries.push(format!("try {number}: {problem}")),
        }
        if workload.cancel.is_cancelled() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let message = tries.join("; ");
    let checks = row(Verdict::Fail, &message);
    PhaseOutcome::judged(Verdict::Fail, message).with_checks(checks)
}

/// The end of a job that succeeded, with the tries that failed before.
fn succeeded(end: String, failed: &[String]) -> String {
    if failed.is_empty() {
        end
    } else {
        format!("{end}; before that, {}", failed.join("; "))
    }
}

/// One try, with access of its own: tokens expire within minutes.
async fn one(workload: &JobPhase<'_>, number: usize) -> Result<String, JobError> {
    let job = workload.job;
    let limit = Duration::from_secs(u64::from(job.timeout_seconds));
    let work = async {
        let connected = workload.connected().await?;
        let mut made = String::new();
        if job.with_leftovers {
            let space = workload.run.name("left");
            let leaving = connected.leaving();
            let none = || WorkloadError::Unsupported("nothing can be left here".to_owned());
            let leaving = leaving.ok_or_else(none)?;
            leaving.leave(&space, &labels(workload.run)).await?;
            "; a load balancer and a volume were left for teardown".clone_into(&mut made);
        }
        let order = order(workload, number, limit);
        let proof = connected.run(&order).await?;
        Ok(format!("{}{made}", words(&proof)))
    };
    let ended = tokio::time::timeout(limit + LEFTOVERS_LIMIT + AROUND_JOB, work).await;
    ended.unwrap_or(Err(JobError::NoEnd))
}

/// The labels of all that the workload makes.
fn labels(run: &Run) -> BTreeMap<String, String> {
    BTreeMap::from([("kubeproof.dev/run".to_owned(), run.id.clone())])
}

fn order(workload: &JobPhase<'_>, number: usize, timeout: Duration) -> JobOrder {
    let run = workload.run;
    // Known to this run only: live, the start counts nanoseconds.
    let secret = format!("{}|{}|{}|{number}", run.id, run.started_at, workload.seed);
    JobOrder {
        name: "kubeproof-proof".to_owned(),
        namespace: format!("{}-{number}", run.name("job")),
        image: workload.image(),
        print: workload.job.print.clone(),
        gpus: workload.job.gpus,
        nonce: digest(secret.as_bytes()),
        timeout,
        labels: labels(run),
    }
}

fn scaled(proof: &ScaleProof) -> String {
    let (before, after) = (proof.before.len(), proof.after.len());
    let (unit, nodes) = (proof.unit, proof.nodes().len());
    let (start, scaled, end) = (proof.start_seconds, proof.scale_seconds, proof.end_seconds);
    if proof.last > 0 {
        let last = proof.last;
        return format!(
            "{before} {unit} ready after {start} s, {after} after {scaled} s of load, {last} again {end} s after it"
        );
    }
    format!(
        "{before} {unit} ready after {start} s, {after} on {nodes} nodes {scaled} s after scaling, none {end} s after \
         scaling to zero"
    )
}

fn words(proof: &JobProof) -> String {
    let output: Vec<&str> = proof.output.lines().collect();
    let place = |node: &String| format!(" on {node}");
    let exit = |code: i32| format!(", exit {code}");
    format!(
        "{}{} {} \"{}\"{}, {} s",
        proof.runner,
        proof.node.as_ref().map(place).unwrap_or_default(),
        proof.exit_code.map_or("returned", |_| "printed"),
        output.join(" "),
        proof.exit_code.map(exit).unwrap_or_default(),
        proof.seconds
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_is_forced_to_fail_shows_something_only_once_a_fault_was_injected() {
        let check =
            |ended: Result<String, JobError>, forced: bool, expected: Verdict, part: &str| {
                let outcome = forced_to_fail(ended, forced);
                let (verdict, message) = (outcome.verdict, &outcome.message);
                assert!(
                    verdict == expected && message.contains(part),
                    "{verdict} {message}"
                );
            };
        let done = || Ok("printed".to_owned());
        let failed = || Err(WorkloadError::failed("no node is left").into());
        check(failed(), true, Verdict::Pass, "no node is left (as forced)");
        check(Err(JobError::NoEnd), true, Verdict::Pass, "it did not end");
        check(
            done(),
            true,
            Verdict::Fail,
            "although its failure was forced",
        );
        check(done(), false, Verdict::Unknown, "nothing was forced");
        check(
            failed(),
            false,
            Verdict::Unknown,
            "before anything was forced",
        );
        let unsupported = WorkloadError::Unsupported("no jobs here".to_owned());
        check(
            Err(unsupported.into()),
            true,
            Verdict::Unknown,
            "no jobs here",
        );
    }

    #[test]
    fn tries_that_failed_are_told_with_the_one_that_succeeded() {
        assert_eq!(succeeded("printed".to_owned(), &[]), "printed");
        let failed = ["try 1: no answer".to_owned(), "try 2: no node".to_owned()];
        assert_eq!(
            succeeded("printed".to_owned(), &failed),
            "printed; before that, try 1: no answer; try 2: no node"
        );
    }
}
