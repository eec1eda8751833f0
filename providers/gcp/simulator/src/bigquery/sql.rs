//! The SQL that is understood: one `SELECT` over one table and its repeated columns, with filters, groups and an order.
//!
//! Text becomes tokens, tokens become a syntax tree, names are bound to columns, and rows are computed. What a query has
//! besides is refused by its name and place.

mod bind;
mod evaluate;
mod expression;
mod functions;
mod parse;
mod select;
mod syntax;
mod token;
mod value;

use std::collections::BTreeMap;

use super::schema::Field;
use parse::Parser;

pub(crate) use select::{Column, Rows};
pub(crate) use value::{Type, Value, time};

/// What a query may read.
pub(crate) trait Tables {
    /// The columns of a table, by its full name.
    ///
    /// # Errors
    /// When there is none, or it may not be read.
    fn columns(&self, name: &str) -> Result<&'static [Field], SqlError>;

    /// Its rows, each with a value for each column.
    fn rows(&self, name: &str) -> Vec<Vec<Value>>;
}

/// Why a query cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SqlError {
    /// The query is wrong, or has something that is not simulated.
    Invalid(String),
    /// It names something that does not exist.
    NotFound(String),
    /// It names something that may not be read.
    Denied(String),
}

/// The parameters of a query, by name.
pub(crate) type Parameters = BTreeMap<String, (Type, Value)>;

/// The columns of a query's result, and its rows unless only the columns are asked for.
pub(crate) fn run(
    text: &str,
    parameters: &Parameters,
    tables: &dyn Tables,
    is_dry: bool,
) -> Result<Rows, SqlError> {
    let query = Parser::new(text)?.query()?;
    select::run(&query, parameters, tables, is_dry)
}

#[cfg(test)]
mod tests;
