//! What an audit lists, and what a sweep may delete.

use kubeproof_contract::call::Actor;
use kubeproof_contract::provider::ProviderParts as _;
use kubeproof_contract::resource::{Resource, ResourceKey};
use kubeproof_contract::scope::Breadth;
use kubeproof_huggingface::provider::HuggingFace;

use crate::bench::{Bench, CPU, JOB};

/// All that the observer lists, or the first error.
async fn listed(bench: &Bench) -> Result<Vec<Resource>, String> {
    let observer = bench.observer();
    let cells = observer.cells(&Breadth::Account).await;
    let mut all = Vec::new();
    for listing in cells.map_err(|error| error.to_string())? {
        let listed = observer.list(&listing).await;
        all.extend(listed.map_err(|error| error.to_string())?.resources);
    }
    Ok(all)
}

fn keys(all: &[Resource]) -> Vec<ResourceKey> {
    let mut keys: Vec<ResourceKey> = all.iter().map(Resource::key).collect();
    keys.sort();
    keys
}

#[tokio::test(start_paused = true)]
async fn an_audit_lists_all_of_the_account_with_25_endpoints_in_an_organisation() {
    for cluster in [CPU, JOB] {
        let bench = Bench::new(cluster, &[]);
        bench.provisioner().provision().await.unwrap();
        let seen = listed(&bench).await.unwrap();
        assert_eq!(keys(&seen), keys(&bench.ground_truth.inventory()));
        let theirs = seen
            .iter()
            .filter(|one| one.scope.as_str().starts_with("kubeproof-research/"));
        assert_eq!(theirs.count(), 25);
        assert_eq!(
            bench
                .journal
                .calls()
                .iter()
                .filter(|call| { call.actor == Actor::Observer && call.signature.mutating })
                .count(),
            0
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_namespace_whose_list_is_refused_is_unknown_and_never_empty() {
    let bench = Bench::new(CPU, &["observer/endpoints:ListEndpoints#2*1000=reject"]);
    let error = listed(&bench).await.unwrap_err();
    assert!(error.contains("endpoints:ListEndpoints failed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_deletes_each_type_and_never_another_of_the_same_name() {
    for (cluster, of_type) in [(CPU, "inference_endpoint"), (JOB, "job")] {
        let bench = Bench::new(cluster, &[]);
        bench.provisioner().provision().await.unwrap();
        let mine = bench.mine();
        assert_eq!(mine.len(), 1);
        assert_eq!(mine[0].resource_type, of_type);
        let deleter = HuggingFace.deleter(&bench.scenario, bench.connection(Actor::Provisioner));
        if mine[0].incarnation.is_some() {
            let mut earlier = mine[0].clone();
            earlier.incarnation = Some("2026-01-01T00:00:00.000Z".to_owned());
            deleter.delete(&earlier).await.unwrap();
            assert_eq!(bench.mine().len(), 1, "the one of the same name stays");
        }
        deleter.delete(&mine[0]).await.unwrap();
        assert_eq!(bench.mine(), []);
        deleter.delete(&mine[0]).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_can_delete_all_that_an_audit_lists() {
    let bench = Bench::new(CPU, &[]);
    let deleter = HuggingFace.deleter(&bench.scenario, bench.connection(Actor::Provisioner));
    for resource in listed(&bench).await.unwrap() {
        deleter.delete(&resource).await.unwrap();
    }
    assert_eq!(bench.ground_truth.inventory(), []);
}
