//! Access tokens: asked for over the connection's own transport, so that journal and faults see these calls too, and
//! renewed before they expire.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::provider::Connection;
use tokio::sync::Mutex;

/// How often a token is asked for, with a longer wait before each time.
const ATTEMPTS: u32 = 4;

/// A token is renewed so long before it expires.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// An access token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    value: String,
    /// When it expires, if that is known.
    pub expires_at: Option<Timestamp>,
}

impl AccessToken {
    /// A token that expires then, if that is known.
    pub fn new(value: impl Into<String>, expires_at: Option<Timestamp>) -> Self {
        Self {
            value: value.into(),
            expires_at,
        }
    }

    /// The token itself.
    pub fn value(&self) -> &str {
        &self.value
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now + MARGIN < at)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

/// An access token that is renewed before it expires.
#[derive(Debug, Default)]
pub struct Renewed(Mutex<Option<AccessToken>>);

impl Renewed {
    /// The token, from `renew` unless there is one that is valid for some minutes.
    ///
    /// # Errors
    /// Those of `renew`.
    pub async fn current<E>(
        &self,
        now: Timestamp,
        renew: impl Future<Output = Result<AccessToken, E>>,
    ) -> Result<AccessToken, E> {
        let mut known = self.0.lock().await;
        if let Some(token) = known.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(token.clone());
        }
        let token = renew.await?;
        *known = Some(token.clone());
        Ok(token)
    }
}

/// A source that gives no token, with the reason.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {source}")]
pub struct NoToken<E: Error + 'static> {
    /// The source.
    pub place: String,
    /// Why.
    #[source]
    pub source: E,
}

/// What the server said in the end, or the way to it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// How a server is asked, and how its answers are read.
pub struct Grant<Q, R> {
    /// How long one answer may take: an unreachable metadata address must not hold up a run.
    pub within: Duration,
    /// Makes the request, anew for each attempt: a signed statement is valid for a short while only.
    pub request: Q,
    /// Reads an answer of success. What it cannot read is asked for again.
    pub read: R,
    /// What a refusal says, without a secret.
    pub refusal: fn(&Response<Bytes>) -> String,
}

impl<Q, R> Grant<Q, R> {
    /// Asks until there is an answer. Asking twice does no harm; what the server refuses, it refuses again.
    ///
    /// # Errors
    /// When the request cannot be made, the server refuses, or it does not answer.
    pub async fn ask<T, E>(&self, connection: &Connection) -> Result<T, E>
    where
        Q: Fn() -> Result<Request<Bytes>, E>,
        R: Fn(&Response<Bytes>) -> Option<T>,
        E: From<Refused>,
    {
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
            }
            let sent = connection.transport.send((self.request)()?);
            last = match tokio::time::timeout(self.within, sent).await {
                Err(_) => format!("no answer within {} s", self.within.as_secs()),
                Ok(Err(error)) => error.to_string(),
                Ok(Ok(answer)) if answer.status().is_success() => match (self.read)(&answer) {
                    Some(token) => return Ok(token),
                    None => "the answer has no access token".to_owned(),
                },
                Ok(Ok(answer)) => {
                    let (status, said) = (answer.status(), (self.refusal)(&answer));
                    if !status.is_server_error() && status != 429 {
                        return Err(Refused(said).into());
                    }
                    said
                }
            };
        }
        Err(Refused(last).into())
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_simkit::answers::{Answers, answer};
    use kubeproof_simkit::bench::connection;

    use super::*;

    /// What comes of these answers, and after how many attempts.
    async fn check(answers: &[(u16, &str)], expected: Result<&str, &str>, attempts: usize) {
        let server = Answers::of(answers.iter().map(|(status, body)| answer(*status, body)));
        let grant = Grant {
            within: Duration::from_secs(10),
            request: || Ok(Request::new(Bytes::new())),
            read: |answer: &Response<Bytes>| {
                let text = String::from_utf8_lossy(answer.body()).into_owned();
                Some(text).filter(|text| !text.is_empty())
            },
            refusal: |answer| format!("status {}", answer.status().as_u16()),
        };
        let got: Result<String, Refused> = grant.ask(&connection(server.clone())).await;
        let got = got.map_err(|refused| refused.0);
        assert_eq!(got.as_deref().map_err(String::as_str), expected);
        assert_eq!(server.lines().len(), attempts, "{answers:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_ends_it_and_anything_else_is_asked_again() {
        check(&[(200, "token")], Ok("token"), 1).await;
        check(&[(401, ""), (200, "token")], Err("status 401"), 1).await;
        let passing = [(503, ""), (429, ""), (200, ""), (200, "token")];
        check(&passing, Ok("token"), 4).await;
        check(&[(503, ""); 5], Err("status 503"), 4).await;
        let unread = Err("the answer has no access token");
        check(&[(200, ""); 5], unread, 4).await;
        let lost = Err("connection lost before an answer came: nothing is left");
        check(&[], lost, 4).await;
    }

    #[tokio::test]
    async fn a_token_is_renewed_some_minutes_before_it_expires_and_never_shown() {
        let start = Timestamp::UNIX_EPOCH;
        let after = |minutes: i64| start + SignedDuration::from_mins(minutes);
        let tokens = Renewed::default();
        let current = async |minutes: i64, next: &str| {
            let next = AccessToken::new(next, Some(after(minutes + 60)));
            let got = tokens.current(after(minutes), std::future::ready(Ok::<_, Refused>(next)));
            got.await.expect("a token").value().to_owned()
        };
        assert_eq!(current(0, "one").await, "one");
        assert_eq!(current(54, "two").await, "one");
        assert_eq!(current(55, "two").await, "two");
        assert_eq!(
            format!("{:?}", AccessToken::new("hush", None)),
            "AccessToken(redacted)"
        );
        let forever = Renewed(Mutex::new(Some(AccessToken::new("ever", None))));
        let unasked = std::future::ready(Err(Refused("unasked".to_owned())));
        let got = forever
            .current(after(9999), unasked)
            .await
            .expect("a token");
        assert_eq!(got.value(), "ever");
    }
}
