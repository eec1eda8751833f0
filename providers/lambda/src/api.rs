//! The client: typed REST over the transport, rate-limited, one turn for each call.
//!
//! The key and the address are only here. The client repeats a call only if the call was certainly not applied
//! or is harmless twice; it never repeats a launch by itself.

pub mod error;
pub mod types;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use kubeproof_contract::provider::Connection;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::credentials;
use crate::rate_limit::RateLimiter;
use error::{CallError, CallOutcome};
use types::Envelope;

/// The address of the API.
const BASE: &str = "https://cloud.lambda.ai/api/v1";
/// The timeout of one call.
const ANSWER: Duration = Duration::from_secs(60);
/// Most tries of a call that may be repeated.
const TRIES: u32 = 8;
/// The longest `Retry-After` that is honoured.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// A client of one actor.
#[derive(Debug)]
pub struct Api {
    connection: Connection,
    rate_limiter: RateLimiter,
}

/// A call: its name, method and path below the base.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The operation, as the dialect names it.
    pub name: &'static str,
    pub method: &'a Method,
    /// The path, such as `/instances`.
    pub path: &'a str,
}

impl Api {
    /// A client over a connection.
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            rate_limiter: RateLimiter::default(),
        }
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Reads.
    ///
    /// # Errors
    /// When it is refused, or no usable answer arrives within the tries.
    pub async fn get<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &str,
    ) -> Result<T, CallError> {
        let method = &Method::GET;
        self.repeat(&Call { name, method, path }, None).await
    }

    /// Makes a call that is harmless twice; repeats it while its error is transient.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub async fn repeat<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: Option<&Value>,
    ) -> Result<T, CallError> {
        let mut pause = Duration::from_secs(2);
        for _ in 1..TRIES {
            match self.once(call, body).await {
                Err(error) if error.is_transient() => {
                    let asked = error.retry_after.unwrap_or_default();
                    tokio::time::sleep(asked.max(pause).min(WAIT_MAX)).await;
                    pause = (pause * 2).min(Duration::from_secs(20));
                }
                result => return result,
            }
        }
        self.once(call, body).await
    }

    /// Makes a call once.
    ///
    /// # Errors
    /// With what the failure says about the call's effect.
    pub async fn once<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: Option<&Value>,
    ) -> Result<T, CallError> {
        let request = self.request(call, body)?;
        self.rate_limiter.turn(call.name == "LaunchInstance").await;
        let sent = self.connection.transport.send(request);
        let answer = match tokio::time::timeout(ANSWER, sent).await {
            Err(_) => return Err(CallError::no_answer(call.name, "no answer within 60 s")),
            Ok(Err(error)) => return Err(CallError::from_transport(call.name, &error)),
            Ok(Ok(answer)) => answer,
        };
        read(call.name, &answer)
    }

    fn request(&self, call: &Call<'_>, body: Option<&Value>) -> Result<Request<Bytes>, CallError> {
        let (key, _) = credentials::find(&self.connection)
            .map_err(|message| CallError::internal(call.name, message))?;
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let mut authorization = header::HeaderValue::try_from(key.header()).map_err(|_| {
            CallError::internal(
                call.name,
                "the API key has characters that no header may have",
            )
        })?;
        authorization.set_sensitive(true);
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{BASE}{}", call.path))
            .header(header::AUTHORIZATION, authorization)
            .header(header::ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request
            .body(bytes)
            .map_err(|error| CallError::internal(call.name, error.to_string()))
    }
}

fn read<T: DeserializeOwned>(name: &'static str, answer: &Response<Bytes>) -> Result<T, CallError> {
    if !answer.status().is_success() {
        return Err(CallError::from_answer(name, answer));
    }
    serde_json::from_slice::<Envelope<T>>(answer.body())
        .map(|envelope| envelope.data)
        .map_err(|error| {
            // The answer does not show whether the call was applied.
            let message = format!("the answer cannot be read: {error}");
            CallError {
                outcome: CallOutcome::Unknown,
                ..CallError::internal(name, message)
            }
        })
}
