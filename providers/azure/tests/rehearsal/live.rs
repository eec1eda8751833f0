//! The live path up to the network's edge: credentials from a `.env` file, real HTTPS with TLS, and a subscription that is
//! served on a local socket in place of the cloud's hosts. No real subscription is ever called.
//!
//! tidy: real time (sockets are real). No test sleeps.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, Uri};
use jiff::Timestamp;
use kubeproof_azure::observer::AksObserver;
use kubeproof_azure::provisioner::AksProvisioner;
use kubeproof_azure::rehearsal::{CLIENT_ID, CLIENT_SECRET, SUBSCRIPTION, TENANT, serve};
use kubeproof_contract::check::Verdict;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::disk::Disk;
use kubeproof_contract::https::Https;
use kubeproof_contract::observer::Observer as _;
use kubeproof_contract::process::Programs;
use kubeproof_contract::provider::{Connection, Credentials, ProgressSink};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::run::Run;
use kubeproof_contract::serve::{Served, Serving};
use kubeproof_contract::transport::{CertificateAuthority, Transport, TransportError};
use kubeproof_simkit::paced_clock::{PacedClock, runtime};
use serde_json::json;

use super::bench::spec;

/// Virtual seconds per real second.
const SCALE: u32 = 2_000;
/// How long one answer may take, on that clock.
const ANSWER_WITHIN: Duration = Duration::from_hours(2);

/// Real HTTPS. What is for a host of the public cloud goes to the served subscription, whose authority is trusted.
#[derive(Debug)]
struct ToServed {
    https: Https,
    address: SocketAddr,
    authority: CertificateAuthority,
}

#[async_trait]
impl Transport for ToServed {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let host = request.uri().host().unwrap_or_default();
        let is_public = host.ends_with(".azure.com") || host.ends_with(".microsoft.com");
        if is_public || host.ends_with(".microsoftonline.com") {
            assert_eq!(
                request.uri().scheme_str(),
                Some("https"),
                "{}",
                request.uri()
            );
            let uri = format!("https://{}{path}", self.address);
            *request.uri_mut() = uri.parse::<Uri>().unwrap();
            request.extensions_mut().insert(self.authority.clone());
        }
        self.https.send(request).await
    }
}

/// A connection of a live run with this `.env` file.
fn connection(served: &dyn Served, clock: Clock, env_file: &Path) -> Connection {
    let transport = ToServed {
        https: Https::new(ANSWER_WITHIN).unwrap(),
        address: served.address(),
        authority: CertificateAuthority(served.authority_pem().to_owned()),
    };
    Connection {
        transport: Arc::new(transport),
        clock,
        seed: 1,
        run: Run::new("r1", "tester", clock.now()),
        credentials: Credentials::Documented {
            env_file: env_file.to_owned(),
        },
        directory: "no-such-folder".into(),
        disk: Disk::unwatched(),
        progress: ProgressSink::default(),
    }
}

/// Works with a connection whose `.env` file has this secret.
fn live<F: Future<Output = ()>>(secret: &str, work: impl FnOnce(Arc<dyn Served>, Connection) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let env_file = folder.path().join(".env");
    let content = format!(
        "AZURE_TENANT_ID={TENANT}\nAZURE_CLIENT_ID={CLIENT_ID}\nAZURE_CLIENT_SECRET={secret}\n"
    );
    std::fs::write(&env_file, content).unwrap();
    runtime().unwrap().block_on(async {
        let scale = NonZeroU32::new(SCALE).unwrap();
        let _pace = PacedClock::keep(scale, &Programs::default());
        let clock = Clock::starting_at(Timestamp::now());
        let serving = Serving {
            listen: "127.0.0.1:0".parse().unwrap(),
            clock,
            time_scale: SCALE,
            seed: 1,
            faults: Vec::new(),
            environment: std::collections::BTreeMap::new(),
        };
        let served = serve(serving).unwrap();
        let connection = connection(served.as_ref(), clock, &env_file);
        work(Arc::clone(&served), connection).await;
        served.stop().await;
    });
}

#[test]
fn a_cluster_is_made_and_removed_over_real_https_with_credentials_of_a_file() {
    live(CLIENT_SECRET, async |served, connection| {
        let before = served.ground_truth().inventory();
        let observer = AksObserver::new(spec(json!({})), &connection);
        let account = observer.account_id().await.unwrap();
        assert_eq!(account, Some(format!("{TENANT}/{SUBSCRIPTION}")));
        let mut provisioner = AksProvisioner::new(spec(json!({})), &connection);
        let made = provisioner.provision().await.unwrap();
        assert!(made.made.contains_key("managedClusters/kp-r1"), "{made:?}");
        let checks = observer.checks(&connection.run, &made).await;
        let not: Vec<_> = checks
            .iter()
            .filter(|one| one.verdict != Verdict::Pass)
            .collect();
        assert!(not.is_empty(), "{not:#?}");
        provisioner.teardown().await.unwrap();
        assert_eq!(served.ground_truth().inventory(), before);
    });
}

#[test]
fn a_secret_that_the_authority_refuses_leaves_the_account_unknown_and_is_not_shown() {
    live("hush", async |served, connection| {
        let observer = AksObserver::new(spec(json!({})), &connection);
        let error = observer.account_id().await.unwrap_err().to_string();
        assert!(
            error.contains("AADSTS7000215") && error.contains(".env"),
            "{error}"
        );
        assert!(!error.contains("hush"), "{error}");
        let checks = observer.preflight().await;
        assert!(
            checks.iter().any(|one| one.verdict == Verdict::Unknown),
            "{checks:?}"
        );
        assert!(!format!("{checks:?}").contains("hush"), "{checks:?}");
        assert!(!format!("{:?}", served.journal().calls()).contains("hush"));
    });
}
