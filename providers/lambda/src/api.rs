//! The client: typed REST over the transport, one turn of the token bucket for each call.
//!
//! Apart from what uses it: this is the one place where the key and the address are. It repeats only
//! what is certainly not applied or harmless twice; a launch it never repeats by itself.

pub mod problem;
pub mod types;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use kubeproof_contract::provider::Connection;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::credentials;
use crate::pace::Pace;
use problem::{Fate, Problem};
use types::Envelope;

/// The address of the API.
const BASE: &str = "https://cloud.lambda.ai/api/v1";
/// How long one call may wait for its answer.
const ANSWER: Duration = Duration::from_secs(60);
/// Most tries of a call that may be repeated.
const TRIES: u32 = 8;
/// The longest wait that a `Retry-After` is followed for.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// A client of one actor.
#[derive(Debug)]
pub struct Api {
    connection: Connection,
    pace: Pace,
}

/// A call: its name, method and path below the base.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The operation, as the dialect names it.
    pub name: &'static str,
    /// The method.
    pub method: &'a Method,
    /// The path, such as `/instances`.
    pub path: &'a str,
}

impl Api {
    /// A client over a connection.
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            pace: Pace::default(),
        }
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Reads.
    ///
    /// # Errors
    /// When it is refused, or no usable answer comes within the tries.
    pub async fn get<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &str,
    ) -> Result<T, Problem> {
        let method = &Method::GET;
        self.repeat(&Call { name, method, path }, None).await
    }

    /// Makes a call that does no harm twice, again while its problems may pass.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub async fn repeat<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: Option<&Value>,
    ) -> Result<T, Problem> {
        let mut pause = Duration::from_secs(2);
        for _ in 1..TRIES {
            match self.once(call, body).await {
                Err(problem) if problem.may_pass() => {
                    let asked = problem.retry_after.unwrap_or_default();
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
    /// With what its failure says about its effect.
    pub async fn once<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: Option<&Value>,
    ) -> Result<T, Problem> {
        let request = self.request(call, body)?;
        self.pace.turn(call.name == "LaunchInstance").await;
        let sent = self.connection.transport.send(request);
        let answer = match tokio::time::timeout(ANSWER, sent).await {
            Err(_) => return Err(Problem::silent(call.name, "no answer within 60 s")),
            Ok(Err(error)) => return Err(Problem::of_transport(call.name, &error)),
            Ok(Ok(answer)) => answer,
        };
        read(call.name, &answer)
    }

    fn request(&self, call: &Call<'_>, body: Option<&Value>) -> Result<Request<Bytes>, Problem> {
        let (key, _) = credentials::find(&self.connection)
            .map_err(|message| Problem::ours(call.name, message))?;
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let mut authorization = header::HeaderValue::try_from(key.header()).map_err(|_| {
            Problem::ours(
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
            .map_err(|error| Problem::ours(call.name, error.to_string()))
    }
}

fn read<T: DeserializeOwned>(name: &'static str, answer: &Response<Bytes>) -> Result<T, Problem> {
    if !answer.status().is_success() {
        return Err(Problem::of_answer(name, answer));
    }
    serde_json::from_slice::<Envelope<T>>(answer.body())
        .map(|envelope| envelope.data)
        .map_err(|error| {
            // Applied or not: the answer does not say.
            let message = format!("the answer cannot be read: {error}");
            Problem {
                fate: Fate::Unclear,
                ..Problem::ours(name, message)
            }
        })
}
