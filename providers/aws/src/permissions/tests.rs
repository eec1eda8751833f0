//! Policies for calls that are made up: what they grant, under which conditions, and what they say of unknown calls.

use kubeproof_contract::call::{Actor, Signature};
use serde_json::Value;

use super::*;

/// A call of the provisioner.
fn call(name: &str, names: &[&str]) -> Call {
    let (service, operation) = name.split_once(':').expect("service:operation");
    Call {
        ordinal: 1,
        at: Timestamp::UNIX_EPOCH,
        actor: Actor::Provisioner,
        signature: Signature {
            service: service.to_owned(),
            operation: operation.to_owned(),
            mutating: true,
        },
        target: "POST /".to_owned(),
        status: Some(200),
        error: None,
        milliseconds: 1,
        request_digest: String::new(),
        response_digest: String::new(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        made: Vec::new(),
        key: None,
        changed: false,
    }
}

fn of(calls: &[Call]) -> LeastPermissions {
    least("eu-west-1", calls, None)
}

/// The statements that name an action.
fn statements_of<'a>(least: &'a LeastPermissions, action: &str) -> Vec<&'a Value> {
    let all = least.document["Statement"].as_array().expect("statements");
    let has = |one: &&Value| {
        let actions = one["Action"].as_array().expect("actions");
        actions.iter().any(|name| name == action)
    };
    all.iter().filter(has).collect()
}

#[test]
fn a_call_without_a_known_permission_is_told_and_not_left_out() {
    let least = of(&[call("ec2:CreateVpc", &[]), call("ec2:CreateUnicorn", &[])]);
    assert_eq!(least.unknown, ["ec2:CreateUnicorn"]);
    assert_eq!(least.actions.len(), 2);
}

#[test]
fn what_is_new_must_be_marked_and_what_it_is_in_must_be_marked_already() {
    let least = of(&[call("ec2:CreateSubnet", &[])]);
    let statements = statements_of(&least, "ec2:CreateSubnet");
    let [new, within] = statements.as_slice() else {
        panic!("{}", least.document)
    };
    let subnets = serde_json::json!(["arn:aws:ec2:eu-west-1:*:subnet/*"]);
    assert_eq!(new["Resource"], subnets);
    let mark = &new["Condition"]["StringLike"]["aws:RequestTag/kubeproof:run"];
    assert_eq!(mark, "?*");
    let vpcs = serde_json::json!(["arn:aws:ec2:eu-west-1:*:vpc/*"]);
    assert_eq!(within["Resource"], vpcs);
    let mark = &within["Condition"]["StringLike"]["aws:ResourceTag/kubeproof:run"];
    assert_eq!(mark, "?*");
}

#[test]
fn merging_never_grants_a_creation_in_a_network_of_others() {
    let least = of(&[call("ec2:CreateSubnet", &[]), call("ec2:CreateVpc", &[])]);
    for statement in statements_of(&least, "ec2:CreateSubnet") {
        let new = statement["Condition"]["StringLike"]["aws:RequestTag/kubeproof:run"].is_string();
        let vpcs = statement["Resource"].to_string().contains("vpc/*");
        assert!(!(new && vpcs), "{statement}");
    }
}

#[test]
fn only_policies_that_were_attached_may_be() {
    let policy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
    let least = of(&[call("iam:AttachRolePolicy", &["kp-r1-cluster", policy])]);
    let statement = statements_of(&least, "iam:AttachRolePolicy")[0];
    assert_eq!(
        statement["Resource"],
        serde_json::json!(["arn:aws:iam::*:role/kp-*-*"])
    );
    let allowed = &statement["Condition"]["ArnEquals"]["iam:PolicyARN"];
    assert_eq!(*allowed, serde_json::json!([policy]));
}

#[test]
fn an_action_that_is_left_out_is_in_no_statement() {
    let calls = [call("eks:CreateCluster", &[])];
    let all = of(&calls);
    assert!(!statements_of(&all, "iam:PassRole").is_empty());
    let fewer = least("eu-west-1", &calls, Some("iam:PassRole"));
    assert!(statements_of(&fewer, "iam:PassRole").is_empty());
    assert!(!statements_of(&fewer, "eks:CreateCluster").is_empty());
}

#[test]
fn who_one_is_takes_no_permission() {
    let least = of(&[call("sts:GetCallerIdentity", &[])]);
    assert!(least.actions.is_empty() && least.unknown.is_empty());
}
