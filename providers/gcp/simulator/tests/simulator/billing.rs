//! The billing export and the price list: what the meter counted is there some hours later, row by row.

use kubeproof_contract::Decimal;
use kubeproof_gcp_simulator::setup::{ACCESS_TOKEN, PROJECT};
use kubeproof_simkit::cloud::Cloud;
use serde_json::{Value, json};

use crate::bench::{Bench, CLUSTERS, cluster, start, to};

const TABLE: &str = "gcp_billing_export_resource_v1_01A2B3_C4D5E6_F70819";

fn call(bench: &mut Bench, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("bigquery.googleapis.com/bigquery/v2/projects/{PROJECT}/{path}");
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    bench.send(&to(method, &url, ACCESS_TOKEN, &body))
}

#[track_caller]
fn fine(bench: &mut Bench, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = call(bench, method, path, body);
    assert_eq!(status, 200, "{method} {path}: {answer}");
    answer
}

fn query(sql: &str) -> Value {
    let sql = sql.replace("TABLE", &format!("`{PROJECT}.billing.{TABLE}`"));
    json!({"query": sql, "useLegacySql": false})
}

fn rows(answer: &Value) -> Vec<Vec<String>> {
    let rows = answer["rows"].as_array().cloned().unwrap_or_default();
    let cell = |cell: &Value| cell["v"].as_str().unwrap_or("NULL").to_owned();
    let row = |row: &Value| row["f"].as_array().unwrap().iter().map(cell).collect();
    rows.iter().map(row).collect()
}

#[track_caller]
fn asked(bench: &mut Bench, sql: &str) -> Vec<Vec<String>> {
    rows(&fine(bench, "POST", "queries", &query(sql)))
}

/// A cluster of two nodes that lived for 45 minutes, and so many hours after it.
fn after_hours(hours: i64) -> Bench {
    let mut bench = Bench::new();
    bench.ok(&format!("POST {CLUSTERS}"), cluster("c"));
    bench.wait(45 * 60);
    bench.ok(&format!("DELETE {CLUSTERS}/c"), Value::Null);
    bench.wait(hours * 3600);
    bench
}

const OF_RUN: &str =
    "EXISTS (SELECT 1 FROM UNNEST(labels) AS l WHERE l.key = 'kubeproof-run' AND l.value = 'r1')";

#[test]
fn the_export_has_what_the_meter_counted_a_day_later_and_before_that_less() {
    let sum = |bench: &mut Bench| -> Decimal {
        let sql = format!("SELECT IFNULL(SUM(CAST(cost AS NUMERIC)), 0) FROM TABLE WHERE {OF_RUN}");
        asked(bench, &sql)[0][0].parse().unwrap()
    };
    assert_eq!(sum(&mut after_hours(1)), Decimal::ZERO);
    let metered = |bench: &Bench| -> Decimal {
        let charges = bench.cloud.metered("r1", start());
        charges.iter().map(|charge| charge.usd).sum()
    };
    let mut early = after_hours(10);
    let part = sum(&mut early);
    assert!(part > Decimal::ZERO && part < metered(&early), "{part}");
    let mut late = after_hours(27);
    let difference = (sum(&mut late) - metered(&late)).abs();
    // Each row is rounded to a millionth.
    assert!(difference < Decimal::new(2, 5), "{difference}");
}

#[test]
fn rows_name_the_thing_its_resource_and_its_amount() {
    let mut bench = after_hours(30);
    let sql = format!(
        "SELECT sku.description, usage.pricing_unit, usage.unit, ROUND(SUM(usage.amount_in_pricing_units), 6), \
         ROUND(SUM(CAST(cost AS NUMERIC)), 4) FROM TABLE WHERE {OF_RUN} GROUP BY 1, 2, 3 ORDER BY 1"
    );
    let seen = asked(&mut bench, &sql);
    let named: Vec<&str> = seen.iter().map(|row| row[0].as_str()).collect();
    let expected = [
        "Balanced PD Capacity",
        "E2 Instance Core running in Americas",
        "E2 Instance Ram running in Americas",
        "External IP Charge on a Standard VM",
        "Zonal Kubernetes Clusters",
    ];
    assert_eq!(named, expected);
    assert_eq!(seen[0][1..3], ["gibibyte month", "byte-seconds"]);
    assert_eq!(seen[2][1..3], ["gibibyte hour", "byte-seconds"]);
    assert_eq!(seen[4][1..3], ["hour", "seconds"]);
    let resources = asked(
        &mut bench,
        &format!(
            "SELECT resource.name FROM TABLE WHERE {OF_RUN} AND service.id = 'CCD8-9BF1-090E' GROUP BY 1"
        ),
    );
    assert_eq!(resources, [["c"]]);
    let same = "SELECT COUNT(*) FROM TABLE WHERE cost_type != 'regular' OR currency != 'USD' OR invoice.month != '202611' \
                OR project.id != 'kubeproof-rehearsal' OR export_time <= usage_end_time";
    assert_eq!(asked(&mut bench, same), [["0"]]);
}

#[test]
fn the_free_tier_is_a_credit_beside_the_fee() {
    let mut bench = after_hours(30);
    let sql = "SELECT SUM(CAST(cost AS NUMERIC)), SUM((SELECT SUM(CAST(c.amount AS NUMERIC)) FROM UNNEST(credits) AS c)), \
               MAX((SELECT c.type FROM UNNEST(credits) AS c)) FROM TABLE WHERE sku.id = '6B92-A835-08AB'";
    let seen = asked(&mut bench, sql);
    let [cost, credit, kind] = &seen[0][..] else {
        panic!("{seen:?}");
    };
    assert_eq!(
        (format!("-{cost}"), kind.as_str()),
        (credit.clone(), "FREE_TIER")
    );
    let elsewhere = "SELECT COUNT(*) FROM TABLE, UNNEST(credits) AS c WHERE service.description = 'Compute Engine'";
    assert_eq!(asked(&mut bench, elsewhere), [["0"]]);
}

#[test]
fn the_dataset_and_its_table_are_listed_with_their_columns() {
    let mut bench = Bench::new();
    let datasets = fine(&mut bench, "GET", "datasets", &Value::Null);
    assert_eq!(
        datasets["datasets"][0]["datasetReference"]["datasetId"],
        "billing"
    );
    fine(&mut bench, "GET", "datasets/billing", &Value::Null);
    let tables = fine(&mut bench, "GET", "datasets/billing/tables", &Value::Null);
    assert_eq!(tables["tables"][0]["tableReference"]["tableId"], TABLE);
    let path = format!("datasets/billing/tables/{TABLE}");
    let table = fine(&mut bench, "GET", &path, &Value::Null);
    let fields = table["schema"]["fields"].as_array().unwrap();
    let labels = fields
        .iter()
        .find(|field| field["name"] == "labels")
        .unwrap();
    assert_eq!(
        (&labels["mode"], &labels["type"]),
        (&json!("REPEATED"), &json!("RECORD"))
    );
    assert_eq!(
        call(&mut bench, "GET", "datasets/moon", &Value::Null).0,
        404
    );
    assert_eq!(
        call(
            &mut bench,
            "GET",
            "datasets/billing/tables/moon",
            &Value::Null
        )
        .0,
        404
    );
}

#[test]
fn without_an_export_there_is_no_dataset_and_a_new_one_has_no_table_yet() {
    let mut none = Bench::with(|setup| setup.export_since = None);
    let (status, answer) = call(&mut none, "POST", "queries", &query("SELECT 1 FROM TABLE"));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(
        status == 404 && message.contains("Not found: Dataset"),
        "{message}"
    );
    let mut new = Bench::with(|setup| setup.export_since = Some(setup.now));
    let (status, answer) = call(&mut new, "POST", "queries", &query("SELECT 1 FROM TABLE"));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(
        status == 404 && message.contains("Not found: Table"),
        "{message}"
    );
    // What others used before is not exported.
    new.wait(40 * 3600);
    let first = asked(&mut new, "SELECT MIN(usage_start_time) FROM TABLE");
    let hour: f64 = first[0][0].parse().unwrap();
    assert!(hour > 0.0 && hour + 3600.0 > 1_795_000_000.0, "{hour}");
}

#[test]
fn a_query_as_the_python_client_sends_it_is_a_job_that_is_waited_for() {
    let mut bench = Bench::with(|setup| setup.query_seconds = 20);
    let job = json!({
        "jobReference": {"jobId": "job-1", "projectId": PROJECT},
        "configuration": {"query": {"useLegacySql": false, "query": "SELECT 1"}},
    });
    let begun = fine(&mut bench, "POST", "jobs?prettyPrint=false", &job);
    assert_eq!(begun["status"]["state"], "RUNNING");
    let (status, again) = call(&mut bench, "POST", "jobs", &job);
    assert_eq!(
        (status, &again["error"]["errors"][0]["reason"]),
        (409, &json!("duplicate"))
    );
    let path = "queries/job-1?maxResults=0&location=US&timeoutMs=0";
    assert_eq!(
        fine(&mut bench, "GET", path, &Value::Null)["jobComplete"],
        false
    );
    bench.wait(20);
    let done = fine(&mut bench, "GET", path, &Value::Null);
    assert_eq!(
        (&done["jobComplete"], &done["totalRows"], done.get("rows")),
        (&json!(true), &json!("1"), None)
    );
    let all = fine(&mut bench, "GET", "queries/job-1?location=US", &Value::Null);
    assert_eq!(rows(&all), [["1"]]);
    assert_eq!(
        fine(&mut bench, "GET", "jobs/job-1", &Value::Null)["status"]["state"],
        "DONE"
    );
    assert_eq!(
        call(&mut bench, "GET", "queries/job-1?location=EU", &Value::Null).0,
        404
    );
    assert_eq!(
        call(&mut bench, "GET", "queries/job-2", &Value::Null).0,
        404
    );
}

#[test]
fn a_query_that_takes_longer_than_the_caller_waits_is_not_complete() {
    let mut bench = Bench::with(|setup| setup.query_seconds = 20);
    let mut body = query("SELECT 1");
    body["requestId"] = json!("a-1");
    let begun = fine(&mut bench, "POST", "queries", &body);
    assert_eq!(
        (&begun["jobComplete"], begun.get("rows")),
        (&json!(false), None)
    );
    // The same request again is the same job.
    let again = fine(&mut bench, "POST", "queries", &body);
    assert_eq!(again["jobReference"], begun["jobReference"]);
    bench.wait(20);
    let id = begun["jobReference"]["jobId"].as_str().unwrap().to_owned();
    assert_eq!(
        rows(&fine(
            &mut bench,
            "GET",
            &format!("queries/{id}"),
            &Value::Null
        )),
        [["1"]]
    );
    body["timeoutMs"] = json!(30_000);
    body["requestId"] = json!("a-2");
    assert_eq!(rows(&fine(&mut bench, "POST", "queries", &body)), [["1"]]);
}

#[test]
fn a_result_has_pages_and_a_dry_run_has_bytes_and_no_rows() {
    let mut bench = after_hours(30);
    let mut body = query("SELECT resource.name AS name FROM TABLE GROUP BY name");
    let all = rows(&fine(&mut bench, "POST", "queries", &body));
    body["maxResults"] = json!(2);
    let mut page = fine(&mut bench, "POST", "queries", &body);
    let id = page["jobReference"]["jobId"].as_str().unwrap().to_owned();
    let mut seen = rows(&page);
    for _ in 0..all.len() {
        let Some(token) = page["pageToken"].as_str() else {
            break;
        };
        let path = format!("queries/{id}?maxResults=2&pageToken={token}");
        page = fine(&mut bench, "GET", &path, &Value::Null);
        seen.extend(rows(&page));
    }
    assert_eq!(seen, all);
    assert!(all.len() > 3, "{all:?}");
    assert_eq!(
        call(
            &mut bench,
            "GET",
            &format!("queries/{id}?pageToken=x"),
            &Value::Null
        )
        .0,
        400
    );
    body["dryRun"] = json!(true);
    let dry = fine(&mut bench, "POST", "queries", &body);
    assert_ne!(dry["totalBytesProcessed"], "0");
    assert_eq!(
        (dry.get("rows"), &dry["schema"]["fields"][0]["type"]),
        (None, &json!("STRING"))
    );
    let job = json!({"configuration": {"dryRun": true, "query": {"query": "SELECT 1", "useLegacySql": false}}});
    assert_eq!(
        fine(&mut bench, "POST", "jobs", &job)["status"]["state"],
        "DONE"
    );
}

#[test]
fn times_are_seconds_or_exact_as_asked_and_parameters_have_types() {
    let mut bench = Bench::new();
    let mut body = query("SELECT @at, @name, @count, @is");
    let parameter = |name: &str, of: &str, value: &str| json!({"name": name, "parameterType": {"type": of}, "parameterValue": {"value": value}});
    body["parameterMode"] = json!("NAMED");
    body["queryParameters"] = json!([
        parameter("at", "TIMESTAMP", "2026-11-18 11:06:40+00:00"),
        parameter("name", "STRING", "o'clock"),
        parameter("count", "INT64", "3"),
        parameter("is", "BOOL", "true"),
    ]);
    let seen = rows(&fine(&mut bench, "POST", "queries", &body));
    assert_eq!(seen, [["1.795E9", "o'clock", "3", "true"]]);
    body["formatOptions"] = json!({"useInt64Timestamp": true});
    let seen = rows(&fine(&mut bench, "POST", "queries", &body));
    assert_eq!(seen[0][0], "1795000000000000");
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let mut bench = Bench::new();
    let refused = |bench: &mut Bench, body: &Value, expected: (u16, &str)| {
        let (status, answer) = call(bench, "POST", "queries", body);
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(
            status == expected.0 && message.contains(expected.1),
            "{status} {answer}"
        );
    };
    refused(
        &mut bench,
        &json!({"query": "SELECT 1"}),
        (400, "legacy SQL"),
    );
    refused(
        &mut bench,
        &query("SELECT * FROM TABLE"),
        (400, "not simulated: SELECT *"),
    );
    refused(
        &mut bench,
        &query("SELECT moon FROM TABLE"),
        (400, "Unrecognized name: moon"),
    );
    let mut other = query("SELECT 1");
    other["destinationTable"] = json!({});
    refused(&mut bench, &other, (501, "destinationTable"));
    let elsewhere = query("SELECT 1 FROM `another-project.billing.t`");
    refused(&mut bench, &elsewhere, (403, "Access Denied"));
    let (status, _) = call(
        &mut bench,
        "POST",
        "jobs",
        &json!({"configuration": {"load": {}}}),
    );
    assert_eq!(status, 501);
    // One that reads what is not there fails as a job.
    let missing = json!({"configuration": {"query": {"query": "SELECT 1 FROM `billing.moon`", "useLegacySql": false}}});
    let job = fine(&mut bench, "POST", "jobs", &missing);
    let id = job["jobReference"]["jobId"].as_str().unwrap().to_owned();
    bench.wait(5);
    let done = fine(&mut bench, "GET", &format!("jobs/{id}"), &Value::Null);
    assert_eq!(done["status"]["errorResult"]["reason"], "notFound");
    assert_eq!(
        call(&mut bench, "GET", &format!("queries/{id}"), &Value::Null).0,
        404
    );
}
