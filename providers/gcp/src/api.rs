//! The clients of Google Cloud's services: one for each, all in one piece of work, with one access token.

pub mod errors;
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

use crate::credentials::Tokens;
use crate::routes::{Service, compute, container, project, workload};

/// Compute Engine and Kubernetes Engine read what they have acknowledged. What lags (a service account, an API that
/// was just enabled) is known by its errors.
const CONSISTENCY_DELAY: Duration = Duration::ZERO;

/// A service that has a client.
pub trait OfService: Debug + Send + Sync + 'static {
    /// The service.
    const SERVICE: Service;
}

/// Declares the services that have clients.
macro_rules! services {
    ($($(#[$about:meta])* $name:ident = $service:expr;)+) => {
        $(
            $(#[$about])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl OfService for $name {
                const SERVICE: Service = $service;
            }
        )+
    };
}

services! {
    /// Compute Engine.
    Compute = compute::SERVICE;
    /// Kubernetes Engine.
    Container = container::SERVICE;
    /// Resource Manager.
    Projects = project::PROJECTS;
    /// Service Usage: which APIs are enabled.
    ServiceUsage = project::SERVICE_USAGE;
    /// Identity and Access Management.
    Iam = project::IAM;
    /// Cloud Billing.
    CloudBilling = project::BILLING;
    /// `BigQuery`: the billing export.
    BigQuery = project::BIGQUERY;
    /// Cloud Logging.
    Logging = project::LOGGING;
    /// Cloud DNS.
    Dns = workload::DNS;
    /// Filestore.
    Filestore = workload::FILES;
    /// GKE Hub.
    Hub = workload::HUB;
    /// Cloud KMS.
    Kms = workload::KMS;
}

/// The API of one service.
#[derive(Debug)]
pub struct Google<S> {
    tokens: Arc<Tokens>,
    service: PhantomData<fn() -> S>,
}

impl<S> Classify for Google<S> {
    fn classify(&self, status: u16, code: &str, message: &str) -> (Cause, Applied) {
        errors::classify(status, code, message)
    }
}

impl<S: OfService> RestApi for Google<S> {
    const SERVICE: &'static str = S::SERVICE.name;
    const BASE: &'static str = S::SERVICE.url;
    const ROUTES: &'static [Route] = S::SERVICE.routes;

    async fn authorization(&self, connection: &Connection) -> Result<String, BoxError> {
        let token = self.tokens.current(connection).await?;
        Ok(format!("Bearer {}", token.value()))
    }

    /// Quotas are counted for each minute and project, far above what one run calls.
    async fn turn(&self, _: &str) {}

    fn read_error(answer: &Response<Bytes>) -> RestError {
        errors::read(answer)
    }
}

/// A client of one service.
pub type Client<S> = RestClient<Google<S>>;

/// The clients of one piece of work.
#[derive(Debug)]
pub struct Api {
    /// Networks, addresses, disks, load balancers.
    pub compute: Client<Compute>,
    /// Clusters and node pools.
    pub container: Client<Container>,
    /// The project and its permissions.
    pub projects: Client<Projects>,
    /// The project's APIs.
    pub services: Client<ServiceUsage>,
    /// Service accounts.
    pub iam: Client<Iam>,
    /// Whether the project is billed.
    pub billing: Client<CloudBilling>,
    /// What was billed.
    pub bigquery: Client<BigQuery>,
    /// Who made what.
    pub logging: Client<Logging>,
    /// Zones and their records.
    pub dns: Client<Dns>,
    /// Shared files.
    pub files: Client<Filestore>,
    /// The fleet of clusters.
    pub hub: Client<Hub>,
    /// Keys.
    pub kms: Client<Kms>,
    session: Arc<Session>,
    tokens: Arc<Tokens>,
}

impl Api {
    /// Clients over a connection.
    pub fn new(connection: &Connection) -> Self {
        let session = Session::new(connection, CONSISTENCY_DELAY);
        Self::in_session(session, Arc::default())
    }

    /// Clients for the next piece of work: they share the access token and remember nothing else.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self::in_session(self.session.renewed(), Arc::clone(&self.tokens))
    }

    fn in_session(session: Session, tokens: Arc<Tokens>) -> Self {
        let session = Arc::new(session);
        Self {
            compute: client(&session, &tokens),
            container: client(&session, &tokens),
            projects: client(&session, &tokens),
            services: client(&session, &tokens),
            iam: client(&session, &tokens),
            billing: client(&session, &tokens),
            bigquery: client(&session, &tokens),
            logging: client(&session, &tokens),
            dns: client(&session, &tokens),
            files: client(&session, &tokens),
            hub: client(&session, &tokens),
            kms: client(&session, &tokens),
            session,
            tokens,
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

    /// The access tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }
}

fn client<S: OfService>(session: &Arc<Session>, tokens: &Arc<Tokens>) -> Client<S> {
    let api = Google {
        tokens: Arc::clone(tokens),
        service: PhantomData,
    };
    RestClient::in_session(Arc::new(api), Arc::clone(session))
}
