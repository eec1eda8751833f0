//! One attempt of the provisioner: a process that may succeed, fail, die, be late or be stopped.
//!
//! Apart from what an attempt means (`expect`). Every attempt ends: by a deadline in the trial's clock
//! and by a budget of calls.

use std::future::Future;
use std::time::Duration;

use kubeproof_contract::provisioner::ProvisionerError;

use super::expect::Ending;
use super::stage::Stage;

/// How often the number of calls is looked at, in the trial's clock.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Runs one attempt to its end. A crash drops it where it is, as a crash would.
pub async fn attempt<T>(
    stage: &Stage<'_>,
    minutes: u32,
    stoppable: bool,
    work: impl Future<Output = Result<T, ProvisionerError>>,
) -> (Ending, Option<T>) {
    let deadline = Duration::from_secs(u64::from(minutes) * 60);
    let stopped = async {
        if stoppable {
            stage.stop.wait().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        // In this order, so that a crash is listened to before the first call is made, and so that
        // the same seed always takes the same branch.
        biased;
        () = stage.faults.crash() => {
            let cancelled = stage.faults.was_cancelled();
            (if cancelled { Ending::Cancelled } else { Ending::Crashed }, None)
        }
        () = stopped => (Ending::Stopped, None),
        ended = work => match ended {
            Ok(made) => (Ending::Succeeded, Some(made)),
            Err(error) => (Ending::Failed(error.message), None),
        },
        () = tokio::time::sleep(deadline) => {
            (Ending::Late(format!("its limit is {minutes} minutes")), None)
        }
        calls = over_budget(stage) => {
            (Ending::Late(format!("{calls} calls were made, the budget of the trial is {}",
                stage.scenario().limits.calls)), None)
        }
    }
}

/// How often faults have struck so far, all together.
pub fn strikes(stage: &Stage<'_>) -> u64 {
    let tally = stage.faults.tally();
    tally.iter().map(|(_, count)| count.struck).sum()
}

/// Whether every fault has struck as often as it will.
pub fn faults_are_over(stage: &Stage<'_>) -> bool {
    let tally = stage.faults.tally();
    tally
        .iter()
        .all(|(fault, count)| count.struck >= fault.place.times)
}

/// Ends when more calls were made than the trial may make.
async fn over_budget(stage: &Stage<'_>) -> usize {
    let budget = usize::try_from(stage.scenario().limits.calls).unwrap_or(usize::MAX);
    loop {
        // Bounded by the deadline beside it.
        tokio::time::sleep(LOOK_EVERY).await;
        let calls = stage.journal.len();
        if calls > budget {
            return calls;
        }
    }
}
