//! Policies: what a document decides, and how each protocol formats a refusal.

use kubeproof_aws_simulator::policy::{Decision, allows, matches};
use serde_json::{Value, json};

use crate::requests::{account, json, query, setup, text};
use kubeproof_aws_simulator::cloud::AwsCloud;

fn limited(statements: Value) -> AwsCloud {
    let mut setup = setup();
    setup.policy = Some(json!({ "Version": "2012-10-17", "Statement": statements }));
    account(setup)
}

fn check(statements: Value, action: &str, resource: &str, expected: Decision) {
    let policy = json!({ "Statement": statements });
    assert_eq!(
        allows(&policy, action, resource),
        expected,
        "{action} on {resource}"
    );
}

#[test]
fn an_explicit_deny_beats_an_allow_and_silence_denies() {
    let statements = json!([
        { "Effect": "Allow", "Action": ["ec2:*"], "Resource": "*" },
        { "Effect": "Deny", "Action": "ec2:Delete*", "Resource": "*" },
    ]);
    check(statements.clone(), "ec2:CreateVpc", "*", Decision::Allowed);
    check(
        statements.clone(),
        "ec2:DeleteVpc",
        "*",
        Decision::ExplicitDeny,
    );
    check(statements, "iam:CreateRole", "*", Decision::ImplicitDeny);
}

#[test]
fn actions_match_in_any_case_and_resources_exactly() {
    let role = "arn:aws:iam::123456789012:role/kp-x";
    let statement = |resource: &str| {
        let action = "IAM:passrole";
        json!({ "Effect": "Allow", "Action": action, "Resource": resource })
    };
    check(
        statement("arn:aws:iam::*:role/kp-*"),
        "iam:PassRole",
        role,
        Decision::Allowed,
    );
    check(
        statement("arn:aws:iam::*:role/KP-*"),
        "iam:PassRole",
        role,
        Decision::ImplicitDeny,
    );
}

#[test]
fn not_action_is_everything_else() {
    let statement = json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" });
    check(statement.clone(), "ec2:CreateVpc", "*", Decision::Allowed);
    check(statement, "iam:CreateRole", "*", Decision::ImplicitDeny);
}

#[test]
fn a_condition_that_is_not_understood_does_not_hold() {
    let statement = json!({
        "Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": { "DateGreaterThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" } },
    });
    check(statement, "ec2:CreateVpc", "*", Decision::ImplicitDeny);
}

#[test]
fn patterns_match_as_in_iam() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("ec2:Describe*", "ec2:DescribeVpcs", true),
        ("ec2:Describe*s", "ec2:DescribeVpcs", true),
        ("ec2:Describe?pcs", "ec2:DescribeVpcs", true),
        ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXbYbZ", false),
        ("ec2:*", "ec", false),
        ("", "x", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
    }
}

#[test]
fn who_one_is_may_always_be_asked() {
    let mut cloud = limited(json!([]));
    let (status, _) = query(&mut cloud, "sts", "2011-06-15", "GetCallerIdentity", &[]);
    assert_eq!(status, 200);
}

#[test]
fn each_protocol_has_its_own_refusal() {
    let mut cloud = limited(json!([]));
    let (status, answer) = query(&mut cloud, "ec2", "2016-11-15", "DescribeVpcs", &[]);
    assert_eq!(
        (status, text(&answer, "Code").as_str()),
        (403, "UnauthorizedOperation")
    );
    let (status, answer) = query(&mut cloud, "iam", "2010-05-08", "ListRoles", &[]);
    assert_eq!(
        (status, text(&answer, "Code").as_str()),
        (403, "AccessDenied")
    );
    let (status, answer) = json(&mut cloud, "logs", "DescribeLogGroups", &json!({}));
    assert_eq!(
        (status, answer["__type"].as_str()),
        (400, Some("AccessDeniedException"))
    );
    let (status, answer) = json(&mut cloud, "tagging", "GetResources", &json!({}));
    assert_eq!(status, 400);
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|text| text.contains("tag:GetResources"))
    );
}

#[test]
fn creating_with_tags_needs_the_permission_to_tag() {
    let mut cloud =
        limited(json!([{ "Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*" }]));
    let plain = json!({ "logGroupName": "g" });
    assert_eq!(json(&mut cloud, "logs", "CreateLogGroup", &plain).0, 200);
    let tagged = json!({ "logGroupName": "h", "tags": { "a": "b" } });
    let (status, answer) = json(&mut cloud, "logs", "CreateLogGroup", &tagged);
    assert_eq!(status, 400);
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|text| text.contains("logs:TagResource"))
    );
}

#[test]
fn a_policy_can_ask_for_a_tag_on_creation() {
    let statement = json!({
        "Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:log-group:*",
        "Condition": { "StringLike": { "aws:RequestTag/kubeproof:run": "*" } },
    });
    let mut cloud = limited(json!([statement]));
    let plain = json!({ "logGroupName": "g" });
    assert_eq!(json(&mut cloud, "logs", "CreateLogGroup", &plain).0, 400);
    let tagged = json!({ "logGroupName": "g", "tags": { "kubeproof:run": "r1" } });
    assert_eq!(json(&mut cloud, "logs", "CreateLogGroup", &tagged).0, 200);
}

const MARKED: &str = "aws:ResourceTag/kubeproof:run";

/// Makes a VPC with these tags; its id.
fn vpc(cloud: &mut AwsCloud, tag: &str) -> String {
    let parameters = [
        ("CidrBlock", "10.0.0.0/16"),
        ("TagSpecification.1.ResourceType", "vpc"),
        ("TagSpecification.1.Tag.1.Key", tag),
        ("TagSpecification.1.Tag.1.Value", "r1"),
    ];
    let (status, answer) = query(cloud, "ec2", "2016-11-15", "CreateVpc", &parameters);
    assert_eq!(status, 200, "{answer}");
    text(&answer, "vpcId")
}

#[test]
fn what_is_changed_is_judged_by_its_tags_and_what_is_not_there_is_refused() {
    let mut cloud = limited(json!([
        { "Effect": "Allow", "Action": ["ec2:CreateVpc", "ec2:CreateTags"], "Resource": "*" },
        { "Effect": "Allow", "Action": "ec2:DeleteVpc", "Resource": "arn:aws:ec2:*:*:vpc/*",
          "Condition": { "StringLike": { MARKED: "?*" } } },
    ]));
    let ours = vpc(&mut cloud, "kubeproof:run");
    let theirs = vpc(&mut cloud, "team");
    let mut delete = |id: &str| {
        query(
            &mut cloud,
            "ec2",
            "2016-11-15",
            "DeleteVpc",
            &[("VpcId", id)],
        )
        .0
    };
    assert_eq!(delete(&theirs), 403);
    assert_eq!(delete(&ours), 200);
    assert_eq!(delete(&ours), 403);
}

#[test]
fn a_subnet_needs_a_permission_on_its_network_too() {
    let mut cloud = limited(json!([
        { "Effect": "Allow", "Action": ["ec2:CreateVpc", "ec2:CreateTags"], "Resource": "*" },
        { "Effect": "Allow", "Action": "ec2:CreateSubnet", "Resource": "arn:aws:ec2:*:*:subnet/*" },
        { "Effect": "Allow", "Action": "ec2:CreateSubnet", "Resource": "arn:aws:ec2:*:*:vpc/*",
          "Condition": { "StringLike": { MARKED: "?*" } } },
    ]));
    let ours = vpc(&mut cloud, "kubeproof:run");
    let theirs = vpc(&mut cloud, "team");
    let mut subnet = |id: &str| {
        let parameters = [("VpcId", id), ("CidrBlock", "10.0.1.0/24")];
        query(&mut cloud, "ec2", "2016-11-15", "CreateSubnet", &parameters).0
    };
    assert_eq!(subnet(&theirs), 403);
    assert_eq!(subnet(&ours), 200);
}
