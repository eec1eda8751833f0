//! All cases on the simulated API server, in memory and under a paused clock: a trial each.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_contract::transport::Transport;
use kubeproof_kubernetes_conformance::{CASES, Case, Target, run_case};
use kubeproof_kubernetes_simulator::cloud_provider::NewNode;
use kubeproof_kubernetes_simulator::probe::IMAGE;
use kubeproof_kubernetes_simulator::server::{ApiServer, Identity};
use kubeproof_simkit::cloud::{Cloud, Reply};
use kubeproof_simkit::in_memory::InMemory;
use libtest_mimic::{Arguments, Trial};

const ADMIN: &str = "admin-token";
const NODES: u32 = 2;

/// A cluster without a cloud around it.
#[derive(Clone)]
struct Bare(ApiServer);

impl Cloud for Bare {
    fn advance(&mut self, to: Timestamp) {
        self.0.advance(to);
    }

    fn make_bystanders(&mut self) {}

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        let header = request.headers().get("authorization");
        let is_admin = header.is_some_and(|value| *value == format!("Bearer {ADMIN}"));
        let identity = if is_admin {
            Identity::User {
                name: "admin".to_owned(),
                groups: vec!["system:masters".to_owned()],
            }
        } else {
            Identity::Unauthenticated
        };
        self.0.answer(&identity, request)
    }

    fn latency(&self, _request: &Request<Bytes>) -> Duration {
        Duration::from_millis(10)
    }

    fn inventory(&self) -> Vec<Resource> {
        Vec::new()
    }

    fn lifetimes(&self) -> Vec<Lifespan> {
        Vec::new()
    }

    fn metered(&self, _run_id: &str, _from: Timestamp) -> Vec<Charge> {
        Vec::new()
    }

    fn charges(&self, _from: Timestamp) -> Vec<Charge> {
        Vec::new()
    }

    fn bystanders(&self) -> Vec<(Resource, String)> {
        Vec::new()
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        None
    }
}

fn server(start: Timestamp) -> ApiServer {
    let mut server = ApiServer::new("conformance", "1.34", 11, start);
    for number in 1..=NODES {
        server.add_node(NewNode {
            name: format!("node-{number}"),
            provider_id: format!("test:///zone-a/machine-{number}"),
            labels: BTreeMap::new(),
            cpus: 2,
            memory_mib: 4096,
            address: format!("10.0.0.{number}"),
        });
    }
    server
}

fn run(case: &Case) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let start: Timestamp = "2026-03-01T10:00:00Z".parse().map_err(|_| "no time")?;
        let memory = InMemory::new(Bare(server(start)), Clock::starting_at(start));
        let access = KubernetesAccess {
            server: "https://cluster.test".to_owned(),
            certificate_authority_pem: None,
            credential: Credential::Token(ADMIN.to_owned()),
            expires_at: None,
        };
        let transport: Arc<dyn Transport> = memory;
        let target =
            Target::new(access, transport, IMAGE, "case").map_err(|error| error.to_string())?;
        run_case(&target.paused(), case)
            .await
            .map_err(|finding| finding.to_string())
    })
}

fn main() -> ExitCode {
    let trials = CASES
        .iter()
        .map(|case| Trial::test(case.name, || run(case).map_err(Into::into)))
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
