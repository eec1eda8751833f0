//! A transport for tests that gives answers from a list and keeps the requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::mutex::lock;
use kubeproof_contract::transport::{Transport, TransportError};

/// What comes of a request.
pub type Answer = Result<Response<Bytes>, TransportError>;

/// What comes of each request, and the requests that came. After the last answer connections are lost.
#[derive(Debug, Default)]
pub struct Answers {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request<Bytes>>>,
    is_silent: bool,
}

impl Answers {
    /// These answers, one after the other.
    pub fn of(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.into_iter().collect()),
            ..Self::default()
        })
    }

    /// No answer ever.
    pub fn never() -> Arc<Self> {
        Arc::new(Self {
            is_silent: true,
            ..Self::default()
        })
    }

    /// The requests that came.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        lock(&self.requests).clone()
    }

    /// The requests that came, each as method, URI and body.
    pub fn lines(&self) -> Vec<String> {
        let line = |request: &Request<Bytes>| {
            let body = String::from_utf8_lossy(request.body());
            format!("{} {} {body}", request.method(), request.uri())
        };
        lock(&self.requests).iter().map(line).collect()
    }
}

#[async_trait]
impl Transport for Answers {
    async fn send(&self, request: Request<Bytes>) -> Answer {
        lock(&self.requests).push(request);
        if self.is_silent {
            std::future::pending::<()>().await;
        }
        let answer = lock(&self.answers).pop_front();
        answer.unwrap_or_else(|| Err(TransportError::Lost("nothing is left".to_owned())))
    }
}

/// An answer that also says how long to wait.
///
/// # Errors
/// Never: it is what a transport gives.
///
/// # Panics
/// When the status is none.
pub fn answer(status: u16, body: &str) -> Answer {
    let answer = Response::builder()
        .status(status)
        .header("retry-after", "7");
    Ok(answer
        .body(Bytes::from(body.to_owned()))
        .expect("an answer"))
}
