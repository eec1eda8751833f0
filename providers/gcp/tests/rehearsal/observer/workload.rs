//! What a workload makes beside machines, and by other APIs: it is listed, proven, priced and deleted like all else.

use std::collections::BTreeMap;

use kubeproof_contract::call::Actor;
use kubeproof_contract::deleter::Deleter as _;
use kubeproof_contract::observer::{Lister as _, Ownership as _};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scope::Breadth;
use kubeproof_gcp::deleter::GkeDeleter;
use kubeproof_gcp::prices::monthly;
use kubeproof_simkit::bench::assert_same;
use serde_json::{Value, json};

use super::unread_of_a_region;
use crate::bench::Bench;

const PROJECT: &str = "projects/kubeproof-rehearsal";
const DNS: &str = "dns.googleapis.com";
const FILES: &str = "file.googleapis.com";

impl Bench {
    /// A call of the workload, or of an operator in the cluster, by an API of its own.
    async fn by_workload(&self, method: &str, path: &str, body: Value) -> Value {
        self.call(method, &format!("https://{path}"), &body).await
    }

    /// Makes a private zone with a record, shared files, and load balancers for TCP, TLS and gRPC, all in the run's
    /// network or with its marks.
    async fn make_all(&self) {
        let network =
            format!("https://www.googleapis.com/compute/v1/{PROJECT}/global/networks/kp-r1");
        let zones = format!("{DNS}/dns/v1/{PROJECT}/managedZones");
        let zone = json!({
            "name": "gke-kp-r1-dns", "dnsName": "cluster.local.", "description": "", "visibility": "private",
            "privateVisibilityConfig": {"networks": [{"networkUrl": network}]},
        });
        self.by_workload("POST", &zones, zone).await;
        let record =
            json!({"name": "a.cluster.local.", "type": "A", "ttl": 30, "rrdatas": ["10.8.0.1"]});
        let records = format!("{zones}/gke-kp-r1-dns/rrsets");
        self.by_workload("POST", &records, record).await;
        let share = json!({
            "tier": "BASIC_HDD", "fileShares": [{"name": "vol1", "capacityGb": "1024"}],
            "networks": [{"network": network}], "labels": {"kubeproof-run": "r1"},
        });
        let place = format!("{FILES}/v1/{PROJECT}/locations/us-west1-b/instances?instanceId=pvc-1");
        self.by_workload("POST", &place, share).await;
        self.make_proxies().await;
        tokio::time::sleep(std::time::Duration::from_mins(10)).await;
    }

    async fn make_proxies(&self) {
        let marked = |name: &str| json!({"name": name, "description": "kubeproof-run=r1"});
        let with = |name: &str, members: Value| {
            let mut body = marked(name);
            body.as_object_mut()
                .unwrap()
                .extend(members.as_object().unwrap().clone());
            body
        };
        let link = |path: &str| format!("{PROJECT}/global/{path}");
        for (path, body) in [
            (
                "healthChecks",
                with(
                    "own-check",
                    json!({"type": "TCP", "tcpHealthCheck": {"port": 80}}),
                ),
            ),
            (
                "sslCertificates",
                with("own-cert", json!({"certificate": "c", "privateKey": "k"})),
            ),
            (
                "backendServices",
                with(
                    "own",
                    json!({"healthChecks": [link("healthChecks/own-check")]}),
                ),
            ),
            (
                "urlMaps",
                with(
                    "own",
                    json!({"defaultService": link("backendServices/own")}),
                ),
            ),
            // What refers to the run's service needs no mark.
            (
                "targetTcpProxies",
                json!({"name": "tcp", "service": link("backendServices/own")}),
            ),
            (
                "targetSslProxies",
                json!({"name": "ssl", "service": link("backendServices/own"),
                    "sslCertificates": [link("sslCertificates/own-cert")]}),
            ),
            (
                "targetGrpcProxies",
                json!({"name": "grpc", "urlMap": link("urlMaps/own")}),
            ),
        ] {
            self.compute("POST", &format!("global/{path}"), &body).await;
            tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        }
    }
}

/// The types of what is new, and how many there are of each.
fn types(new: &[Resource]) -> BTreeMap<&str, usize> {
    let mut types = BTreeMap::new();
    for one in new {
        *types.entry(one.resource_type.as_str()).or_default() += 1;
    }
    types
}

#[tokio::test(start_paused = true)]
async fn what_a_workload_makes_by_other_apis_is_listed_proven_and_deleted() {
    let bench = Bench::new(json!({}), &[]);
    bench.provisioner().provision().await.unwrap();
    let before = bench.ground_truth.inventory();
    bench.make_all().await;
    let all = bench.audited().await;
    assert_same(all.clone(), bench.ground_truth.inventory());
    let new: Vec<Resource> = all
        .iter()
        .filter(|one| !before.iter().any(|old| old.is_same(one)))
        .cloned()
        .collect();
    let seen = types(&new);
    for (of_type, count) in [
        ("dns_zone", 1),
        ("dns_record", 1),
        ("filestore_instance", 1),
        ("target_proxy", 3),
    ] {
        assert_eq!(seen.get(of_type), Some(&count), "{of_type}: {seen:?}");
    }
    let observer = bench.observer();
    for one in &new {
        let proofs = observer.proofs(&bench.run, one, &all);
        assert!(!proofs.is_empty(), "{one:?}");
    }
    let made = observer.created_by(&bench.run, &new).await.unwrap();
    for id in ["gke-kp-r1-dns", "pvc-1", "tcp"] {
        assert!(made.contains_key(id), "{id}: {made:?}");
    }
    let types = observer.resource_types();
    let place = |one: &Resource| types.iter().position(|it| it.name == one.resource_type);
    let mut in_order = new;
    in_order.sort_by_key(place);
    let deleter = GkeDeleter::new(&bench.spec, &bench.connection(Actor::Auditor));
    for _ in 0..2 {
        for one in &in_order {
            let deleted = deleter.delete(one).await;
            deleted.unwrap_or_else(|error| panic!("{one:?}: {error}"));
        }
    }
    assert_same(bench.audited().await, before);
}

#[tokio::test(start_paused = true)]
async fn shared_files_that_a_torn_down_run_leaves_are_an_orphan_with_their_price() {
    let bench = Bench::new(json!({}), &[]);
    let before = bench.ground_truth.inventory();
    bench.provisioner().provision().await.unwrap();
    bench.make_all().await;
    bench.provisioner().teardown().await.ok();
    let all = bench.audited().await;
    assert_same(all.clone(), bench.ground_truth.inventory());
    let left = all
        .iter()
        .find(|one| one.resource_type == "filestore_instance" && one.id == "pvc-1");
    let left = left.expect("no one deletes it");
    assert!(!before.iter().any(|old| old.is_same(left)));
    assert!(!bench.observer().proofs(&bench.run, left, &all).is_empty());
    // 1024 GiB at 0.000274 dollars an hour in Oregon.
    assert_eq!(
        monthly(left).map(|cost| cost.usd.to_string()).as_deref(),
        Some("204.82")
    );
}

#[tokio::test(start_paused = true)]
async fn a_type_whose_api_is_disabled_is_named_and_is_no_cell() {
    let bench = Bench::new(json!({}), &[]);
    let lines = |bench: &Bench| {
        let observer = bench.observer();
        async move {
            let cells = observer.cells(&Breadth::Scenario).await.unwrap().len();
            let named = observer.not_covered();
            let hidden = named
                .into_iter()
                .filter(|line| line.contains("is disabled"));
            (cells, hidden.collect::<Vec<_>>())
        }
    };
    let (all, named) = lines(&bench).await;
    assert_eq!(named, [""; 0]);
    bench.service("POST", &format!("{DNS}:disable")).await;
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    // Its zones are still there.
    assert!(
        bench
            .ground_truth
            .inventory()
            .iter()
            .any(|one| one.resource_type == "dns_zone")
    );
    let (fewer, named) = lines(&bench).await;
    assert_eq!(fewer, all - 2);
    let why = format!("not listed, because {DNS} is disabled");
    assert_eq!(
        named,
        [format!("dns_record: {why}"), format!("dns_zone: {why}")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_location_of_filestore_that_does_not_answer_is_unread() {
    let fault = "auditor/file:projects.locations.instances.list#1=partial";
    assert_eq!(
        unread_of_a_region(fault).await,
        ["filestore_instance in us-central1"]
    );
}
