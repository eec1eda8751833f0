//! Load that makes an endpoint scale: many questions at once, until more replicas are ready, and none until they are gone
//! again.
//!
//! What the service says of its policy is not enough: the replicas are counted as they come and go.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_contract::workload::{ScaleOrder, ScaleProof, Scaling, WorkloadError};

use super::super::endpoint;
use super::EndpointWorkload;
use crate::api::inference;
use crate::api::types::Endpoint;

/// What is asked, again and again.
const QUESTION: &str = "Is one replica enough?";
/// How many questions are asked at once for each replica that is wanted: far more than one can answer.
const AT_ONCE: u32 = 8;
/// How often they are asked, and the replicas are looked at.
const UNDER_LOAD: PollSchedule = PollSchedule::every(5);
/// How often the replicas are looked at when nothing is asked.
const AT_REST: PollSchedule = PollSchedule::every(15);

/// The replicas that are ready, and where they are. The service tells how many there are, and no name of any.
fn replicas(now: &Endpoint) -> BTreeMap<String, String> {
    let place = format!("{} {}", now.provider.vendor, now.provider.region);
    let numbers = 1..=now.status.ready_replica;
    numbers
        .map(|number| (format!("replica {number}"), place.clone()))
        .collect()
}

impl EndpointWorkload {
    async fn now(&self) -> Result<Endpoint, CallError> {
        endpoint(&self.api, &self.spec, &self.run).await
    }

    /// Asks many questions at once. Some may be refused under load; that is no matter here.
    async fn burst(&self, now: &Endpoint, count: u32) {
        let asked = (0..count).map(|_| inference::ask(&self.api, &self.asked, now, QUESTION));
        futures::future::join_all(asked).await;
    }

    /// Waits until so many replicas are ready, with or without load.
    async fn until(
        &self,
        what: &str,
        (count, load, limit): (u32, bool, Duration),
        is_there: fn(u32, u32) -> bool,
    ) -> Result<(BTreeMap<String, String>, u64), CallError> {
        let began = self.api.session().elapsed();
        let schedule = if load { UNDER_LOAD } else { AT_REST };
        let check = || async {
            let now = self.now().await?;
            if load {
                self.burst(&now, AT_ONCE.saturating_mul(count)).await;
            }
            let (seen, target) = (now.status.ready_replica, now.status.target_replica);
            Ok(if is_there(seen, count) {
                Poll::Ready(replicas(&now))
            } else {
                Poll::Pending(format!("{seen} of {target} replicas are ready"))
            })
        };
        let ready = poll_until(self.api.session(), schedule, limit, what, check).await?;
        let spent = self.api.session().elapsed().saturating_sub(began);
        Ok((ready, spent.as_secs()))
    }

    async fn proof(&self, order: &ScaleOrder) -> Result<ScaleProof, CallError> {
        let (least, limit) = (self.asked.min().max(order.from), order.timeout);
        let now = self.now().await?;
        inference::answered(&self.api, &self.asked, &now, QUESTION, limit).await?;
        let first = "wait for the first replicas";
        let at_least = |seen: u32, count: u32| seen >= count;
        let (before, start_seconds) = self.until(first, (least, false, limit), at_least).await?;
        let what = format!("wait for {} replicas under load", order.to);
        let (after, scale_seconds) = self.until(&what, (order.to, true, limit), at_least).await?;
        let what = format!("wait for {least} replicas after the load");
        let at_most = |seen: u32, count: u32| seen <= count;
        let (last, end_seconds) = self.until(&what, (least, false, limit), at_most).await?;
        Ok(ScaleProof {
            unit: "replica",
            before,
            after,
            last: last.len(),
            start_seconds,
            scale_seconds,
            end_seconds,
        })
    }
}

#[async_trait]
impl Scaling for EndpointWorkload {
    async fn scale(&self, order: &ScaleOrder) -> Result<ScaleProof, WorkloadError> {
        if order.to > self.asked.max() || order.to <= self.asked.min() {
            let message = format!(
                "load can start more than {} and at most {} replicas: job.scale_to is {}",
                self.asked.min(),
                self.asked.max(),
                order.to
            );
            return Err(WorkloadError::Unsupported(message));
        }
        self.proof(order).await.map_err(WorkloadError::failed)
    }
}
