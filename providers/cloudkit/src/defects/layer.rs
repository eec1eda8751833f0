//! The transport of a wrong provisioner, which applies its rules.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::{Dialect, Signature};
use kubeproof_contract::mutex::lock;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::run::Run;
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};

use super::list;
use super::rule::{Does, Event, Known, Phase, Rule};

type Answer = Result<Response<Bytes>, TransportError>;

pub(super) struct DefectLayer {
    rules: &'static [Rule],
    dialect: &'static dyn Dialect,
    worked: fn(&Signature) -> Bytes,
    run: Run,
    inner: SharedTransport,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// How often each rule was applied to each operation.
    applied: BTreeMap<(usize, String), usize>,
    /// The rules whose event has happened, by index.
    begun: Vec<usize>,
    /// The rules whose last call was sent, by index.
    ended: Vec<usize>,
    /// What each operation has made.
    made: BTreeMap<String, Vec<String>>,
    /// What no list shows any more.
    forgotten: Vec<String>,
    /// First answers, by request.
    first: BTreeMap<String, Response<Bytes>>,
}

impl fmt::Debug for DefectLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DefectLayer({:?}, {:?})", self.rules, self.inner)
    }
}

/// Whether a call is one of these.
fn is_any(calls: &[&str], call: &Signature) -> bool {
    let name = call.to_string();
    calls.iter().any(|wanted| match wanted.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *wanted,
    })
}

fn key(request: &Request<Bytes>) -> String {
    let body = String::from_utf8_lossy(request.body());
    format!("{} {} {body}", request.method(), request.uri())
}

/// Whether an answer says what happened: no server error, and a body that is not cut off.
fn is_clear(answer: &Answer) -> bool {
    answer.as_ref().is_ok_and(|answer| {
        let body = answer.body();
        let is_whole =
            serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok() || body.ends_with(b">");
        !answer.status().is_server_error() && is_whole
    })
}

impl DefectLayer {
    pub(super) fn new(
        rules: &'static [Rule],
        (dialect, worked): (&'static dyn Dialect, fn(&Signature) -> Bytes),
        connection: &Connection,
    ) -> Self {
        Self {
            rules,
            dialect,
            worked,
            run: connection.run.clone(),
            inner: connection.transport.clone(),
            state: Mutex::new(State {
                phase: Phase::Any,
                applied: BTreeMap::new(),
                begun: Vec::new(),
                ended: Vec::new(),
                made: BTreeMap::new(),
                forgotten: Vec::new(),
                first: BTreeMap::new(),
            }),
        }
    }

    /// A phase begins: what was hidden in the one before shows again.
    pub(super) fn begin(&self, phase: Phase) {
        let mut state = lock(&self.state);
        state.phase = phase;
        state.applied.clear();
        state.begun.clear();
        state.ended.clear();
        state.forgotten.clear();
        state.first.clear();
    }

    /// What is to be done with a call, which is counted.
    fn due(&self, call: &Signature) -> Vec<Does> {
        let mut state = lock(&self.state);
        let mut due = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let now = rule.phase == Phase::Any || rule.phase == state.phase;
            if !now || state.ended.contains(&index) {
                continue;
            }
            if rule.when.until.is_some_and(|last| is_any(&[last], call)) {
                state.ended.push(index);
            }
            let begun = rule.when.since.is_none() || state.begun.contains(&index);
            if !begun || !is_any(rule.calls, call) {
                continue;
            }
            let count = state.applied.entry((index, call.operation.clone()));
            let count = count.or_default();
            if *count < rule.when.times {
                *count += 1;
                due.push(rule.does);
            }
        }
        due
    }

    /// The names of what a request is about.
    fn targets(&self, request: &Request<Bytes>) -> Vec<String> {
        let names = self.dialect.targets(request, None).names;
        if !names.is_empty() {
            return names;
        }
        let last = request.uri().path().rsplit('/').next();
        last.into_iter().map(str::to_owned).collect()
    }

    /// An answer that needs no call.
    fn without_call(&self, due: &[Does], request: &Request<Bytes>) -> Option<Response<Bytes>> {
        due.iter().find_map(|does| match does {
            Does::Answer(answer) => Some(answer(&self.run, request)),
            Does::AnswerAsFirst => lock(&self.state).first.get(&key(request)).cloned(),
            _ => None,
        })
    }

    /// Sends a call with its changes, again where that is done.
    async fn carry(&self, due: &[Does], mut request: Request<Bytes>) -> Answer {
        for does in due {
            if let Does::Change(change) = does {
                request = change(&self.run, request);
            }
        }
        let changed = due.iter().find_map(|does| match does {
            Does::ResendChanged(change) => Some(change),
            _ => None,
        });
        if let Some(change) = changed {
            let answer = self.inner.send(request.clone()).await;
            if is_clear(&answer) {
                return answer;
            }
            return self.inner.send(change(&self.run, request)).await;
        }
        let again = due.iter().find_map(|does| match does {
            Does::Resend(times, pause) => Some((*times, *pause)),
            _ => None,
        });
        let (times, pause) = again.unwrap_or_default();
        for _ in 0..times {
            let answer = self.inner.send(request.clone()).await;
            if is_clear(&answer) {
                return answer;
            }
            tokio::time::sleep(pause).await;
        }
        self.inner.send(request).await
    }

    /// What the wrong provisioner makes of an answer.
    async fn take(
        &self,
        due: &[Does],
        (call, request): (&Signature, &Request<Bytes>),
        mut answer: Response<Bytes>,
    ) -> Answer {
        let refused = self.dialect.error_code(&answer);
        for does in due {
            match (does, &refused) {
                (Does::TakeForSuccess(is_success), Some(code)) if is_success(code) => {
                    answer = Response::new((self.worked)(call));
                    self.forget(self.targets(request));
                }
                (Does::Forget, _) => self.forget(self.targets(request)),
                (Does::ForgetMadeWhenRefused(with), Some(code)) if code == with => {
                    let made = lock(&self.state).made.get(&call.operation).cloned();
                    self.forget(made.unwrap_or_default());
                }
                (Does::Then(next), None) => {
                    if let Some(next) = next(&self.run, request, &answer) {
                        let second = self.inner.send(next).await?;
                        if self.dialect.error_code(&second).is_some() {
                            return Ok(second);
                        }
                    }
                }
                (Does::AnswerAsFirst, None) => {
                    let first = &mut lock(&self.state).first;
                    first.entry(key(request)).or_insert_with(|| answer.clone());
                }
                (Does::TakeFor(other), None) => answer = other(&self.run, answer),
                (Does::ShowNothing, None) => answer = hiding(answer, |_| true),
                (Does::Hide(part), None) => {
                    let part = part(&self.run);
                    answer = hiding(answer, |item| item.contains(&part));
                }
                _ => {}
            }
        }
        Ok(answer)
    }

    fn forget(&self, ids: Vec<String>) {
        lock(&self.state).forgotten.extend(ids);
    }

    /// Notes what a call has made or shown, and hides what is forgotten.
    fn note(
        &self,
        call: &Signature,
        request: &Request<Bytes>,
        answer: Response<Bytes>,
    ) -> Response<Bytes> {
        let refused = self.dialect.error_code(&answer);
        let state = &mut *lock(&self.state);
        let mut answer = answer;
        if refused.is_none() && call.mutating {
            let made = self.dialect.targets(request, Some(&answer)).made;
            let of_call = state.made.entry(call.operation.clone()).or_default();
            of_call.extend(made);
        }
        if refused.is_none() && !call.mutating && !state.forgotten.is_empty() {
            let forgotten = &state.forgotten;
            answer = hiding(answer, |item| {
                forgotten.iter().any(|id| list::is_of(item, id))
            });
        }
        let made: Vec<String> = state.made.values().flatten().cloned().collect();
        let known = Known {
            run: &self.run,
            made: &made,
        };
        for (index, rule) in self.rules.iter().enumerate() {
            let has_happened = match rule.when.since {
                Some(Event::Refused(of, code)) => {
                    is_any(&[of], call) && refused.as_deref() == Some(code)
                }
                Some(Event::Shown(of, is_it)) => {
                    is_any(&[of], call)
                        && list::items(answer.body())
                            .iter()
                            .any(|item| is_it(&known, item))
                }
                None => false,
            };
            if has_happened {
                state.begun.push(index);
            }
        }
        answer
    }
}

fn hiding(answer: Response<Bytes>, hidden: impl FnMut(&str) -> bool) -> Response<Bytes> {
    answer.map(|body| list::without(&body, hidden))
}

#[async_trait]
impl Transport for DefectLayer {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        let call = self.dialect.signature(&request);
        let due = self.due(&call);
        if let Some(answer) = self.without_call(&due, &request) {
            return Ok(answer);
        }
        let answer = self.carry(&due, request.clone()).await?;
        let answer = self.note(&call, &request, answer);
        self.take(&due, (&call, &request), answer).await
    }
}
