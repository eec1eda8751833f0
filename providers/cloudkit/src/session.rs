//! One piece of work, a provision or a teardown, of one process: its calls, its clock, and what it made.
//!
//! The clients' own retries are off: the [`RetryPolicy`] of each call decides alone, because only it knows which
//! calls may be repeated blindly.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kubeproof_contract::mutex::lock;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::run::Run;
use sha2::{Digest, Sha256};

use crate::error::{CallError, Cause};
use crate::retry::{RetryPolicy, RetryState};

/// How long a call is throttled at most once another one was until its policy gave up: many of them one after the
/// other would last for hours.
const ONCE_THROTTLED_OUT: Duration = Duration::from_mins(1);
/// Most pages of one list: a list that is longer, or that repeats a page for ever, is an error.
pub const PAGES_MAX: usize = 200;

/// What every step of a provisioner shares, whatever the cloud.
#[derive(Debug)]
pub struct Session {
    /// The connection of the provisioner.
    pub connection: Connection,
    /// After so long, the cloud's reads show a new resource.
    consistency_delay: Duration,
    made: Mutex<BTreeMap<String, String>>,
    cancelled: AtomicBool,
    /// Whether a call was throttled until its policy gave up: no other one waits as long.
    throttled_out: AtomicBool,
    began: Duration,
    /// Whether an earlier process of this run may have made things that reads do not show yet.
    has_predecessor: AtomicBool,
    /// Until when what was asked for without an answer must have shown, if anything was.
    unanswered_until: Mutex<Option<Duration>>,
}

impl Session {
    /// A session with no memory. `consistency_delay` is how long the cloud's reads may lag.
    pub fn new(connection: &Connection, consistency_delay: Duration) -> Self {
        Self {
            connection: connection.clone(),
            consistency_delay,
            made: Mutex::default(),
            cancelled: AtomicBool::new(false),
            throttled_out: AtomicBool::new(false),
            began: connection.clock.elapsed(),
            has_predecessor: AtomicBool::new(true),
            unanswered_until: Mutex::default(),
        }
    }

    /// A session for the next piece of work, with no memory of this one.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self::new(&self.connection, self.consistency_delay)
    }

    /// The run.
    pub fn run(&self) -> &Run {
        &self.connection.run
    }

    /// The time since the trial's clock was started.
    pub fn elapsed(&self) -> Duration {
        self.connection.clock.elapsed()
    }

    /// Notes that no process of this run was there before.
    pub fn is_first(&self) {
        self.has_predecessor.store(false, Ordering::Relaxed);
    }

    /// How long to wait until reads must show whatever an earlier process of this run had made, if it died just
    /// before this session began. Nothing when this process is known to be the first.
    pub fn unsettled(&self) -> Duration {
        if self.has_predecessor.load(Ordering::Relaxed) {
            let since = self.elapsed().saturating_sub(self.began);
            self.consistency_delay.saturating_sub(since)
        } else {
            Duration::ZERO
        }
    }

    /// Notes that a request which must not be repeated blindly got no answer: it may be carried out so long from
    /// now.
    pub fn note_unanswered(&self, shows_within: Duration) {
        let until = Some(self.elapsed() + shows_within);
        let mut unanswered = lock(&self.unanswered_until);
        *unanswered = (*unanswered).max(until);
    }

    /// How long a process that fails waits before it says what it leaves: reads must show it, and what it asked
    /// for without an answer too, or its successor would make that again.
    pub fn until_all_shows(&self) -> Duration {
        let unanswered = lock(&self.unanswered_until).unwrap_or_default();
        self.consistency_delay
            .max(unanswered.saturating_sub(self.elapsed()))
    }

    /// Whether anything may exist twice: another process was there before, or a request got no answer.
    pub fn may_have_duplicates(&self) -> bool {
        self.has_predecessor.load(Ordering::Relaxed) || lock(&self.unanswered_until).is_some()
    }

    /// Notes what was made or adopted: logical name → id.
    pub fn record(&self, name: impl Into<String>, id: &str) {
        lock(&self.made).insert(name.into(), id.to_owned());
    }

    /// What was made or adopted so far.
    pub fn made(&self) -> BTreeMap<String, String> {
        lock(&self.made).clone()
    }

    /// Lets all branches end at their next wait. Calls in flight are never dropped: a dropped call may still be
    /// applied when no one checks any more.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Cancels the other branches when this one has failed.
    ///
    /// # Errors
    /// With the error of the result.
    pub fn or_cancel<T>(&self, result: Result<T, CallError>) -> Result<T, CallError> {
        if result.is_err() {
            self.cancel();
        }
        result
    }

    /// Ends the branch when another one has failed.
    ///
    /// # Errors
    /// When the session was cancelled.
    pub fn check_cancelled(&self) -> Result<(), CallError> {
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
    pub async fn sleep(&self, wait: Duration) -> Result<(), CallError> {
        self.check_cancelled()?;
        tokio::time::sleep(wait).await;
        self.check_cancelled()
    }

    /// An idempotency token: the same parts give the same token in every process of this run.
    pub fn idempotency_token(&self, parts: &[&str]) -> String {
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

    /// Makes one call, again as its policy says.
    ///
    /// # Errors
    /// With the last error, when the policy gives up.
    pub async fn call<T, F, Fut>(&self, policy: RetryPolicy, request: F) -> Result<T, CallError>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, CallError>> + Send,
        T: Send,
    {
        self.check_cancelled()?;
        let mut retries = RetryState::new(policy);
        let began = self.elapsed();
        // Ends when the policy gives up: every class of errors has its own limit of time.
        loop {
            let error = match request().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let is_throttled = error.cause == Cause::Throttled;
            let spent = self.elapsed().saturating_sub(began);
            let hopeless = is_throttled
                && spent > ONCE_THROTTLED_OUT
                && self.throttled_out.load(Ordering::Relaxed);
            match retries.after(&error, self.elapsed()) {
                Some(wait) if !hopeless => self.sleep(wait).await?,
                _ => {
                    self.throttled_out.fetch_or(is_throttled, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    }

    /// Reads a list to its last page. `page` gets the token of the page, none for the first, and returns the
    /// page's items and the token of the next page.
    ///
    /// # Errors
    /// When a page cannot be read, or the list has no last page.
    pub async fn all_pages<T, F, Fut>(&self, call: &str, page: F) -> Result<Vec<T>, CallError>
    where
        F: Fn(Option<String>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<(Vec<T>, Option<String>), CallError>> + Send,
        T: Send,
    {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let read = || page(token.clone());
            let (items, next) = self.call(RetryPolicy::IDEMPOTENT, read).await?;
            all.extend(items);
            token = next.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(all);
            }
        }
        Err(CallError::state(call, "no last page"))
    }
}
