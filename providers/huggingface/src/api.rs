//! The clients of Hugging Face's services: one for each, all in one piece of work, with one token.

pub mod errors;
pub mod inference;
pub mod logs;
mod raw;
pub mod types;

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use kubeproof_cloudkit::rest::{BoxError, RestApi, RestClient, RestError};
use kubeproof_cloudkit::{Applied, Cause, Classify, Session};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::route::Route;

use crate::credentials::TOKEN;
use crate::routes::{self, Service};

/// Both services document no delay of their lists.
const CONSISTENCY_DELAY: Duration = Duration::ZERO;

/// A service that has a client.
pub trait OfService: Debug + Send + Sync + 'static {
    /// The service.
    const SERVICE: Service;
    /// Its address.
    const URL: &'static str;
}

/// Inference Endpoints.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints;

impl OfService for Endpoints {
    const SERVICE: Service = routes::ENDPOINTS;
    const URL: &'static str = "https://api.endpoints.huggingface.cloud/v2";
}

/// The Hub.
#[derive(Clone, Copy, Debug)]
pub struct Hub;

impl OfService for Hub {
    const SERVICE: Service = routes::HUB;
    const URL: &'static str = "https://huggingface.co/api";
}

/// The API of one service.
#[derive(Debug)]
pub struct HuggingFace<S>(PhantomData<fn() -> S>);

impl<S> Classify for HuggingFace<S> {
    fn classify(&self, status: u16, code: &str, message: &str) -> (Cause, Applied) {
        errors::classify(status, code, message)
    }
}

impl<S: OfService> RestApi for HuggingFace<S> {
    const SERVICE: &'static str = S::SERVICE.name;
    const BASE: &'static str = S::URL;
    const ROUTES: &'static [Route] = S::SERVICE.routes;

    async fn authorization(&self, connection: &Connection) -> Result<String, BoxError> {
        let (token, _) = TOKEN.find(connection)?;
        Ok(format!("Bearer {}", token.expose()))
    }

    /// The Hub allows 1000 calls in five minutes to the smallest account, far above what one run makes
    /// (huggingface.co/docs/hub/rate-limits).
    async fn turn(&self, _: &str) {}

    fn read_error(answer: &Response<Bytes>) -> RestError {
        errors::read(answer)
    }
}

/// A client of one service.
pub type Client<S> = RestClient<HuggingFace<S>>;

/// The clients of one piece of work.
#[derive(Debug)]
pub struct Api {
    /// Models that are served.
    pub endpoints: Client<Endpoints>,
    /// Who calls, jobs, Spaces, repositories.
    pub hub: Client<Hub>,
    session: Arc<Session>,
}

impl Api {
    /// Clients over a connection.
    pub fn new(connection: &Connection) -> Self {
        Self::in_session(Session::new(connection, CONSISTENCY_DELAY))
    }

    /// Clients for the next piece of work, which remember nothing.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self::in_session(self.session.renewed())
    }

    fn in_session(session: Session) -> Self {
        let session = Arc::new(session);
        Self {
            endpoints: client(&session),
            hub: client(&session),
            session,
        }
    }

    /// The session of all calls.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.session.connection
    }
}

fn client<S: OfService>(session: &Arc<Session>) -> Client<S> {
    let api = HuggingFace(PhantomData);
    RestClient::in_session(Arc::new(api), Arc::clone(session))
}
