//! Cost Explorer as its callers see it: lag, tags, credits, pages and its own price.
//!
//! Usage is started on the meter directly; tests of the services check that they start it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use kubeproof_aws_simulator::billing::{Tags, usage};
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_contract::Decimal;
use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::requests::{self, account, at, json_error, json_ok, pass, setup};

const DAY: i64 = 24 * 60;

fn run_tags() -> Tags {
    BTreeMap::from([
        ("kubeproof:run".to_owned(), "r1".to_owned()),
        ("team".to_owned(), "a".to_owned()),
    ])
}

/// An account that had a NAT gateway with its address from 10:40 to 11:25 on 2 November.
fn used(page_size_max: usize) -> AwsCloud {
    let mut setup = setup();
    setup.page_size_max = page_size_max;
    let mut cloud = account(setup);
    pass(&mut cloud, 40);
    let tags = run_tags();
    usage::nat_gateway(cloud.state(), "nat-1", &tags, None);
    usage::public_ipv4(cloud.state(), "eipalloc-1", true, Some("r1"));
    cloud.state().meter.retag("eipalloc-1", &tags);
    pass(&mut cloud, 45);
    usage::stop(cloud.state(), "nat-1");
    usage::stop(cloud.state(), "eipalloc-1");
    cloud
}

fn request(more: &Value) -> Value {
    let mut body = json!({
        "TimePeriod": { "Start": "2026-11-02", "End": "2026-11-03" },
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "UsageQuantity"],
    });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

fn ask(cloud: &mut AwsCloud, more: &Value) -> Value {
    json_ok(cloud, "ce", "GetCostAndUsage", &request(more))
}

fn usage_only() -> Value {
    json!({ "Dimensions": { "Key": "RECORD_TYPE", "Values": ["Usage"] } })
}

fn of_run() -> Value {
    json!({ "Tags": { "Key": "kubeproof:run", "Values": ["r1"] } })
}

fn total(answer: &Value) -> Decimal {
    let amount = &answer["ResultsByTime"][0]["Total"]["UnblendedCost"]["Amount"];
    amount
        .as_str()
        .expect("an amount as text")
        .parse()
        .expect("a decimal")
}

/// Groups of all results: keys → cost.
fn groups(answer: &Value) -> BTreeMap<String, String> {
    let results = answer["ResultsByTime"].as_array().expect("results");
    results
        .iter()
        .flat_map(|result| result["Groups"].as_array().expect("groups"))
        .map(|group| {
            let keys: Vec<&str> = group["Keys"]
                .as_array()
                .expect("keys")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let cost = group["Metrics"]["UnblendedCost"]["Amount"]
                .as_str()
                .expect("an amount");
            (keys.join("+"), cost.to_owned())
        })
        .collect()
}

#[test]
fn usage_is_not_shown_before_the_billing_lag_has_passed() {
    let mut cloud = used(1000);
    let body = request(&json!({}));
    let early = json_error(&mut cloud, "ce", "GetCostAndUsage", &body);
    assert_eq!(early, "DataUnavailableException");
    pass(&mut cloud, DAY);
    assert_eq!(
        total(&ask(&mut cloud, &json!({ "Filter": usage_only() }))),
        "0.09375".parse().expect("a decimal")
    );
}

#[test]
fn a_run_is_found_by_its_tag_in_gross_dollars() {
    let mut cloud = used(1000);
    pass(&mut cloud, DAY);
    let filter = json!({ "And": [usage_only(), of_run()] });
    let answer = ask(&mut cloud, &json!({ "Filter": filter }));
    let metrics = &answer["ResultsByTime"][0]["Total"];
    assert_eq!(
        metrics["UnblendedCost"],
        json!({ "Amount": "0.09", "Unit": "USD" })
    );
    assert_eq!(
        metrics["UsageQuantity"],
        json!({ "Amount": "2", "Unit": "Hrs" })
    );
}

#[test]
fn an_address_in_use_is_untagged_on_the_bill() {
    let mut cloud = used(1000);
    pass(&mut cloud, DAY);
    let by = json!([
        { "Type": "TAG", "Key": "kubeproof:run" },
        { "Type": "DIMENSION", "Key": "USAGE_TYPE" },
    ]);
    let answer = ask(
        &mut cloud,
        &json!({ "Filter": usage_only(), "GroupBy": by }),
    );
    let expected = BTreeMap::from([
        (
            "kubeproof:run$+USE1-PublicIPv4:InUseAddress".to_owned(),
            "0.00375".to_owned(),
        ),
        (
            "kubeproof:run$r1+NatGateway-Hours".to_owned(),
            "0.09".to_owned(),
        ),
    ]);
    assert_eq!(groups(&answer), expected);
}

#[test]
fn reading_net_of_credits_is_wrong_by_95_percent() {
    let mut cloud = used(1000);
    pass(&mut cloud, DAY);
    let net = total(&ask(&mut cloud, &json!({})));
    let gross = total(&ask(&mut cloud, &json!({ "Filter": usage_only() })));
    assert_eq!(net, gross * "0.05".parse::<Decimal>().expect("a decimal"));
}

#[test]
fn pages_add_up_to_the_whole() {
    let by = json!({ "GroupBy": [
        { "Type": "DIMENSION", "Key": "USAGE_TYPE" }, { "Type": "DIMENSION", "Key": "RECORD_TYPE" },
    ] });
    let mut cloud = used(1000);
    pass(&mut cloud, DAY);
    let whole = groups(&ask(&mut cloud, &by));
    assert_eq!(whole.len(), 4);
    let mut cloud = used(1);
    pass(&mut cloud, DAY);
    let mut paged = BTreeMap::new();
    let mut more = by;
    for page in 1.. {
        assert!(page <= 4, "more pages than groups");
        let answer = ask(&mut cloud, &more);
        paged.extend(groups(&answer));
        let Some(next) = answer["NextPageToken"].as_str() else {
            break;
        };
        more["NextPageToken"] = next.into();
    }
    assert_eq!(paged, whole);
}

#[test]
fn each_request_is_billed_a_cent() {
    let mut cloud = used(1000);
    pass(&mut cloud, DAY);
    for _ in 0..3 {
        ask(&mut cloud, &json!({}));
    }
    pass(&mut cloud, DAY + 1);
    let service = json!({ "Dimensions": { "Key": "SERVICE", "Values": ["AWS Cost Explorer"] } });
    let answer = ask(
        &mut cloud,
        &json!({
            "TimePeriod": { "Start": "2026-11-03", "End": "2026-11-04" },
            "Filter": { "And": [usage_only(), service] },
        }),
    );
    assert_eq!(total(&answer), "0.03".parse().expect("a decimal"));
}

#[test]
fn a_month_is_estimated_until_a_week_into_the_next() {
    let mut cloud = used(1000);
    for (now, estimated) in [
        ("2026-11-20T00:00:00Z", true),
        ("2026-12-07T23:00:00Z", true),
        ("2026-12-08T00:00:00Z", false),
    ] {
        cloud.advance(at(now));
        let answer = ask(&mut cloud, &json!({}));
        assert_eq!(
            answer["ResultsByTime"][0]["Estimated"],
            json!(estimated),
            "{now}"
        );
    }
}

#[test]
fn the_days_of_a_run_add_up_to_what_was_metered() {
    let mut cloud = account(setup());
    pass(&mut cloud, 13 * 60 + 50);
    let tags = run_tags();
    usage::volume(cloud.state(), "vol-1", (20, false), &tags, None);
    usage::control_plane(cloud.state(), "c1", &tags, None);
    usage::instance(cloud.state(), "i-1", "t3.medium", &tags, None);
    usage::nat_gateway(cloud.state(), "nat-1", &tags, None);
    pass(&mut cloud, 33);
    for id in ["vol-1", "c1", "i-1", "nat-1"] {
        usage::stop(cloud.state(), id);
    }
    let metered: Decimal = cloud
        .metered("r1", at(requests::START))
        .iter()
        .map(|charge| charge.usd)
        .sum();
    pass(&mut cloud, 2 * DAY);
    let answer = ask(
        &mut cloud,
        &json!({
            "TimePeriod": { "Start": "2026-11-02", "End": "2026-11-05" },
            "Filter": { "And": [usage_only(), of_run()] },
            "GroupBy": [{ "Type": "DIMENSION", "Key": "SERVICE" }],
        }),
    );
    let results = answer["ResultsByTime"].as_array().expect("results");
    assert_eq!(results.len(), 3, "one for each day, the empty one too");
    assert_eq!(results[0]["Groups"].as_array().map(Vec::len), Some(3));
    let billed: Decimal = results
        .iter()
        .flat_map(|result| result["Groups"].as_array().expect("groups"))
        .filter_map(|group| group["Metrics"]["UnblendedCost"]["Amount"].as_str())
        .map(|amount| amount.parse::<Decimal>().expect("a decimal"))
        .sum();
    let rounding = "0.000000001".parse::<Decimal>().expect("a decimal");
    assert!(
        (billed - metered).abs() <= rounding,
        "{billed} billed, {metered} metered"
    );
}

#[test]
fn a_tag_key_shows_only_once_it_is_active_and_never_backwards() {
    let mut cloud = used(1000);
    pass(&mut cloud, DAY);
    let by_team = json!({ "Filter": usage_only(), "GroupBy": [{ "Type": "TAG", "Key": "team" }] });
    assert!(groups(&ask(&mut cloud, &by_team)).contains_key("team$"));
    let list = json_ok(
        &mut cloud,
        "ce",
        "ListCostAllocationTags",
        &json!({ "Status": "Inactive" }),
    );
    assert_eq!(list["CostAllocationTags"][0]["TagKey"], "team");
    let update = json!({ "CostAllocationTagsStatus": [
        { "TagKey": "team", "Status": "Active" }, { "TagKey": "unused", "Status": "Active" },
    ] });
    let answer = json_ok(&mut cloud, "ce", "UpdateCostAllocationTagsStatus", &update);
    assert_eq!(answer["Errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["Errors"][0]["Code"], "TagKeysNotFound");
    usage::nat_gateway(cloud.state(), "nat-2", &run_tags(), None);
    pass(&mut cloud, 10);
    usage::stop(cloud.state(), "nat-2");
    pass(&mut cloud, 2 * DAY);
    assert!(
        !groups(&ask(&mut cloud, &by_team)).contains_key("team$a"),
        "not backwards"
    );
    let mut later = by_team;
    later["TimePeriod"] = json!({ "Start": "2026-11-03", "End": "2026-11-04" });
    assert_eq!(groups(&ask(&mut cloud, &later))["team$a"], "0.045");
}

#[test]
fn requests_that_aws_refuses_are_refused() {
    let mut cloud = used(1000);
    pass(&mut cloud, DAY);
    let service = json!({ "Type": "DIMENSION", "Key": "SERVICE" });
    for wrong in [
        json!({ "Granularity": "HOURLY" }),
        json!({ "Granularity": "YEARLY" }),
        json!({ "Metrics": [] }),
        json!({ "Metrics": ["Everything"] }),
        json!({ "GroupBy": [service, service, service] }),
        json!({ "Filter": { "And": [of_run()] } }),
        json!({ "Filter": { "Not": of_run(), "Tags": {} } }),
        json!({ "TimePeriod": { "Start": "2026-11-03", "End": "2026-11-03" } }),
        json!({ "TimePeriod": { "Start": "yesterday", "End": "2026-11-03" } }),
        json!({ "TimePeriod": { "Start": "2026-11-01", "End": "2027-11-03" } }),
    ] {
        let code = json_error(&mut cloud, "ce", "GetCostAndUsage", &request(&wrong));
        assert_eq!(code, "ValidationException", "{wrong}");
    }
}

#[test]
fn usage_switches_from_idle_to_in_use_without_a_gap() {
    let mut cloud = account(setup());
    let start = cloud.state().now;
    usage::public_ipv4(cloud.state(), "eipalloc-1", false, Some("r1"));
    cloud.advance(start + SignedDuration::from_secs(90));
    usage::public_ipv4(cloud.state(), "eipalloc-1", true, Some("r1"));
    cloud.advance(start + SignedDuration::from_secs(120));
    usage::public_ipv4(cloud.state(), "eipalloc-1", true, Some("r1"));
    cloud.advance(start + SignedDuration::from_secs(200));
    usage::stop(cloud.state(), "eipalloc-1");
    let charges = cloud.metered("r1", start);
    let seconds: Vec<Decimal> = charges
        .iter()
        .map(|charge| (charge.quantity * Decimal::from(3600)).round())
        .collect();
    assert_eq!(seconds, [Decimal::from(90), Decimal::from(110)]);
}
