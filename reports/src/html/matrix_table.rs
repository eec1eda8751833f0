//! The matrix, every cell linked to its evidence, with the reason of each that is not a pass below it.

use super::element::{cell, escape, wide};
use crate::cells::Area;
use crate::judge;
use crate::matrix::{Group, groups};
use crate::page::{Block, Cell, Section};
use crate::record::Record;

/// The matrix of these records. `matrix` is its section as every format shows it.
pub fn matrix(records: &[Record], matrix: &Section) -> String {
    let groups = groups(records);
    let mut html = String::new();
    // How many trials there are stands in the heading of the page.
    for block in matrix.blocks.iter().skip(1) {
        match block {
            Block::Grid(grid) => {
                let titles = grid.columns.iter();
                let header: String = titles
                    .map(|column| format!("<th scope=\"col\">{}</th>", escape(column.title)))
                    .collect();
                let rows: String = grid
                    .rows
                    .iter()
                    .enumerate()
                    .map(|(index, row)| self::row(records, (index, &groups[index]), row))
                    .collect();
                let table = format!(
                    "<table>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
                );
                html.push_str(&wide("Matrix", &table));
            }
            other => html.push_str(&super::element::block(other)),
        }
    }
    html
}

fn row(records: &[Record], (index, group): (usize, &Group<'_>), row: &[Cell]) -> String {
    let mut html = String::new();
    for (column, content) in row.iter().enumerate() {
        let content = cell(content);
        let area = column.checked_sub(1).and_then(|it| Area::ALL.get(it));
        let href = area.and_then(|area| evidence(records, (index, group), *area));
        match (column, href) {
            (0, _) => html.push_str(&format!("<th scope=\"row\">{content}</th>")),
            (_, Some(href)) => html.push_str(&format!(
                "<td><a class=\"cell\" href=\"#{href}\">{content}</a></td>"
            )),
            (_, None) => html.push_str(&format!("<td>{content}</td>")),
        }
    }
    format!("<tr>{html}</tr>\n")
}

/// The anchor of what a cell was judged by: of the trials of the row, the one that gives the cell its verdict.
fn evidence(records: &[Record], (index, group): (usize, &Group<'_>), area: Area) -> Option<String> {
    if area == Area::Recovery && !group.failures.is_empty() {
        return Some(format!("failures-{}", index + 1));
    }
    let judged = |record: &&&Record| judge::area(record, area);
    let worst = group.main.iter().map(|record| judge::area(record, area));
    let worst = worst.reduce(judge::both)?;
    let main = group
        .main
        .iter()
        .find(|record| judged(record).0 == worst.0)?;
    let number = number(records, main)?;
    let part = match area {
        Area::Provisioning if main.checks.is_empty() => "phases",
        Area::Provisioning => "checks",
        Area::Execution => "phases",
        Area::Cleanup => "audit",
        Area::Cost => "cost",
        Area::Recovery => return Some(format!("trial-{number}")),
    };
    Some(format!("trial-{number}-{part}"))
}

/// The number of a record on the page, from 1.
pub fn number(records: &[Record], record: &Record) -> Option<usize> {
    let index = records.iter().position(|it| std::ptr::eq(it, record))?;
    Some(index + 1)
}
