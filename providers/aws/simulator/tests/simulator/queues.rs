//! SQS and `EventBridge`, as Karpenter's module uses them.

use http::header::HeaderMap;
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_simkit::cloud::Cloud as _;
use serde_json::{Value, json};

use crate::requests::{account, json_answer, setup};

/// A call of SQS or `EventBridge`: status, headers and body.
fn send(cloud: &mut AwsCloud, operation: &str, body: &Value) -> (u16, HeaderMap, Value) {
    let service = if operation.contains("Queue") {
        "sqs"
    } else {
        "events"
    };
    json_answer(cloud, service, operation, body)
}

#[track_caller]
fn ok(cloud: &mut AwsCloud, operation: &str, body: &Value) -> Value {
    let (status, _, answer) = send(cloud, operation, body);
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

#[track_caller]
fn refused(cloud: &mut AwsCloud, operation: &str, body: &Value, code: &str, words: &str) {
    let (status, headers, answer) = send(cloud, operation, body);
    assert_eq!(status, 400, "{operation}: {answer}");
    assert_eq!(headers["x-amzn-errortype"], code, "{answer}");
    let message = answer["message"].as_str().unwrap_or_default();
    assert!(message.contains(words), "{message} has no {words:?}");
}

fn of_type(cloud: &AwsCloud, resource_type: &str) -> Vec<String> {
    let all = cloud.inventory().into_iter();
    let own = all.filter(|one| one.resource_type == resource_type);
    own.map(|one| one.id).collect()
}

#[test]
fn a_queue_keeps_its_attributes_and_tags_and_is_in_the_inventory() {
    let mut cloud = account(setup());
    let made = json!({"QueueName": "interruptions", "tags": {"kubeproof:run": "r1"}, "Attributes": {
        "MessageRetentionPeriod": "300", "SqsManagedSseEnabled": "true"}});
    let url = ok(&mut cloud, "CreateQueue", &made)["QueueUrl"].clone();
    assert_eq!(
        url,
        "https://sqs.us-east-1.amazonaws.com/123456789012/interruptions"
    );
    // The same once more is the same queue; a different one is none.
    assert_eq!(ok(&mut cloud, "CreateQueue", &made)["QueueUrl"], url);
    let other = json!({"QueueName": "interruptions", "Attributes": {"VisibilityTimeout": "31"}});
    refused(
        &mut cloud,
        "CreateQueue",
        &other,
        "QueueNameExists",
        "VisibilityTimeout",
    );
    let policy = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    let set = json!({"QueueUrl": url, "Attributes": {"Policy": policy}});
    ok(&mut cloud, "SetQueueAttributes", &set);
    let asked = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    let all = ok(&mut cloud, "GetQueueAttributes", &asked)["Attributes"].clone();
    for (name, expected) in [
        ("MessageRetentionPeriod", "300"),
        ("VisibilityTimeout", "30"),
        ("Policy", policy.as_str()),
        (
            "QueueArn",
            "arn:aws:sqs:us-east-1:123456789012:interruptions",
        ),
        ("ApproximateNumberOfMessages", "0"),
    ] {
        assert_eq!(all[name], expected, "{name}");
    }
    let broken = json!({"QueueUrl": url, "Attributes": {"Policy": "{"}});
    refused(
        &mut cloud,
        "SetQueueAttributes",
        &broken,
        "InvalidAttributeValue",
        "Policy",
    );
    let long = json!({"QueueUrl": url, "Attributes": {"VisibilityTimeout": "43201"}});
    refused(
        &mut cloud,
        "SetQueueAttributes",
        &long,
        "InvalidAttributeValue",
        "VisibilityTimeout",
    );
    let tags = ok(&mut cloud, "ListQueueTags", &json!({"QueueUrl": url}))["Tags"].clone();
    assert_eq!(tags, json!({"kubeproof:run": "r1"}));
    assert_eq!(
        of_type(&cloud, "sqs_queue"),
        ["arn:aws:sqs:us-east-1:123456789012:interruptions"]
    );
}

#[test]
fn the_name_of_a_deleted_queue_is_not_free_for_a_minute() {
    let mut cloud = account(setup());
    let name = json!({"QueueName": "q"});
    let url = ok(&mut cloud, "CreateQueue", &name)["QueueUrl"].clone();
    ok(&mut cloud, "DeleteQueue", &json!({"QueueUrl": url}));
    let (_, headers, _) = send(&mut cloud, "DeleteQueue", &json!({"QueueUrl": url}));
    assert_eq!(headers["x-amzn-errortype"], "QueueDoesNotExist");
    let old = "AWS.SimpleQueueService.NonExistentQueue;Sender";
    assert_eq!(headers["x-amzn-query-error"], old);
    assert_eq!(headers["content-type"], "application/x-amz-json-1.0");
    let now = cloud.state().now;
    let later = |seconds| now + jiff::SignedDuration::from_secs(seconds);
    cloud.advance(later(59));
    refused(
        &mut cloud,
        "CreateQueue",
        &name,
        "QueueDeletedRecently",
        "You must wait 60 seconds",
    );
    cloud.advance(later(60));
    ok(&mut cloud, "CreateQueue", &name);
}

#[test]
fn a_rule_with_targets_cannot_be_deleted() {
    let mut cloud = account(setup());
    let pattern = json!({"source": ["aws.ec2"]}).to_string();
    let rule = json!({"Name": "spot", "EventPattern": pattern, "Tags": [{"Key": "kubeproof:run", "Value": "r1"}]});
    let arn = ok(&mut cloud, "PutRule", &rule)["RuleArn"].clone();
    assert_eq!(arn, "arn:aws:events:us-east-1:123456789012:rule/spot");
    let target = json!({"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:123456789012:q"});
    let put = json!({"Rule": "spot", "Targets": [target]});
    assert_eq!(ok(&mut cloud, "PutTargets", &put)["FailedEntryCount"], 0);
    let listed = ok(&mut cloud, "ListTargetsByRule", &json!({"Rule": "spot"}));
    assert_eq!(listed["Targets"], json!([target]));
    let words = "Rule can't be deleted since it has targets.";
    let name = json!({"Name": "spot"});
    refused(
        &mut cloud,
        "DeleteRule",
        &name,
        "ValidationException",
        words,
    );
    assert_eq!(
        of_type(&cloud, "eventbridge_rule"),
        [arn.as_str().expect("text")]
    );
    // Putting it again keeps its targets and its tags.
    let again = json!({"Name": "spot", "EventPattern": pattern, "State": "DISABLED"});
    ok(&mut cloud, "PutRule", &again);
    let seen = ok(&mut cloud, "DescribeRule", &name);
    assert_eq!(seen["State"], "DISABLED");
    let tags = ok(
        &mut cloud,
        "ListTagsForResource",
        &json!({"ResourceARN": arn}),
    )["Tags"]
        .clone();
    assert_eq!(tags, json!([{"Key": "kubeproof:run", "Value": "r1"}]));
    ok(
        &mut cloud,
        "RemoveTargets",
        &json!({"Rule": "spot", "Ids": ["queue"]}),
    );
    ok(&mut cloud, "DeleteRule", &name);
    assert!(of_type(&cloud, "eventbridge_rule").is_empty());
    let gone = "Rule spot does not exist on EventBus default.";
    refused(
        &mut cloud,
        "PutTargets",
        &put,
        "ResourceNotFoundException",
        gone,
    );
}

#[test]
fn what_is_no_rule_is_refused() {
    let mut cloud = account(setup());
    let code = "InvalidEventPatternException";
    let rule = |pattern: &str| json!({"Name": "r", "EventPattern": pattern});
    refused(
        &mut cloud,
        "PutRule",
        &rule("{"),
        code,
        "Event pattern is not valid",
    );
    refused(
        &mut cloud,
        "PutRule",
        &rule("{\"source\": \"aws.ec2\"}"),
        code,
        "not valid",
    );
    let words = "EventPattern or ScheduleExpression must be specified";
    refused(
        &mut cloud,
        "PutRule",
        &json!({"Name": "r"}),
        "ValidationException",
        words,
    );
}
