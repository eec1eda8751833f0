//! KMS keys: whose policy is taken, how long a deletion takes, and what is billed meanwhile.

use kubeproof_contract::resource::Lifetime;
use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::requests::{account, json_error, json_ok, pass, query_ok, setup};

const DAY: i64 = 24 * 60;

fn kms(cloud: &mut kubeproof_aws_simulator::cloud::AwsCloud, action: &str, body: &Value) -> Value {
    json_ok(cloud, "kms", action, body)
}

fn made(cloud: &mut kubeproof_aws_simulator::cloud::AwsCloud) -> String {
    let made = kms(cloud, "CreateKey", &json!({}));
    made["KeyMetadata"]["KeyId"]
        .as_str()
        .expect("an id")
        .to_owned()
}

#[test]
fn a_key_stays_unusable_until_its_day_and_takes_its_aliases_with_it() {
    let mut cloud = account(setup());
    let key = made(&mut cloud);
    let alias = json!({ "AliasName": "alias/a", "TargetKeyId": key });
    kms(&mut cloud, "CreateAlias", &alias);
    let asked = json!({ "KeyId": key, "PendingWindowInDays": 7 });
    kms(&mut cloud, "ScheduleKeyDeletion", &asked);
    let again = json_error(&mut cloud, "kms", "ScheduleKeyDeletion", &asked);
    assert_eq!(again, "KMSInvalidStateException");
    let enabled = json_error(&mut cloud, "kms", "EnableKey", &json!({ "KeyId": key }));
    assert_eq!(enabled, "KMSInvalidStateException");
    pass(&mut cloud, 7 * DAY - 1);
    let there = cloud.inventory();
    let found = there
        .iter()
        .find(|one| one.resource_type == "kms_key")
        .expect("the key");
    assert_eq!(found.lifetime, Lifetime::Ending);
    assert!(there.iter().any(|one| one.id == "alias/a"));
    pass(&mut cloud, 2);
    assert!(
        !cloud
            .inventory()
            .iter()
            .any(|one| one.resource_type.starts_with("kms"))
    );
    let gone = json_error(&mut cloud, "kms", "DescribeKey", &json!({ "KeyId": key }));
    assert_eq!(gone, "NotFoundException");
}

#[test]
fn a_deletion_that_is_taken_back_leaves_a_disabled_key() {
    let mut cloud = account(setup());
    let key = json!({ "KeyId": made(&mut cloud) });
    kms(&mut cloud, "ScheduleKeyDeletion", &key);
    kms(&mut cloud, "CancelKeyDeletion", &key);
    pass(&mut cloud, 31 * DAY);
    let seen = kms(&mut cloud, "DescribeKey", &key);
    assert_eq!(seen["KeyMetadata"]["KeyState"], "Disabled");
}

#[test]
fn a_waiting_period_is_seven_to_thirty_days() {
    let mut cloud = account(setup());
    let key = made(&mut cloud);
    for days in [6, 31] {
        let asked = json!({ "KeyId": key, "PendingWindowInDays": days });
        let code = json_error(&mut cloud, "kms", "ScheduleKeyDeletion", &asked);
        assert_eq!(code, "ValidationException", "{days}");
    }
}

/// November has 720 hours: 72 of them are a tenth of a dollar.
#[test]
fn a_key_is_billed_by_its_hours_until_its_deletion_is_scheduled() {
    let mut cloud = account(setup());
    let key = json!({ "KeyId": made(&mut cloud) });
    pass(&mut cloud, 3 * DAY);
    kms(&mut cloud, "ScheduleKeyDeletion", &key);
    pass(&mut cloud, 3 * DAY);
    let start = crate::requests::at(crate::requests::START);
    let charges = cloud.charges(start);
    let of_keys: Vec<String> = charges
        .iter()
        .filter(|charge| charge.line == "kms_key")
        .map(|charge| charge.usd.round_dp(4).normalize().to_string())
        .collect();
    assert_eq!(of_keys, ["0.1"]);
}

#[test]
fn a_policy_that_locks_its_author_out_or_names_strangers_is_refused() {
    let mut cloud = account(setup());
    let mut check = |principal: &str, action: &str, expected: Option<&str>| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action, "Resource": "*",
        }]});
        let body = json!({ "Policy": policy.to_string() });
        let (_, answer) = crate::requests::json(&mut cloud, "kms", "CreateKey", &body);
        assert_eq!(
            answer["__type"].as_str(),
            expected,
            "{principal} {action}: {answer}"
        );
    };
    let refused = Some("MalformedPolicyDocumentException");
    check("arn:aws:iam::123456789012:user/kubeproof", "kms:*", None);
    check("arn:aws:iam::123456789012:root", "kms:Put*", None);
    check(
        "arn:aws:iam::123456789012:user/kubeproof",
        "kms:Decrypt",
        refused,
    );
    check("arn:aws:iam::123456789012:role/unheard", "kms:*", refused);
}

#[test]
fn a_new_role_is_no_principal_of_a_key_until_it_has_propagated() {
    let mut cloud = account(setup());
    let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;
    let params = [("RoleName", "r"), ("AssumeRolePolicyDocument", trust)];
    query_ok(&mut cloud, "iam", "2010-05-08", "CreateRole", &params);
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:role/r" }, "Action": "kms:Encrypt", "Resource": "*" },
    ]});
    let body = json!({ "Policy": policy.to_string() });
    let early = json_error(&mut cloud, "kms", "CreateKey", &body);
    assert_eq!(early, "MalformedPolicyDocumentException");
    pass(&mut cloud, 1);
    kms(&mut cloud, "CreateKey", &body);
}
