//! Queries and their jobs: answered at once, or asked for by the job's id until it is done.

use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::page::page;
use kubeproof_simkit::router::on;
use kubeproof_simkit::store::Store;
use serde_json::{Map, Value as Json, json};

use super::sql::{self, Parameters, Rows, SqlError, Type, Value};
use super::{Exports, results};
use crate::links;
use crate::route::{Call, Table, table};
use crate::state::State;
use crate::wire::{ApiError, Object, Outcome, body};

#[rustfmt::skip]
pub(super) const TABLE: Table = table(&[
    on("POST", "/projects/{project}/queries", "bigquery.jobs.query", query),
    on("POST", "/projects/{project}/jobs", "bigquery.jobs.insert", insert),
    on("GET", "/projects/{project}/jobs/{job}", "bigquery.jobs.get", get),
    on("GET", "/projects/{project}/queries/{job}", "bigquery.jobs.getQueryResults", results_of),
]);

/// Where the data lie.
pub(super) const LOCATION: &str = "US";
/// How long a call waits for a query unless it says otherwise.
const WAIT: i64 = 10_000;
/// The longest that a call waits.
const WAIT_MAX: i64 = 200_000;
/// The bytes that a row of the export is taken to have.
const ROW_BYTES: usize = 1500;

/// A job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    id: String,
    created: Timestamp,
    done: Timestamp,
    configuration: Json,
    user: String,
    bytes: usize,
    outcome: Result<Rows, SqlError>,
}

/// The jobs of a project.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    all: Store<Job>,
    /// The jobs of queries with a `requestId`: the same query again is the same job.
    requests: std::collections::BTreeMap<String, String>,
}

/// What a query asks for.
struct Asked {
    text: String,
    parameters: Parameters,
    is_dry: bool,
}

fn error(error: &SqlError) -> ApiError {
    match error {
        SqlError::Invalid(message) => {
            ApiError::new(400, "INVALID_ARGUMENT", "invalidQuery", message.as_str())
        }
        SqlError::NotFound(message) => ApiError::not_found(message.as_str()),
        SqlError::Denied(message) => {
            ApiError::new(403, "PERMISSION_DENIED", "accessDenied", message.as_str())
        }
    }
}

/// The members of a query, whether it is sent by itself or in a job.
fn asked(body: &Object, is_dry: bool) -> Result<Asked, ApiError> {
    const KNOWN: &[&str] = &[
        "dryRun",
        "formatOptions",
        "jobCreationMode",
        "kind",
        "labels",
        "location",
        "maxResults",
        "parameterMode",
        "preserveNulls",
        "priority",
        "query",
        "queryParameters",
        "requestId",
        "timeoutMs",
        "useLegacySql",
        "useQueryCache",
    ];
    if let Some(other) = body.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(ApiError::not_simulated(&format!(
            "the member {other} of a query"
        )));
    }
    // Legacy SQL is what the API takes a query for that does not say.
    if body.get("useLegacySql") != Some(&Json::Bool(false)) {
        let message = "not simulated: legacy SQL, which is the default: send useLegacySql false";
        return Err(error(&SqlError::Invalid(message.to_owned())));
    }
    let text = body.get("query").and_then(Json::as_str);
    let text = text.ok_or_else(|| ApiError::required("query"))?;
    Ok(Asked {
        text: text.to_owned(),
        parameters: parameters(body)?,
        is_dry,
    })
}

/// The parameters of a query, which have names and one value each.
fn parameters(body: &Object) -> Result<Parameters, ApiError> {
    let all = body.get("queryParameters").and_then(Json::as_array);
    let read = |one: &Json| {
        let text = |pointer: &str| one.pointer(pointer).and_then(Json::as_str);
        let name =
            text("/name").ok_or_else(|| ApiError::not_simulated("parameters without names"))?;
        let word = text("/parameterType/type").unwrap_or_default();
        let of = Type::named(word);
        let of =
            of.ok_or_else(|| ApiError::not_simulated(&format!("a parameter of type {word}")))?;
        let value = text("/parameterValue/value").unwrap_or_default();
        let value = match of {
            Type::Text => Some(Value::text(value)),
            Type::Time => sql::time(value).map(Value::Time),
            Type::Bool => value.parse().ok().map(Value::Bool),
            _ => value.parse().ok().map(Value::Number),
        };
        let wrong = || ApiError::invalid(format!("Invalid value for parameter {name}"));
        Ok((name.to_owned(), (of, value.ok_or_else(wrong)?)))
    };
    all.into_iter().flatten().map(read).collect()
}

/// Runs a query; its job is done some seconds later.
fn run(state: &State, asked: &Asked, id: String, configuration: Json, user: &str) -> Job {
    let exports = Exports(state);
    let outcome = sql::run(&asked.text, &asked.parameters, &exports, asked.is_dry);
    let lasts = SignedDuration::from_secs(i64::from(state.setup.query_seconds));
    let reads_table = asked.text.contains("gcp_billing_export");
    let rows = if reads_table { exports.count() } else { 0 };
    Job {
        id,
        created: state.now,
        done: state.now.saturating_add(lasts).unwrap_or(state.now),
        configuration,
        user: user.to_owned(),
        bytes: rows * ROW_BYTES,
        outcome,
    }
}

fn reference(state: &State, id: &str) -> Json {
    json!({"projectId": state.setup.project, "jobId": id, "location": LOCATION})
}

/// How long the caller waits.
fn patience(text: Option<&str>) -> SignedDuration {
    let asked = text.and_then(|text| text.parse().ok()).unwrap_or(WAIT);
    SignedDuration::from_millis(asked.clamp(0, WAIT_MAX))
}

/// A number that is sent as one or as text.
fn number(body: &Object, member: &str) -> Option<String> {
    match body.get(member)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn query(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let is_dry = body.get("dryRun") == Some(&Json::Bool(true));
    let asked = asked(&body, is_dry)?;
    let request = body
        .get("requestId")
        .and_then(Json::as_str)
        .map(str::to_owned);
    let earlier = request
        .as_ref()
        .and_then(|id| state.bigquery.requests.get(id))
        .cloned();
    let id = match earlier {
        Some(id) => id,
        None => {
            let id = format!("job_{}", state.ids.hex(24));
            let configuration = json!({"jobType": "QUERY", "query": body});
            let job = run(state, &asked, id.clone(), configuration, &call.caller);
            if let Err(wrong) = &job.outcome {
                return Err(error(wrong));
            }
            if is_dry {
                return dry(state, &job);
            }
            state.bigquery.all.insert(id.clone(), job);
            state
                .bigquery
                .requests
                .extend(request.map(|request| (request, id.clone())));
            id
        }
    };
    let waits = patience(number(&body, "timeoutMs").as_deref());
    let until = call.asked.saturating_add(waits).unwrap_or(state.now);
    let now = state.now;
    if let Some(job) = state.bigquery.all.get_mut(&id)
        && job.done <= until
    {
        // The caller has waited for it.
        job.done = job.done.min(now);
    }
    let found = state.bigquery.all.get(&id);
    let job = found.ok_or_else(|| absent(state, &id))?;
    if job.done > now {
        return Ok(json!({
            "kind": "bigquery#queryResponse", "jobReference": reference(state, &id), "jobComplete": false,
        }));
    }
    let options = body.get("formatOptions").cloned().unwrap_or_default();
    let exact = options["useInt64Timestamp"] == true;
    let size = number(&body, "maxResults");
    shown(
        state,
        job,
        "bigquery#queryResponse",
        (exact, size.as_deref(), None),
    )
}

fn dry(state: &State, job: &Job) -> Outcome {
    let rows = job.outcome.as_ref().map_err(error)?;
    Ok(json!({
        "kind": "bigquery#queryResponse", "schema": results::schema(rows), "jobComplete": true, "cacheHit": false,
        "jobReference": {"projectId": state.setup.project, "location": LOCATION},
        "totalBytesProcessed": job.bytes.to_string(),
    }))
}

/// A page of a result: whether times are whole microseconds, how many rows, and from where.
fn shown(
    state: &State,
    job: &Job,
    kind: &str,
    (exact, size, token): (bool, Option<&str>, Option<&str>),
) -> Outcome {
    let rows = job.outcome.as_ref().map_err(error)?;
    let most = state.setup.query_page_rows;
    let size = size.map_or(Some(most), |text| text.parse().ok());
    let size = size.ok_or_else(|| ApiError::invalid("Invalid value for maxResults"))?;
    let mut shown = json!({
        "kind": kind,
        "schema": results::schema(rows),
        "jobReference": reference(state, &job.id),
        "totalRows": rows.rows.len().to_string(),
        "totalBytesProcessed": job.bytes.to_string(),
        "jobComplete": true,
        "cacheHit": false,
    });
    // No rows at all are asked for to learn whether the job is done.
    if size == 0 {
        return Ok(shown);
    }
    let page = page(&job.id, results::rows(rows, exact), token, size.min(most))
        .map_err(|_| ApiError::invalid("Invalid page token"))?;
    if !page.items.is_empty() {
        shown["rows"] = json!(page.items);
    }
    if let Some(next) = page.next {
        shown["pageToken"] = json!(next);
    }
    Ok(shown)
}

fn absent(state: &State, id: &str) -> ApiError {
    let project = &state.setup.project;
    ApiError::not_found(format!("Not found: Job {project}:{LOCATION}.{id}"))
}

/// The job that a call names, in the place that it names.
fn found<'s>(state: &'s State, call: &Call<'_>) -> Result<&'s Job, ApiError> {
    let id = call.parameter(1);
    let is_here = call.query("location").is_none_or(|place| place == LOCATION);
    let job = state.bigquery.all.get(id).filter(|_| is_here);
    job.ok_or_else(|| absent(state, id))
}

fn results_of(state: &mut State, call: &Call<'_>) -> Outcome {
    let job = found(state, call)?;
    let waits = patience(call.query("timeoutMs"));
    let until = call.asked.saturating_add(waits).unwrap_or(state.now);
    if job.done > state.now {
        if until > state.now {
            let rest = job.done.min(until).duration_since(state.now);
            call.ask_again(rest.unsigned_abs());
        }
        return Ok(json!({
            "kind": "bigquery#getQueryResultsResponse", "jobReference": reference(state, &job.id),
            "jobComplete": false,
        }));
    }
    let exact = call.query("formatOptions.useInt64Timestamp") == Some("true");
    let (size, token) = (call.query("maxResults"), call.query("pageToken"));
    let mut page = shown(
        state,
        job,
        "bigquery#getQueryResultsResponse",
        (exact, size, token),
    )?;
    page["etag"] = json!(job.id);
    Ok(page)
}

fn insert(state: &mut State, call: &Call<'_>) -> Outcome {
    let body = body(call.request)?;
    let configuration = body.get("configuration").cloned().unwrap_or_default();
    let query = configuration["query"].as_object().cloned();
    let query: Map<String, Json> =
        query.ok_or_else(|| ApiError::not_simulated("jobs that are no queries"))?;
    let is_dry = configuration["dryRun"] == true;
    let asked = asked(&query, is_dry)?;
    let given = body
        .get("jobReference")
        .and_then(|one| one["jobId"].as_str());
    let id = given.map_or_else(|| format!("job_{}", state.ids.hex(24)), str::to_owned);
    if state.bigquery.all.has(&id) {
        let project = &state.setup.project;
        let message = format!("Already Exists: Job {project}:{LOCATION}.{id}");
        return Err(ApiError::new(409, "ALREADY_EXISTS", "duplicate", message));
    }
    let mut configuration = configuration;
    configuration["jobType"] = json!("QUERY");
    let job = run(state, &asked, id.clone(), configuration, &call.caller);
    // A query that cannot be read is refused; one that reads what is not there fails as a job.
    if let Err(wrong @ SqlError::Invalid(_)) = &job.outcome {
        return Err(error(wrong));
    }
    let shown = resource(state, &job);
    if !is_dry {
        state.bigquery.all.insert(id, job);
    }
    Ok(shown)
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    found(state, call).map(|job| resource(state, job))
}

fn resource(state: &State, job: &Job) -> Json {
    let project = &state.setup.project;
    let is_dry = job.configuration["dryRun"] == true;
    let is_done = is_dry || job.done <= state.now;
    let milliseconds = |at: Timestamp| at.as_millisecond().to_string();
    let mut shown = json!({
        "kind": "bigquery#job",
        "etag": job.id,
        "id": format!("{project}:{LOCATION}.{}", job.id),
        "selfLink": format!("{}projects/{project}/jobs/{}?location={LOCATION}", links::BIGQUERY, job.id),
        "user_email": job.user,
        "configuration": job.configuration,
        "jobReference": reference(state, &job.id),
        "status": {"state": if is_done { "DONE" } else { "RUNNING" }},
        "statistics": {
            "creationTime": milliseconds(job.created), "startTime": milliseconds(job.created),
            "totalBytesProcessed": job.bytes.to_string(),
            "query": {"totalBytesProcessed": job.bytes.to_string(), "statementType": "SELECT", "cacheHit": false},
        },
    });
    if !is_done {
        return shown;
    }
    shown["statistics"]["endTime"] = json!(milliseconds(job.done));
    match &job.outcome {
        Ok(rows) if is_dry => shown["statistics"]["query"]["schema"] = results::schema(rows),
        Ok(_) => {}
        Err(wrong) => {
            let (reason, message) = match wrong {
                SqlError::Invalid(message) => ("invalidQuery", message),
                SqlError::NotFound(message) => ("notFound", message),
                SqlError::Denied(message) => ("accessDenied", message),
            };
            let result = json!({"reason": reason, "message": message});
            shown["status"]["errors"] = json!([result]);
            shown["status"]["errorResult"] = result;
        }
    }
    shown
}
