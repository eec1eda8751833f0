//! The cost of a trial as bars: what was claimed, estimated, metered and billed, each beside its figure, with the gap as text.

use std::fmt::Write as _;

use kubeproof_contract::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::element::{block, percent, text, wide};
use crate::money::usd_per_hour;
use crate::page::cost::{blocks, figures};
use crate::page::{Block, Cell, Grid};
use crate::record::{Cost, Record};

/// The columns of the table that hold amounts, and the class of their bars.
const AMOUNTS: [(usize, &str); 3] = [(2, "estimated"), (3, "metered"), (4, "billed")];

/// The cost of a trial.
pub fn cost(record: &Record, heading: &str) -> String {
    let mut html = String::new();
    for one in blocks(record) {
        match &one {
            Block::Grid(grid) => {
                let (title, rates) = (text(grid.title), rates(&record.cost));
                let _ = write!(html, "<{heading}>{title}</{heading}>\n{rates}");
                let table = lines(&record.cost, grid);
                html.push_str(&wide("Cost by line", &table));
            }
            other => html.push_str(&block(other)),
        }
    }
    html
}

/// What is claimed beside the list price, an hour.
fn rates(cost: &Cost) -> String {
    let (Some(claimed), Some(list)) = (cost.claimed_usd_per_hour, cost.list_usd_per_hour) else {
        return String::new();
    };
    let most = claimed.max(list);
    let row = |title: &str, class: &str, amount: Decimal| {
        format!(
            "<tr><th scope=\"row\">{title}</th><td class=\"right\">{}</td><td>{}</td></tr>\n",
            text(&usd_per_hour(amount)),
            bar(class, Some(amount), most)
        )
    };
    let rows = row("Claimed", "claimed", claimed) + &row("List price", "list", list);
    let header = "<th scope=\"col\">An hour</th><th scope=\"col\" class=\"right\">$/h</th><th scope=\"col\">Share</th>";
    wide(
        "Claim and list price",
        &format!(
            "<table class=\"rates\">\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
        ),
    )
}

/// The lines, with a bar below each amount. Bars of lines are drawn to the largest line, those of the total to the total.
fn lines(cost: &Cost, grid: &Grid) -> String {
    let header: String = grid
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let class = if is_figure(index) {
                " class=\"right\""
            } else {
                ""
            };
            format!("<th scope=\"col\"{class}>{}</th>", text(column.title))
        })
        .collect();
    let amounts = figures(cost);
    let most = |of: &[[Option<Decimal>; 3]]| {
        let all = of.iter().flatten().flatten().copied();
        all.max().unwrap_or_default()
    };
    let (total, of_lines) = amounts.split_last().unwrap_or((&[None; 3], &[]));
    let (most_of_lines, most_of_total) = (most(of_lines), most(std::slice::from_ref(total)));
    let mut rows = String::new();
    for (number, (row, amounts)) in grid.rows.iter().zip(&amounts).enumerate() {
        let most = if number == of_lines.len() {
            most_of_total
        } else {
            most_of_lines
        };
        let cells = row.iter().enumerate();
        let cells: String = cells
            .map(|(index, cell)| self::cell(index, cell, amounts, most))
            .collect();
        let _ = writeln!(rows, "<tr>{cells}</tr>");
    }
    format!(
        "<table class=\"costs\">\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
    )
}

fn is_figure(column: usize) -> bool {
    (1..=4).contains(&column)
}

fn cell(index: usize, cell: &Cell, amounts: &[Option<Decimal>; 3], most: Decimal) -> String {
    let content = super::element::cell(cell);
    if index == 0 {
        return format!("<th scope=\"row\">{content}</th>");
    }
    let found = AMOUNTS.iter().zip(amounts);
    let bar = found
        .filter(|((column, _), _)| *column == index)
        .map(|((_, class), amount)| bar(class, *amount, most))
        .collect::<String>();
    let class = if is_figure(index) {
        " class=\"right\""
    } else {
        ""
    };
    format!("<td{class}>{content}{bar}</td>")
}

/// A bar for an amount. An unknown amount has none, nor has one below zero.
fn bar(class: &str, amount: Option<Decimal>, most: Decimal) -> String {
    let share = amount.and_then(|amount| amount.checked_div(most));
    let share = share.filter(Decimal::is_sign_positive);
    let Some(thousandths) =
        share.and_then(|it| it.checked_mul(Decimal::ONE_THOUSAND)?.round().to_u64())
    else {
        return String::new();
    };
    format!(
        "<span class=\"amount {class}\" style=\"width:{}\" aria-hidden=\"true\"></span>",
        percent(thousandths, 1000)
    )
}
