//! Service Quotas and `CloudWatch` Logs.

use kubeproof_aws_simulator::{logs, quotas};
use kubeproof_simkit::cloud::Cloud;
use serde_json::json;

use crate::requests::{self, account, json_error, json_ok, setup};

#[test]
fn quotas_are_those_of_aws_unless_the_account_has_its_own() {
    let mut setup = setup();
    setup.quotas.insert("L-0263D0A3".to_owned(), 2);
    let mut cloud = account(setup);
    assert_eq!(quotas::limit(cloud.state(), "L-0263D0A3"), 2);
    assert_eq!(quotas::limit(cloud.state(), "L-F678F1CE"), 5);
    let body = json!({ "ServiceCode": "ec2", "QuotaCode": "L-0263D0A3" });
    let own = json_ok(&mut cloud, "servicequotas", "GetServiceQuota", &body);
    assert_eq!(own["Quota"]["Value"], 2.0);
    assert_eq!(own["Quota"]["QuotaName"], "EC2-VPC Elastic IPs");
    let default = json_ok(
        &mut cloud,
        "servicequotas",
        "GetAWSDefaultServiceQuota",
        &body,
    );
    assert_eq!(default["Quota"]["Value"], 5.0);
}

#[test]
fn quotas_are_listed_over_pages() {
    let mut setup = setup();
    setup.page_size_max = 2;
    let mut cloud = account(setup);
    let mut body = json!({ "ServiceCode": "vpc" });
    let mut codes = Vec::new();
    for page in 1.. {
        assert!(page < 10, "pages without end");
        let answer = json_ok(&mut cloud, "servicequotas", "ListServiceQuotas", &body);
        let quotas = answer["Quotas"].as_array().expect("quotas");
        assert!(quotas.len() <= 2);
        codes.extend(quotas.iter().map(|quota| quota["QuotaCode"].clone()));
        let Some(next) = answer["NextToken"].as_str() else {
            break;
        };
        body["NextToken"] = next.into();
    }
    assert_eq!(codes.len(), 6);
    assert!(codes.contains(&json!("L-FE5A380F")));
}

#[test]
fn an_unknown_quota_is_not_found() {
    let mut cloud = account(setup());
    for body in [
        json!({ "ServiceCode": "ec2", "QuotaCode": "L-00000000" }),
        json!({ "ServiceCode": "tea", "QuotaCode": "L-0263D0A3" }),
    ] {
        let code = json_error(&mut cloud, "servicequotas", "GetServiceQuota", &body);
        assert_eq!(code, "NoSuchResourceException");
    }
}

#[test]
fn a_log_group_is_found_by_prefix_until_it_is_deleted() {
    let mut setup = setup();
    setup.page_size_max = 1;
    let mut cloud = account(setup);
    for name in ["/aws/eks/c1/cluster", "/aws/eks/c2/cluster", "/other"] {
        logs::create_group_internal(cloud.state(), name, std::collections::BTreeMap::new());
    }
    let mut body = json!({ "logGroupNamePrefix": "/aws/eks/" });
    let page = json_ok(&mut cloud, "logs", "DescribeLogGroups", &body);
    assert_eq!(page["logGroups"][0]["logGroupName"], "/aws/eks/c1/cluster");
    body["nextToken"] = page["nextToken"].clone();
    let page = json_ok(&mut cloud, "logs", "DescribeLogGroups", &body);
    assert_eq!(page["logGroups"][0]["logGroupName"], "/aws/eks/c2/cluster");
    assert!(page["nextToken"].is_null());

    let name = json!({ "logGroupName": "/aws/eks/c1/cluster" });
    json_ok(&mut cloud, "logs", "DeleteLogGroup", &name);
    let again = json_error(&mut cloud, "logs", "DeleteLogGroup", &name);
    assert_eq!(again, "ResourceNotFoundException");
    let left = cloud.inventory();
    let groups = left
        .iter()
        .filter(|r| r.resource_type == "cloudwatch_log_group");
    assert_eq!(groups.count(), 2);
}

#[test]
fn a_log_group_keeps_its_tags() {
    let mut cloud = account(setup());
    let body = json!({ "logGroupName": "g", "tags": { "owner": "bystander" } });
    json_ok(&mut cloud, "logs", "CreateLogGroup", &body);
    let twice = json_error(&mut cloud, "logs", "CreateLogGroup", &body);
    assert_eq!(twice, "ResourceAlreadyExistsException");
    let arn = json!({ "resourceArn": "arn:aws:logs:us-east-1:123456789012:log-group:g" });
    let tags = json_ok(&mut cloud, "logs", "ListTagsForResource", &arn);
    assert_eq!(tags["tags"], json!({ "owner": "bystander" }));
}

#[test]
fn an_operation_that_is_not_known_says_its_name() {
    let mut cloud = account(setup());
    for service in [
        "logs",
        "servicequotas",
        "ce",
        "pricing",
        "tagging",
        "cloudtrail",
    ] {
        let (status, answer) = requests::json(&mut cloud, service, "MakeTea", &json!({}));
        assert_eq!(status, 501);
        assert!(
            answer["message"]
                .as_str()
                .is_some_and(|text| text.contains("MakeTea"))
        );
    }
}
