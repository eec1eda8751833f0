//! Queries over a small table.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::bigquery::schema::Kind;

const LABEL: &[Field] = &[text("key"), text("value")];
const COLUMNS: &[Field] = &[
    text("name"),
    field("cost", Kind::Float, false),
    field("at", Kind::Time, false),
    field("place", Kind::Record(&[text("zone")]), false),
    field("labels", Kind::Record(LABEL), true),
];

const fn field(name: &'static str, kind: Kind, is_repeated: bool) -> Field {
    Field {
        name,
        kind,
        is_repeated,
    }
}

const fn text(name: &'static str) -> Field {
    field(name, Kind::Text, false)
}

struct Boxes;

/// Three boxes: two of a team, one without labels.
impl Tables for Boxes {
    fn columns(&self, name: &str) -> Result<&'static [Field], SqlError> {
        match name {
            "p.d.boxes" => Ok(COLUMNS),
            other => Err(SqlError::NotFound(format!("Not found: Table {other}"))),
        }
    }

    fn rows(&self, _: &str) -> Vec<Vec<Value>> {
        let row = |name: &str, cost: &str, hour: &str, zone: &str, team: Option<&str>| {
            let label = |value: &str| Value::Record(vec![Value::text("team"), Value::text(value)]);
            let zone = Some(zone).filter(|zone| !zone.is_empty());
            vec![
                Value::text(name),
                Value::Number(cost.parse().unwrap()),
                Value::Time(format!("2026-11-29T{hour}:00:00Z").parse().unwrap()),
                Value::Record(vec![zone.map_or(Value::Null, Value::text)]),
                Value::List(team.map(label).into_iter().collect()),
            ]
        };
        vec![
            row("a", "0.10", "10", "z1", Some("red")),
            row("b", "0.25", "11", "z2", Some("red")),
            row("c", "1", "12", "", None),
        ]
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Text(text) => text.clone(),
        Value::Time(at) => at.to_string(),
        other => format!("{other:?}"),
    }
}

/// The result of a query: cells with commas, rows with bars.
fn answered(query: &str) -> Result<String, SqlError> {
    let parameters = Parameters::from([("team".to_owned(), (Type::Text, Value::text("red")))]);
    let rows = run(query, &parameters, &Boxes, false)?.rows;
    let rows = rows
        .iter()
        .map(|row| row.iter().map(shown).collect::<Vec<_>>().join(","));
    Ok(rows.collect::<Vec<_>>().join("|"))
}

#[track_caller]
fn check(query: &str, expected: &str) {
    assert_eq!(answered(query).as_deref(), Ok(expected), "{query}");
}

#[track_caller]
fn refused(query: &str, expected: &str) {
    match answered(query) {
        Err(SqlError::Invalid(message)) => assert!(message.contains(expected), "{message}"),
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn rows_are_selected_filtered_ordered_and_cut() {
    check("SELECT 1", "1");
    check("SELECT name FROM `p.d.boxes`", "a|b|c");
    check("select NAME from p.d.boxes where COST > 0.1", "b|c");
    check(
        "SELECT name FROM `p`.`d`.`boxes` AS t WHERE t.cost <= 0.25 ORDER BY t.cost DESC",
        "b|a",
    );
    check(
        "SELECT name n, cost * 2 FROM `p.d.boxes` ORDER BY n DESC LIMIT 2;",
        "c,2|b,0.5",
    );
    check(
        "SELECT name FROM `p.d.boxes` WHERE at >= TIMESTAMP '2026-11-29 11:00:00' -- later ones",
        "b|c",
    );
    check(
        "SELECT name FROM `p.d.boxes` WHERE at < '2026-11-29T11:00:00Z'",
        "a",
    );
    check(
        "SELECT name FROM `p.d.boxes` WHERE at BETWEEN TIMESTAMP('2026-11-29 10:30:00 UTC') AND '2026-11-29 11:00:00'",
        "b",
    );
    check(
        "SELECT name FROM `p.d.boxes` WHERE name IN ('a', \"c\") AND NOT name = 'a'",
        "c",
    );
    check(
        "SELECT name FROM `p.d.boxes` WHERE name NOT IN ('a')",
        "b|c",
    );
    check(
        "SELECT 'abc' LIKE 'a%', 'abc' LIKE '_b', 'abc' LIKE '%b_', '' LIKE '%', 'a' LIKE ''",
        "true,false,true,true,false",
    );
}

#[test]
fn null_is_neither_equal_nor_unequal_and_is_left_out_of_sums() {
    check(
        "SELECT name FROM `p.d.boxes` WHERE place.zone = 'z1' OR place.zone != 'z1'",
        "a|b",
    );
    check("SELECT name FROM `p.d.boxes` WHERE place.zone IS NULL", "c");
    check(
        "SELECT COUNT(place.zone), COUNT(*), MAX(place.zone), SUM(cost) FROM `p.d.boxes`",
        "2,3,z2,1.35",
    );
    check(
        "SELECT IFNULL(place.zone, 'none') FROM `p.d.boxes` ORDER BY 1",
        "none|z1|z2",
    );
    check(
        "SELECT NULL IS NULL, NULL = 1, NOT (NULL = 1), FALSE AND NULL = 1, TRUE OR NULL = 1",
        "true,NULL,NULL,false,true",
    );
    check(
        "SELECT SUM(cost), COUNT(*) FROM `p.d.boxes` WHERE cost > 9",
        "NULL,0",
    );
    check(
        "SELECT name, SUM(cost) FROM `p.d.boxes` WHERE cost > 9 GROUP BY name",
        "",
    );
}

#[test]
fn labels_filter_and_group() {
    let by_label = "(SELECT value FROM UNNEST(labels) WHERE key = 'team')";
    check(
        &format!(
            "SELECT {by_label} AS team, SUM(cost) AS usd FROM `p.d.boxes` GROUP BY team ORDER BY usd"
        ),
        "red,0.35|NULL,1",
    );
    check(
        &format!("SELECT {by_label}, COUNT(*) FROM `p.d.boxes` GROUP BY 1 ORDER BY 2 DESC"),
        "red,2|NULL,1",
    );
    let has = "EXISTS (SELECT 1 FROM UNNEST(labels) AS l WHERE l.key = 'team' AND l.value = @team)";
    check(&format!("SELECT name FROM `p.d.boxes` WHERE {has}"), "a|b");
    check(
        &format!("SELECT name FROM `p.d.boxes` WHERE NOT {has}"),
        "c",
    );
    check(
        "SELECT name, l.value FROM `p.d.boxes`, UNNEST(labels) AS l",
        "a,red|b,red",
    );
    check(
        "SELECT name, l.value FROM `p.d.boxes` CROSS JOIN UNNEST(labels) l WHERE l.value = 'blue'",
        "",
    );
    check(
        "SELECT l.value, SUM(cost) FROM `p.d.boxes` LEFT JOIN UNNEST(labels) AS l ON l.key = 'team' GROUP BY l.value",
        "NULL,1|red,0.35",
    );
    check(
        "SELECT SUM((SELECT COUNT(*) FROM UNNEST(labels))) FROM `p.d.boxes`",
        "2",
    );
}

#[test]
fn results_have_the_types_of_their_expressions() {
    let check = |expression: &str, expected: Type| {
        let query = format!("SELECT {expression} FROM `p.d.boxes`");
        let columns = run(&query, &Parameters::new(), &Boxes, true).unwrap();
        assert_eq!(
            (columns.columns[0].of, columns.rows.len()),
            (expected, 0),
            "{query}"
        );
    };
    check("cost", Type::Float);
    check("SUM(cost)", Type::Float);
    check("SUM(CAST(cost AS NUMERIC))", Type::Numeric);
    check("IFNULL(SUM(CAST(cost AS NUMERIC)), 0)", Type::Numeric);
    check("COUNT(*)", Type::Int);
    check("1 / 2", Type::Float);
    check("MAX(at)", Type::Time);
    check("place.zone", Type::Text);
    check("name = 'a'", Type::Bool);
}

#[test]
fn values_are_cast_and_rounded() {
    check(
        "SELECT CAST('2.50' AS NUMERIC) + 1, CAST(2.5 AS STRING), CAST(2.6 AS INT64), ROUND(2.345, 2)",
        "3.5,2.5,3,2.35",
    );
    check(
        "SELECT STARTS_WITH('kp-r1-a', CONCAT('kp-r1', '-')), ENDS_WITH(LOWER('AB'), 'b'), UPPER('a')",
        "true,true,A",
    );
    check("SELECT 1 - 2 * 3, (1 - 2) * 3, -4 / 8", "-5,-3,-0.5");
    refused("SELECT CAST('x' AS NUMERIC)", "Could not cast");
    refused("SELECT 1 / 0", "division by zero");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    refused(
        "SELECT moon FROM `p.d.boxes`",
        "Unrecognized name: moon at [1:8]",
    );
    refused(
        "SELECT name\n FRM `p.d.boxes`",
        "Expected end of input but got identifier `p.d.boxes` at [2:6]",
    );
    refused(
        "SELECT",
        "Expected an expression but got end of script at [1:7]",
    );
    refused(
        "SELECT name, SUM(cost) FROM `p.d.boxes`",
        "references column name which is neither grouped nor aggregated",
    );
    refused(
        "SELECT name FROM `p.d.boxes` WHERE SUM(cost) > 1",
        "Aggregate function not allowed in WHERE clause at [1:36]",
    );
    refused(
        "SELECT SUM(name) FROM `p.d.boxes`",
        "No matching signature for function SUM for argument types: STRING",
    );
    refused(
        "SELECT name FROM `p.d.boxes` WHERE cost = 'x'",
        "No matching signature for operator =",
    );
    refused(
        "SELECT name FROM `p.d.boxes` WHERE name",
        "should be of type BOOL, but was STRING",
    );
    refused(
        "SELECT name FROM `p.d.boxes` WHERE name = @other",
        "Query parameter 'other' not found",
    );
    refused(
        "SELECT name.x FROM `p.d.boxes`",
        "Cannot access field x on a value with type STRING",
    );
    refused("SELECT k FROM `p.d.boxes`, UNNEST(name)", "must be arrays");
    refused("SELECT 'a", "Unclosed string literal");
    refused(
        "SELECT MAX(SUM(cost)) FROM `p.d.boxes`",
        "Aggregations of aggregations",
    );
    refused("SELECT name ? 1", "Illegal input character");
    let unknown = answered("SELECT 1 FROM `p.d.moons`");
    assert_eq!(
        unknown,
        Err(SqlError::NotFound("Not found: Table p.d.moons".to_owned()))
    );
}

#[test]
fn what_is_not_simulated_is_named() {
    for (query, what) in [
        ("SELECT * FROM `p.d.boxes`", "SELECT *"),
        ("SELECT a FROM x JOIN y ON a = b", "JOIN"),
        (
            "SELECT name FROM `p.d.boxes` GROUP BY name HAVING COUNT(*) > 1",
            "HAVING",
        ),
        ("WITH t AS (SELECT 1) SELECT 1", "WITH"),
        ("SELECT SUM(cost) OVER () FROM `p.d.boxes`", "OVER"),
        ("SELECT CASE WHEN TRUE THEN 1 END", "CASE"),
        ("SELECT DISTINCT name FROM `p.d.boxes`", "DISTINCT"),
        (
            "SELECT labels FROM `p.d.boxes`",
            "a column of type ARRAY in the result",
        ),
        ("SELECT name FROM (SELECT 1)", "a query in FROM"),
        ("SELECT a FROM x, y", "a second table"),
        ("SELECT AVG(cost) FROM `p.d.boxes`", "function AVG"),
        ("SELECT DATE '2026-01-01'", "a DATE literal"),
        ("DELETE FROM `p.d.boxes` WHERE TRUE", "DELETE"),
    ] {
        refused(query, &format!("not simulated: {what}"));
    }
    let long = format!("SELECT {} 1", "1 + ".repeat(500));
    refused(&long, "a query of more than 800 words");
    let deep = format!("SELECT {}1{}", "(".repeat(100), ")".repeat(100));
    refused(&deep, "too complex");
}

/// Words that queries are made of, and some that they are not.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "ORDER",
    "LIMIT",
    "AS",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "NULL",
    "LIKE",
    "BETWEEN",
    "EXISTS",
    "CAST",
    "NUMERIC",
    "STRING",
    "UNNEST",
    "LEFT",
    "JOIN",
    "ON",
    "SUM",
    "COUNT",
    "MAX",
    "IFNULL",
    "ROUND",
    "TIMESTAMP",
    "(",
    ")",
    ",",
    ".",
    "*",
    "-",
    "/",
    "=",
    "<",
    ">=",
    "@team",
    "`p.d.boxes`",
    "name",
    "cost",
    "at",
    "place",
    "zone",
    "labels",
    "key",
    "l",
    "1",
    "0.5",
    "99999999999999999999999999",
    "'red'",
    "'%a_'",
    "'2026-11-29'",
    "é",
];

proptest! {
    #[test]
    fn any_words_are_answered_or_refused(words in prop::collection::vec(select(WORDS), 0..30)) {
        // Sentences that begin as queries do get further.
        let text = words.join(" ");
        let _ = answered(&text);
        let _ = answered(&format!("SELECT {text} FROM `p.d.boxes`"));
        let _ = answered(&format!("SELECT name FROM `p.d.boxes` WHERE {text}"));
    }
}
