//! Bad connections: lost, late and rejected answers, and how the client recovers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::ErrorKind;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use kubeproof_contract::transport::{
    CertificateAuthority, SharedTransport, Transport, TransportError,
};
use kubeproof_contract::workload::JobOrder;
use kubeproof_kubernetes::job::run_job;
use kubeproof_kubernetes::ready::ready;
use kubeproof_kubernetes::{client, dialect, leftovers};

use crate::cloud::{ADMIN, Cluster};

/// What happens to every n-th call.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    LostResponse,
    Hang,
    Throttle,
    Server,
}

#[derive(Debug)]
struct Troubled {
    inner: SharedTransport,
    trouble: Trouble,
    every: u64,
    calls: AtomicU64,
}

#[async_trait]
impl Transport for Troubled {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let count = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if !count.is_multiple_of(self.every) {
            return self.inner.send(request).await;
        }
        match self.trouble {
            Trouble::LostResponse => {
                self.inner.send(request).await?;
                Err(TransportError::Lost("cut".to_owned()))
            }
            Trouble::Hang => std::future::pending().await,
            Trouble::Throttle => {
                let kind = ErrorKind::Throttled {
                    retry_after_seconds: Some(7),
                };
                Ok(dialect::error(&request, &kind))
            }
            Trouble::Server => Ok(dialect::error(&request, &ErrorKind::Server)),
        }
    }
}

fn access(authority: Option<&str>) -> KubernetesAccess {
    KubernetesAccess {
        server: "https://cluster.test".to_owned(),
        certificate_authority_pem: authority.map(str::to_owned),
        credential: Credential::Token(ADMIN.to_owned()),
        expires_at: None,
    }
}

fn troubled(cluster: &Cluster, trouble: Trouble, every: u64) -> kube::Client {
    let inner = cluster.transport();
    let transport = Troubled {
        inner,
        trouble,
        every,
        calls: AtomicU64::new(0),
    };
    client(&access(None), Arc::new(transport)).unwrap()
}

fn order() -> JobOrder {
    JobOrder {
        name: "proof".to_owned(),
        namespace: "kp-test".to_owned(),
        image: None,
        print: "through the storm".to_owned(),
        nonce: "n-1".to_owned(),
        gpus: None,
        timeout: Duration::from_mins(10),
        labels: BTreeMap::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_is_proven_in_spite_of_trouble_at_any_call() {
    let troubles = [
        Trouble::LostResponse,
        Trouble::Hang,
        Trouble::Throttle,
        Trouble::Server,
    ];
    for trouble in troubles {
        for every in 2..6 {
            let cluster = Cluster::with_nodes(1);
            let proof = run_job(&troubled(&cluster, trouble, every), &order()).await;
            let output = proof
                .map(|proof| proof.output)
                .map_err(|error| error.to_string());
            assert_eq!(
                output.as_deref(),
                Ok("through the storm\n(nonce)\n"),
                "{trouble:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn leftovers_are_made_once_and_drained_in_spite_of_lost_answers() {
    let cluster = Cluster::with_nodes(1);
    let client = troubled(&cluster, Trouble::LostResponse, 3);
    leftovers::create(&client, "work", &BTreeMap::new())
        .await
        .unwrap();
    assert_eq!(cluster.in_the_cloud(), (1, 1));
    let remaining = leftovers::drain(&client, Duration::from_mins(5))
        .await
        .unwrap();
    assert_eq!(remaining, []);
    assert_eq!(cluster.in_the_cloud(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_server_asks_for_is_kept() {
    let cluster = Cluster::with_nodes(1);
    let start = tokio::time::Instant::now();
    ready(&troubled(&cluster, Trouble::Throttle, 2), 1)
        .await
        .unwrap();
    assert!(
        start.elapsed() >= Duration::from_secs(7),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    let cluster = Cluster::with_nodes(1);
    let start = tokio::time::Instant::now();
    let error = ready(&troubled(&cluster, Trouble::Hang, 1), 1)
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(
        start.elapsed() < Duration::from_secs(400),
        "{:?}",
        start.elapsed()
    );
}

#[derive(Debug)]
struct Recorder {
    inner: SharedTransport,
    seen: Mutex<Vec<(String, String, Option<String>)>>,
}

#[async_trait]
impl Transport for Recorder {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let token = request.headers()["authorization"]
            .to_str()
            .unwrap()
            .to_owned();
        let authority = request.extensions().get::<CertificateAuthority>();
        let entry = (
            request.uri().to_string(),
            token,
            authority.map(|pem| pem.0.clone()),
        );
        self.seen.lock().unwrap().push(entry);
        self.inner.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn each_request_carries_server_token_and_certificate_authority() {
    let cluster = Cluster::with_nodes(1);
    let inner = cluster.transport();
    let recorder = Arc::new(Recorder {
        inner,
        seen: Mutex::default(),
    });
    let transport: SharedTransport = Arc::clone(&recorder) as SharedTransport;
    let client = client(&access(Some("a certificate")), transport).unwrap();
    client.apiserver_version().await.unwrap();
    let expected = (
        "https://cluster.test/version".to_owned(),
        format!("Bearer {ADMIN}"),
        Some("a certificate".to_owned()),
    );
    assert_eq!(*recorder.seen.lock().unwrap(), [expected]);
}

#[tokio::test(start_paused = true)]
async fn access_that_makes_no_request_is_an_error() {
    let cluster = Cluster::with_nodes(0);
    for (server, token) in [
        ("not a url", "t"),
        ("host-only", "t"),
        ("https://h", "a\nb"),
    ] {
        let mut access = access(None);
        access.server = server.to_owned();
        access.credential = Credential::Token(token.to_owned());
        let error = client(&access, cluster.transport())
            .err()
            .map(|error| error.to_string());
        assert!(
            error.is_some_and(|text| !text.contains('\n')),
            "{server} {token:?}"
        );
    }
}
