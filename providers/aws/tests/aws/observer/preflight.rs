//! Preflight: a fresh account passes, and what would fail later is found before anything is made.

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::Observer;

use super::bench::Bench;

fn of<'a>(checks: &'a [Check], id: &str) -> &'a Check {
    checks
        .iter()
        .find(|check| check.id == id)
        .unwrap_or_else(|| panic!("no {id} in {checks:#?}"))
}

#[tokio::test(start_paused = true)]
async fn a_fresh_account_passes_and_nothing_is_changed() {
    let bench = Bench::new();
    let checks = bench.account().preflight().await;
    for check in &checks {
        assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    }
    assert_eq!(
        of(&checks, "credentials.load").evidence,
        "source: rehearsal (made-up keys)"
    );
    let capacity = checks
        .iter()
        .find(|check| check.evidence.contains("zones offer"))
        .unwrap_or_else(|| panic!("no zones in {checks:#?}"));
    assert!(
        capacity.evidence.contains("5 zones offer") && !capacity.evidence.contains("us-east-1e"),
        "EKS refuses one of six: {capacity:?}"
    );
    assert!(
        of(&checks, "aws.preflight.identity")
            .evidence
            .contains("123456789012")
    );
    assert!(
        bench
            .journal
            .calls()
            .iter()
            .all(|call| !call.signature.mutating)
    );
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_would_be_exceeded_is_found() {
    let check = |code: &'static str, limit: u32, part: &'static str| async move {
        let bench = Bench::with(|setup| setup.quotas.extend([(code.to_owned(), limit)]));
        let checks = bench.account().preflight().await;
        let quotas = of(&checks, "aws.preflight.quotas");
        assert_eq!(quotas.verdict, Verdict::Fail, "{quotas:?}");
        assert!(quotas.evidence.contains(part), "{quotas:?}");
        assert!(quotas.evidence.contains(code), "{quotas:?}");
    };
    check("L-0263D0A3", 1, "elastic IP addresses").await;
    check("L-1216C47A", 3, "vCPUs").await;
    check("L-F678F1CE", 1, "VPCs").await;
    check("L-FE5A380F", 0, "NAT gateways per zone").await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_unknown() {
    let bench = Bench::new();
    let account = bench.account_with(&["auditor/eks:DescribeClusterVersions=reject"]);
    let checks = account.preflight().await;
    let version = of(&checks, "aws.preflight.version");
    assert_eq!(version.verdict, Verdict::Unknown);
    assert!(
        version.evidence.contains("eks:DescribeClusterVersions"),
        "{version:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_account_id_is_asked_of_the_cloud_exactly() {
    let bench = Bench::new();
    let account = bench.account();
    // The simulated account's number, as AWS's documentation uses it in examples.
    assert_eq!(
        account.account_id().await,
        Ok(Some("123456789012".to_owned()))
    );
}
