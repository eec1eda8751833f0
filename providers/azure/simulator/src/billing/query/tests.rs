//! What a question may say.

use serde_json::json;

use super::*;

fn read(change: Value) -> Result<Query, ApiError> {
    let mut body = json!({
        "type": "ActualCost", "timeframe": "Custom",
        "timePeriod": {"from": "2026-11-28T00:00:00Z", "to": "2026-11-30T23:59:59Z"},
        "dataset": {"aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}}},
    });
    for (pointer, value) in change.as_object().unwrap() {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[member] = value.clone();
    }
    let now = "2026-11-30T12:00:00Z".parse().unwrap();
    Query::read(body.as_object().unwrap(), now)
}

#[test]
fn a_question_is_read() {
    let tag = json!({"tags": {"name": "Run", "operator": "In", "values": ["r1"]}});
    let group =
        json!({"dimensions": {"name": "resourcegroupname", "operator": "In", "values": ["g"]}});
    let query = read(json!({
        "/dataset/granularity": "Daily",
        "/dataset/grouping": [{"type": "Dimension", "name": "ResourceId"}, {"type": "TagKey", "name": "Run"}],
        "/dataset/filter": {"or": [tag, group]},
    }));
    let query = query.unwrap();
    assert_eq!(query.days.0.to_string(), "2026-11-28");
    assert_eq!(query.days.1.to_string(), "2026-11-30");
    assert_eq!(query.amounts, [("Cost".to_owned(), Amount::Cost)]);
    let run = Column::Tag("Run".to_owned());
    assert_eq!(
        query.grouping,
        [Column::Dimension("ResourceId"), run.clone()]
    );
    let group = Column::Dimension("ResourceGroupName");
    let parts = vec![
        Filter::In(run, vec!["r1".to_owned()]),
        Filter::In(group, vec!["g".to_owned()]),
    ];
    assert_eq!(query.filter, Some(Filter::Any(parts)));
    let month = read(json!({"/timeframe": "MonthToDate"})).unwrap();
    assert_eq!(month.days.0.to_string(), "2026-11-01");
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let check = |change: Value, status: u16, words: &str| {
        let error = read(change).unwrap_err();
        assert_eq!(error.status, status, "{}", error.message);
        assert!(error.message.contains(words), "{}", error.message);
    };
    check(json!({"/type": "FocusCost"}), 400, "type 'FocusCost'");
    check(json!({"/moon": 1}), 400, "the query has no member moon");
    check(json!({"/timeframe": "Someday"}), 400, "timeframe 'Someday'");
    check(json!({"/timeframe": "TheLastMonth"}), 501, "TheLastMonth");
    check(json!({"/timePeriod/to": "2026-11-27"}), 400, "ends before");
    check(
        json!({"/timePeriod/to": "later"}),
        400,
        "timePeriod.to 'later'",
    );
    check(json!({"/timePeriod/to": "2028-11-27"}), 400, "too long");
    check(json!({"/dataset/granularity": "Hourly"}), 400, "'Hourly'");
    check(json!({"/dataset/sorting": []}), 501, "sorting");
    check(json!({"/dataset/aggregation": {}}), 400, "0 aggregations");
    let mean = json!({"a": {"name": "Cost", "function": "Mean"}});
    check(
        json!({"/dataset/aggregation": mean}),
        400,
        "function 'Mean'",
    );
    let by = |name: &str| json!({"type": "Dimension", "name": name});
    check(
        json!({"/dataset/grouping": [by("Mood")]}),
        400,
        "dimension 'Mood'",
    );
    check(
        json!({"/dataset/grouping": [by("ServiceName")]}),
        501,
        "ServiceName",
    );
    let three = json!([by("Meter"), by("ResourceId"), by("ChargeType")]);
    check(json!({"/dataset/grouping": three}), 400, "3 groupings");
    let one = json!({"dimensions": {"name": "Meter", "operator": "In", "values": ["x"]}});
    check(
        json!({"/dataset/filter": {"and": [one]}}),
        400,
        "at least two",
    );
    check(json!({"/dataset/filter": {"not": one}}), 501, "not");
    let contains = json!({"tags": {"name": "a", "operator": "Contains", "values": ["x"]}});
    check(
        json!({"/dataset/filter": contains}),
        400,
        "operator 'Contains'",
    );
}
