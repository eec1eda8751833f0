//! The network between a live run and the second process: real sockets and TLS, and one clock for both.
//!
//! The run has a paused clock, which stands still while a call is on its way and jumps when all wait. Before each call the
//! account's clock is advanced to the run's, and after it the run waits until it is as late as the account. So a lifecycle
//! of an hour and a bill of a month take seconds, and both processes see the same dates.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::https::Https;
use kubeproof_contract::transport::{CertificateAuthority, Transport, TransportError};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::second_process::Account;

/// How long one answer may take, in real time.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// Changes the answer to a call: its host and path, the body of the request, and that of the answer.
pub type Tamper = fn(&str, &[u8], Bytes) -> Bytes;

/// The network of one run.
#[derive(Clone, Debug)]
pub struct Network {
    https: Arc<Https>,
    address: SocketAddr,
    authority: CertificateAuthority,
    clock: Clock,
    pub tamper: Option<Tamper>,
    /// How many more calls are answered before this process is gone.
    dies: Option<Arc<AtomicUsize>>,
}

/// The runtime of real sockets, beside the paused ones of the runs.
fn sockets() -> &'static Runtime {
    static SOCKETS: OnceLock<Runtime> = OnceLock::new();
    SOCKETS.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let builder = builder.worker_threads(1).enable_all();
        builder.build().expect("a runtime")
    })
}

impl Network {
    /// The network to this account for a run with this clock.
    pub fn new(account: &Account, clock: Clock, tamper: Option<Tamper>) -> Self {
        let authority = std::fs::read_to_string(&account.authority);
        Self {
            https: Arc::new(Https::new(ANSWER_WITHIN).expect("authorities")),
            address: account.address,
            authority: CertificateAuthority(authority.expect("an authority")),
            clock,
            tamper,
            dies: None,
        }
    }

    /// Kills this process when this counter, which others set, has come down to zero: as a power cut does, after the
    /// account has applied the call and before anything here knows.
    pub fn dying(self, dies: Arc<AtomicUsize>) -> Self {
        Self {
            dies: Some(dies),
            ..self
        }
    }

    fn die_if_due(&self) {
        let Some(dies) = &self.dies else { return };
        let down = |left: usize| left.checked_sub(1);
        if dies.fetch_update(Ordering::SeqCst, Ordering::SeqCst, down) == Ok(1) {
            std::process::abort();
        }
    }

    /// Leads a request for a host of the cloud to the account; those for a cluster name its address already.
    fn lead(&self, request: &mut Request<Bytes>) -> String {
        let host = request.uri().host().unwrap_or_default().to_owned();
        if host == self.address.ip().to_string() {
            return host;
        }
        assert_eq!(request.uri().scheme_str(), Some("https"), "{host}");
        let path = request.uri().path_and_query();
        let path = path.map_or("/", |path| path.as_str());
        let uri = format!("https://{}{path}", self.address);
        *request.uri_mut() = uri.parse::<Uri>().expect("an address");
        if !request.headers().contains_key(HOST) {
            let host = HeaderValue::from_str(&host).expect("a host");
            request.headers_mut().insert(HOST, host);
        }
        request.extensions_mut().insert(self.authority.clone());
        host
    }

    async fn exchange(
        self,
        at: Timestamp,
        request: Request<Bytes>,
    ) -> Result<(Timestamp, Response<Bytes>), TransportError> {
        set_clock(&self.https, self.address, at).await?;
        let answer = self.https.send(request).await?;
        let now = set_clock(&self.https, self.address, at).await?;
        Ok((now, answer))
    }
}

/// The date of an account.
pub fn date(account: &Account) -> Timestamp {
    let https = Https::new(ANSWER_WITHIN).expect("authorities");
    let asked = set_clock(&https, account.address, Timestamp::UNIX_EPOCH);
    sockets().block_on(asked).expect("its date")
}

/// Advances the account's clock to a date that it has not reached yet. Returns the date that it shows.
async fn set_clock(
    https: &Https,
    address: SocketAddr,
    at: Timestamp,
) -> Result<Timestamp, TransportError> {
    let body = json!({ "at": at }).to_string();
    let request = Request::post(format!("http://{address}/_kubeproof/clock"));
    let request = request.body(Bytes::from(body)).expect("a request");
    let answer = https.send(request).await?;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    let answer: Value = serde_json::from_slice(answer.body()).expect("JSON");
    let shown = answer["at"].as_str().and_then(|at| at.parse().ok());
    Ok(shown.unwrap_or_else(|| panic!("no date: {text}")))
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let asked = request.body().clone();
        let host = self.lead(&mut request);
        let place = format!("{host}{}", request.uri().path());
        let (network, at) = (self.clone(), self.clock.now());
        // While a blocking task runs, the paused clock does not jump.
        let exchange = move || sockets().block_on(network.exchange(at, request));
        let exchanged = tokio::task::spawn_blocking(exchange).await;
        let (theirs, answer) = exchanged.expect("no panic")?;
        self.die_if_due();
        if let Ok(behind) = Duration::try_from(theirs.duration_since(self.clock.now())) {
            tokio::time::sleep(behind).await;
        }
        Ok(match self.tamper {
            Some(tamper) => answer.map(|body| tamper(&place, &asked, body)),
            None => answer,
        })
    }
}
