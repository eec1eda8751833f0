//! The results of queries as the API writes them: all values are texts.

use std::fmt::Write as _;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use serde_json::{Value as Json, json};

use super::sql::{Column, Rows, Type, Value};

/// The columns of a result.
pub(super) fn schema(rows: &Rows) -> Json {
    let shown = |column: &Column| json!({"name": column.name, "type": column.of.word(), "mode": "NULLABLE"});
    json!({"fields": rows.columns.iter().map(shown).collect::<Vec<_>>()})
}

/// Each row of a result. Times are seconds, or whole microseconds where the caller asks for them.
pub(super) fn rows(rows: &Rows, in_microseconds: bool) -> Vec<Json> {
    let all = rows.rows.iter();
    all.map(|row| {
        let cells = row.iter().zip(&rows.columns);
        let cells =
            cells.map(|(value, column)| json!({"v": cell(value, column.of, in_microseconds)}));
        json!({"f": cells.collect::<Vec<_>>()})
    })
    .collect()
}

fn cell(value: &Value, of: Type, in_microseconds: bool) -> Option<String> {
    Some(match value {
        Value::Null | Value::Record(_) | Value::List(_) => return None,
        Value::Bool(value) => value.to_string(),
        Value::Text(text) => text.clone(),
        Value::Time(at) if in_microseconds => at.as_microsecond().to_string(),
        Value::Time(at) => seconds(*at),
        Value::Number(number) if of == Type::Float => float(*number),
        Value::Number(number) => number.normalize().to_string(),
    })
}

fn seconds(at: Timestamp) -> String {
    float(Decimal::new(at.as_microsecond(), 6))
}

/// A number as Java writes a `double`: with a decimal, and with an exponent beyond a thousandth and ten millions.
fn float(number: Decimal) -> String {
    let number: f64 = number.try_into().unwrap_or_default();
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    let written = format!("{number:E}");
    let (digits, exponent) = written.split_once('E').unwrap_or((&written, "0"));
    let mut text = digits.to_owned();
    if !digits.contains('.') {
        text.push_str(".0");
    }
    // Writing to a text cannot fail.
    let _ = write!(text, "E{exponent}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_numbers_are_written_as_java_does() {
        let check = |number: &str, expected: &str| {
            assert_eq!(float(number.parse().expect("a number")), expected);
        };
        check("0", "0.0");
        check("2", "2.0");
        check("0.033505", "0.033505");
        check("-0.075", "-0.075");
        check("0.000067", "6.7E-5");
        check("1795000000", "1.795E9");
        check("10000000", "1.0E7");
    }

    #[test]
    fn cells_are_texts_and_null_is_null() {
        let at = Timestamp::from_second(1_795_000_000).expect("a time");
        let check = |value: Value, of: Type, expected: Option<&str>| {
            assert_eq!(cell(&value, of, false).as_deref(), expected);
        };
        check(Value::Null, Type::Text, None);
        check(Value::Bool(true), Type::Bool, Some("true"));
        check(
            Value::Number(Decimal::new(2500, 3)),
            Type::Numeric,
            Some("2.5"),
        );
        check(Value::Time(at), Type::Time, Some("1.795E9"));
        let exact = cell(&Value::Time(at), Type::Time, true);
        assert_eq!(exact.as_deref(), Some("1795000000000000"));
    }
}
