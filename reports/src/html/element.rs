//! The pieces that every part of the page is made of: escaped text, verdicts, tables, folded parts.

use kubeproof_contract::check::Verdict;

use crate::page::{Align, Block, Cell, Grid};
use crate::word::{clean, word};

/// Text of a record, on one line and without markup.
pub fn text(raw: &str) -> String {
    escape(&clean(raw))
}

/// Text without markup, for content and for attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A verdict as symbol and word, in its colour.
pub fn verdict(verdict: Verdict) -> String {
    format!("<span class=\"verdict {verdict}\">{}</span>", word(verdict))
}

/// A part that is folded until it is asked for.
pub fn details(summary: &str, open: bool, content: &str) -> String {
    let open = if open { " open" } else { "" };
    format!(
        "<details{open}><summary>{}</summary>\n{content}</details>\n",
        text(summary)
    )
}

/// What may be wider than the screen, and is scrolled by itself then; the keyboard can reach it.
pub fn wide(label: &str, content: &str) -> String {
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"{}\">{content}</div>\n",
        text(label)
    )
}

/// A block as HTML.
pub fn block(block: &Block) -> String {
    match block {
        Block::Line(line) => format!("<p>{}</p>\n", escape(line)),
        Block::Facts(pairs) => facts(pairs),
        Block::Grid(grid) => self::grid(grid, "h3"),
        // Findings have a part of their own.
        Block::Finding { .. } => String::new(),
    }
}

/// Labels with their values.
pub fn facts(pairs: &[(&'static str, String)]) -> String {
    let pairs: String = pairs
        .iter()
        .map(|(label, value)| format!("<dt>{label}</dt><dd>{}</dd>\n", escape(value)))
        .collect();
    format!("<dl>\n{pairs}</dl>\n")
}

/// A table with its title as a heading of this level.
pub fn grid(grid: &Grid, heading: &str) -> String {
    let title = if grid.title.is_empty() {
        String::new()
    } else {
        format!("<{heading}>{}</{heading}>\n", escape(grid.title))
    };
    let label = if grid.title.is_empty() {
        "Table"
    } else {
        grid.title
    };
    title + &wide(label, &table(grid))
}

/// The table alone.
pub fn table(grid: &Grid) -> String {
    let header: String = grid
        .columns
        .iter()
        .map(|column| {
            let (class, title) = (class(column.align), escape(column.title));
            format!("<th scope=\"col\"{class}>{title}</th>")
        })
        .collect();
    let rows: String = grid
        .rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&grid.columns).enumerate();
            let cells: String = cells
                .map(|(index, (cell, column))| {
                    let class = class(column.align);
                    let cell = self::cell(cell);
                    match index {
                        0 => format!("<th scope=\"row\"{class}>{cell}</th>"),
                        _ => format!("<td{class}>{cell}</td>"),
                    }
                })
                .collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    format!("<table>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>")
}

fn class(align: Align) -> &'static str {
    if align == Align::Right {
        " class=\"right\""
    } else {
        ""
    }
}

/// The content of a cell.
pub fn cell(cell: &Cell) -> String {
    let below = |text: &str| format!("<br><span class=\"tier\">{}</span>", escape(text));
    match cell {
        Cell::Text(text) => escape(text),
        Cell::Pair(upper, lower) => escape(upper) + &below(lower),
        Cell::Verdict {
            verdict,
            count,
            tier,
        } => {
            let mut html = self::verdict(*verdict);
            if !count.is_empty() {
                html.push(' ');
                html.push_str(&escape(count));
            }
            if !tier.is_empty() {
                html.push_str(&below(tier));
            }
            html
        }
    }
}

/// A part of a whole in percent, as CSS writes it.
pub fn percent(part: u64, whole: u64) -> String {
    let whole = u128::from(whole.max(1));
    let tenths = (u128::from(part) * 1000 / whole).min(1000);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_with_one_decimal_and_never_above_the_whole() {
        let check = |part, whole, expected: &str| assert_eq!(percent(part, whole), expected);
        check(1, 3, "33.3%");
        check(0, 0, "0.0%");
        check(7, 3, "100.0%");
        check(u64::MAX, u64::MAX, "100.0%");
    }

    #[test]
    fn text_cannot_leave_an_attribute_or_open_a_tag() {
        assert_eq!(
            text("a\" onclick='x' <b>\u{1b}&"),
            "a&quot; onclick=&#39;x&#39; &lt;b&gt; &amp;"
        );
    }
}
