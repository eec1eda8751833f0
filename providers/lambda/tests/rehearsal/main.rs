//! The provisioner and the observer against the simulated account, through the contract alone. What a life without faults
//! looks like is in the scenarios.

mod bench;
mod checks;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Learned;
use kubeproof_contract::run::Run;

use bench::{Bench, ONE, TWO};

#[tokio::test(start_paused = true)]
async fn one_process_never_meets_the_rate_limit() {
    let bench = Bench::new(TWO, &[]);
    let mut provisioner = bench.provisioner();
    provisioner.provision().await.unwrap();
    provisioner.teardown().await.unwrap();
    assert_eq!(bench.throttled(), [""; 0]);
}

/// Whatever happens to a launch's answer, exactly one machine exists and it is the one that is used.
async fn survives(fault: &str) {
    let bench = Bench::new(ONE, &[fault]);
    let mut provisioner = bench.provisioner();
    provisioner.provision().await.unwrap();
    let machines = bench
        .mine()
        .into_iter()
        .filter(|one| one.resource_type == "instance");
    assert_eq!(machines.count(), 1, "{fault}");
    let lives = bench.ground_truth.lifetimes();
    let machines = lives.iter().filter(|life| {
        life.resource.resource_type == "instance" && life.from > bench.run.started_at
    });
    assert_eq!(
        machines.count(),
        1,
        "{fault}: no duplicate, not even for a while"
    );
    provisioner.teardown().await.unwrap();
    assert_eq!(bench.mine(), []);
}

#[tokio::test(start_paused = true)]
async fn a_launch_is_never_repeated_blindly() {
    for effect in [
        "lost-response",
        "lost-request",
        "server-error",
        "server-error-after",
        "late-apply",
        "garbled",
        "throttle(20)",
        "hang",
    ] {
        survives(&format!("lambda:LaunchInstance#1={effect}")).await;
    }
}

/// The attempt fails with these words in its error, and leaves nothing.
async fn unwound(cluster: &str, fault: &str, words: &[&str]) {
    let bench = Bench::new(cluster, &[fault]);
    let error = bench
        .provisioner()
        .provision()
        .await
        .unwrap_err()
        .to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert_eq!(bench.mine(), [], "{fault}");
    bench.provisioner().provision().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_says_the_clouds_own_code_and_leaves_nothing() {
    let launch = |effect: &str| format!("lambda:LaunchInstance#1={effect}");
    let check = |fault: String, words: &'static [&'static str]| async move {
        unwound(ONE, &fault, words).await;
    };
    check(
        launch("quota"),
        &["global/quota-exceeded", "Contact Support", "unwound"],
    )
    .await;
    check(
        "lambda:LaunchInstance#1*2=capacity".to_owned(),
        &[
            "no capacity for gpu_1x_a10 in any of us-east-1, us-west-1",
            "insufficient-capacity",
            "try again later",
        ],
    )
    .await;
    check(
        "lambda:AddSshKey=credentials-expire".to_owned(),
        &["global/invalid-api-key", "Check your API key"],
    )
    .await;
    check(launch("async-fail(unhealthy)"), &["is unhealthy"]).await;
    check(launch("async-fail(unusable)"), &["not ready after"]).await;
    check(launch("async-fail(install-script)"), &["not ready after"]).await;
    check(launch("async-fail(node-never-joins)"), &["not ready after"]).await;
    check(launch("async-fail(gpu-driver-missing)"), &["offers 0"]).await;
    check(launch("async-stuck"), &["booting: "]).await;
}

#[tokio::test(start_paused = true)]
async fn preflight_shows_the_account_and_what_the_instance_type_costs() {
    let bench = Bench::new(ONE, &[]);
    let observer = bench.observer();
    assert_eq!(observer.learned(), Learned::default());
    observer.preflight().await;
    let learned = observer.learned();
    let account = learned.account.expect("the key was accepted");
    assert!(account.starts_with("key-"), "{account}");
    let listed: Vec<(&str, String)> = learned
        .prices
        .iter()
        .map(|(name, usd)| (name.as_str(), usd.to_string()))
        .collect();
    assert_eq!(listed, [("gpu_1x_a10", "1.29".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_region_that_lists_capacity_and_refuses_is_left_for_the_next() {
    let cluster = "  regions: [us-west-2, us-west-1]\n  instance_type: gpu_1x_a10\n";
    let bench = Bench::new(cluster, &[]);
    bench.provisioner().provision().await.unwrap();
    let regions: Vec<String> = bench
        .mine()
        .into_iter()
        .filter(|one| !one.scope.is_global())
        .map(|one| one.scope.to_string())
        .collect();
    assert_eq!(
        regions,
        ["us-west-1", "us-west-1"],
        "machine and ruleset, nothing elsewhere"
    );
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_is_said_before_anything_is_made() {
    let check = |cluster: &'static str, words: &'static str| async move {
        let bench = Bench::new(cluster, &[]);
        let before = bench.ground_truth.inventory();
        let checks = bench.observer().preflight().await;
        let failed: Vec<String> = checks
            .iter()
            .filter(|check| check.verdict == Verdict::Fail)
            .map(|check| check.evidence.clone())
            .collect();
        assert!(
            failed.iter().any(|evidence| evidence.contains(words)),
            "{checks:#?}"
        );
        let error = bench.provisioner().provision().await.unwrap_err();
        assert!(!error.message.is_empty());
        assert_eq!(bench.ground_truth.inventory(), before);
    };
    check(
        "  regions: [us-east-1]\n  instance_type: gpu_1x_z9\n",
        "unknown instance type `gpu_1x_z9`",
    )
    .await;
    check(
        "  regions: [moon-1]\n  instance_type: gpu_1x_a10\n",
        "no capacity is listed for gpu_1x_a10 in moon-1",
    )
    .await;
    check(
        "  regions: [us-east-1]\n  instance_type: gpu_8x_h100_sxm5\n",
        "insufficient-capacity",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_server_answers_only_who_trusts_its_own_authority_and_has_a_certificate_of_it() {
    use kubeproof_kubernetes::client::client;
    use kubeproof_kubernetes::ready;
    let bench = Bench::new(ONE, &[]);
    let right = bench.provisioner().provision().await.unwrap();
    let right = right.access.unwrap();
    let other = {
        let mut bench = Bench::new(ONE, &[]);
        bench.run = Run::new("r2", "tester", bench.clock.now());
        let provisioned = bench.provisioner().provision().await.unwrap();
        provisioned.access.unwrap()
    };
    let transport = bench.connection(Actor::Workload).transport;
    let answers = |access| {
        let client = client(&access, transport.clone()).unwrap();
        async move { ready::ready(&client, 1).await.map(|seen| seen.ready) }
    };
    assert_eq!(answers(right.clone()).await.ok(), Some(1));
    let mut wrong = right.clone();
    wrong.certificate_authority_pem = other.certificate_authority_pem;
    assert!(
        answers(wrong).await.is_err(),
        "another authority is trusted"
    );
    let mut wrong = right;
    wrong.credential = other.credential;
    assert!(
        answers(wrong).await.is_err(),
        "another authority signed the caller"
    );
}

/// A user renames every machine of the run.
async fn renamed(bench: &Bench) {
    let key = "Bearer secret_kubeproof-rehearsal_00000000000000000000000000000000";
    let user = bench.connection(Actor::Foreign).transport;
    for (number, machine) in bench.mine().iter().enumerate() {
        if machine.resource_type != "instance" {
            continue;
        }
        let request = http::Request::post(format!(
            "https://cloud.lambda.ai/api/v1/instances/{}",
            machine.id
        ))
        .header(http::header::AUTHORIZATION, key)
        .body(bytes::Bytes::from(format!(
            "{{\"name\":\"alice-{number}\"}}"
        )))
        .unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert!(user.send(request).await.unwrap().status().is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn machines_that_a_user_renamed_are_adopted_used_and_removed() {
    for (cluster, machines) in [(ONE, 1), (TWO, 2)] {
        let bench = Bench::new(cluster, &[]);
        let before = bench.ground_truth.inventory();
        let first = bench.provisioner().provision().await.unwrap();
        renamed(&bench).await;
        let calls = bench.journal.len();
        let second = bench.provisioner().provision().await.unwrap();
        assert_eq!(second.made, first.made, "the same machines, as ever");
        let later = bench.journal.calls().split_off(calls);
        let changing: Vec<_> = later
            .iter()
            .filter(|call| call.signature.mutating)
            .collect();
        assert!(changing.is_empty(), "{changing:#?}");
        assert_eq!(bench.calls("lambda:LaunchInstance"), machines);
        let checks = bench.observer().checks(&bench.run, &second).await;
        assert!(
            checks.iter().all(|check| check.verdict == Verdict::Pass),
            "{checks:#?}"
        );
        bench.provisioner().teardown().await.unwrap();
        assert_eq!(bench.ground_truth.inventory(), before);
    }
}
