//! Cost data, as Cost Management answers questions about them.

use jiff::Timestamp;
use kubeproof_azure_simulator::setup::{Currency, SUBSCRIPTION, Setup};
use kubeproof_contract::Decimal;
use kubeproof_simkit::cloud::Cloud as _;
use serde_json::{Value, json};

use crate::bench::{Bench, cluster, group, request, two_nodes};

fn of_subscription() -> String {
    format!("POST /subscriptions/{SUBSCRIPTION}/providers/Microsoft.CostManagement/query")
}

/// A question about these days, with other members in its dataset.
fn question(days: (&str, &str), dataset: Value) -> Value {
    let mut whole = json!({"granularity": "None", "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}}});
    if let (Some(whole), Value::Object(dataset)) = (whole.as_object_mut(), dataset) {
        whole.extend(dataset);
    }
    json!({"type": "ActualCost", "timeframe": "Custom", "dataset": whole,
           "timePeriod": {"from": format!("{}T00:00:00Z", days.0), "to": format!("{}T23:59:59Z", days.1)}})
}

/// The days of the tests, which begin at 2026-11-18 11:06:40 UTC.
const DAYS: (&str, &str) = ("2026-11-18", "2026-11-20");

fn by(kind: &str, name: &str) -> Value {
    json!({"type": kind, "name": name})
}

fn in_groups(names: &[&str]) -> Value {
    json!({"dimensions": {"name": "ResourceGroupName", "operator": "In", "values": names}})
}

fn of_run(run: &str) -> Value {
    json!({"tags": {"name": "kubeproof:run", "operator": "In", "values": [run]}})
}

/// The checklist's cluster, alive for 45 minutes, in a subscription with this setup.
fn for_45_minutes(change: impl FnOnce(&mut Setup)) -> Bench {
    let mut bench = Bench::with(change).with_group();
    bench.is(201, &format!("PUT {}", cluster("")), two_nodes());
    bench.wait(2700);
    bench.is(202, &format!("DELETE {}", cluster("")), Value::Null);
    bench.wait(900);
    bench
}

/// The rows of an answer, each as the texts of its cells.
fn rows(answer: &Value) -> Vec<String> {
    let all = answer["properties"]["rows"].as_array().unwrap();
    let text = |cell: &Value| {
        cell.as_str()
            .map_or_else(|| cell.to_string(), str::to_owned)
    };
    let line = |row: &Value| row.as_array().unwrap().iter().map(text).collect::<Vec<_>>();
    all.iter().map(|row| line(row).join(" ")).collect()
}

/// The first column of all rows, added up.
fn total(answer: &Value) -> Decimal {
    let all = answer["properties"]["rows"].as_array().unwrap();
    let amounts = all.iter().map(|row| row[0].to_string());
    amounts.map(|text| text.parse::<Decimal>().unwrap()).sum()
}

const MC: &str = "MC_g_c_eastus";

#[test]
fn the_bill_of_two_nodes_shows_each_meter_with_its_cost_and_its_currency() {
    let mut bench = for_45_minutes(|_| {});
    bench.wait(2 * 86_400);
    let asked = json!({"grouping": [by("Dimension", "Meter")], "filter": in_groups(&["g", MC])});
    let seen = bench
        .is(200, &of_subscription(), question(DAYS, asked))
        .body;
    // By hand, as in the golden bills of the meter: 2880 s of machines and disks, one clock hour of the others.
    assert_eq!(
        rows(&seen),
        [
            "0.1536 D2s v3 USD",
            "0.0432 P10 LRS Disk USD",
            "0.005 Standard IPv4 Static Public IP USD",
            "0.025 Standard Included LB Rules and Outbound Rules USD",
        ]
    );
    let columns = json!([
        {"name": "Cost", "type": "Number"}, {"name": "Meter", "type": "String"},
        {"name": "Currency", "type": "String"},
    ]);
    assert_eq!(seen["properties"]["columns"], columns);
    assert_eq!(seen["properties"]["nextLink"], Value::Null);
    // Everything else in the subscription is the bystanders'.
    let all = bench
        .is(200, &of_subscription(), question(DAYS, json!({})))
        .body;
    assert!(total(&all) > total(&seen));
}

#[test]
fn a_real_bill_in_euros_comes_out_the_same() {
    // A balancer and its address over two clock hours: EUR 0.043925 and 0.008785 on a bill of August 2026.
    let mut bench = Bench::with(|setup| setup.currency = Currency::eur()).with_group();
    bench.wait(1800);
    bench.is(201, &format!("PUT {}", cluster("")), two_nodes());
    bench.wait(2700);
    bench.is(202, &format!("DELETE {}", cluster("")), Value::Null);
    bench.wait(2 * 86_400);
    let both = json!({"a": {"name": "Cost", "function": "Sum"}, "b": {"name": "CostUSD", "function": "Sum"}});
    let asked = json!({"aggregation": both, "grouping": [by("Dimension", "MeterCategory")],
                       "filter": in_groups(&["G", MC])});
    let seen = bench
        .is(200, &of_subscription(), question(DAYS, asked))
        .body;
    let rows = rows(&seen);
    // Beside amounts in US dollars, too, stands the currency of the account.
    assert!(
        rows.contains(&"0.043925 0.05 Load Balancer EUR".to_owned()),
        "{rows:?}"
    );
    assert!(
        rows.contains(&"0.008785 0.01 Virtual Network EUR".to_owned()),
        "{rows:?}"
    );
}

#[test]
fn usage_shows_after_hours_and_a_day_later_as_a_whole() {
    let mut bench = for_45_minutes(|_| {});
    let ask = question(DAYS, json!({"filter": in_groups(&["g", MC])}));
    let whole: Decimal = bench
        .cloud
        .metered("r1", Timestamp::MIN)
        .iter()
        .map(|charge| charge.usd)
        .sum();
    // Nothing of these days shows yet, not even of the bystanders.
    bench.is(204, &of_subscription(), ask.clone());
    let mut parts = Vec::new();
    for _ in 0..15 {
        bench.wait(7200);
        let seen = bench.call(&of_subscription(), ask.clone());
        parts.push(match seen.status {
            204 => Decimal::ZERO,
            _ => total(&seen.body),
        });
    }
    assert!(parts.is_sorted(), "{parts:?}");
    // 24 hours, the hour itself, and four hours until the next refresh: by then all of it shows.
    assert_eq!(parts[14], whole.round_dp(8));
    assert!(
        parts.iter().any(|part| !part.is_zero() && *part < whole),
        "{parts:?}"
    );
    let future = question(("2026-12-24", "2026-12-24"), json!({}));
    bench.is(204, &of_subscription(), future);
}

#[test]
fn rows_are_made_for_days_and_for_values_of_a_tag() {
    let mut bench = Bench::new().with_group();
    let disk = |tags: Value| {
        json!({"location": "eastus", "tags": tags, "sku": {"name": "StandardSSD_LRS"},
        "properties": {"diskSizeGB": 32, "creationData": {"createOption": "Empty"}}})
    };
    let path = group("/providers/Microsoft.Compute/disks/d");
    bench.is(202, &format!("PUT {path}"), disk(json!({})));
    // Until the next day at 00:00: 12 h 53 min 20 s, less 5 s of making. Then a tag, and half a day.
    bench.wait(46_400);
    bench.is(
        200,
        &format!("PATCH {path}"),
        json!({"tags": {"kubeproof:run": "r1"}}),
    );
    bench.wait(43_200);
    bench.made(&format!("DELETE {path}"), Value::Null);
    bench.wait(2 * 86_400);
    let asked = json!({"granularity": "Daily", "grouping": [by("TagKey", "kubeproof:run")], "filter": in_groups(&["g"])});
    let seen = bench
        .is(200, &of_subscription(), question(DAYS, asked))
        .body;
    // 2.40 × 46395/3600/730, and 2.40 × 43205/3600/730: a deletion takes 5 s. A tag does not count for what was before.
    let expected = [
        "0.04236986 20261118 kubeproof:run  USD",
        "0.03945662 20261119 kubeproof:run r1 USD",
    ];
    assert_eq!(rows(&seen), expected);
    let names: Vec<&str> = seen["properties"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["Cost", "UsageDate", "TagKey", "TagValue", "Currency"]
    );
    let tagged = question(DAYS, json!({"filter": of_run("r1")}));
    let tagged = bench.is(200, &of_subscription(), tagged).body;
    assert_eq!(rows(&tagged), ["0.03945662 USD"]);
}

#[test]
fn tags_come_from_the_cluster_and_not_from_the_group() {
    let mut bench = Bench::new().with_group();
    let mut untagged = two_nodes();
    untagged["tags"] = json!({});
    bench.made(&format!("PUT {}", cluster("")), untagged);
    bench.wait(2 * 86_400);
    // The group has the tag; what is in it and in the cluster's own group has none.
    let tagged = question(DAYS, json!({"filter": of_run("r1")}));
    assert_eq!(
        rows(&bench.is(200, &of_subscription(), tagged).body),
        [""; 0]
    );
    let grouped = question(DAYS, json!({"filter": in_groups(&[MC])}));
    assert!(total(&bench.is(200, &of_subscription(), grouped).body) > Decimal::ZERO);
}

#[test]
fn a_group_answers_for_itself_until_it_is_gone() {
    let mut bench = for_45_minutes(|_| {});
    bench.wait(2 * 86_400);
    let of_group = |name: &str| {
        format!(
            "POST /subscriptions/{SUBSCRIPTION}/resourceGroups/{name}/providers/Microsoft.CostManagement/query"
        )
    };
    let ask = question(DAYS, json!({}));
    bench.is(200, &of_group("kp-legacy"), ask.clone());
    bench.refused(&of_group(MC), ask.clone(), 404, "ResourceGroupNotFound");
    let grouped = question(DAYS, json!({"filter": in_groups(&[MC])}));
    assert!(total(&bench.is(200, &of_subscription(), grouped).body) > Decimal::ZERO);
    let account = "POST /providers/Microsoft.Billing/billingAccounts/1/providers/Microsoft.CostManagement/query";
    bench.is(501, account, ask);
}

#[test]
fn answers_have_pages() {
    let mut bench = for_45_minutes(|setup| setup.cost_page_rows = 3);
    bench.wait(2 * 86_400);
    let asked = json!({"grouping": [by("Dimension", "ResourceId"), by("Dimension", "Meter")]});
    let ask = question(DAYS, asked);
    let mut seen = Vec::new();
    let mut line = of_subscription();
    for _ in 0..10 {
        let page = bench.is(200, &line, ask.clone()).body;
        let rows = rows(&page);
        assert!(rows.len() <= 3);
        seen.extend(rows);
        let Some(next) = page["properties"]["nextLink"].as_str() else {
            break;
        };
        let (_, path) = next.split_once("management.azure.com").unwrap();
        line = format!("POST {path}");
    }
    // A scale set, two disks, a balancer and an address; the bystanders' disk and address.
    assert_eq!(seen.len(), 7, "{seen:?}");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

#[test]
fn refunds_have_rows_of_their_own() {
    let mut bench = for_45_minutes(|setup| setup.refunded_percent = 95);
    bench.wait(2 * 86_400);
    let asked =
        json!({"grouping": [by("Dimension", "ChargeType")], "filter": in_groups(&["g", MC])});
    let seen = bench
        .is(200, &of_subscription(), question(DAYS, asked))
        .body;
    // 0.1536 + 0.0432 + 0.005 + 0.025, and 95 % of it.
    assert_eq!(rows(&seen), ["-0.21546 Refund USD", "0.2268 Usage USD"]);
}

#[test]
fn too_many_questions_are_refused_with_the_services_own_headers() {
    let mut bench = for_45_minutes(|_| {});
    let ask = question(DAYS, json!({}));
    for _ in 0..12 {
        let seen = bench.call(&of_subscription(), ask.clone());
        assert!(seen.status < 300, "{}", seen.body);
    }
    let once_more = request(&of_subscription(), &bench.token(0), &ask);
    let answer = bench.raw(&once_more);
    assert_eq!(answer.status(), 429);
    let header = |name: &str| {
        let name = format!("x-ms-ratelimit-microsoft.costmanagement-{name}-retry-after");
        answer.headers()[name].to_str().unwrap().to_owned()
    };
    assert_eq!(
        (header("qpu"), header("entity")),
        ("10".to_owned(), "1".to_owned())
    );
    assert!(!answer.headers().contains_key("retry-after"));
    bench.wait(10);
    let seen = bench.call(&of_subscription(), ask);
    assert!(seen.status < 300);
}

#[test]
fn what_is_not_understood_is_refused_and_a_question_is_no_change() {
    let mut bench = for_45_minutes(|_| {});
    let check = |bench: &mut Bench, dataset: Value, status: u16| {
        bench.is(status, &of_subscription(), question(DAYS, dataset));
    };
    check(&mut bench, json!({"granularity": "Hourly"}), 400);
    check(
        &mut bench,
        json!({"grouping": [by("Dimension", "ServiceName")]}),
        501,
    );
    check(
        &mut bench,
        json!({"grouping": [by("Dimension", "Mood")]}),
        400,
    );
    bench.wait(300);
    let log = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values?$filter=eventTimestamp%20ge%20%272026-11-01T00:00:00Z%27"
    );
    let log = bench.get(&log).to_string();
    assert!(log.contains("managedClusters") && !log.contains("CostManagement"));
}

#[test]
fn an_export_is_made_run_and_removed() {
    let mut bench = Bench::new();
    let path =
        format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.CostManagement/exports/daily");
    let account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a";
    let destination = json!({"resourceId": account, "container": "costs", "rootFolderPath": "all"});
    let body = json!({"properties": {
        "format": "Csv", "deliveryInfo": {"destination": destination},
        "definition": {"type": "ActualCost", "timeframe": "MonthToDate"},
    }});
    let made = bench.is(201, &format!("PUT {path}"), body.clone()).body;
    // A change must name the version that it changes.
    bench.refused(&format!("PUT {path}"), body.clone(), 412, "412");
    let mut change = body.clone();
    change["eTag"] = made["eTag"].clone();
    bench.is(200, &format!("PUT {path}"), change);
    bench.is(200, &format!("POST {path}/run"), Value::Null);
    let status = |bench: &mut Bench| {
        bench.get(&format!("{path}/runHistory"))["value"][0]["properties"]["status"].clone()
    };
    assert_eq!(status(&mut bench), "InProgress");
    bench.wait(120);
    assert_eq!(status(&mut bench), "Completed");
    let list = path.trim_end_matches("/daily");
    assert_eq!(bench.get(list)["value"][0]["name"], "daily");
    let mut secret = body.clone();
    secret["properties"]["deliveryInfo"]["destination"]["sasToken"] = json!("s");
    bench.is(501, &format!("PUT {list}/other"), secret);
    bench.is(
        400,
        &format!("PUT {list}/other"),
        json!({"properties": {"format": "Csv"}}),
    );
    bench.is(200, &format!("DELETE {path}"), Value::Null);
    bench.is(404, &format!("GET {path}"), Value::Null);
}
