//! Questions to Cost Management, and the tables that they are answered with.

use std::collections::BTreeMap;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::rest::RestCall;
use kubeproof_contract::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::{Api, next_page, version};

/// The operation.
pub const QUERY: &str = "query.usage";

/// A row of an answer, by the names of its columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CostRow(BTreeMap<String, Value>);

/// A page of an answer: nothing where the time has no data.
#[derive(Debug, Deserialize)]
struct Page {
    properties: Table,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    next_link: Option<String>,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
struct Column {
    name: String,
}

impl Table {
    fn rows(self) -> Result<Vec<CostRow>, CallError> {
        let (names, rows) = (self.columns, self.rows);
        let row = |cells: Vec<Value>| {
            if cells.len() != names.len() {
                let (cells, columns) = (cells.len(), names.len());
                return Err(wrong(format!(
                    "a row has {cells} cells for {columns} columns"
                )));
            }
            let names = names.iter().map(|column| column.name.clone());
            Ok(CostRow(names.zip(cells).collect()))
        };
        rows.into_iter().map(row).collect()
    }
}

fn wrong(why: impl Into<String>) -> CallError {
    CallError::state(QUERY, why.into())
}

impl CostRow {
    /// A row with these cells.
    pub fn of(cells: &[(&str, Value)]) -> Self {
        let cells = cells.iter();
        Self(
            cells
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
    }

    fn cell(&self, name: &str) -> Result<&Value, CallError> {
        let found = self.0.get(name);
        found.ok_or_else(|| wrong(format!("the answer has no column {name}")))
    }

    /// A text; empty for none.
    ///
    /// # Errors
    /// When there is no such column, or no text in it.
    pub fn text(&self, name: &str) -> Result<&str, CallError> {
        match self.cell(name)? {
            Value::String(text) => Ok(text),
            Value::Null => Ok(""),
            other => Err(wrong(format!("{other} in the column {name} is no text"))),
        }
    }

    /// A number, exactly as it was written.
    ///
    /// # Errors
    /// When there is no such column, or no number in it.
    pub fn number(&self, name: &str) -> Result<Decimal, CallError> {
        let text = match self.cell(name)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            other => return Err(wrong(format!("{other} in the column {name} is no number"))),
        };
        let read = text.parse().or_else(|_| Decimal::from_scientific(&text));
        read.map_err(|_| wrong(format!("{text} in the column {name} is no number")))
    }
}

impl Api {
    /// Asks about the costs of a subscription, to the last page of the answer. No data is no row.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub async fn costs(
        &self,
        subscription: &str,
        question: &Value,
    ) -> Result<Vec<CostRow>, CallError> {
        let query = [("api-version", version(QUERY))];
        let parameters = [subscription];
        let call = RestCall::new(QUERY, &parameters)
            .with_query(&query)
            .with_body(question);
        let take = |page: Option<Page>| {
            let Some(page) = page else {
                return Ok((Vec::new(), None));
            };
            let mut table = page.properties;
            let next = next_page(QUERY, table.next_link.take())?;
            Ok((table.rows()?, next))
        };
        self.client.all_pages(call, "$skiptoken", take).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_keep_all_of_their_digits() {
        let check = |cell: Value, expected: Option<&str>| {
            let row = CostRow::of(&[("Cost", cell)]);
            let seen = row.number("Cost").ok().map(|number| number.to_string());
            assert_eq!(seen.as_deref(), expected);
        };
        check(json!(0.043_925), Some("0.043925"));
        check(json!(1e-8), Some("0.00000001"));
        check(json!(12), Some("12"));
        check(json!("0.1"), Some("0.1"));
        check(json!(true), None);
        check(json!("much"), None);
        assert!(CostRow::default().number("Cost").is_err());
    }

    #[test]
    fn a_row_that_is_not_whole_is_an_error() {
        let check = |rows: Value, expected: Option<usize>| {
            let table = json!({"columns": [{"name": "Cost", "type": "Number"}, {"name": "Currency"}], "rows": rows});
            let table: Table = serde_json::from_value(table).unwrap();
            assert_eq!(table.rows().ok().map(|rows| rows.len()), expected);
        };
        check(json!([[1, "USD"], [2, "USD"]]), Some(2));
        check(json!([[1]]), None);
    }
}
