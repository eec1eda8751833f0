//! The audited inventory equals the simulator's ground truth; a failed listing is never an empty one.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use kubeproof_aws::observer::EksObserver;
use kubeproof_aws::observer::clients::Clients;
use kubeproof_aws::plan::EksPlan;
use kubeproof_contract::deleter::Deleter;
use kubeproof_contract::observer::{Lister, Observer, ObserverError, Ownership};
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::{Resource, ResourceKey};
use kubeproof_contract::scope::{Breadth, Cell, Listing};
use kubeproof_contract::transport::{SharedTransport, Transport, TransportError};

use super::bench::{Bench, spec};

type Keys = BTreeSet<ResourceKey>;

fn keys(resources: &[Resource]) -> Keys {
    resources.iter().map(Resource::key).collect()
}

/// All cells of the account: every type in its region, global ones once.
pub async fn audited(account: &dyn Observer) -> Vec<Resource> {
    let mut all = Vec::new();
    for listing in account.cells(&Breadth::Scenario).await.unwrap() {
        let listed = account.list(&listing).await;
        let listed = listed.unwrap_or_else(|error| panic!("{}: {error}", listing.cells[0]));
        let covered = |it: &Resource| listing.cells.iter().any(|cell| cell.covers(it));
        assert!(listed.unread.is_empty() && listed.resources.iter().all(covered));
        all.extend(listed.resources);
    }
    all
}

/// One cell of the account.
pub async fn listed(
    account: &dyn Observer,
    resource_type: &str,
    region: &str,
) -> Result<Vec<Resource>, ObserverError> {
    let listing = Listing::of(Cell::new(resource_type, region));
    Ok(account.list(&listing).await?.resources)
}

/// The regions of all cells, each once.
async fn regions(account: &dyn Observer, breadth: Breadth) -> BTreeSet<String> {
    let listings = account.cells(&breadth).await.unwrap();
    let cells = listings.iter().flat_map(|listing| &listing.cells);
    cells.map(|cell| cell.scope.to_string()).collect()
}

/// Asserts that the audited inventory equals the ground truth.
pub async fn assert_equals_ground_truth(bench: &Bench, account: &dyn Observer) {
    // EC2 reads lag behind creations by seconds.
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let (seen, truth) = (
        keys(&audited(account).await),
        keys(&bench.ground_truth.inventory()),
    );
    assert!(!truth.is_empty());
    let (missed, made_up): (Vec<_>, Vec<_>) = (
        truth.difference(&seen).collect(),
        seen.difference(&truth).collect(),
    );
    assert!(
        missed.is_empty() && made_up.is_empty(),
        "missed {missed:?}, made up {made_up:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_audit_of_a_fresh_account_equals_the_truth() {
    let bench = Bench::new();
    assert_equals_ground_truth(&bench, &bench.account()).await;
}

#[tokio::test(start_paused = true)]
async fn listings_go_to_the_last_page() {
    let bench = Bench::with(|setup| setup.page_size_max = 1);
    assert_equals_ground_truth(&bench, &bench.account()).await;
}

#[tokio::test(start_paused = true)]
async fn the_audit_of_one_region_makes_few_calls_and_changes_nothing() {
    let bench = Bench::new();
    audited(&bench.account()).await;
    let calls = bench.journal.calls();
    assert!(calls.len() <= 120, "{} calls", calls.len());
    let mutating: Vec<_> = calls
        .iter()
        .filter(|call| call.signature.mutating)
        .collect();
    assert!(mutating.is_empty(), "{mutating:?}");
}

#[tokio::test(start_paused = true)]
async fn the_enabled_regions_are_those_that_answer() {
    let account = Bench::new().account();
    let enabled = regions(&account, Breadth::Account).await;
    assert_eq!(enabled, ["global", "us-east-1"].map(str::to_owned).into());
    for elsewhere in ["us-west-2", "eu-west-1"] {
        let error = listed(&account, "vpc", elsewhere).await.unwrap_err();
        assert!(error.message.contains("OptInRequired"), "{error}");
    }
}

/// Answers that two regions are enabled; the simulator has only one.
#[derive(Debug)]
struct OfTwoRegions(SharedTransport);

#[async_trait::async_trait]
impl Transport for OfTwoRegions {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if !String::from_utf8_lossy(request.body()).contains("Action=DescribeRegions") {
            return self.0.send(request).await;
        }
        let item = |name: &str| format!("<item><regionName>{name}</regionName></item>");
        Ok(Response::new(Bytes::from(format!(
            "<DescribeRegionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><regionInfo>{}{}\
             </regionInfo></DescribeRegionsResponse>",
            item("us-east-1"),
            item("eu-west-1")
        ))))
    }
}

#[tokio::test(start_paused = true)]
async fn enabled_regions_that_the_scenario_does_not_name_are_known() {
    let bench = Bench::new();
    let transport = Arc::new(OfTwoRegions(bench.transport.clone()));
    let account = EksObserver::new(spec(), bench.connection_over(transport));
    let check = async |breadth: Breadth, expected: &[&str]| {
        let expected = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(regions(&account, breadth).await, expected);
    };
    check(Breadth::Scenario, &["global", "us-east-1"]).await;
    check(Breadth::Account, &["eu-west-1", "global", "us-east-1"]).await;
    let named = Breadth::Named(vec!["ap-south-1".into()]);
    check(named, &["ap-south-1", "global"]).await;
}

#[tokio::test(start_paused = true)]
async fn types_that_have_no_listing_are_named_and_none_that_has_one_is() {
    let account = Bench::new().account();
    let named = account.not_covered();
    let names: Vec<&str> = named
        .iter()
        .filter_map(|line| line.split_once(": ").map(|(name, _)| name))
        .collect();
    assert_eq!(names.len(), named.len(), "{named:?}");
    for name in ["ecr_repository", "acm_certificate", "route53_record"] {
        assert!(names.contains(&name), "{name}: {named:?}");
    }
    let listed = account.resource_types();
    let both = listed.iter().find(|known| names.contains(&known.name));
    assert!(both.is_none(), "{:?} is listed", both.map(|it| it.name));
}

/// Answers the tagging API's list, with a resource of a service that the simulator does not have.
#[derive(Debug)]
struct WithOthers(SharedTransport);

#[async_trait::async_trait]
impl Transport for WithOthers {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let target = request.headers().get("x-amz-target").cloned();
        let target = target.as_ref().and_then(|value| value.to_str().ok());
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let answer = match target {
            Some("ResourceGroupsTaggingAPI_20170126.GetResources") => {
                assert!(body.contains("kubeproof:run"), "{body}");
                let mapping = |arn: &str| {
                    let tag = serde_json::json!({"Key": "kubeproof:run", "Value": "r1"});
                    serde_json::json!({"ResourceARN": arn, "Tags": [tag]})
                };
                let (page, token) = if body.contains("second") {
                    (vec![mapping("arn:aws:kms:us-east-1:1:key/listed")], "")
                } else {
                    let kept = mapping("arn:aws:sns:us-east-1:1:kept");
                    (
                        vec![mapping("arn:aws:ec2:us-east-1:1:vpc/vpc-1"), kept],
                        "second",
                    )
                };
                serde_json::json!({"ResourceTagMappingList": page, "PaginationToken": token})
            }
            _ => return self.0.send(request).await,
        };
        Ok(Response::new(Bytes::from(answer.to_string())))
    }
}

#[tokio::test(start_paused = true)]
async fn what_carries_the_runs_tag_is_seen_though_its_type_has_no_listing() {
    let bench = Bench::new();
    let transport = Arc::new(WithOthers(bench.transport.clone()));
    let account = EksObserver::new(spec(), bench.connection_over(transport));
    let found = listed(&account, "tagged_other", "us-east-1").await.unwrap();
    let ids: Vec<&str> = found.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(ids, ["arn:aws:sns:us-east-1:1:kept"]);
    assert_eq!(account.proofs(&bench.run, &found[0], &found).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_net_that_cannot_be_read_is_an_error_and_a_throttled_one_is_tried_again() {
    let bench = Bench::new();
    for (cell, call) in [
        ("tagged_other", "tagging:GetResources"),
        ("made_other", "cloudtrail:LookupEvents"),
    ] {
        let account = bench.account_with(&[&format!("auditor/{call}=reject")]);
        let error = listed(&account, cell, "us-east-1").await.unwrap_err();
        assert_eq!(error.call, call);
        let account = bench.account_with(&[&format!("auditor/{call}#1*2=throttle")]);
        assert_eq!(listed(&account, cell, "us-east-1").await.unwrap(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_fails_is_an_error_that_names_the_call() {
    let bench = Bench::new();
    let account = bench.account_with(&["auditor/ec2:DescribeAddresses=reject"]);
    let error = listed(&account, "elastic_ip", "us-east-1")
        .await
        .unwrap_err();
    assert_eq!(error.call, "ec2:DescribeAddresses");
    assert!(error.message.contains("UnauthorizedOperation"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn every_type_that_can_be_left_behind_is_listed_or_named_as_not_covered() {
    let account = Bench::new().account();
    let listed: BTreeSet<&str> = account.resource_types().iter().map(|it| it.name).collect();
    let told = account.not_covered();
    let table = include_str!("resource_types.csv").lines();
    let kinds: Vec<&str> = table.filter(|line| !line.starts_with('#')).collect();
    assert_eq!(kinds.len(), 49);
    for kind in kinds {
        // Groups of three makers are one type.
        let name = match kind {
            "security_group_elb" | "security_group_lbc" | "security_group_eks_cluster" => {
                "security_group"
            }
            other => other,
        };
        let is_told = told
            .iter()
            .any(|line| line.starts_with(&format!("{name}: ")));
        assert!(
            listed.contains(name) != is_told,
            "{kind} is neither listed nor told, or both: {told:?}"
        );
    }
    let record = told.iter().find(|line| line.starts_with("route53_record"));
    assert_eq!(record.map(String::as_str), Some("route53_record: not seen"));
}

#[tokio::test(start_paused = true)]
async fn every_resource_type_of_the_truth_is_known_and_no_name_stands_twice() {
    let bench = Bench::new();
    let account = bench.account();
    let names: BTreeSet<&str> = account
        .resource_types()
        .iter()
        .map(|known| known.name)
        .collect();
    assert_eq!(
        names.len(),
        account.resource_types().len(),
        "a name stands twice"
    );
    for resource in bench.ground_truth.inventory() {
        assert!(
            names.contains(resource.resource_type.as_str()),
            "{}",
            resource.resource_type
        );
    }
}

#[test]
fn monthly_costs_are_list_prices_of_730_hours() {
    let plan = EksPlan::new(spec(), false);
    let check = |resource_type: &str, properties: &[(&str, &str)], expected: Option<&str>| {
        let mut resource = Resource::new(resource_type, "id", "us-east-1");
        resource.properties.extend(
            properties
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        let cost = plan
            .monthly_cost(&resource)
            .map(|cost| cost.usd.to_string());
        assert_eq!(cost.as_deref(), expected, "{resource_type}");
    };
    check("elastic_ip", &[], Some("3.65"));
    check("nat_gateway", &[], Some("32.85"));
    check("eks_cluster", &[], Some("73.0"));
    check(
        "ec2_instance",
        &[("instance_type", "t3.medium")],
        Some("30.37"),
    );
    check("ec2_instance", &[("instance_type", "x9.unheard")], None);
    check(
        "ebs_volume",
        &[("volume_type", "gp3"), ("size_gb", "20")],
        Some("1.60"),
    );
    check(
        "ebs_volume",
        &[("volume_type", "io2"), ("size_gb", "20")],
        None,
    );
    check("kms_key", &[("manager", "CUSTOMER")], Some("1"));
    check("kms_key", &[("deletion_date", "2026-12-01")], Some("0"));
    check("kms_alias", &[], Some("0"));
    check("flow_log", &[], Some("0"));
    check("sqs_queue", &[], Some("0"));
    check("eventbridge_rule", &[], Some("0"));
    check("elb_classic", &[], Some("18.25"));
    check(
        "elbv2_load_balancer",
        &[("balancer_type", "network")],
        Some("16.43"),
    );
    check("vpc", &[], Some("0"));
    check("no_such_type", &[], None);
}

/// The role of other users that every fresh account has.
const THEIR_ROLE: &str = "kp-legacy-shared-node-role";

#[tokio::test(start_paused = true)]
async fn a_role_of_other_users_that_is_deleted_and_made_again_is_another_resource() {
    let bench = Bench::new();
    let account = bench.account();
    let named = |all: Vec<Resource>| all.into_iter().find(|it| it.id == THEIR_ROLE).unwrap();
    let before = named(listed(&account, "iam_role", "global").await.unwrap());
    let connection = bench.connection_over(bench.transport.clone());
    let iam = Clients::new(&connection, "us-east-1").iam;
    let deleter = bench.deleter();
    deleter.delete(&before).await.unwrap();
    let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;
    let again = iam.create_role().role_name(THEIR_ROLE);
    let again = again.assume_role_policy_document(trust);
    again.send().await.unwrap();
    let after = named(listed(&account, "iam_role", "global").await.unwrap());
    assert_eq!(after.id, before.id);
    assert!(!after.is_same(&before) && after.incarnation != before.incarnation);
    assert_equals_ground_truth(&bench, &account).await;
}

#[tokio::test(start_paused = true)]
async fn an_openid_provider_that_is_made_again_is_told_from_the_first_by_its_description() {
    let bench = Bench::new();
    let account = bench.account();
    let connection = bench.connection_over(bench.transport.clone());
    let iam = Clients::new(&connection, "us-east-1").iam;
    let made = async || {
        let call = iam.create_open_id_connect_provider();
        let made = call.url("https://issuer.example/id/1").send().await;
        let arn = made.unwrap().open_id_connect_provider_arn.unwrap();
        // IAM's reads lag behind creations by seconds.
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        let all = listed(&account, "iam_oidc_provider", "global").await;
        let named = all.unwrap().into_iter().filter(|it| it.id == arn);
        account.complete(named.collect()).await.unwrap().remove(0)
    };
    let first = made().await;
    assert!(first.created_at.is_some() && first.incarnation.is_some());
    bench.deleter().delete(&first).await.unwrap();
    let second = made().await;
    assert_eq!(second.id, first.id);
    assert!(!second.is_same(&first) && !second.may_be(&first));
}
