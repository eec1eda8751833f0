//! A table on a terminal: which columns shrink, and the fallback when none can. The only code that uses the table
//! library.

use comfy_table::{
    Cell as TableCell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle,
};
use kubeproof_contract::check::Verdict;

use super::wrapped;
use crate::page::{Align, Cell, Grid};

/// The minimum width for long text.
const LEAST_TEXT: usize = 12;
/// Room that every column takes beside its text.
const PADDING: usize = 3;

/// The table as lines of text no wider than `width`, where any layout allows it.
pub fn render(grid: &Grid, width: usize) -> String {
    match Layout::of(grid, width) {
        Layout::Columns { room } => columns(grid, width, room),
        Layout::Stacked => stacked(grid, width),
    }
}

enum Layout {
    /// Side by side; a single long column has this much room.
    Columns { room: Option<usize> },
    /// Below each other, for a terminal too narrow for columns.
    Stacked,
}

impl Layout {
    fn of(grid: &Grid, width: usize) -> Self {
        let widths: Vec<(Align, usize)> = grid
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| (column.align, natural(grid, index)))
            .collect();
        let of = |is_long: bool| {
            widths
                .iter()
                .filter(move |(align, _)| (*align == Align::Long) == is_long)
        };
        let taken: usize =
            of(false).map(|(_, width)| width).sum::<usize>() + PADDING * widths.len();
        let least: usize = of(true).map(|(_, width)| *width.min(&LEAST_TEXT)).sum();
        if taken + least > width {
            return Self::Stacked;
        }
        let room = (of(true).count() == 1).then(|| width.saturating_sub(taken));
        Self::Columns { room }
    }
}

/// The width of a column's widest line.
fn natural(grid: &Grid, index: usize) -> usize {
    let title = grid
        .columns
        .get(index)
        .map_or(0, |column| column.title.chars().count());
    grid.rows
        .iter()
        .filter_map(|row| row.get(index))
        .flat_map(lines)
        .map(|line| line.chars().count())
        .fold(title, usize::max)
}

fn columns(grid: &Grid, width: usize, room: Option<usize>) -> String {
    let rule = LineStyle::none().fill('─').junction('─');
    let mut table = Table::new();
    table
        .load_style(TableStyle::new().header_separator(rule))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(grid.columns.iter().map(|column| column.title));
    for (index, column) in grid.columns.iter().enumerate() {
        if let Some(drawn) = table.column_mut(index) {
            if column.align != Align::Long {
                drawn.set_constraint(ColumnConstraint::ContentWidth);
            }
            if column.align == Align::Right {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    for row in &grid.rows {
        // Passes are shortened to a line; anything else is shown in full.
        let room = room.filter(|_| row.iter().any(is_settled));
        table.add_row(row.iter().zip(&grid.columns).map(|(cell, column)| {
            let lines = lines(cell);
            TableCell::new(match room {
                Some(room) if column.align == Align::Long => {
                    let short: Vec<_> = lines.iter().map(|line| shortened(line, room)).collect();
                    short.join("\n")
                }
                _ => lines.join("\n"),
            })
        }));
    }
    table.trim_fmt()
}

/// Each row as a heading, its first cell, with a line for every other cell that is not empty.
fn stacked(grid: &Grid, width: usize) -> String {
    let label = grid
        .columns
        .iter()
        .map(|column| column.title.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = Vec::new();
    for row in &grid.rows {
        for (index, (cell, column)) in row.iter().zip(&grid.columns).enumerate() {
            let value = cell.in_line();
            let title = format!("   {:<label$}  ", column.title);
            // If the titles leave no room, continuation lines start below them.
            let set_in = if title.len() + LEAST_TEXT > width {
                5
            } else {
                title.len()
            };
            match index {
                0 => text.push(wrapped(&value, width, " ", "  ")),
                _ if value.is_empty() => {}
                _ => text.push(wrapped(&value, width, &title, &" ".repeat(set_in))),
            }
        }
    }
    text.concat().trim_end_matches('\n').to_owned()
}

fn is_settled(cell: &Cell) -> bool {
    let Cell::Verdict { verdict, .. } = cell else {
        return false;
    };
    matches!(verdict, Verdict::Pass | Verdict::Skipped)
}

fn lines(cell: &Cell) -> Vec<String> {
    match cell {
        Cell::Text(text) => vec![text.clone()],
        Cell::Pair(upper, lower) => vec![upper.clone(), lower.clone()],
        Cell::Verdict { tier, .. } => {
            let mut lines = vec![cell.counted()];
            lines.extend((!tier.is_empty()).then(|| tier.clone()));
            lines
        }
    }
}

fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Column;

    fn check_evidence(verdict: Verdict) -> Grid {
        let column = |title, align| Column { title, align };
        let cell = Cell::Verdict {
            verdict,
            count: String::new(),
            tier: String::new(),
        };
        Grid {
            title: "",
            columns: vec![
                column("Verdict", Align::Left),
                column("Evidence", Align::Long),
            ],
            rows: vec![vec![
                cell,
                Cell::Text("one two three four five six seven".to_owned()),
            ]],
        }
    }

    #[test]
    fn shortened_text_says_so_and_fits() {
        assert_eq!(shortened("12345", 5), "12345");
        assert_eq!(shortened("123456", 5), "1234…");
    }

    #[test]
    fn evidence_of_a_pass_is_cut_to_a_line_and_that_of_a_failure_is_whole() {
        let pass = render(&check_evidence(Verdict::Pass), 40);
        let fail = render(&check_evidence(Verdict::Fail), 40);
        assert!(pass.contains('…') && !pass.contains("seven"), "{pass}");
        assert!(!fail.contains('…') && fail.contains("seven"), "{fail}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [30, 40, 80] {
            let text = render(&check_evidence(Verdict::Fail), width);
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{width}: {text}"
            );
        }
    }

    #[test]
    fn a_terminal_too_narrow_for_columns_gets_a_line_for_each_cell() {
        let text = render(&check_evidence(Verdict::Unknown), 20);
        assert_eq!(
            text,
            " ? unknown\n   Evidence  one two\n     three four five\n     six seven"
        );
    }
}
