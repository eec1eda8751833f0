//! Calls that fail, are lost, or start something that fails later.

use kubeproof_contract::provisioner::Provisioner;

use super::bench::{Bench, expect_injected, plan};

/// The provisioner recovers by itself, makes no duplicate, and tears down.
async fn survives(faults: &[&str]) {
    let bench = Bench::new(21);
    let plan = plan(faults);
    let result = bench.process(&plan).provision().await;
    assert!(result.is_ok(), "{faults:?}: {result:?}");
    expect_injected(&plan);
    bench.expect_no_duplicates(&faults.join(" "));
    bench.expect_clean_after_teardown(&faults.join(" ")).await;
}

/// The first attempt fails and names what it left; a second process succeeds and makes no duplicate.
async fn retry_succeeds(faults: &[&str], cause: &str) {
    let context = faults.join(" ");
    let bench = Bench::new(22);
    let plan = plan(faults);
    let error = bench.process(&plan).provision().await.unwrap_err();
    expect_injected(&plan);
    assert!(error.message.contains(cause), "{context}: {error}");
    let left: Vec<String> = error.left_behind;
    for vpc in bench.ids_of("vpc") {
        assert!(left.contains(&vpc), "{context}: {vpc} is not in {left:?}");
    }
    bench.provisioned().await;
    bench.expect_no_duplicates(&context);
    bench.expect_clean_after_teardown(&context).await;
}

/// The first attempt fails, and a teardown without a retry leaves nothing.
async fn teardown_after(faults: &[&str]) {
    let bench = Bench::new(23);
    let plan = plan(faults);
    assert!(
        bench.process(&plan).provision().await.is_err(),
        "{faults:?}"
    );
    expect_injected(&plan);
    bench.expect_clean_after_teardown(&faults.join(" ")).await;
}

/// Faults are injected into teardown, which succeeds anyway.
async fn teardown_survives(faults: &[&str]) {
    let bench = Bench::new(24);
    bench.provisioned().await;
    let plan = plan(faults);
    let result = bench.process(&plan).teardown().await;
    assert_eq!(result, Ok(()), "{faults:?}");
    expect_injected(&plan);
    bench.expect_clean(&faults.join(" "));
}

/// Creations whose answers get lost in one way or another.
const CREATIONS: &[&str] = &[
    "iam:CreateRole",
    "ec2:CreateVpc",
    "ec2:CreateSubnet#2",
    "ec2:CreateSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateInternetGateway",
    "ec2:AttachInternetGateway",
    "ec2:AllocateAddress#2",
    "ec2:CreateNatGateway",
    "ec2:CreateRouteTable",
    "ec2:CreateRoute",
    "ec2:AssociateRouteTable",
    "eks:CreateCluster",
    "ec2:CreateLaunchTemplate",
    "eks:CreateNodegroup",
];

/// Injects this effect into every creation of one lifecycle.
async fn survives_each(effect: &str) {
    let faults: Vec<String> = CREATIONS
        .iter()
        .map(|call| format!("{call}={effect}"))
        .collect();
    survives(&faults.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

#[tokio::test(start_paused = true)]
async fn lost_answers_of_all_creations_make_no_duplicates() {
    survives_each("lost-response").await;
}

#[tokio::test(start_paused = true)]
async fn server_errors_that_hide_success_make_no_duplicates() {
    survives_each("server-error-after").await;
}

#[tokio::test(start_paused = true)]
async fn garbled_answers_of_all_creations_make_no_duplicates() {
    survives_each("garbled").await;
}

#[tokio::test(start_paused = true)]
async fn lost_requests_of_all_creations_are_made_again() {
    survives_each("lost-request").await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_applied_after_its_timeout_makes_no_duplicate() {
    survives(&[
        "ec2:CreateVpc=late-apply(30)",
        "ec2:CreateInternetGateway=late-apply(30)",
        "ec2:AllocateAddress=late-apply(30)",
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn refusals_that_pass_are_waited_out() {
    survives(&[
        "ec2:CreateVpc=throttle(5)",
        "ec2:CreateSubnet=hang",
        "ec2:Describe*#4*3=throttle",
        "eks:CreateCluster=server-error",
        "eks:DescribeCluster#3=credentials-expire",
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_a_forced_failure_succeeds() {
    retry_succeeds(&["ec2:AllocateAddress#2=quota"], "AddressLimitExceeded").await;
    retry_succeeds(&["ec2:CreateNatGateway=reject"], "ec2:CreateNatGateway").await;
    retry_succeeds(
        &["eks:CreateCluster=reject(ClientException)"],
        "eks:CreateCluster",
    )
    .await;
    retry_succeeds(&["iam:AttachRolePolicy#2=reject"], "iam:AttachRolePolicy").await;
    let template = "ec2:CreateLaunchTemplate";
    retry_succeeds(&["ec2:CreateLaunchTemplate=reject"], template).await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_an_asynchronous_failure_succeeds() {
    retry_succeeds(&["ec2:CreateNatGateway=async-fail"], "NAT gateway").await;
    retry_succeeds(&["eks:CreateNodegroup#1*20=async-fail"], "node group main").await;
    retry_succeeds(&["eks:CreateCluster#1*20=async-fail"], "cluster kp-r1").await;
}

#[tokio::test(start_paused = true)]
async fn what_never_became_ready_is_made_again_by_a_retry() {
    retry_succeeds(&["ec2:CreateNatGateway=async-stuck"], "NAT gateway").await;
    retry_succeeds(&["eks:CreateNodegroup#1*20=async-stuck"], "node group main").await;
    retry_succeeds(&["eks:CreateCluster#1*20=async-stuck"], "cluster kp-r1").await;
}

#[tokio::test(start_paused = true)]
async fn deletions_that_fail_later_are_asked_for_again() {
    teardown_survives(&[
        "eks:DeleteNodegroup=async-fail",
        "eks:DeleteCluster=async-fail",
        "ec2:DeleteNatGateway=async-fail",
        "ec2:DetachInternetGateway=reject",
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_teardown_right_after_a_failure_leaves_nothing() {
    teardown_after(&["ec2:AllocateAddress#2=quota"]).await;
    teardown_after(&["ec2:CreateNatGateway=async-fail"]).await;
    teardown_after(&["eks:CreateNodegroup#1*20=async-fail"]).await;
    teardown_after(&["eks:CreateCluster#1*20=async-fail"]).await;
    teardown_after(&["ec2:CreateSubnet#3=reject"]).await;
    teardown_after(&["ec2:CreateLaunchTemplate=reject"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_teardown_with_faults_succeeds_in_the_end() {
    teardown_survives(&[
        "eks:DeleteCluster=dependency",
        "eks:DeleteNodegroup=throttle",
        "ec2:DeleteNatGateway=hang",
        "ec2:ReleaseAddress=dependency",
        "ec2:DeleteSubnet=garbled",
        "ec2:DeleteVpc=lost-response",
        "iam:DeleteRole=server-error-after",
        "ec2:Delete*#4=throttle(20)",
    ])
    .await;
    teardown_survives(&["ec2:DeleteLaunchTemplate=lost-response"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_may_not_delete_says_what_is_left() {
    let bench = Bench::new(25);
    bench.provisioned().await;
    let plan = plan(&["ec2:ReleaseAddress#1*1000=reject"]);
    let error = bench.process(&plan).teardown().await.unwrap_err();
    let mut left = bench.ids_of("elastic_ip");
    left.sort();
    assert_eq!(left.len(), 2);
    assert!(
        left.iter().all(|id| error.left_behind.contains(id)),
        "{error:?}"
    );
    assert!(error.message.contains("ec2:ReleaseAddress"), "{error}");
    bench.expect_clean_after_teardown("when it may").await;
}
