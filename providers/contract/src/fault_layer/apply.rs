//! Applies effects: how the call that a fault is injected into is answered, and whether it is applied.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};

use super::{ASYNC_FAULT_HEADER, Acknowledged, FaultPlan, disk, lock, stale_reads};
use crate::call::{Actor, Dialect, ErrorKind, FURTHER_PAGE, Signature};
use crate::call_key::{AnswerChanged, CallKey};
use crate::fault::Effect;
use crate::transport::{SharedTransport, Transport, TransportError};

/// How long a client waits before it gives up on a silent connection.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A fault and the call that it is injected into.
struct Injection<'a> {
    fault: usize,
    signature: &'a Signature,
    key: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct FaultLayer {
    pub(super) plan: FaultPlan,
    pub(super) inner: SharedTransport,
    pub(super) dialect: Arc<dyn Dialect>,
    pub(super) actor: Actor,
}

impl FaultLayer {
    async fn crash(&self) -> ! {
        self.plan.inner.crashed.send_modify(|crashes| *crashes += 1);
        std::future::pending().await
    }

    /// The user interrupts the process. A program still sees the answer of this call and ends in its own time;
    /// any other provisioner is dropped here.
    async fn cancel(
        &self,
        answer: Option<Result<Response<Bytes>, TransportError>>,
    ) -> Result<Response<Bytes>, TransportError> {
        self.plan.inner.cancelled.store(true, Ordering::SeqCst);
        if !self.plan.includes_programs() {
            self.crash().await;
        }
        self.plan.inner.crashed.send_modify(|crashes| *crashes += 1);
        // A call that was not sent yet never will be.
        let lost = || TransportError::Lost("injected: interrupted before the call".to_owned());
        answer.unwrap_or_else(|| Err(lost()))
    }

    /// Applies a request later, unless the trial is over by then.
    fn late(&self, request: Request<Bytes>, fault: usize, seconds: u64) {
        let (inner, plan) = (Arc::clone(&self.inner), self.plan.clone());
        plan.late(fault, false);
        tokio::spawn(async move {
            tokio::time::sleep(TIMEOUT.saturating_add(Duration::from_secs(seconds))).await;
            if !plan.inner.over.load(Ordering::SeqCst) && inner.send(request).await.is_ok() {
                plan.late(fault, true);
            }
        });
    }

    /// Effects that a simulator carries out. They count as injected only when it acknowledges them.
    async fn simulated(
        &self,
        mut request: Request<Bytes>,
        injection: &Injection<'_>,
        effect: &Effect,
    ) -> Result<Response<Bytes>, TransportError> {
        if let Ok(value) = HeaderValue::from_str(&effect.to_string()) {
            request.headers_mut().insert(ASYNC_FAULT_HEADER, value);
        }
        let answer = self.inner.send(request).await;
        let is_taken = answer.as_ref().is_ok_and(|answer| {
            let acknowledged = answer.extensions().get::<Acknowledged>();
            acknowledged.is_some()
        });
        if !is_taken {
            self.plan.missed(injection.fault);
        }
        answer
    }

    /// No answer, until the faults are lifted or a program has lost its patience: its own timeout is in real time, which
    /// the clock of a rehearsal does not follow.
    async fn silence(&self) {
        if !self.plan.includes_programs() {
            return self.plan.until_lifted().await;
        }
        let _ = tokio::time::timeout(TIMEOUT, self.plan.until_lifted()).await;
    }

    fn refusal(effect: &Effect) -> Option<ErrorKind> {
        Some(match effect {
            Effect::Reject(code) => ErrorKind::Rejected(code.clone()),
            Effect::StaleRead(Some(code)) => ErrorKind::Rejected(Some(code.clone())),
            Effect::Throttle(seconds) => ErrorKind::Throttled {
                retry_after_seconds: *seconds,
            },
            Effect::ServerErrorBefore => ErrorKind::Server,
            Effect::Quota => ErrorKind::Quota,
            Effect::Capacity => ErrorKind::Capacity,
            Effect::Dependency => ErrorKind::Dependency,
            Effect::CredentialsExpire => ErrorKind::CredentialsExpired,
            Effect::PermissionLag => ErrorKind::PermissionLag,
            Effect::WriteFails => ErrorKind::Server,
            _ => return None,
        })
    }

    /// Passes a call on, and keeps its answer if a later read may have to be stale.
    async fn pass(
        &self,
        request: Request<Bytes>,
        signature: &Signature,
    ) -> Result<Response<Bytes>, TransportError> {
        if !self.plan.has(|effect| *effect == Effect::StaleRead(None)) {
            return self.inner.send(request).await;
        }
        if signature.mutating {
            lock(&self.plan.inner.stale_reads).change();
            return self.inner.send(request).await;
        }
        let key = stale_reads::key(signature, &request);
        let answer = self.inner.send(request).await?;
        lock(&self.plan.inner.stale_reads).keep(key, &answer);
        Ok(answer)
    }

    /// The repeated page, if the request asks for it.
    fn same_page(
        &self,
        request: &Request<Bytes>,
        signature: &Signature,
    ) -> Option<Response<Bytes>> {
        let mut pages = lock(&self.plan.inner.pages);
        let index = pages.iter().position(|(of, _)| of == signature)?;
        let asks = String::from_utf8_lossy(request.body()).contains(FURTHER_PAGE)
            || request.uri().to_string().contains(FURTHER_PAGE);
        asks.then(|| pages.remove(index).1)
    }

    /// Effects that need earlier answers.
    async fn reread(
        &self,
        request: Request<Bytes>,
        injection: &Injection<'_>,
        effect: &Effect,
    ) -> Result<Response<Bytes>, TransportError> {
        if *effect == Effect::StaleRead(None) {
            if let Some(answer) = lock(&self.plan.inner.stale_reads).before(&injection.key) {
                return Ok(answer);
            }
            self.plan.missed(injection.fault);
            return self.pass(request, injection.signature).await;
        }
        let (parts, body) = request.into_parts();
        let asked = Request::from_parts(parts.clone(), body.clone());
        let answer = self.inner.send(Request::from_parts(parts, body)).await?;
        let Some(first) = self.dialect.with_further_page(&asked, &answer) else {
            self.plan.missed(injection.fault);
            return Ok(answer);
        };
        lock(&self.plan.inner.pages).push((injection.signature.clone(), answer));
        Ok(first)
    }

    /// Effects that end the process.
    async fn end(
        &self,
        mut request: Request<Bytes>,
        effect: &Effect,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut answer = None;
        match effect {
            Effect::CrashAfter | Effect::Cancel | Effect::CancelTwice => {
                answer = Some(self.inner.send(request).await);
            }
            Effect::TornWrite => {
                request
                    .headers_mut()
                    .insert(disk::TORN, HeaderValue::from_static("1"));
                let _ = self.inner.send(request).await;
            }
            Effect::LostDisk => {
                *request.method_mut() = Method::DELETE;
                let _ = self.inner.send(request).await;
            }
            _ => {}
        }
        if *effect == Effect::CancelTwice {
            self.plan
                .inner
                .interrupts_again
                .store(true, Ordering::SeqCst);
        }
        match effect {
            Effect::Cancel | Effect::CancelBefore | Effect::CancelTwice => {
                self.cancel(answer).await
            }
            _ => self.crash().await,
        }
    }

    async fn carry(
        &self,
        request: Request<Bytes>,
        injection: &Injection<'_>,
        effect: Effect,
    ) -> Result<Response<Bytes>, TransportError> {
        if injection.signature.mutating {
            lock(&self.plan.inner.stale_reads).change();
        }
        if self.dialect.shows_later(injection.signature, &effect) {
            return self.simulated(request, injection, &effect).await;
        }
        match effect {
            Effect::LostRequest => Err(TransportError::Lost("injected: lost request".to_owned())),
            Effect::LostResponse => {
                self.inner.send(request).await?;
                Err(TransportError::Lost("injected: lost response".to_owned()))
            }
            Effect::ServerErrorAfter => {
                let answer = self.dialect.error(&request, &ErrorKind::Server);
                self.inner.send(request).await?;
                Ok(answer)
            }
            Effect::LateApply(seconds) => {
                self.late(request, injection.fault, seconds);
                tokio::time::sleep(TIMEOUT).await;
                Err(TransportError::Timeout(
                    "injected: applied later".to_owned(),
                ))
            }
            Effect::Hang | Effect::Outage => {
                self.silence().await;
                Err(TransportError::Lost("injected: never answered".to_owned()))
            }
            Effect::ForeignChange(name) => {
                let response = self.inner.send(request).await;
                if !self.plan.change(&name).await {
                    self.plan.missed(injection.fault);
                }
                response
            }
            Effect::Garbled => {
                let response = self.inner.send(request).await?;
                let (parts, body) = response.into_parts();
                if body.is_empty() {
                    self.plan.missed(injection.fault);
                }
                Ok(Response::from_parts(parts, body.slice(..body.len() / 2)))
            }
            Effect::NotYetVisible(_) => self.simulated(request, injection, &effect).await,
            Effect::StaleRead(_) | Effect::RepeatedPage => {
                self.reread(request, injection, &effect).await
            }
            Effect::CrashBefore
            | Effect::CrashAfter
            | Effect::Cancel
            | Effect::CancelBefore
            | Effect::CancelTwice
            | Effect::TornWrite
            | Effect::LostDisk => self.end(request, &effect).await,
            // All others are refusals, which `send` has answered.
            other => Err(TransportError::Lost(format!(
                "internal error: `{other}` cannot be injected"
            ))),
        }
    }
}

fn has_changed(answer: &Response<Bytes>) -> bool {
    answer.extensions().get::<AnswerChanged>().is_some()
}

#[async_trait]
impl Transport for FaultLayer {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let signature = self.dialect.signature(&request);
        // Only these compare a call with earlier ones.
        let needs_history =
            |effect: &Effect| matches!(effect, Effect::Throttle(Some(_)) | Effect::StaleRead(None));
        let key = if self.plan.has(needs_history) {
            stale_reads::key(&signature, &request)
        } else {
            Vec::new()
        };
        lock(&self.plan.inner.retry_after_waits).sent(self.actor, &signature, &key);
        if let Some(page) = self.same_page(&request, &signature) {
            return Ok(page);
        }
        let shows_later = |effect: &Effect| self.dialect.shows_later(&signature, effect);
        // A read changes nothing: it may be answered before it is decided what becomes of it.
        let mut peeked = None;
        if self.plan.depends_on_answer(self.actor, &signature) {
            peeked = Some(self.inner.send(request.clone()).await?);
        }
        let changed = peeked.as_ref().is_some_and(has_changed);
        let called = request.extensions().get::<CallKey>();
        let name = (self.actor, &signature);
        let decided = self.plan.decide(name, (called, changed), shows_later);
        let Some((fault, effect)) = decided else {
            return match peeked {
                Some(answer) => Ok(answer),
                None => self.pass(request, &signature).await,
            };
        };
        if let Effect::Throttle(Some(seconds)) = effect {
            lock(&self.plan.inner.retry_after_waits).ask(key.clone(), seconds);
        }
        let refusal = Self::refusal(&effect).filter(|_| !shows_later(&effect));
        if let Some(kind) = refusal {
            return Ok(self.dialect.error(&request, &kind));
        }
        let injection = Injection {
            fault,
            signature: &signature,
            key,
        };
        self.carry(request, &injection, effect).await
    }
}
