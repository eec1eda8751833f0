//! The rows of the export that matter to a run: two queries, and what their cells say.
//!
//! A query is billed for 10 MB at least (`BigQuery`'s price page), which is far below a cent.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use kubeproof_contract::Decimal;
use serde::Deserialize;
use serde_json::json;

use crate::api::Api;
use crate::marks;
use crate::spec::GkeSpec;

/// The call that reads billing data, in errors.
pub(super) const QUERY: &str = "bigquery:jobs.query";
/// The label that Kubernetes Engine gives to machines and disks of a cluster.
pub(super) const CLUSTER_LABEL: &str = "goog-k8s-cluster-name";
/// How long a query may take.
const LIMIT: Duration = Duration::from_mins(10);
/// Rows of a page.
const PAGE: &str = "1000";

/// What a resource used of one thing, added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) sku: String,
    pub(super) resource: Option<String>,
    /// The run that its label names.
    pub(super) run: Option<String>,
    /// The cluster that its label names.
    pub(super) cluster: Option<String>,
    /// `regular`, or `tax`, `adjustment`, `rounding_error`.
    pub(super) cost_type: String,
    pub(super) unit: String,
    pub(super) quantity: Decimal,
    /// US dollars before credits.
    pub(super) usd: Decimal,
    /// US dollars that are credited, which is no more than zero.
    pub(super) credit: Decimal,
    pub(super) used_until: Timestamp,
    pub(super) exported: Timestamp,
}

/// How far the export is, no matter who used something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) used_until: Timestamp,
}

/// The rows of the project, each resource and thing once, of usage since the hour of `from`.
fn rows_query(table: &str) -> String {
    let label = |key: &str| format!("(SELECT value FROM UNNEST(labels) WHERE key = '{key}')");
    let (run, cluster) = (label(marks::RUN), label(CLUSTER_LABEL));
    format!(
        "SELECT sku.description AS sku, resource.name AS resource, {run} AS run, {cluster} AS cluster, \
         cost_type, usage.pricing_unit AS unit, currency_conversion_rate AS rate, \
         SUM(CAST(usage.amount_in_pricing_units AS NUMERIC)) AS quantity, SUM(CAST(cost AS NUMERIC)) AS gross, \
         SUM((SELECT IFNULL(SUM(CAST(amount AS NUMERIC)), 0) FROM UNNEST(credits))) AS credit, \
         MAX(usage_end_time) AS used_until, MAX(export_time) AS exported \
         FROM `{table}` WHERE project.id = @project AND usage_start_time >= @from \
         GROUP BY sku, resource, run, cluster, cost_type, unit, rate"
    )
}

fn progress_query(table: &str) -> String {
    format!(
        "SELECT MAX(usage_end_time) AS used_until FROM `{table}` WHERE usage_start_time >= @from"
    )
}

/// The rows of the project since the hour of `from`.
pub(super) async fn read(
    api: &Api,
    spec: &GkeSpec,
    table: &str,
    from: Timestamp,
) -> Result<Vec<Row>, CallError> {
    let cells = query(api, spec, &rows_query(table), from).await?;
    cells.iter().map(row).collect()
}

/// How far the export is since the hour of `from`; `None` if it has nothing from then on.
pub(super) async fn progress(
    api: &Api,
    spec: &GkeSpec,
    table: &str,
    from: Timestamp,
) -> Result<Option<Progress>, CallError> {
    let cells = query(api, spec, &progress_query(table), from).await?;
    let found = cells
        .first()
        .filter(|cells| cells.maybe("used_until").is_some());
    let read = |cells: &Cells| {
        Ok(Progress {
            used_until: cells.time("used_until")?,
        })
    };
    found.map(read).transpose()
}

fn row(cells: &Cells) -> Result<Row, CallError> {
    let usd = cells.in_dollars(cells.number("gross")?)?;
    let credit = cells.in_dollars(cells.number("credit")?)?;
    Ok(Row {
        sku: cells.text("sku")?.to_owned(),
        resource: cells.maybe("resource").map(str::to_owned),
        run: cells.maybe("run").map(str::to_owned),
        cluster: cells.maybe("cluster").map(str::to_owned),
        cost_type: cells.text("cost_type")?.to_owned(),
        unit: cells.maybe("unit").unwrap_or_default().to_owned(),
        quantity: cells.number("quantity")?,
        usd,
        credit,
        used_until: cells.time("used_until")?,
        exported: cells.time("exported")?,
    })
}

/// The cells of a row, by the names of their columns.
#[derive(Debug)]
struct Cells(BTreeMap<String, Option<String>>);

fn unread(message: String) -> CallError {
    CallError::state(QUERY, message)
}

impl Cells {
    /// What is not NULL.
    fn maybe(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_deref()
    }

    fn text(&self, name: &str) -> Result<&str, CallError> {
        let missing = || unread(format!("a row of the billing export has no {name}"));
        self.maybe(name).ok_or_else(missing)
    }

    fn number(&self, name: &str) -> Result<Decimal, CallError> {
        let text = self.text(name)?;
        let read = text.parse().or_else(|_| Decimal::from_scientific(text));
        read.map_err(|error| unread(format!("{name} of a row of the billing export: {error}")))
    }

    /// A time in microseconds, as was asked for.
    fn time(&self, name: &str) -> Result<Timestamp, CallError> {
        let text = self.text(name)?;
        let read = text.parse().ok().map(Timestamp::from_microsecond);
        let read = read.and_then(Result::ok);
        read.ok_or_else(|| unread(format!("{name} of a row of the billing export is {text}")))
    }

    /// An amount in the account's currency in US dollars: the rate is that of its month.
    fn in_dollars(&self, amount: Decimal) -> Result<Decimal, CallError> {
        let rate = self.number("rate")?;
        let usd = amount.checked_div(rate);
        usd.ok_or_else(|| unread(format!("the billing export has the currency rate {rate}")))
    }
}

/// An answer with rows, or without them while the query runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    job_complete: bool,
    job_reference: JobReference,
    schema: Schema,
    rows: Vec<AnswerRow>,
    page_token: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JobReference {
    job_id: String,
    location: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Schema {
    fields: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Column {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct AnswerRow {
    f: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Cell {
    v: Option<String>,
}

impl Answer {
    /// The rows by column. A row of another length cannot be read.
    fn cells(self) -> Result<Vec<Cells>, CallError> {
        let names: Vec<String> = self.schema.fields.into_iter().map(|one| one.name).collect();
        let rows = self.rows.into_iter().map(|row| {
            if row.f.len() != names.len() {
                return Err(unread("a row has not as many cells as columns".to_owned()));
            }
            let cells = row.f.into_iter().map(|cell| cell.v);
            Ok(Cells(names.iter().cloned().zip(cells).collect()))
        });
        rows.collect()
    }
}

/// All rows of a query's result.
async fn query(
    api: &Api,
    spec: &GkeSpec,
    text: &str,
    from: Timestamp,
) -> Result<Vec<Cells>, CallError> {
    let parameter = |name: &str, of: &str, value: &str| json!({"name": name, "parameterType": {"type": of}, "parameterValue": {"value": value}});
    let project = spec.project.0.as_str();
    let body = json!({
        "query": text, "useLegacySql": false, "maxResults": 1000, "timeoutMs": 10_000,
        "formatOptions": {"useInt64Timestamp": true}, "parameterMode": "NAMED",
        "queryParameters": [
            parameter("project", "STRING", project),
            parameter("from", "TIMESTAMP", &hour(from).to_string()),
        ],
    });
    let parameters = [project];
    let call = RestCall::new("jobs.query", &parameters).with_body(&body);
    // A query that is repeated after its answer got lost reads twice and changes nothing.
    let first: Answer = api.bigquery.call(RetryPolicy::IDEMPOTENT, call).await?;
    if first.job_complete && first.page_token.is_none() {
        return first.cells();
    }
    let (job, location) = (&first.job_reference.job_id, &first.job_reference.location);
    if !first.job_complete {
        wait(api, project, job, location).await?;
    }
    let parameters = [project, job.as_str()];
    let query = [
        ("location", location.as_str()),
        ("maxResults", PAGE),
        ("formatOptions.useInt64Timestamp", "true"),
    ];
    let call = RestCall::new("jobs.getQueryResults", &parameters).with_query(&query);
    let take = |mut page: Answer| {
        let next = page.page_token.take();
        if !page.job_complete {
            return Err(unread(format!("the query {job} is not done any more")));
        }
        Ok((page.cells()?, next))
    };
    api.bigquery.all_pages(call, "pageToken", take).await
}

/// Waits until a query is done.
async fn wait(api: &Api, project: &str, job: &str, location: &str) -> Result<(), CallError> {
    let parameters = [project, job];
    let query = [("location", location), ("maxResults", "0")];
    let call = RestCall::new("jobs.getQueryResults", &parameters).with_query(&query);
    let schedule = PollSchedule::every(5);
    poll_until(api.session(), schedule, LIMIT, QUERY, || async {
        let answer: Answer = api.bigquery.call(RetryPolicy::IDEMPOTENT, call).await?;
        Ok(if answer.job_complete {
            Poll::Ready(())
        } else {
            Poll::Pending("running".to_owned())
        })
    })
    .await
}

/// The beginning of the hour of a time: the export has a row for each hour.
fn hour(at: Timestamp) -> Timestamp {
    let second = at.as_second().div_euclid(3600) * 3600;
    Timestamp::from_second(second).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(gross: &str, rate: &str) -> Cells {
        let all = [
            ("sku", Some("s")),
            ("resource", None),
            ("cost_type", Some("regular")),
            ("unit", Some("hour")),
            ("rate", Some(rate)),
            ("quantity", Some("2")),
            ("gross", Some(gross)),
            ("credit", Some("-1E-2")),
            ("used_until", Some("1795000000000000")),
            ("exported", Some("1795050000000000")),
        ];
        let all = all.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        Cells(all.into())
    }

    #[test]
    fn an_amount_in_another_currency_is_divided_by_its_rate() {
        let check = |gross: &str, rate: &str, expected: &str| {
            let row = row(&cells(gross, rate)).unwrap();
            assert_eq!(row.usd.normalize().to_string(), expected, "{gross} {rate}");
        };
        check("0.25", "1", "0.25");
        check("2.5E-5", "1.0", "0.000025");
        check("0.45", "0.9", "0.5");
        assert!(row(&cells("1", "0")).is_err());
        let credit = row(&cells("1", "1")).unwrap().credit;
        assert_eq!(credit, Decimal::new(-1, 2));
    }

    #[test]
    fn a_row_without_what_every_row_has_is_an_error_and_never_zero() {
        for name in [
            "sku",
            "cost_type",
            "rate",
            "quantity",
            "gross",
            "credit",
            "exported",
        ] {
            let mut cells = cells("1", "1");
            cells.0.insert(name.to_owned(), None);
            let error = row(&cells).unwrap_err();
            assert!(error.message.contains(name), "{}", error.message);
        }
        let short = Answer {
            schema: Schema {
                fields: vec![Column {
                    name: "a".to_owned(),
                }],
            },
            rows: vec![AnswerRow { f: Vec::new() }],
            ..Answer::default()
        };
        assert!(short.cells().is_err());
    }

    #[test]
    fn usage_is_read_from_its_hour_on() {
        let at: Timestamp = "2026-11-29T10:59:59.9Z".parse().unwrap();
        assert_eq!(hour(at).to_string(), "2026-11-29T10:00:00Z");
    }
}
