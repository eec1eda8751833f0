//! Cost Explorer's grouping by at most two dimensions or tags.
//!
//! The key of a group by tag is `tag$value`, with an empty value for resources without the tag.

use std::collections::BTreeMap;

use serde_json::Value;

use super::filter::Dimension;
use super::invalid;
use crate::billing::bill::Row;
use crate::wire::error::AwsError;

/// Most criteria in one request.
const CRITERIA_MAX: usize = 2;

/// A group: its keys, and the rows in it.
pub type Group<'a> = (Vec<String>, Vec<&'a Row>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Criterion {
    Dimension(Dimension),
    Tag(String),
}

/// The criteria that rows are grouped by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    by: Vec<Criterion>,
}

impl Grouping {
    /// Reads `GroupBy`.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn read(json: &Value) -> Result<Self, AwsError> {
        let criteria = json.as_array().map(Vec::as_slice).unwrap_or_default();
        if criteria.len() > CRITERIA_MAX {
            return Err(invalid(format!(
                "You can group by at most {CRITERIA_MAX} criteria"
            )));
        }
        let by = criteria
            .iter()
            .map(|criterion| {
                let key = criterion["Key"].as_str().unwrap_or_default();
                match criterion["Type"].as_str() {
                    None | Some("DIMENSION") => Dimension::read(key).map(Criterion::Dimension),
                    Some("TAG") if !key.is_empty() => Ok(Criterion::Tag(key.to_owned())),
                    _ => Err(invalid(
                        "GroupBy supports DIMENSION and TAG with a key here",
                    )),
                }
            })
            .collect::<Result<Vec<Criterion>, AwsError>>()?;
        Ok(Self { by })
    }

    /// Whether there is anything to group by.
    pub fn is_any(&self) -> bool {
        !self.by.is_empty()
    }

    /// The groups of rows, in the order of their keys. Without criteria all rows are one group.
    pub fn split<'a>(&self, rows: &[&'a Row]) -> Vec<Group<'a>> {
        let mut groups: BTreeMap<Vec<String>, Vec<&'a Row>> = BTreeMap::new();
        for row in rows {
            groups.entry(self.keys(row)).or_default().push(row);
        }
        groups.into_iter().collect()
    }

    fn keys(&self, row: &Row) -> Vec<String> {
        self.by
            .iter()
            .map(|by| match by {
                Criterion::Dimension(dimension) => dimension.of(row).to_owned(),
                Criterion::Tag(key) => {
                    format!("{key}${}", row.tags.get(key).map_or("", String::as_str))
                }
            })
            .collect()
    }
}
