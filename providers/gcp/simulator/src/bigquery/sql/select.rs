//! Runs a query: rows, their filter, groups, order and limit.

use std::collections::BTreeMap;

use super::bind::{Bound, Scope};
use super::evaluate::{Group, Row, evaluate, found, holds, of_type};
use super::syntax::{Expression, Item, Kind, Query};
use super::value::{Type, Value};
use super::{Parameters, SqlError, Tables};

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) of: Type,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// A query whose names are bound.
struct Plan {
    joins: Vec<BoundJoin>,
    filter: Option<Bound>,
    keys: Vec<Bound>,
    is_grouped: bool,
    items: Vec<Bound>,
    order: Vec<(Bound, bool)>,
    columns: Vec<Column>,
}

struct BoundJoin {
    list: Bound,
    is_left: bool,
    on: Option<Bound>,
}

pub(super) fn run(
    query: &Query,
    parameters: &Parameters,
    tables: &dyn Tables,
    is_dry: bool,
) -> Result<Rows, SqlError> {
    let plan = plan(query, parameters, tables)?;
    let columns = plan.columns.clone();
    if is_dry {
        return Ok(Rows {
            columns,
            rows: Vec::new(),
        });
    }
    // A query without a table has one row.
    let table = query.from.as_ref().map(|from| tables.rows(&from.table));
    let table = table.unwrap_or_else(|| vec![Vec::new()]);
    let table: Vec<Value> = table.into_iter().map(Value::Record).collect();
    let mut rows: Vec<Row<'_>> = table.iter().map(|row| vec![row]).collect();
    for join in &plan.joins {
        rows = joined(join, rows)?;
    }
    let mut kept = Vec::new();
    for row in rows {
        if holds(plan.filter.as_ref(), &row)? {
            kept.push(row);
        }
    }
    let mut results = computed(&plan, kept)?;
    results.sort_by(|(one, _), (two, _)| {
        let each = one.iter().zip(two).zip(&plan.order);
        let orders = each.map(|((one, two), (_, is_descending))| {
            let order = one.cmp(two);
            if *is_descending {
                order.reverse()
            } else {
                order
            }
        });
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    let mut rows: Vec<Vec<Value>> = results.into_iter().map(|(_, row)| row).collect();
    rows.truncate(query.limit.unwrap_or(usize::MAX));
    Ok(Rows { columns, rows })
}

/// A row of the result, after what it is ordered by.
type Ordered = (Vec<Value>, Vec<Value>);

/// The rows of the result, each with what it is ordered by.
fn computed(plan: &Plan, rows: Vec<Row<'_>>) -> Result<Vec<Ordered>, SqlError> {
    let result = |row: &[&Value], group: Option<Group<'_, '_>>| {
        let items = plan.items.iter().zip(&plan.columns);
        let items = items.map(|(item, column)| {
            let value = evaluate(item, row, group)?;
            Ok(of_type(value, column.of))
        });
        let items = items.collect::<Result<Vec<_>, SqlError>>()?;
        let order = plan.order.iter().map(|(by, _)| evaluate(by, row, group));
        Ok((order.collect::<Result<Vec<_>, SqlError>>()?, items))
    };
    if !plan.is_grouped {
        return rows.iter().map(|row| result(row, None)).collect();
    }
    let mut groups: BTreeMap<Vec<Value>, Vec<Row<'_>>> = BTreeMap::new();
    if plan.keys.is_empty() {
        // Without keys there is one group, even of no rows.
        groups.insert(Vec::new(), Vec::new());
    }
    for row in rows {
        let keys = plan.keys.iter().map(|key| evaluate(key, &row, None));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        groups.entry(keys).or_default().push(row);
    }
    let groups = groups.iter();
    groups
        .map(|(keys, rows)| result(&[], Some(Group { keys, rows })))
        .collect()
}

const NULL: &Value = &Value::Null;

fn joined<'v>(join: &BoundJoin, rows: Vec<Row<'v>>) -> Result<Vec<Row<'v>>, SqlError> {
    let mut all = Vec::new();
    for row in rows {
        let before = all.len();
        if let Bound::Path(slot, indices, _) = &join.list
            && let Value::List(elements) = found(&row, *slot, indices)
        {
            for element in elements {
                let mut with = row.clone();
                with.push(element);
                if holds(join.on.as_ref(), &with)? {
                    all.push(with);
                }
            }
        }
        if join.is_left && all.len() == before {
            let mut with = row;
            with.push(NULL);
            all.push(with);
        }
    }
    Ok(all)
}

fn plan(query: &Query, parameters: &Parameters, tables: &dyn Tables) -> Result<Plan, SqlError> {
    let mut scope = Scope {
        slots: Vec::new(),
        parameters,
    };
    let mut joins = Vec::new();
    if let Some(from) = &query.from {
        let columns = tables.columns(&from.table)?;
        let last = from.table.rsplit('.').next().map(str::to_owned);
        scope.slots.push((from.alias.clone().or(last), columns));
        for join in &from.joins {
            let (list, fields) = scope.list(&join.unnest)?;
            scope.slots.push((join.unnest.alias.clone(), fields));
            let on = join.on.as_ref();
            joins.push(BoundJoin {
                list,
                is_left: join.is_left,
                on: on.map(|on| scope.condition(on)).transpose()?,
            });
        }
    }
    let filter = query.filter.as_ref();
    let filter = filter.map(|filter| scope.condition(filter)).transpose()?;
    let is_wrong = filter.as_ref().is_some_and(Bound::has_aggregate);
    if let Some(place) = query
        .filter
        .as_ref()
        .map(|filter| filter.place)
        .filter(|_| is_wrong)
    {
        return Err(place.error("Aggregate function not allowed in WHERE clause"));
    }
    let (items, columns) = items(&scope, &query.items)?;
    let keys = query
        .groups
        .iter()
        .map(|by| of_item(&scope, by, query, &items));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let order = query.order.iter().map(|(by, is_descending)| {
        let bound = of_item(&scope, by, query, &items)?;
        Ok((bound, *is_descending))
    });
    let mut order = order.collect::<Result<Vec<_>, SqlError>>()?;
    let mut items = items;
    let is_grouped = !keys.is_empty() || items.iter().any(Bound::has_aggregate);
    if is_grouped {
        let of_groups = |bound: Bound| bound.grouped(&keys);
        items = items.into_iter().map(of_groups).collect::<Result<_, _>>()?;
        let all = order.into_iter();
        let all = all.map(|(by, is_descending)| Ok((of_groups(by)?, is_descending)));
        order = all.collect::<Result<_, SqlError>>()?;
    }
    Ok(Plan {
        joins,
        filter,
        keys,
        is_grouped,
        items,
        order,
        columns,
    })
}

fn items(scope: &Scope<'_>, all: &[Item]) -> Result<(Vec<Bound>, Vec<Column>), SqlError> {
    let mut bound = Vec::new();
    let mut columns = Vec::new();
    for (index, item) in all.iter().enumerate() {
        let (one, of) = scope.bind(&item.expression)?;
        if matches!(of, Type::Record(_) | Type::List(_)) {
            let what = format!("a column of type {} in the result", of.name());
            return Err(item.expression.place.not_simulated(what));
        }
        let name = name(item).unwrap_or_else(|| format!("f{index}_"));
        columns.push(Column { name, of });
        bound.push(one);
    }
    Ok((bound, columns))
}

/// The name of a column: its alias, or the last part of a path.
fn name(item: &Item) -> Option<String> {
    let path = || match &item.expression.kind {
        Kind::Path(parts) => parts.last().cloned(),
        _ => None,
    };
    item.alias.clone().or_else(path)
}

/// What is grouped or ordered by: a column of the result by its number or name, or any expression.
fn of_item(
    scope: &Scope<'_>,
    by: &Expression,
    query: &Query,
    items: &[Bound],
) -> Result<Bound, SqlError> {
    if let Kind::Number(number) = &by.kind {
        let index = usize::try_from(*number)
            .ok()
            .and_then(|one| one.checked_sub(1));
        let item = index.and_then(|index| items.get(index)).cloned();
        return item.ok_or_else(|| by.place.error("There is no column of this number"));
    }
    if let Kind::Path(parts) = &by.kind
        && let [one] = parts.as_slice()
    {
        let mut names = query.items.iter().map(name);
        let found = names.position(|name| name.is_some_and(|name| name.eq_ignore_ascii_case(one)));
        if let Some(item) = found.and_then(|index| items.get(index)) {
            return Ok(item.clone());
        }
    }
    scope.bind(by).map(|(bound, _)| bound)
}
