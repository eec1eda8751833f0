//! What every step of the provisioner shares: clients, the run, the clock, and what was made.
//!
//! Apart from the steps so that each of them is a plain function of a session. The SDK's own
//! retries are off: [`Rule`] decides alone, because only it knows which calls may be repeated
//! blindly.

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

use crate::provisioner::problem::{Fate, Problem};
use crate::provisioner::retry::{Patience, Rule};
use crate::sdk;
use crate::spec::EksSpec;

/// After so long, EC2's reads show a new resource: they lag "a couple of seconds" (EC2 developer
/// guide, eventual consistency), and this leaves a margin.
pub(crate) const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// How long a call is throttled at most once another one was for as long as patience lasts: many of
/// them one after the other would last for hours.
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
    /// `Name` tags of addresses that teardown does not see. Only a deliberate defect fills it.
    pub(crate) overlooked: Vec<String>,
    made: Mutex<BTreeMap<String, String>>,
    halted: AtomicBool,
    /// Whether a call was throttled until all patience was gone: no other one waits as long.
    throttled_out: AtomicBool,
    began: Duration,
    /// Whether an earlier process of this run may have made things that reads do not show yet.
    pub(crate) not_the_first: AtomicBool,
    /// Until when what was asked for without an answer must have shown, if anything was.
    silent_until: Mutex<Option<Duration>>,
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
            halted: AtomicBool::new(false),
            throttled_out: AtomicBool::new(false),
            began: connection.clock.elapsed(),
            not_the_first: AtomicBool::new(true),
            silent_until: Mutex::default(),
        }
    }

    /// The run.
    pub(crate) fn run(&self) -> &Run {
        &self.connection.run
    }

    /// The time since the trial's clock was started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.connection.clock.elapsed()
    }

    /// How long to wait until reads must show whatever an earlier process of this run had made, if
    /// it died just before this session began. Nothing when this process is known to be the first.
    pub(crate) fn unsettled(&self) -> Duration {
        if self.not_the_first.load(Ordering::Relaxed) {
            SETTLED_AFTER.saturating_sub(self.elapsed().saturating_sub(self.began))
        } else {
            Duration::ZERO
        }
    }

    /// Notes that a request which must not be repeated blindly got no answer: it may be carried out so
    /// long from now.
    pub(crate) fn asked_in_vain(&self, shows_within: Duration) {
        let until = Some(self.elapsed() + shows_within);
        let mut silent = self
            .silent_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *silent = (*silent).max(until);
    }

    fn silent_until(&self) -> Option<Duration> {
        *self
            .silent_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a process that fails waits before it says what it leaves: reads must show it, and what
    /// it asked for in vain too, or its successor would make that again.
    pub(crate) fn until_all_shows(&self) -> Duration {
        let silent = self.silent_until().unwrap_or_default();
        SETTLED_AFTER.max(silent.saturating_sub(self.elapsed()))
    }

    /// Whether anything may exist twice: another process was there before, or a request got no answer.
    pub(crate) fn twins_possible(&self) -> bool {
        self.not_the_first.load(Ordering::Relaxed) || self.silent_until().is_some()
    }

    /// Notes what was made or adopted: logical name → id.
    pub(crate) fn note(&self, name: impl Into<String>, id: &str) {
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

    /// Lets all branches end at their next wait. Calls in flight are never dropped: a dropped call
    /// may still be applied, when nobody looks any more.
    pub(crate) fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
    }

    /// Halts the other branches when this one has failed.
    pub(crate) fn or_halt<T>(&self, result: Result<T, Problem>) -> Result<T, Problem> {
        if result.is_err() {
            self.halt();
        }
        result
    }

    /// Ends the branch when another one has failed.
    ///
    /// # Errors
    /// When the session was halted.
    pub(crate) fn go_on(&self) -> Result<(), Problem> {
        if self.halted.load(Ordering::Relaxed) {
            Err(Problem::halted())
        } else {
            Ok(())
        }
    }

    /// Waits.
    ///
    /// # Errors
    /// When the session was halted meanwhile.
    pub(crate) async fn pause(&self, wait: Duration) -> Result<(), Problem> {
        self.go_on()?;
        tokio::time::sleep(wait).await;
        self.go_on()
    }

    /// An idempotency token: the same parts give the same token in every process of this run.
    pub(crate) fn token(&self, parts: &[&str]) -> String {
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

    /// Makes one call under a rule of repetition.
    ///
    /// # Errors
    /// With the last problem, when the rule has no more patience.
    pub(crate) async fn send<T, E, F, Fut>(
        &self,
        call: &'static str,
        rule: Rule,
        request: F,
    ) -> Result<T, Problem>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        T: Send,
    {
        self.go_on()?;
        let mut patience = Patience::new(rule);
        let began = self.elapsed();
        // Ends when patience does: every class of problems has its own limit of time.
        loop {
            let problem = match request().await {
                Ok(value) => return Ok(value),
                Err(error) => Problem::of(call, &error),
            };
            let is_throttle = problem.fate == Fate::Throttled;
            let spent = self.elapsed().saturating_sub(began);
            let hopeless = is_throttle
                && spent > ONCE_THROTTLED_OUT
                && self.throttled_out.load(Ordering::Relaxed);
            match patience.after(&problem, self.elapsed()) {
                Some(wait) if !hopeless => self.pause(wait).await?,
                _ => {
                    self.throttled_out.fetch_or(is_throttle, Ordering::Relaxed);
                    return Err(problem);
                }
            }
        }
    }
}
