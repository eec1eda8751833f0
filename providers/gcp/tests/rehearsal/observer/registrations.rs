//! What is registered in a project for a cluster or its workload: listed, proven, priced, and deleted or retained.

use kubeproof_contract::call::Actor;
use kubeproof_contract::deleter::Deleter as _;
use kubeproof_contract::observer::{Lister as _, Ownership as _};
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::resource::{RETAINED_PROPERTY, Resource};
use kubeproof_gcp::deleter::GkeDeleter;
use kubeproof_gcp::prices::monthly;
use kubeproof_simkit::bench::assert_same;
use serde_json::{Value, json};

use super::unread_of_a_region;
use crate::bench::Bench;

const PROJECT: &str = "projects/kubeproof-rehearsal";
/// What stays after its deletion, by design.
const RETAINED: [&str; 2] = ["kms_crypto_key", "log_bucket"];

impl Bench {
    async fn register(&self, host: &str, path: &str, body: Value) {
        let url = format!("https://{host}.googleapis.com/{path}");
        self.call("POST", &url, &body).await;
    }

    /// A membership of the run's cluster, a pool with a provider, a bucket with a sink, and a key: the cluster's operator
    /// made them for the run.
    async fn register_all(&self) {
        let marked = json!({"description": "kubeproof-run=r1"});
        let with = |members: Value| {
            let mut body = marked.clone();
            let body_members = body.as_object_mut().unwrap();
            body_members.extend(members.as_object().unwrap().clone());
            body
        };
        let link =
            format!("//container.googleapis.com/{PROJECT}/locations/us-central1-a/clusters/kp-r1");
        let member = json!({"endpoint": {"gkeCluster": {"resourceLink": link}}});
        let memberships = format!("v1/{PROJECT}/locations/us-central1/memberships?membershipId=m");
        self.register("gkehub", &memberships, member).await;
        let pools = format!("v1/{PROJECT}/locations/global/workloadIdentityPools");
        let pool = format!("{pools}?workloadIdentityPoolId=p");
        self.register("iam", &pool, marked.clone()).await;
        let provider = format!("{pools}/p/providers?workloadIdentityPoolProviderId=ci");
        let oidc = json!({"oidc": {"issuerUri": "https://example.com"}});
        self.register("iam", &provider, oidc).await;
        let bucket = format!("v2/{PROJECT}/locations/us/buckets?bucketId=b");
        self.register("logging", &bucket, marked.clone()).await;
        let destination = format!("logging.googleapis.com/{PROJECT}/locations/us/buckets/b");
        let sink = with(json!({"name": "s", "destination": destination}));
        self.register("logging", &format!("v2/{PROJECT}/sinks"), sink)
            .await;
        let rings = format!("v1/{PROJECT}/locations/us-east1/keyRings");
        self.register("cloudkms", &format!("{rings}?keyRingId=r"), json!({}))
            .await;
        let key = json!({"purpose": "ENCRYPT_DECRYPT", "labels": {"kubeproof-run": "r1"}});
        let keys = format!("{rings}/r/cryptoKeys?cryptoKeyId=k");
        self.register("cloudkms", &keys, key).await;
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    }

    /// A project with all of it, and that alone.
    async fn registered() -> (Self, Vec<Resource>, Vec<Resource>) {
        let bench = Self::new(json!({}), &[]);
        bench.provisioner().provision().await.unwrap();
        let before = bench.ground_truth.inventory();
        bench.register_all().await;
        let all = bench.audited().await;
        assert_same(all.clone(), bench.ground_truth.inventory());
        let is_new = |one: &&Resource| !before.iter().any(|old| old.is_same(one));
        let new: Vec<Resource> = all.iter().filter(is_new).cloned().collect();
        (bench, new, all)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_registered_for_a_run_is_listed_and_proven() {
    let (bench, new, all) = Bench::registered().await;
    let types: Vec<&str> = new.iter().map(|one| one.resource_type.as_str()).collect();
    let expected = [
        "gke_hub_membership",
        "kms_crypto_key",
        "log_bucket",
        "log_sink",
        "workload_identity_pool",
        "workload_identity_provider",
    ];
    let mut sorted = types.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let observer = bench.observer();
    for one in &new {
        let proofs = observer.proofs(&bench.run, one, &all);
        assert!(!proofs.is_empty(), "{one:?}");
        assert!(!one.properties.contains_key(RETAINED_PROPERTY), "{one:?}");
    }
    let made = observer.created_by(&bench.run, &new).await.unwrap();
    assert_eq!(made.len(), new.len(), "{made:?}");
    // A key costs by its versions.
    let key = new.iter().find(|one| one.resource_type == "kms_crypto_key");
    let cost = monthly(key.unwrap()).map(|cost| cost.usd.to_string());
    assert_eq!(cost.as_deref(), Some("0.06"));
}

#[tokio::test(start_paused = true)]
async fn what_is_registered_is_deleted_twice_and_the_rest_is_retained_with_its_reason() {
    let (bench, mut new, _) = Bench::registered().await;
    let before: Vec<Resource> = bench
        .ground_truth
        .inventory()
        .into_iter()
        .filter(|one| !new.iter().any(|made| made.is_same(one)))
        .collect();
    let types = bench.observer().resource_types();
    let place = |one: &Resource| types.iter().position(|it| it.name == one.resource_type);
    new.sort_by_key(place);
    let deleter = GkeDeleter::new(&bench.spec, &bench.connection(Actor::Auditor));
    for _ in 0..2 {
        for one in &new {
            let deleted = deleter.delete(one).await;
            deleted.unwrap_or_else(|error| panic!("{one:?}: {error}"));
        }
    }
    let (retained, left): (Vec<Resource>, Vec<Resource>) = bench
        .audited()
        .await
        .into_iter()
        .partition(|one| new.iter().any(|made| made.is_same(one)));
    assert_same(left, before);
    let stays = |one: &Resource| one.properties.contains_key(RETAINED_PROPERTY);
    assert!(retained.iter().all(stays), "{retained:?}");
    let types: Vec<&str> = retained
        .iter()
        .map(|one| one.resource_type.as_str())
        .collect();
    assert_eq!(types, RETAINED);
}

#[tokio::test(start_paused = true)]
async fn a_membership_of_a_torn_down_cluster_is_an_orphan_of_the_run() {
    let (bench, ..) = Bench::registered().await;
    bench.provisioner().teardown().await.unwrap();
    let all = bench.audited().await;
    let left = all
        .iter()
        .find(|one| one.resource_type == "gke_hub_membership");
    let proofs = bench
        .observer()
        .proofs(&bench.run, left.expect("no one deletes it"), &all);
    assert_eq!(proofs, ["the membership of the run's cluster"]);
}

#[tokio::test(start_paused = true)]
async fn another_resource_of_the_same_name_is_not_deleted() {
    let (bench, new, _) = Bench::registered().await;
    let deleter = GkeDeleter::new(&bench.spec, &bench.connection(Actor::Auditor));
    for one in new.iter().filter(|one| one.incarnation.is_some()) {
        let mut other = one.clone();
        other.incarnation = Some("another".to_owned());
        deleter.delete(&other).await.unwrap();
    }
    let there = bench.audited().await;
    let lost: Vec<&Resource> = new.iter().filter(|one| !there.contains(one)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[tokio::test(start_paused = true)]
async fn a_location_of_the_fleet_that_does_not_answer_is_unread() {
    let fault = "auditor/gkehub:projects.locations.memberships.list#1=partial";
    assert_eq!(
        unread_of_a_region(fault).await,
        ["gke_hub_membership in us-central1"]
    );
}
