//! The syntax tree of a query.

use kubeproof_contract::Decimal;

use super::token::Place;

/// An expression with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    /// `TIMESTAMP "…"`.
    Time(String),
    Parameter(String),
    /// `*`, in `COUNT(*)`.
    All,
    /// A column, or a member of one.
    Path(Vec<String>),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    /// `IS NULL`, or `IS NOT NULL`.
    IsNull(Box<Expression>, bool),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Call(String, Vec<Expression>),
    /// `CAST(x AS TYPE)`.
    Cast(Box<Expression>, String),
    Exists(Box<Inner>),
    /// A query in parentheses that gives one value.
    Scalar(Box<Inner>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    Plus,
    Minus,
    Times,
    Over,
}

/// A query over a repeated column, inside of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inner {
    pub(super) select: Expression,
    pub(super) from: Unnest,
    pub(super) filter: Option<Expression>,
    pub(super) limit: Option<usize>,
}

/// `UNNEST(column) AS alias`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unnest {
    pub(super) column: Expression,
    pub(super) alias: Option<String>,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) expression: Expression,
    pub(super) alias: Option<String>,
}

/// A repeated column that is joined with its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Join {
    pub(super) unnest: Unnest,
    /// Whether a row without elements stays, and the condition for elements to count.
    pub(super) is_left: bool,
    pub(super) on: Option<Expression>,
}

/// What a query reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct From {
    pub(super) table: String,
    pub(super) alias: Option<String>,
    pub(super) joins: Vec<Join>,
}

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) items: Vec<Item>,
    pub(super) from: Option<From>,
    pub(super) filter: Option<Expression>,
    pub(super) groups: Vec<Expression>,
    /// Each with whether the greatest comes first.
    pub(super) order: Vec<(Expression, bool)>,
    pub(super) limit: Option<usize>,
}
