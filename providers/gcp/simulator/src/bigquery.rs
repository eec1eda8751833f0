//! `BigQuery`, version 2: the billing export as a table, and queries of it.

pub(crate) mod export;
mod jobs;
mod results;
pub(crate) mod schema;
mod sql;

use kubeproof_simkit::router::on;
use serde_json::{Value as Json, json};

use crate::links;
use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Outcome, listed};
use jobs::LOCATION;
use schema::{EXPORT, Field};
use sql::{SqlError, Tables, Value};

pub(crate) use jobs::Jobs;

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "bigquery",
    host: "bigquery.googleapis.com",
    base: "/bigquery/v2",
    is_optional: true,
    errors: ErrorShape::Reasons,
    tables: &[TABLE, jobs::TABLE],
};

#[rustfmt::skip]
const TABLE: Table = table(&[
    on("GET", "/projects/{project}/datasets", "bigquery.datasets.list", list_datasets),
    on("GET", "/projects/{project}/datasets/{dataset}", "bigquery.datasets.get", get_dataset),
    on("GET", "/projects/{project}/datasets/{dataset}/tables", "bigquery.tables.list", list_tables),
    on("GET", "/projects/{project}/datasets/{dataset}/tables/{table}", "bigquery.tables.get", get_table),
]);

/// Most entries of a page, and as many as one has when the caller does not say.
const PAGE: usize = 1000;

/// The tables that a query may read.
struct Exports<'s>(&'s State);

impl Exports<'_> {
    /// How many rows the export has.
    fn count(&self) -> usize {
        export::rows(self.0).len()
    }
}

impl Tables for Exports<'_> {
    fn columns(&self, name: &str) -> Result<&'static [Field], SqlError> {
        let (state, setup) = (self.0, &self.0.setup);
        let mut parts: Vec<&str> = name.split('.').collect();
        if parts.len() == 2 {
            parts.insert(0, &setup.project);
        }
        let [project, dataset, table] = parts.as_slice() else {
            let message =
                format!("Table \"{name}\" must be qualified with a dataset (e.g. dataset.table).");
            return Err(SqlError::Invalid(message));
        };
        if *project != setup.project {
            let message = format!(
                "Access Denied: Table {project}:{dataset}.{table}: User does not have permission to query table \
                 {project}:{dataset}.{table}, or perhaps it does not exist."
            );
            return Err(SqlError::Denied(message));
        }
        if setup.export_since.is_none() || *dataset != setup.export_dataset {
            let message = format!(
                "Not found: Dataset {project}:{dataset} was not found in location {LOCATION}"
            );
            return Err(SqlError::NotFound(message));
        }
        if !is_there(state) || *table != export::table() {
            let message = format!(
                "Not found: Table {project}:{dataset}.{table} was not found in location {LOCATION}"
            );
            return Err(SqlError::NotFound(message));
        }
        Ok(EXPORT)
    }

    fn rows(&self, _name: &str) -> Vec<Vec<Value>> {
        export::rows(self.0)
    }
}

/// Whether the export has made its table.
fn is_there(state: &State) -> bool {
    export::exists_since(state).is_some_and(|since| since <= state.now)
}

fn page_size(call: &Call<'_>) -> Result<usize, ApiError> {
    let size = call
        .query("maxResults")
        .map_or(Some(PAGE), |text| text.parse().ok());
    size.ok_or_else(|| ApiError::invalid("Invalid value for maxResults"))
}

fn dataset(state: &State) -> Json {
    let (project, name) = (&state.setup.project, &state.setup.export_dataset);
    json!({
        "kind": "bigquery#dataset", "id": format!("{project}:{name}"), "location": LOCATION,
        "datasetReference": {"projectId": project, "datasetId": name},
    })
}

fn list_datasets(state: &mut State, call: &Call<'_>) -> Outcome {
    let all = state.setup.export_since.map(|_| dataset(state));
    let mut list = listed("datasets", all, call.query("pageToken"), page_size(call)?)?;
    list["kind"] = json!("bigquery#datasetList");
    list["etag"] = json!("datasets");
    Ok(list)
}

/// Refuses a dataset that does not exist.
fn check_dataset(state: &State, call: &Call<'_>) -> Result<(), ApiError> {
    let (project, name) = (&state.setup.project, call.parameter(1));
    if state.setup.export_since.is_some() && name == state.setup.export_dataset {
        return Ok(());
    }
    Err(ApiError::not_found(format!(
        "Not found: Dataset {project}:{name}"
    )))
}

fn link(state: &State, path: &str) -> String {
    format!("{}projects/{}/{path}", links::BIGQUERY, state.setup.project)
}

fn get_dataset(state: &mut State, call: &Call<'_>) -> Outcome {
    check_dataset(state, call)?;
    let since = state.setup.export_since.unwrap_or(state.setup.now);
    let mut shown = dataset(state);
    shown["etag"] = json!("dataset");
    shown["selfLink"] = json!(link(
        state,
        &format!("datasets/{}", state.setup.export_dataset)
    ));
    shown["creationTime"] = json!(since.as_millisecond().to_string());
    shown["lastModifiedTime"] = shown["creationTime"].clone();
    Ok(shown)
}

fn table_shown(state: &State) -> Json {
    let (project, dataset, table) = (
        &state.setup.project,
        &state.setup.export_dataset,
        export::table(),
    );
    let since = export::exists_since(state).unwrap_or(state.now);
    json!({
        "kind": "bigquery#table", "id": format!("{project}:{dataset}.{table}"), "type": "TABLE",
        "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
        "timePartitioning": {"type": "DAY"},
        "creationTime": since.as_millisecond().to_string(),
    })
}

fn list_tables(state: &mut State, call: &Call<'_>) -> Outcome {
    check_dataset(state, call)?;
    let all = is_there(state).then(|| table_shown(state));
    let count = all.iter().count();
    let mut list = listed("tables", all, call.query("pageToken"), page_size(call)?)?;
    list["kind"] = json!("bigquery#tableList");
    list["etag"] = json!("tables");
    list["totalItems"] = json!(count);
    Ok(list)
}

fn get_table(state: &mut State, call: &Call<'_>) -> Outcome {
    check_dataset(state, call)?;
    let (project, dataset, table) = (&state.setup.project, call.parameter(1), call.parameter(2));
    if !is_there(state) || table != export::table() {
        let message = format!("Not found: Table {project}:{dataset}.{table}");
        return Err(ApiError::not_found(message));
    }
    let mut shown = table_shown(state);
    let fields: Vec<Json> = EXPORT.iter().map(Field::shown).collect();
    shown["schema"] = json!({ "fields": fields });
    shown["etag"] = json!("table");
    shown["location"] = json!(LOCATION);
    shown["selfLink"] = json!(link(state, &format!("datasets/{dataset}/tables/{table}")));
    shown["numRows"] = json!(export::rows(state).len().to_string());
    shown["lastModifiedTime"] = json!(state.now.as_millisecond().to_string());
    Ok(shown)
}
