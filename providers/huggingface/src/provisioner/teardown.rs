//! Teardown: everything of the run, found by tag, label and name.

use std::time::Duration;

use futures::FutureExt as _;
use kubeproof_cloudkit::catalogue::IN_USE_LIMIT;
use kubeproof_cloudkit::teardown::{Delete, Rounds, Step, Teardown};
use kubeproof_contract::provisioner::ProvisionerError;

use super::{Work, endpoint, jobs, kubernetes};

/// How a run is torn down.
pub(super) const TEARDOWN: Teardown<Work> = Teardown {
    steps: &[
        // Both sides go side by side: neither waits for the other, and the error of one does not keep the other.
        Step {
            name: "kubernetes_namespace",
            of: None,
            after: &[],
            in_use_for: Duration::ZERO,
            list: |work, _| kubernetes::of_run(work).boxed(),
            delete: Delete::Each(|work, name, _| {
                async move { kubernetes::delete(work, &name).await }.boxed()
            }),
        },
        Step {
            name: "inference_endpoint",
            of: None,
            after: &[],
            // It may be updated at the moment.
            in_use_for: IN_USE_LIMIT,
            list: |work, _| endpoint::of_run(work).boxed(),
            delete: Delete::Each(|work, name, policy| {
                async move { endpoint::delete(work, &name, policy).await }.boxed()
            }),
        },
        Step {
            name: "job",
            of: None,
            after: &[],
            in_use_for: Duration::ZERO,
            list: |work, _| jobs::alive(work).boxed(),
            delete: Delete::Each(|work, id, policy| {
                async move { jobs::cancel(work, &id, policy).await }.boxed()
            }),
        },
    ],
    prepare: None,
    marker: None,
    rounds: Rounds {
        most: 3,
        settle: Duration::from_secs(10),
        begin_within: Duration::from_hours(1),
    },
};

/// Removes everything of the run, also what an earlier process has asked for and is made only now. A second call finds
/// nothing and changes nothing.
pub(super) async fn everything(work: &Work) -> Result<(), ProvisionerError> {
    TEARDOWN.run(work).await?;
    let late = work.until_all_made().await;
    if late.is_zero() {
        return Ok(());
    }
    tokio::time::sleep(late).await;
    TEARDOWN.run(work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_begin() {
        assert_eq!(TEARDOWN.out_of_order(), None);
    }
}
