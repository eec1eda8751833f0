//! Computes bound expressions over rows.

use std::cmp::Ordering;

use kubeproof_contract::Decimal;
use rust_decimal::RoundingStrategy;

use super::SqlError;
use super::bind::{Bound, BoundInner};
use super::functions::{Aggregate, Function};
use super::syntax::Operator;
use super::value::{Type, Value};

/// A row: the table's, then an element of each repeated column that is joined.
pub(super) type Row<'v> = Vec<&'v Value>;

/// The rows of a group, and what they have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group<'g, 'v> {
    pub(super) keys: &'g [Value],
    pub(super) rows: &'g [Row<'v>],
}

fn wrong(message: impl Into<String>) -> SqlError {
    SqlError::Invalid(message.into())
}

/// The value of an expression in a row, or over a group.
pub(super) fn evaluate(
    bound: &Bound,
    row: &[&Value],
    group: Option<Group<'_, '_>>,
) -> Result<Value, SqlError> {
    let inner = |bound: &Bound| evaluate(bound, row, group);
    Ok(match bound {
        Bound::Value(value) => value.clone(),
        Bound::Path(slot, indices, _) => found(row, *slot, indices).clone(),
        Bound::Group(index) => {
            let keys = group.map(|group| group.keys).unwrap_or_default();
            keys.get(*index).cloned().unwrap_or(Value::Null)
        }
        Bound::Not(bound) => match inner(bound)? {
            Value::Bool(value) => Value::Bool(!value),
            _ => Value::Null,
        },
        Bound::Negative(bound) => match inner(bound)? {
            Value::Number(number) => Value::Number(-number),
            _ => Value::Null,
        },
        Bound::IsNull(bound, is_not) => Value::Bool((inner(bound)? == Value::Null) != *is_not),
        Bound::Binary(operator, left, right) => {
            let left = inner(left)?;
            match (operator, &left) {
                (Operator::And, Value::Bool(false)) | (Operator::Or, Value::Bool(true)) => left,
                _ => binary(*operator, &left, &inner(right)?)?,
            }
        }
        Bound::Call(function, arguments) => {
            let values = arguments.iter().map(inner);
            call(*function, &values.collect::<Result<Vec<_>, _>>()?)?
        }
        Bound::Aggregate(aggregate, argument) => {
            let rows = group.map(|group| group.rows).unwrap_or_default();
            let values = rows.iter().map(|row| evaluate(argument, row, None));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            aggregated(*aggregate, values)?
        }
        Bound::Exists(query) => Value::Bool(!elements(query, row)?.is_empty()),
        Bound::Scalar(query) => scalar(query, row)?,
    })
}

/// Whether a condition holds: NULL does not.
pub(super) fn holds(condition: Option<&Bound>, row: &[&Value]) -> Result<bool, SqlError> {
    let value = condition.map(|condition| evaluate(condition, row, None));
    Ok(value
        .transpose()?
        .is_none_or(|value| value == Value::Bool(true)))
}

const NULL: &Value = &Value::Null;

/// A member of a slot; NULL in what is NULL.
pub(super) fn found<'v>(row: &[&'v Value], slot: usize, indices: &[usize]) -> &'v Value {
    let whole = row.get(slot).copied().unwrap_or(NULL);
    indices.iter().fold(whole, |value, index| match value {
        Value::Record(members) => members.get(*index).unwrap_or(NULL),
        _ => NULL,
    })
}

/// The rows that a query over a repeated column has, each with its element in a slot of its own.
fn elements<'v>(query: &BoundInner, row: &[&'v Value]) -> Result<Vec<Row<'v>>, SqlError> {
    let mut rows = Vec::new();
    if let Bound::Path(slot, indices, _) = &query.list
        && let Value::List(all) = found(row, *slot, indices)
    {
        for element in all {
            let mut with = row.to_vec();
            with.push(element);
            if holds(query.filter.as_ref(), &with)? {
                rows.push(with);
            }
        }
    }
    if !query.is_aggregate {
        rows.truncate(query.limit.unwrap_or(usize::MAX));
    }
    Ok(rows)
}

fn scalar(query: &BoundInner, row: &[&Value]) -> Result<Value, SqlError> {
    let rows = elements(query, row)?;
    if query.is_aggregate {
        let group = Group {
            keys: &[],
            rows: &rows,
        };
        return evaluate(&query.select, row, Some(group));
    }
    match rows.as_slice() {
        [] => Ok(Value::Null),
        [one] => evaluate(&query.select, one, None),
        _ => Err(wrong("Scalar subquery produced more than one element")),
    }
}

fn binary(operator: Operator, left: &Value, right: &Value) -> Result<Value, SqlError> {
    let compared = |fits: fn(Ordering) -> bool| {
        let order = left.compared(right);
        order.map_or(Value::Null, |order| Value::Bool(fits(order)))
    };
    Ok(match operator {
        Operator::And | Operator::Or => logical(operator, left, right),
        Operator::Equal => compared(Ordering::is_eq),
        Operator::Unequal => compared(Ordering::is_ne),
        Operator::Less => compared(Ordering::is_lt),
        Operator::LessOrEqual => compared(Ordering::is_le),
        Operator::Greater => compared(Ordering::is_gt),
        Operator::GreaterOrEqual => compared(Ordering::is_ge),
        Operator::Like => match (left, right) {
            (Value::Text(text), Value::Text(pattern)) => {
                Value::Bool(is_like(text.as_bytes(), pattern.as_bytes()))
            }
            _ => Value::Null,
        },
        Operator::Plus | Operator::Minus | Operator::Times | Operator::Over => {
            let (Value::Number(left), Value::Number(right)) = (left, right) else {
                return Ok(Value::Null);
            };
            arithmetic(operator, *left, *right)?
        }
    })
}

/// What is decided by one side is decided, whatever the other is.
fn logical(operator: Operator, left: &Value, right: &Value) -> Value {
    let decisive = Value::Bool(operator == Operator::Or);
    if *left == decisive || *right == decisive {
        return decisive;
    }
    let is_null = [left, right].contains(&NULL);
    if is_null {
        Value::Null
    } else {
        Value::Bool(operator == Operator::And)
    }
}

fn arithmetic(operator: Operator, left: Decimal, right: Decimal) -> Result<Value, SqlError> {
    let number = match operator {
        Operator::Plus => left.checked_add(right),
        Operator::Minus => left.checked_sub(right),
        Operator::Times => left.checked_mul(right),
        _ if right.is_zero() => return Err(wrong("division by zero")),
        _ => left.checked_div(right),
    };
    number
        .map(Value::Number)
        .ok_or_else(|| wrong("numeric overflow"))
}

/// Whether a text fits a pattern: `%` is any text, `_` any letter.
fn is_like(text: &[u8], pattern: &[u8]) -> bool {
    // Where the last `%` was, and up to where it has taken the text.
    let (mut at, mut in_pattern, mut any) = (0, 0, None);
    // Ends: either the text is used up, or `%` takes one byte more.
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some(b'%') => {
                any = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(c) if *c == b'_' || *c == text[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => {
                let Some((percent, taken)) = any else {
                    return false;
                };
                any = Some((percent, taken + 1));
                (at, in_pattern) = (taken + 1, percent + 1);
            }
        }
    }
    pattern[in_pattern.min(pattern.len())..]
        .iter()
        .all(|c| *c == b'%')
}

fn call(function: Function, arguments: &[Value]) -> Result<Value, SqlError> {
    if function == Function::First {
        let mut all = arguments.iter();
        let found = all.find(|value| **value != Value::Null);
        return Ok(found.cloned().unwrap_or(Value::Null));
    }
    if arguments.contains(NULL) {
        return Ok(Value::Null);
    }
    let text = |index: usize| match arguments.get(index) {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    Ok(match function {
        Function::First => Value::Null,
        Function::StartsWith => Value::Bool(text(0).starts_with(text(1))),
        Function::EndsWith => Value::Bool(text(0).ends_with(text(1))),
        Function::Lower => Value::Text(text(0).to_lowercase()),
        Function::Upper => Value::Text(text(0).to_uppercase()),
        Function::Concat => Value::Text((0..arguments.len()).map(text).collect()),
        Function::Round => round(arguments)?,
        Function::Cast(to) => {
            let value = arguments.first().unwrap_or(NULL);
            let refused = || wrong(format!("Could not cast {value:?} to type {}", to.name()));
            value.cast(to).ok_or_else(refused)?
        }
    })
}

fn round(arguments: &[Value]) -> Result<Value, SqlError> {
    let digits = match arguments.get(1) {
        Some(Value::Number(digits)) => u32::try_from(*digits).ok().filter(|digits| *digits <= 28),
        _ => Some(0),
    };
    let digits = digits.ok_or_else(|| wrong("not simulated: ROUND to this many digits"))?;
    let away = RoundingStrategy::MidpointAwayFromZero;
    Ok(match arguments.first() {
        Some(Value::Number(number)) => Value::Number(number.round_dp_with_strategy(digits, away)),
        _ => Value::Null,
    })
}

fn aggregated(aggregate: Aggregate, values: Vec<Value>) -> Result<Value, SqlError> {
    let there = values.into_iter().filter(|value| *value != Value::Null);
    Ok(match aggregate {
        Aggregate::Count => {
            let count = u64::try_from(there.count()).unwrap_or(u64::MAX);
            Value::Number(Decimal::from(count))
        }
        Aggregate::Min => there.min().unwrap_or(Value::Null),
        Aggregate::Max => there.max().unwrap_or(Value::Null),
        Aggregate::Sum => {
            let mut sum = None;
            for value in there {
                let Value::Number(number) = value else {
                    continue;
                };
                let more = sum.unwrap_or(Decimal::ZERO).checked_add(number);
                sum = Some(more.ok_or_else(|| wrong("numeric overflow"))?);
            }
            sum.map_or(Value::Null, Value::Number)
        }
    })
}

/// The value in the form of its type: a NUMERIC has nine decimals.
pub(super) fn of_type(value: Value, of: Type) -> Value {
    match value {
        Value::Number(number) if of == Type::Numeric => Value::Number(number.round_dp(9)),
        other => other,
    }
}
