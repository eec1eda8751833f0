//! `CloudTrail` as an auditor reads it: late, by one attribute, newest first.

use serde_json::{Value, json};

use crate::requests::{self, account, json_error, json_ok, pass, query_ok, setup};
use kubeproof_aws_simulator::cloud::AwsCloud;

fn create_role(cloud: &mut AwsCloud, name: &str) {
    let trust = json!({ "Statement": [{
        "Effect": "Allow",
        "Principal": { "Service": "eks.amazonaws.com" },
        "Action": "sts:AssumeRole",
    }] })
    .to_string();
    let params = [
        ("RoleName", name),
        ("AssumeRolePolicyDocument", trust.as_str()),
        ("Tags.member.1.Key", "kubeproof:run"),
        ("Tags.member.1.Value", "r1"),
    ];
    query_ok(cloud, "iam", "2010-05-08", "CreateRole", &params);
}

fn lookup(cloud: &mut AwsCloud, key: &str, value: &str) -> Vec<Value> {
    let body = json!({ "LookupAttributes": [{ "AttributeKey": key, "AttributeValue": value }] });
    let answer = json_ok(cloud, "cloudtrail", "LookupEvents", &body);
    answer["Events"].as_array().expect("events").clone()
}

#[test]
fn an_event_is_shown_minutes_after_it_happened() {
    let mut cloud = account(setup());
    create_role(&mut cloud, "role-a");
    pass(&mut cloud, 4);
    assert!(lookup(&mut cloud, "ResourceName", "role-a").is_empty());
    pass(&mut cloud, 1);
    let events = lookup(&mut cloud, "ResourceName", "role-a");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["EventName"], "CreateRole");
    let text = events[0]["CloudTrailEvent"].as_str().expect("a JSON text");
    let event: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(event["requestParameters"]["Tags.member.1.Value"], "r1");
    assert_eq!(event["eventTime"], "2026-11-02T10:00:00Z");
    assert_eq!(event["userIdentity"]["userName"], "kubeproof");
}

#[test]
fn reads_and_refusals_are_not_in_the_trail() {
    let mut cloud = account(setup());
    json_ok(&mut cloud, "logs", "DescribeLogGroups", &json!({}));
    json_error(
        &mut cloud,
        "logs",
        "DeleteLogGroup",
        &json!({ "logGroupName": "none" }),
    );
    pass(&mut cloud, 10);
    let answer = json_ok(&mut cloud, "cloudtrail", "LookupEvents", &json!({}));
    assert_eq!(answer["Events"], json!([]));
}

#[test]
fn events_come_newest_first_over_pages_and_within_times() {
    let mut cloud = account(setup());
    for name in ["a", "b", "c"] {
        json_ok(
            &mut cloud,
            "logs",
            "CreateLogGroup",
            &json!({ "logGroupName": name }),
        );
        pass(&mut cloud, 1);
    }
    pass(&mut cloud, 10);
    let mut body = json!({ "MaxResults": 2 });
    let page = json_ok(&mut cloud, "cloudtrail", "LookupEvents", &body);
    let names = |page: &Value| -> Vec<String> {
        let events = page["Events"].as_array().expect("events");
        events
            .iter()
            .map(|event| event["Resources"][0]["ResourceName"].to_string())
            .collect()
    };
    assert_eq!(names(&page), ["\"c\"", "\"b\""]);
    body["NextToken"] = page["NextToken"].clone();
    assert_eq!(
        names(&json_ok(&mut cloud, "cloudtrail", "LookupEvents", &body)),
        ["\"a\""]
    );

    let start = requests::at(requests::START).as_second();
    let window = json!({ "StartTime": start + 30, "EndTime": start + 90 });
    assert_eq!(
        names(&json_ok(&mut cloud, "cloudtrail", "LookupEvents", &window)),
        ["\"b\""]
    );
    assert_eq!(lookup(&mut cloud, "EventName", "CreateLogGroup").len(), 3);
    assert_eq!(lookup(&mut cloud, "Username", "somebody").len(), 0);
}

#[test]
fn lookups_that_aws_refuses_are_refused() {
    let mut cloud = account(setup());
    let one = json!({ "AttributeKey": "EventName", "AttributeValue": "x" });
    for (body, code) in [
        (
            json!({ "LookupAttributes": [one, one] }),
            "InvalidLookupAttributesException",
        ),
        (json!({ "MaxResults": 51 }), "InvalidMaxResultsException"),
        (
            json!({ "NextToken": "nonsense" }),
            "InvalidNextTokenException",
        ),
        (
            json!({ "StartTime": 2, "EndTime": 1 }),
            "InvalidTimeRangeException",
        ),
    ] {
        assert_eq!(
            json_error(&mut cloud, "cloudtrail", "LookupEvents", &body),
            code
        );
    }
}
