//! Each wrong provisioner leaves or breaks exactly what it is named for, where the correct one does not.

use kubeproof_contract::call::Actor;
use kubeproof_contract::provisioner::ProvisionerError;
use kubeproof_contract::resource::Resource;
use kubeproof_gcp::defects::{DEFECTS, WRONG};
use kubeproof_gcp::provisioner::GkeProvisioner;
use serde_json::{Value, json};

use super::bench::Bench;

/// The end of a lifecycle.
struct End {
    bench: Bench,
    before: Vec<Resource>,
    bystanders: Vec<(Resource, String)>,
    torn: Result<(), ProvisionerError>,
}

impl End {
    /// What exists that was not there before.
    fn left(&self) -> Vec<String> {
        self.bench.more_than(&self.before)
    }

    /// The types of what exists that was not there before, once each.
    fn left_types(&self) -> Vec<String> {
        let mut types: Vec<String> = self
            .left()
            .iter()
            .filter_map(|one| one.split(' ').next().map(str::to_owned))
            .collect();
        types.sort();
        types.dedup();
        types
    }

    /// The bystanders that are gone or changed, as type and id.
    fn harmed(&self) -> Vec<String> {
        let now = self.bench.ground_truth.bystanders();
        let harmed = self.bystanders.iter().filter(|(one, digest)| {
            let same = now.iter().find(|(other, _)| other.is_same(one));
            same.is_none_or(|(_, now)| now != digest)
        });
        harmed
            .map(|(one, _)| format!("{} {}", one.resource_type, one.id))
            .collect()
    }
}

/// Provisions, lets a workload make something, and tears down.
async fn lifecycle(defect: Option<&str>, change: Value, faults: &[&str]) -> End {
    lifecycle_in(Bench::new(change, faults), defect, faults).await
}

async fn lifecycle_in(bench: Bench, defect: Option<&str>, faults: &[&str]) -> End {
    let before = bench.ground_truth.inventory();
    let bystanders = bench.ground_truth.bystanders();
    let spec = bench.spec.clone();
    let correct = |connection| GkeProvisioner::new(spec, &connection);
    let mut process = WRONG.provisioner(defect, bench.connection(Actor::Provisioner), correct);
    let provisioned = process.provision().await;
    let provisioned = provisioned.unwrap_or_else(|error| panic!("{defect:?} {faults:?}: {error}"));
    let transport = bench.connection(Actor::Workload).transport;
    let client = kubeproof_kubernetes::client(&provisioned.access.unwrap(), transport).unwrap();
    let labels = std::collections::BTreeMap::new();
    let made = kubeproof_kubernetes::leftovers::create(&client, "work", &labels).await;
    made.unwrap();
    let torn = process.teardown().await;
    assert_eq!(bench.faults.failed_changes(), [""; 0], "{faults:?}");
    End {
        bench,
        before,
        bystanders,
        torn,
    }
}

/// The end of the wrong one, after the correct one was seen to harm nothing under the same faults, and to leave only what
/// `others` made.
async fn end(defect: &str, change: Value, faults: &[&str], others: &[&str]) -> End {
    let right = lifecycle(None, change.clone(), faults).await;
    let torn = &right.torn;
    assert!(torn.is_ok(), "the correct one, {faults:?}: {torn:?}");
    assert_eq!(right.left(), others, "the correct one, {faults:?}");
    assert_eq!(right.harmed(), [""; 0], "the correct one, {faults:?}");
    lifecycle(Some(defect), change, faults).await
}

#[test]
fn all_defects_are_told_apart() {
    let mut names: Vec<&str> = DEFECTS.iter().map(|defect| defect.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DEFECTS.len());
}

#[tokio::test(start_paused = true)]
async fn a_blind_repetition_makes_another_cluster_that_stays() {
    let fault = "container:projects.locations.clusters.create#1=lost-response";
    let end = end("blind-create", json!({}), &[fault], &[]).await;
    assert!(end.left().contains(&"gke_cluster kp-r1-again".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_failed_is_taken_for_a_deletion() {
    let fault = "compute:networks.delete#1=async-fail(RESOURCE_IN_USE_BY_ANOTHER_RESOURCE)";
    let end = end("ignores-operation-errors", json!({}), &[fault], &[]).await;
    assert_eq!(end.left_types(), ["network", "route"]);
    assert_eq!(end.torn.map_err(|error| error.message), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_network_cannot_be_deleted_before_the_rules_that_gke_left() {
    let fault = "container:projects.locations.clusters.delete#1=partial";
    let end = end("network-before-rules", json!({}), &[fault], &[]).await;
    assert_eq!(end.left_types(), ["firewall_rule", "network", "route"]);
    let error = end.torn.unwrap_err().message;
    assert!(error.contains("already being used by"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn disks_of_claims_stay_when_no_one_deletes_them() {
    // Kubernetes Engine tries to delete them, and does not promise it: some seeds leave one.
    let mut left = Vec::new();
    for seed in 1..=6 {
        let bench = || Bench::seeded(seed, json!({}), &[]);
        let right = lifecycle_in(bench(), None, &[]).await;
        assert_eq!(right.left(), [""; 0], "the correct one, {seed}");
        let wrong = lifecycle_in(bench(), Some("leaves-disks"), &[]).await;
        assert_eq!(wrong.torn.as_ref().map_err(|error| &error.message), Ok(&()));
        left.extend(wrong.left_types());
    }
    left.dedup();
    assert_eq!(left, ["disk"]);
}

#[tokio::test(start_paused = true)]
async fn apis_that_were_enabled_before_are_disabled() {
    let end = end("disables-apis", json!({"restore_apis": true}), &[], &[]).await;
    assert_eq!(end.harmed(), ["api container.googleapis.com"]);
    assert_eq!(end.left(), [""; 0]);
    // Compute Engine refuses, because others have something there.
    let error = end.torn.unwrap_err().message;
    assert!(error.contains("still has resources in use"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_written_without_its_etag_loses_a_binding() {
    let fault = "cloudresourcemanager:projects.getIamPolicy#1=foreign-change(adds-member)";
    let binding = "iam_binding roles/browser/user:bob@example.com";
    let end = end("loses-a-binding", json!({}), &[fault], &[binding]).await;
    assert_eq!(end.left(), [""; 0]);
    assert_eq!(end.harmed(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_read_in_version_1_loses_its_conditions() {
    let end = end("loses-conditions", json!({}), &[], &[]).await;
    assert_eq!(
        end.harmed(),
        ["iam_binding roles/viewer/group:on-call@example.com"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_that_came_back_under_the_same_name_is_deleted() {
    let fault = "iam:projects.serviceAccounts.delete#1=foreign-change(takes-name)";
    let account = "service_account kp-r1-nodes@kubeproof-rehearsal.iam.gserviceaccount.com";
    let end = end("deletes-by-name", json!({}), &[fault], &[account]).await;
    assert_eq!(end.left(), [""; 0]);
    assert_eq!(end.bench.calls("iam:projects.serviceAccounts.delete"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_on_a_second_page_stays() {
    let end = end("first-page-only", json!({}), &[], &[]).await;
    assert_eq!(end.left_types(), ["firewall_rule", "network", "route"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_a_zone_that_was_not_reached_stays() {
    let end = end(
        "warning-for-empty",
        json!({}),
        &[
            "compute:disks.aggregatedList#1*3=partial",
            "kubernetes:list-services#1*1000=reject",
        ],
        &[],
    )
    .await;
    assert_eq!(end.left_types(), ["disk"]);
}
