//! Values, their types, and how they compare and read as text.

use std::cmp::Ordering;

use jiff::Timestamp;
use kubeproof_contract::Decimal;

use crate::bigquery::schema::{Field, Kind};

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int,
    Numeric,
    Float,
    Text,
    Time,
    Record(&'static [Field]),
    /// A repeated column.
    List(&'static [Field]),
}

impl Type {
    /// Of a column.
    pub(super) fn of(field: &Field) -> Self {
        match field.kind {
            Kind::Record(fields) if field.is_repeated => Self::List(fields),
            Kind::Record(fields) => Self::Record(fields),
            Kind::Float => Self::Float,
            Kind::Numeric => Self::Numeric,
            Kind::Text => Self::Text,
            Kind::Time => Self::Time,
        }
    }

    /// The type of this name in a query.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "BOOL" | "BOOLEAN" => Self::Bool,
            "INT64" | "INTEGER" => Self::Int,
            "NUMERIC" => Self::Numeric,
            "FLOAT64" | "FLOAT" => Self::Float,
            "STRING" => Self::Text,
            "TIMESTAMP" => Self::Time,
            _ => return None,
        })
    }

    /// As the schema of a result writes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bool => "BOOLEAN",
            Self::Int => "INTEGER",
            Self::Numeric => "NUMERIC",
            Self::Float => "FLOAT",
            Self::Text => "STRING",
            Self::Time => "TIMESTAMP",
            Self::Record(_) | Self::List(_) => "RECORD",
        }
    }

    /// As messages write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Int => "INT64",
            Self::Float => "FLOAT64",
            Self::Record(_) => "STRUCT",
            Self::List(_) => "ARRAY",
            other => other.word(),
        }
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Numeric | Self::Float)
    }
}

/// A value. Numbers of all types are decimals: what is added up stays exact. In a sorted result NULL comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    Time(Timestamp),
    Record(Vec<Value>),
    List(Vec<Value>),
}

impl Value {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The order of two values of one type; `None` when one of them is NULL.
    pub(super) fn compared(&self, other: &Self) -> Option<Ordering> {
        let is_null = [self, other].contains(&&Self::Null);
        (!is_null).then(|| self.cmp(other))
    }

    /// The value as another type; `None` if it is no value of it.
    pub(super) fn cast(&self, to: Type) -> Option<Self> {
        match (self, to) {
            (Self::Null, _) => Some(Self::Null),
            (Self::Number(number), Type::Float) => Some(Self::Number(*number)),
            // A NUMERIC has nine decimals.
            (Self::Number(number), Type::Numeric) => Some(Self::Number(number.round_dp(9))),
            (Self::Number(number), Type::Int) => Some(Self::Number(number.round())),
            (Self::Number(number), Type::Text) => Some(Self::Text(number.normalize().to_string())),
            (Self::Text(text), Type::Numeric | Type::Float | Type::Int) => {
                text.trim().parse().ok().map(Self::Number)
            }
            (Self::Text(text), Type::Time) => time(text).map(Self::Time),
            (Self::Text(_), Type::Text)
            | (Self::Time(_), Type::Time)
            | (Self::Bool(_), Type::Bool) => Some(self.clone()),
            (Self::Bool(value), Type::Text) => Some(Self::text(value.to_string())),
            _ => None,
        }
    }
}

/// A time as queries write it: with `T` or a space, with a zone or without, or a day alone.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let day = || format!("{text}T00:00:00Z").parse();
    let zoned = || format!("{text}Z").parse();
    text.parse().or_else(|_| zoned()).or_else(|_| day()).ok()
}
