//! Binds the names in expressions to columns, and checks types.

use super::functions::{Aggregate, Function, Known, common, named};
use super::syntax::{Expression, Inner, Kind, Operator, Unnest};
use super::token::Place;
use super::value::{Type, Value, time};
use super::{Parameters, SqlError};
use crate::bigquery::schema::Field;

/// An expression over columns by their position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Value(Value),
    /// A slot of the row, and positions of members in it; the name is for messages.
    Path(usize, Vec<usize>, String),
    Not(Box<Bound>),
    Negative(Box<Bound>),
    IsNull(Box<Bound>, bool),
    Binary(Operator, Box<Bound>, Box<Bound>),
    Call(Function, Vec<Bound>),
    Aggregate(Aggregate, Box<Bound>),
    Exists(Box<BoundInner>),
    Scalar(Box<BoundInner>),
    /// A value that the rows of a group have in common, by its position in `GROUP BY`.
    Group(usize),
}

/// A query over a repeated column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BoundInner {
    pub(super) select: Bound,
    /// Whether it gives one value for all elements.
    pub(super) is_aggregate: bool,
    pub(super) list: Bound,
    pub(super) filter: Option<Bound>,
    pub(super) limit: Option<usize>,
}

/// What a name may refer to: the table and the elements of repeated columns, each in a slot of the row.
#[derive(Clone, Debug)]
pub(super) struct Scope<'p> {
    pub(super) slots: Vec<(Option<String>, &'static [Field])>,
    pub(super) parameters: &'p Parameters,
}

type Typed = (Bound, Type);

impl Scope<'_> {
    /// An expression, and its type.
    pub(super) fn bind(&self, expression: &Expression) -> Result<Typed, SqlError> {
        let place = expression.place;
        Ok(match &expression.kind {
            Kind::Null => (Bound::Value(Value::Null), Type::Int),
            Kind::Bool(value) => (Bound::Value(Value::Bool(*value)), Type::Bool),
            Kind::Number(number) => {
                let of = if number.scale() == 0 {
                    Type::Int
                } else {
                    Type::Float
                };
                (Bound::Value(Value::Number(*number)), of)
            }
            Kind::Text(text) => (Bound::Value(Value::text(text)), Type::Text),
            Kind::Time(text) => {
                let at = time(text);
                let at = at.ok_or_else(|| place.error("Invalid TIMESTAMP literal"))?;
                (Bound::Value(Value::Time(at)), Type::Time)
            }
            Kind::Parameter(name) => {
                let found = self.parameters.get(name);
                let missing = || place.error(format!("Query parameter '{name}' not found"));
                let (of, value) = found.ok_or_else(missing)?;
                (Bound::Value(value.clone()), *of)
            }
            Kind::All => return Err(place.error("Argument * can only be used in COUNT(*)")),
            Kind::Path(parts) => self.path(parts, place)?,
            Kind::Not(inner) => (Bound::Not(Box::new(self.condition(inner)?)), Type::Bool),
            Kind::Negative(inner) => {
                let (bound, of) = self.bind(inner)?;
                if !of.is_number() {
                    return Err(no_signature(place, "operator -", &[of]));
                }
                (Bound::Negative(Box::new(bound)), of)
            }
            Kind::IsNull(inner, is_not) => {
                let (bound, _) = self.bind(inner)?;
                (Bound::IsNull(Box::new(bound), *is_not), Type::Bool)
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right)?,
            Kind::Call(name, arguments) => self.call(name, arguments, place)?,
            Kind::Cast(inner, to) => {
                let to = Type::named(to);
                let to = to.ok_or_else(|| place.not_simulated("this type in CAST"))?;
                let (bound, _) = self.bind(inner)?;
                (Bound::Call(Function::Cast(to), vec![bound]), to)
            }
            Kind::Exists(inner) => {
                let (inner, _) = self.inner(inner)?;
                (Bound::Exists(Box::new(inner)), Type::Bool)
            }
            Kind::Scalar(inner) => {
                let (inner, of) = self.inner(inner)?;
                (Bound::Scalar(Box::new(inner)), of)
            }
        })
    }

    /// An expression that must be a condition.
    pub(super) fn condition(&self, expression: &Expression) -> Result<Bound, SqlError> {
        match self.bind(expression)? {
            (bound, Type::Bool) => Ok(bound),
            (Bound::Value(Value::Null), _) => Ok(Bound::Value(Value::Null)),
            (_, of) => {
                let message = format!("A condition should be of type BOOL, but was {}", of.name());
                Err(expression.place.error(message))
            }
        }
    }

    fn path(&self, parts: &[String], place: Place) -> Result<Typed, SqlError> {
        let unknown = |name: &str| place.error(format!("Unrecognized name: {name}"));
        let first = parts.first().map(String::as_str).unwrap_or_default();
        let slots = || self.slots.iter().enumerate().rev();
        let is_named = |alias: &Option<String>| {
            alias
                .as_deref()
                .is_some_and(|one| one.eq_ignore_ascii_case(first))
        };
        let alias = slots().find(|(_, (alias, _))| is_named(alias));
        let (slot, mut of, rest) = if let Some((slot, (_, fields))) = alias {
            (
                slot,
                Type::Record(fields),
                parts.get(1..).unwrap_or_default(),
            )
        } else {
            let mut with = slots().filter(|(_, (_, fields))| member(fields, first).is_some());
            let (slot, (_, fields)) = with.next().ok_or_else(|| unknown(first))?;
            (slot, Type::Record(fields), parts)
        };
        let mut indices = Vec::new();
        for part in rest {
            let Type::Record(fields) = of else {
                let name = of.name();
                let message = format!("Cannot access field {part} on a value with type {name}");
                return Err(place.error(message));
            };
            let index = member(fields, part).ok_or_else(|| unknown(part))?;
            indices.push(index);
            of = Type::of(&fields[index]);
        }
        Ok((Bound::Path(slot, indices, parts.join(".")), of))
    }

    fn binary(
        &self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
    ) -> Result<Typed, SqlError> {
        let place = left.place;
        if matches!(operator, Operator::Or | Operator::And) {
            let (left, right) = (self.condition(left)?, self.condition(right)?);
            let bound = Bound::Binary(operator, Box::new(left), Box::new(right));
            return Ok((bound, Type::Bool));
        }
        let (left, of_left) = self.bind(left)?;
        let (right, of_right) = self.bind(right)?;
        // A text that stands for a time is one.
        let (left, of_left) = coerced(left, of_left, of_right, place)?;
        let (right, of_right) = coerced(right, of_right, of_left, place)?;
        let types = [of_left, of_right];
        let refused = || no_signature(place, &format!("operator {}", sign(operator)), &types);
        let together = common(&types);
        let is_number = together.filter(|of| of.is_number());
        let is_list = matches!(together, Some(Type::Record(_) | Type::List(_)));
        let of = match operator {
            Operator::Like if types == [Type::Text; 2] => Type::Bool,
            Operator::Like => return Err(refused()),
            Operator::Plus | Operator::Minus | Operator::Times => is_number.ok_or_else(refused)?,
            Operator::Over => match is_number.ok_or_else(refused)? {
                Type::Int => Type::Float,
                of => of,
            },
            _ if is_list => return Err(refused()),
            _ => together.map(|_| Type::Bool).ok_or_else(refused)?,
        };
        Ok((Bound::Binary(operator, Box::new(left), Box::new(right)), of))
    }

    fn call(&self, name: &str, arguments: &[Expression], place: Place) -> Result<Typed, SqlError> {
        let found = named(name);
        let known = found.ok_or_else(|| place.not_simulated(format!("function {name}")))?;
        if let (
            Known::Rows(Aggregate::Count),
            [
                Expression {
                    kind: Kind::All, ..
                },
            ],
        ) = (known, arguments)
        {
            let each = Bound::Value(Value::Bool(true));
            return Ok((
                Bound::Aggregate(Aggregate::Count, Box::new(each)),
                Type::Int,
            ));
        }
        let typed = arguments.iter().map(|argument| self.bind(argument));
        let (bound, types): (Vec<Bound>, Vec<Type>) =
            typed.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let refused = || no_signature(place, &format!("function {name}"), &types);
        match known {
            Known::Row(function) => {
                let each = bound.iter().zip(&types);
                // NULL is of any type.
                let typed = each.filter(|(one, _)| **one != Bound::Value(Value::Null));
                let typed: Vec<Type> = typed.map(|(_, of)| *of).collect();
                let of = function.result(&typed).ok_or_else(refused)?;
                Ok((Bound::Call(function, bound), of))
            }
            Known::Rows(aggregate) => {
                let mut bound = bound.into_iter();
                let (Some(argument), [of]) = (bound.next(), types.as_slice()) else {
                    return Err(refused());
                };
                let of = aggregate.result(*of).ok_or_else(refused)?;
                if argument.has_aggregate() {
                    return Err(place.error("Aggregations of aggregations are not allowed"));
                }
                Ok((Bound::Aggregate(aggregate, Box::new(argument)), of))
            }
        }
    }

    /// A repeated column, and the members of its elements.
    pub(super) fn list(&self, unnest: &Unnest) -> Result<(Bound, &'static [Field]), SqlError> {
        match self.bind(&unnest.column)? {
            (bound, Type::List(fields)) => Ok((bound, fields)),
            (_, of) => {
                let name = of.name();
                let message =
                    format!("Values referenced in UNNEST must be arrays. UNNEST contains {name}");
                Err(unnest.column.place.error(message))
            }
        }
    }

    fn inner(&self, inner: &Inner) -> Result<(BoundInner, Type), SqlError> {
        let (list, fields) = self.list(&inner.from)?;
        let mut scope = self.clone();
        scope.slots.push((inner.from.alias.clone(), fields));
        let (select, of) = scope.bind(&inner.select)?;
        let filter = inner.filter.as_ref();
        let filter = filter.map(|filter| scope.condition(filter)).transpose()?;
        let bound = BoundInner {
            is_aggregate: select.has_aggregate(),
            select,
            list,
            filter,
            limit: inner.limit,
        };
        Ok((bound, of))
    }
}

/// The position of a member, whose name is the same in any case.
fn member(fields: &[Field], name: &str) -> Option<usize> {
    fields
        .iter()
        .position(|field| field.name.eq_ignore_ascii_case(name))
}

/// A text literal beside a time is a time; NULL is of any type.
fn coerced(bound: Bound, of: Type, other: Type, place: Place) -> Result<Typed, SqlError> {
    match bound {
        Bound::Value(Value::Null) => Ok((Bound::Value(Value::Null), other)),
        Bound::Value(Value::Text(text)) if other == Type::Time => {
            let wrong = || {
                place.error(format!(
                    "Could not cast literal \"{text}\" to type TIMESTAMP"
                ))
            };
            let at = time(&text).ok_or_else(wrong)?;
            Ok((Bound::Value(Value::Time(at)), Type::Time))
        }
        bound => Ok((bound, of)),
    }
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Or => "OR",
        Operator::And => "AND",
        Operator::Equal => "=",
        Operator::Unequal => "!=",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Like => "LIKE",
        Operator::Plus => "+",
        Operator::Minus => "-",
        Operator::Times => "*",
        Operator::Over => "/",
    }
}

fn no_signature(place: Place, what: &str, types: &[Type]) -> SqlError {
    let types: Vec<&str> = types.iter().map(|of| of.name()).collect();
    let types = types.join(", ");
    place.error(format!(
        "No matching signature for {what} for argument types: {types}"
    ))
}

impl Bound {
    /// Whether it has a function of many rows that is its own, and not that of a query inside.
    pub(super) fn has_aggregate(&self) -> bool {
        match self {
            Self::Aggregate(..) => true,
            Self::Not(inner) | Self::Negative(inner) | Self::IsNull(inner, _) => {
                inner.has_aggregate()
            }
            Self::Binary(_, left, right) => left.has_aggregate() || right.has_aggregate(),
            Self::Call(_, all) => all.iter().any(Self::has_aggregate),
            Self::Value(_)
            | Self::Path(..)
            | Self::Exists(_)
            | Self::Scalar(_)
            | Self::Group(_) => false,
        }
    }

    /// The expression over groups: what the rows of a group have in common, and functions of many rows.
    pub(super) fn grouped(self, keys: &[Self]) -> Result<Self, SqlError> {
        if let Some(index) = keys.iter().position(|key| *key == self) {
            return Ok(Self::Group(index));
        }
        let inside = |inner: Box<Self>| inner.grouped(keys).map(Box::new);
        Ok(match self {
            Self::Path(_, _, name) => {
                return Err(SqlError::Invalid(format!(
                    "SELECT list expression references column {name} which is neither grouped nor aggregated"
                )));
            }
            Self::Exists(_) | Self::Scalar(_) => {
                return Err(SqlError::Invalid(
                    "A query in the SELECT list is neither grouped nor aggregated".to_owned(),
                ));
            }
            Self::Not(inner) => Self::Not(inside(inner)?),
            Self::Negative(inner) => Self::Negative(inside(inner)?),
            Self::IsNull(inner, is_not) => Self::IsNull(inside(inner)?, is_not),
            Self::Binary(operator, left, right) => {
                Self::Binary(operator, inside(left)?, inside(right)?)
            }
            Self::Call(function, all) => {
                let all = all.into_iter().map(|one| one.grouped(keys));
                Self::Call(function, all.collect::<Result<_, _>>()?)
            }
            Self::Value(_) | Self::Aggregate(..) | Self::Group(_) => self,
        })
    }
}
