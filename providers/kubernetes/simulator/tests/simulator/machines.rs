//! k3s on the machines of a cloud: which nodes join, and who is answered.

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_kubernetes_simulator::machines::cloud_init::{Agent, Server, digest};
use kubeproof_kubernetes_simulator::machines::{
    Boot, Clusters, Machine, MachineCloud, MachineFault, PORT, advance, answer, installed,
    machine_of, stopped,
};
use kubeproof_simkit::cloud::Reply;

const AUTHORITY: &str = "the authority";

struct Vm {
    id: &'static str,
    private_ip: &'static str,
    network: &'static str,
    boot: Boot,
    fault: Option<MachineFault>,
    is_up: bool,
}

/// Two machines: a server and an agent that wants to join it.
struct Cloud {
    now: Timestamp,
    vms: Vec<Vm>,
    is_open: bool,
    again: Vec<String>,
    clusters: Clusters,
}

impl MachineCloud for Cloud {
    fn clusters(&mut self) -> &mut Clusters {
        &mut self.clusters
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn next_seed(&mut self) -> u64 {
        1
    }

    fn machines(&self) -> impl Iterator<Item = Machine<'_>> {
        self.vms.iter().map(|vm| Machine {
            id: vm.id,
            ip: "203.0.113.1",
            private_ip: vm.private_ip,
            network: vm.network,
            is_up: vm.is_up,
            boot: &vm.boot,
            fault: vm.fault,
            gpus: 1,
            cpus: 4,
            memory_mib: 1024,
        })
    }

    fn passes(&self, _: &str, port: u16, _: Option<&str>) -> bool {
        port == PORT && self.is_open
    }

    fn try_again(&mut self, id: &str, seconds: i64) {
        assert!(seconds > 0);
        self.again.push(id.to_owned());
    }
}

fn cloud() -> Cloud {
    let server = Server {
        node: "n-0".to_owned(),
        token: "s".to_owned(),
        version: "1.34".to_owned(),
        server_ca: AUTHORITY.to_owned(),
        client_ca: AUTHORITY.to_owned(),
        names_address: true,
        device_plugin: true,
    };
    let agent = Agent {
        node: "n-1".to_owned(),
        server: "10.0.0.1".to_owned(),
        secret: "s".to_owned(),
        authority: Some(digest(AUTHORITY)),
    };
    let vm = |id, private_ip, boot| Vm {
        id,
        private_ip,
        network: "here",
        boot,
        fault: None,
        is_up: true,
    };
    Cloud {
        now: Timestamp::from_second(1_795_000_000).expect("a date"),
        vms: vec![
            vm("a", "10.0.0.1", Boot::Server(server)),
            vm("b", "10.0.0.2", Boot::Agent(agent)),
        ],
        is_open: true,
        again: Vec::new(),
        clusters: Clusters::default(),
    }
}

/// Whether the agent joins after this change, or tries again.
#[track_caller]
fn check(what: &str, change: fn(&mut Cloud), expected: bool, tries_again: bool) {
    let mut cloud = cloud();
    change(&mut cloud);
    joins(cloud, what, expected, tries_again);
}

#[track_caller]
fn joins(mut cloud: Cloud, what: &str, expected: bool, tries_again: bool) {
    installed(&mut cloud, "a");
    installed(&mut cloud, "b");
    let again = if tries_again { &["b"][..] } else { &[] };
    assert_eq!(cloud.again, again, "{what}: tries again");
    let joined = cloud.clusters.nodes("a").contains(&"n-1".to_owned());
    assert_eq!(joined, expected, "{what}: joins");
}

fn agent(cloud: &mut Cloud) -> &mut Agent {
    match &mut cloud.vms[1].boot {
        Boot::Agent(agent) => agent,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_agent_joins_the_server_that_it_reaches_trusts_and_knows_the_secret_of() {
    check("nothing is wrong", |_| {}, true, false);
    check(
        "no authority is named",
        |cloud| agent(cloud).authority = None,
        true,
        false,
    );
    check(
        "another authority",
        |cloud| agent(cloud).authority = Some(digest("x")),
        false,
        true,
    );
    check(
        "another secret",
        |cloud| agent(cloud).secret = "x".to_owned(),
        false,
        true,
    );
    check(
        "another address",
        |cloud| agent(cloud).server = "10.0.0.9".to_owned(),
        false,
        true,
    );
    check(
        "another network",
        |cloud| cloud.vms[1].network = "there",
        false,
        true,
    );
    check(
        "a closed firewall",
        |cloud| cloud.is_open = false,
        false,
        true,
    );
    check(
        "the server is down",
        |cloud| cloud.vms[0].is_up = false,
        false,
        true,
    );
    for fault in ["node-never-joins", "install-script", "unusable"] {
        let mut cloud = cloud();
        cloud.vms[1].fault = MachineFault::named(fault);
        joins(cloud, fault, false, false);
    }
}

/// The status of an answer to a request for this address.
fn status(cloud: &mut Cloud, uri: &str) -> Option<u16> {
    let request = Request::get(uri).body(Bytes::new()).expect("a request");
    let id = machine_of(cloud, &request)?;
    match answer(cloud, &id, &request) {
        Reply::Now(answer) => Some(answer.status().as_u16()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_to_the_port_of_api_servers_is_never_one_to_the_clouds_api() {
    let mut cloud = cloud();
    installed(&mut cloud, "a");
    assert_eq!(
        status(&mut cloud, "https://cloud.example/api/v1/nodes"),
        None
    );
    // Nothing trusts the authority, and no one has that address.
    assert_eq!(
        status(&mut cloud, "https://203.0.113.1:6443/api"),
        Some(503)
    );
    assert_eq!(
        status(&mut cloud, "https://203.0.113.9:6443/api"),
        Some(503)
    );
}

#[test]
fn a_stopped_agent_leaves_and_a_stopped_server_takes_its_cluster_along() {
    let mut cloud = cloud();
    installed(&mut cloud, "a");
    installed(&mut cloud, "b");
    assert_eq!(cloud.clusters.nodes("a"), ["n-0", "n-1"]);
    stopped(&mut cloud, "b");
    cloud.now += SignedDuration::from_secs(60);
    advance(&mut cloud);
    assert_eq!(cloud.clusters.nodes("a"), ["n-0"]);
    stopped(&mut cloud, "a");
    assert!(cloud.clusters.nodes("a").is_empty());
}
