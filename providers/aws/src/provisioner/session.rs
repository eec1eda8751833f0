//! What the provisioner's steps share: clients, the run, the clock, cancellation, and what was made.
//!
//! The SDK's own retries are off: only [`RetryPolicy`] knows which calls may be repeated blindly.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::run::Run;
use sha2::{Digest, Sha256};

use crate::provisioner::error::{CallError, CallOutcome};
use crate::provisioner::retry::{RetryPolicy, RetryState};
use crate::sdk;
use crate::spec::EksSpec;

/// After this long, EC2's reads show a new resource: they lag "a couple of seconds" (EC2 developer guide, eventual
/// consistency), and this leaves a margin.
pub(crate) const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// Limit of throttling for further calls once one call has used up its whole limit: many of them in a row would take
/// hours.
const ONCE_THROTTLED_OUT: Duration = Duration::from_secs(60);

/// One piece of work (a provision or a teardown) of one process.
pub(crate) struct Session {
    pub(crate) spec: EksSpec,
    pub(crate) connection: Connection,
    pub(crate) config: SdkConfig,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) eks: aws_sdk_eks::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) classic: aws_sdk_elasticloadbalancing::Client,
    pub(crate) balancers: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    /// `Name` tags of addresses that teardown ignores. Only a deliberate defect fills it.
    pub(crate) overlooked: Vec<String>,
    made: Mutex<BTreeMap<String, String>>,
    cancelled: AtomicBool,
    /// Whether a call was throttled up to its limit: later ones give up sooner.
    throttled_out: AtomicBool,
    began: Duration,
    /// Whether an earlier process of this run may have made things that reads do not show yet.
    pub(crate) may_have_predecessor: AtomicBool,
    /// By when the effects of unanswered requests must be visible, if there were any.
    unanswered_until: Mutex<Option<Duration>>,
}

impl Session {
    /// A session with no memory.
    pub(crate) fn new(spec: &EksSpec, connection: &Connection) -> Self {
        let config = sdk::config(connection, &spec.region.0)
            .into_builder()
            .retry_config(sdk::never_repeat())
            .build();
        Self {
            spec: spec.clone(),
            connection: connection.clone(),
            ec2: aws_sdk_ec2::Client::new(&config),
            eks: aws_sdk_eks::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            classic: aws_sdk_elasticloadbalancing::Client::new(&config),
            balancers: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            config,
            overlooked: Vec::new(),
            made: Mutex::default(),
            cancelled: AtomicBool::new(false),
            throttled_out: AtomicBool::new(false),
            began: connection.clock.elapsed(),
            may_have_predecessor: AtomicBool::new(true),
            unanswered_until: Mutex::default(),
        }
    }

    pub(crate) fn run(&self) -> &Run {
        &self.connection.run
    }

    /// The time since the trial's clock was started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.connection.clock.elapsed()
    }

    /// How long to wait until reads must show everything that an earlier process of this run made, if it died just
    /// before this session began. Zero when this process is known to be the first.
    pub(crate) fn predecessor_delay(&self) -> Duration {
        if self.may_have_predecessor.load(Ordering::Relaxed) {
            SETTLED_AFTER.saturating_sub(self.elapsed().saturating_sub(self.began))
        } else {
            Duration::ZERO
        }
    }

    /// Notes that a request which must not be repeated blindly got no answer: it may still be applied within this
    /// time.
    pub(crate) fn note_unanswered(&self, visible_within: Duration) {
        let deadline = Some(self.elapsed() + visible_within);
        let mut until = self
            .unanswered_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(deadline);
    }

    fn unanswered_until(&self) -> Option<Duration> {
        *self
            .unanswered_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a failing process waits before it reports what it leaves behind. Reads must show all of it, including
    /// the effects of unanswered requests, or its successor would make those again.
    pub(crate) fn consistency_delay(&self) -> Duration {
        let until = self.unanswered_until().unwrap_or_default();
        SETTLED_AFTER.max(until.saturating_sub(self.elapsed()))
    }

    /// Whether anything may exist twice: another process came before, or a request got no answer.
    pub(crate) fn duplicates_possible(&self) -> bool {
        self.may_have_predecessor.load(Ordering::Relaxed) || self.unanswered_until().is_some()
    }

    /// Records what was made or adopted: logical name → id.
    pub(crate) fn record(&self, name: impl Into<String>, id: &str) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(name.into(), id.to_owned());
    }

    /// What was made or adopted so far.
    pub(crate) fn made(&self) -> BTreeMap<String, String> {
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Ends all branches at their next wait. Calls in flight are never dropped: a dropped call may still be applied,
    /// unnoticed.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Cancels the other branches when this one has failed.
    pub(crate) fn or_cancel<T>(&self, result: Result<T, CallError>) -> Result<T, CallError> {
        if result.is_err() {
            self.cancel();
        }
        result
    }

    /// Ends the branch when another one has failed.
    ///
    /// # Errors
    /// When the session was cancelled.
    pub(crate) fn check_cancelled(&self) -> Result<(), CallError> {
        if self.cancelled.load(Ordering::Relaxed) {
            Err(CallError::cancelled())
        } else {
            Ok(())
        }
    }

    /// Waits.
    ///
    /// # Errors
    /// When the session was cancelled meanwhile.
    pub(crate) async fn sleep(&self, wait: Duration) -> Result<(), CallError> {
        self.check_cancelled()?;
        tokio::time::sleep(wait).await;
        self.check_cancelled()
    }

    /// An idempotency token: the same parts give the same token in every process of this run.
    pub(crate) fn idempotency_token(&self, parts: &[&str]) -> String {
        let mut hasher = Sha256::new();
        for part in [&[self.run().id.as_str()], parts].concat() {
            hasher.update(part.as_bytes());
            hasher.update([0]);
        }
        hasher
            .finalize()
            .iter()
            .take(16)
            .fold(String::from("kp-"), |mut text, byte| {
                use std::fmt::Write as _;
                let _ = write!(text, "{byte:02x}");
                text
            })
    }

    /// Makes one call under a retry policy.
    ///
    /// # Errors
    /// With the last error, when the policy allows no further attempt.
    pub(crate) async fn send<T, E, F, Fut>(
        &self,
        call: &'static str,
        policy: RetryPolicy,
        request: F,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        T: Send,
    {
        self.check_cancelled()?;
        let mut retry_state = RetryState::new(policy);
        let began = self.elapsed();
        // Ends by the retry policy: every class of errors has its own time limit.
        loop {
            let error = match request().await {
                Ok(value) => return Ok(value),
                Err(error) => CallError::of(call, &error),
            };
            let is_throttle = error.outcome == CallOutcome::Throttled;
            let spent = self.elapsed().saturating_sub(began);
            let hopeless = is_throttle
                && spent > ONCE_THROTTLED_OUT
                && self.throttled_out.load(Ordering::Relaxed);
            match retry_state.after(&error, self.elapsed()) {
                Some(wait) if !hopeless => self.sleep(wait).await?,
                _ => {
                    self.throttled_out.fetch_or(is_throttle, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    }
}
