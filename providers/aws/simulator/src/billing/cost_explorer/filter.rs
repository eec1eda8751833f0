//! Cost Explorer's filter expressions. A filter that is read wrongly shows other people's costs.

use serde_json::Value;

use super::invalid;
use crate::billing::bill::Row;
use crate::setup::ACCOUNT_ID;
use crate::wire::error::AwsError;

/// The deepest nesting that is read.
const DEPTH_MAX: usize = 16;

/// A dimension of the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    Service,
    UsageType,
    /// Usage or credit.
    RecordType,
    Region,
    LinkedAccount,
}

impl Dimension {
    /// Parses the name of a dimension.
    ///
    /// # Errors
    /// `ValidationException` for names that are not dimensions, or that the bill's rows do not carry.
    pub fn read(name: &str) -> Result<Self, AwsError> {
        Ok(match name {
            "SERVICE" => Self::Service,
            "USAGE_TYPE" => Self::UsageType,
            "RECORD_TYPE" => Self::RecordType,
            "REGION" => Self::Region,
            "LINKED_ACCOUNT" => Self::LinkedAccount,
            other => return Err(invalid(format!("Dimension {other} is not supported here"))),
        })
    }

    /// The value of a row.
    pub fn of(self, row: &Row) -> &str {
        match self {
            Self::Service => &row.service,
            Self::UsageType => &row.usage_type,
            Self::RecordType => row.record_type,
            Self::Region => &row.region,
            Self::LinkedAccount => ACCOUNT_ID,
        }
    }
}

/// A filter expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Everything.
    All,
    /// All of them match.
    And(Vec<Filter>),
    /// At least one of them matches.
    Or(Vec<Filter>),
    /// It does not match.
    Not(Box<Filter>),
    /// A dimension has one of these values.
    Dimension(Dimension, Vec<String>, Match),
    /// A tag has one of these values.
    Tag(String, Vec<String>, Match),
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The whole value matches.
    Equals,
    /// The value begins with it.
    StartsWith,
    /// The value ends with it.
    EndsWith,
    /// The value contains it.
    Contains,
    /// The value is absent.
    Absent,
}

impl Filter {
    /// Parses an expression; without one everything matches.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn read(json: &Value) -> Result<Self, AwsError> {
        if json.is_null() {
            Ok(Self::All)
        } else {
            Self::read_at(json, 0)
        }
    }

    fn read_at(json: &Value, depth: usize) -> Result<Self, AwsError> {
        let members = json.as_object().map_or(0, serde_json::Map::len);
        if members != 1 || depth > DEPTH_MAX {
            return Err(invalid("Expression must have exactly one root operator"));
        }
        let parts = |name: &str| -> Result<Vec<Self>, AwsError> {
            let parts = json[name].as_array().map(Vec::as_slice).unwrap_or_default();
            if parts.len() < 2 {
                return Err(invalid(format!("{name} needs at least two expressions")));
            }
            parts
                .iter()
                .map(|part| Self::read_at(part, depth + 1))
                .collect()
        };
        if !json["And"].is_null() {
            Ok(Self::And(parts("And")?))
        } else if !json["Or"].is_null() {
            Ok(Self::Or(parts("Or")?))
        } else if !json["Not"].is_null() {
            Ok(Self::Not(Box::new(Self::read_at(&json["Not"], depth + 1)?)))
        } else if !json["Dimensions"].is_null() {
            let (key, values, how) = leaf(&json["Dimensions"])?;
            Ok(Self::Dimension(Dimension::read(&key)?, values, how))
        } else if !json["Tags"].is_null() {
            let (key, values, how) = leaf(&json["Tags"])?;
            Ok(Self::Tag(key, values, how))
        } else {
            Err(invalid(
                "Only And, Or, Not, Dimensions and Tags are supported in an expression",
            ))
        }
    }

    /// Whether a row matches.
    pub fn admits(&self, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::And(parts) => parts.iter().all(|part| part.admits(row)),
            Self::Or(parts) => parts.iter().any(|part| part.admits(row)),
            Self::Not(part) => !part.admits(row),
            Self::Dimension(dimension, values, how) => how.any(Some(dimension.of(row)), values),
            Self::Tag(key, values, how) => how.any(row.tags.get(key).map(String::as_str), values),
        }
    }
}

impl Match {
    fn any(self, value: Option<&str>, wanted: &[String]) -> bool {
        if self == Self::Absent {
            return value.is_none();
        }
        // A missing tag is the empty value, as in groups.
        let value = value.unwrap_or_default();
        wanted.iter().any(|wanted| match self {
            Self::Equals | Self::Absent => value == wanted,
            Self::StartsWith => value.starts_with(wanted.as_str()),
            Self::EndsWith => value.ends_with(wanted.as_str()),
            Self::Contains => value.contains(wanted.as_str()),
        })
    }
}

fn leaf(json: &Value) -> Result<(String, Vec<String>, Match), AwsError> {
    let key = json["Key"]
        .as_str()
        .ok_or_else(|| invalid("Key should not be empty"))?;
    let list = |name: &str| -> Vec<String> {
        json[name]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(super::text)
            .collect()
    };
    let mut how = Match::Equals;
    for option in list("MatchOptions") {
        how = match option.as_str() {
            // Values are compared exactly in any case.
            "EQUALS" | "CASE_SENSITIVE" => how,
            "STARTS_WITH" => Match::StartsWith,
            "ENDS_WITH" => Match::EndsWith,
            "CONTAINS" => Match::Contains,
            "ABSENT" => Match::Absent,
            other => {
                return Err(invalid(format!(
                    "MatchOption {other} is not supported here"
                )));
            }
        };
    }
    let values = list("Values");
    if values.is_empty() && how != Match::Absent {
        return Err(invalid("Values should not be empty"));
    }
    Ok((key.to_owned(), values, how))
}
