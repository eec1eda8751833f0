//! A whole cluster, as the observer sees it: every row passes, the inventory equals the ground truth, and a sweep with
//! the observer's own deletions leaves nothing of the run.

use std::time::Duration;

use kubeproof_aws::provisioner::EksProvisioner;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::{Billing, Caller, Observer, Ownership};
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::resource::{RETAINED_PROPERTY, Resource};

use super::bench::{Bench, spec};
use super::inventory::{assert_equals_ground_truth, audited, listed};

async fn provisioned(bench: &Bench) -> Provisioned {
    let connection = bench.connection_over(bench.transport.clone());
    EksProvisioner::new(spec(), connection)
        .provision()
        .await
        .unwrap()
}

/// The resources of the run, by proof.
async fn owned(bench: &Bench, account: &dyn Observer) -> Vec<Resource> {
    let all = account.complete(audited(account).await).await.unwrap();
    let stays = |it: &&Resource| it.properties.contains_key(RETAINED_PROPERTY);
    all.iter()
        .filter(|it| !stays(it) && !account.proofs(&bench.run, it, &all).is_empty())
        .cloned()
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_row_passes_for_what_the_reference_provisioner_makes() {
    let bench = Bench::new();
    let made = provisioned(&bench).await;
    let account = bench.account();
    let checks = account.checks(&bench.run, &made).await;
    assert_eq!(checks.len(), 14);
    for check in &checks {
        assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    }
    assert_equals_ground_truth(&bench, &account).await;
    assert!(
        bench
            .journal
            .calls()
            .iter()
            .all(|call| !call.signature.mutating)
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_passes_for_a_run_that_made_nothing() {
    let bench = Bench::new();
    let account = bench.account();
    let access = kubeproof_contract::provisioner::KubernetesAccess {
        server: "https://nowhere.example".to_owned(),
        certificate_authority_pem: None,
        credential: kubeproof_contract::provisioner::Credential::Token("none".to_owned()),
        expires_at: None,
    };
    let made = Provisioned {
        access: Ok(access),
        made: std::collections::BTreeMap::new(),
    };
    for check in account.checks(&bench.run, &made).await {
        assert_ne!(check.verdict, Verdict::Pass, "{check:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_while_looking_makes_its_rows_unknown() {
    let bench = Bench::new();
    let made = provisioned(&bench).await;
    let account = bench.account_with(&["auditor/ec2:DescribeNatGateways=reject"]);
    let checks = account.checks(&bench.run, &made).await;
    let of = |id: &str| checks.iter().find(|check| check.id == id).unwrap();
    assert_eq!(of("aws.nat_gateways").verdict, Verdict::Unknown);
    assert!(
        of("aws.nat_gateways")
            .evidence
            .contains("ec2:DescribeNatGateways")
    );
    assert_eq!(of("aws.vpc").verdict, Verdict::Pass);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_in_deletion_order_leaves_nothing_of_the_run() {
    let bench = Bench::new();
    provisioned(&bench).await;
    let account = bench.account();
    let before = owned(&bench, &account).await;
    assert!(before.len() > 20, "{} owned", before.len());
    // Their names are used again.
    for resource in before
        .iter()
        .filter(|it| it.resource_type.starts_with("eks_"))
    {
        let created = resource.created_at.map(|at| at.as_second().to_string());
        assert!(
            created.is_some() && resource.incarnation == created,
            "{resource:?}"
        );
    }
    let bystanders = bench.ground_truth.bystanders();
    // Deletions take minutes and depend on each other: what is refused now goes in a later round.
    let mut refused = Vec::new();
    for _ in 0..60 {
        let left = owned(&bench, &account).await;
        if left.is_empty() {
            break;
        }
        refused.clear();
        for resource in &left {
            if let Err(error) = bench.deleter().delete(resource).await {
                refused.push(format!(
                    "{} {}: {error}",
                    resource.resource_type, resource.id
                ));
            }
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    let left: Vec<_> = owned(&bench, &account)
        .await
        .iter()
        .map(Resource::key)
        .collect();
    assert!(left.is_empty(), "left {left:?}, refused {refused:#?}");
    assert_eq!(bench.ground_truth.bystanders(), bystanders);
}

#[tokio::test(start_paused = true)]
async fn the_trail_names_who_made_a_resource() {
    let bench = Bench::new();
    provisioned(&bench).await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    let account = bench.account();
    let vpcs = listed(&account, "vpc", "us-east-1").await.unwrap();
    let owned: Vec<_> = vpcs
        .into_iter()
        .filter(|vpc| bench.run.owns(&vpc.tags))
        .collect();
    let creators = account.created_by(&bench.run, &owned).await.unwrap();
    let making = &creators[&owned[0].id];
    let text = &making.text;
    assert!(
        text.starts_with("CreateVpc by arn:aws:iam::123456789012:"),
        "{text}"
    );
    assert_eq!(making.caller, Caller::Ours);
}

#[tokio::test(start_paused = true)]
async fn a_bill_is_pending_first_and_then_holds_the_runs_charges() {
    let bench = Bench::new();
    provisioned(&bench).await;
    let account = bench.account();
    let billed = account
        .billed(&bench.run, bench.run.started_at)
        .await
        .unwrap();
    assert!(!billed.is_final);
    tokio::time::sleep(Duration::from_hours(1)).await;
    let connection = bench.connection_over(bench.transport.clone());
    EksProvisioner::new(spec(), connection)
        .teardown()
        .await
        .unwrap();
    let wait = account
        .billing_final_after(bench.clock.now())
        .duration_since(bench.clock.now());
    tokio::time::sleep(wait.unsigned_abs()).await;
    let billed = account
        .billed(&bench.run, bench.run.started_at)
        .await
        .unwrap();
    assert!(billed.is_final, "{billed:?}");
    let metered = bench
        .ground_truth
        .metered(&bench.run.id, bench.run.started_at);
    let sum = |charges: &[kubeproof_contract::cost::Charge], line: &str| {
        let of_line = charges.iter().filter(|charge| charge.line == line);
        of_line
            .map(|charge| charge.usd)
            .sum::<kubeproof_contract::Decimal>()
            .round_dp(6)
    };
    for line in [
        "control_plane",
        "nodes",
        "nat_gateway",
        "public_ipv4",
        "disks",
    ] {
        assert!(
            sum(&metered, line) > kubeproof_contract::Decimal::ZERO,
            "{line}"
        );
        assert_eq!(
            sum(&billed.charges, line),
            sum(&metered, line),
            "{line}: {billed:#?}"
        );
    }
}
