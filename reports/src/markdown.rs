//! The report as Markdown, for a page or a pull request.

use crate::format::Style;
use crate::page::{Align, Block, Grid, Page, Section, page};
use crate::record::Record;
use crate::word::word;

/// The records as Markdown.
pub fn render(records: &[Record], style: &Style) -> String {
    of_page(&style.of_criteria(page(records)))
}

/// A page as Markdown.
pub(crate) fn of_page(page: &Page) -> String {
    let sections: Vec<String> = page.sections.iter().map(section).collect();
    format!("# kubeproof\n\n{}", sections.join("\n"))
}

fn section(section: &Section) -> String {
    let verdict = section
        .verdict
        .map(|verdict| format!(": {}", word(verdict)))
        .unwrap_or_default();
    let mut text = format!("## {}{verdict}\n", escape(&section.title));
    for block in &section.blocks {
        text.push('\n');
        text.push_str(&self::block(block));
    }
    text
}

fn block(block: &Block) -> String {
    match block {
        Block::Line(line) => format!("{}\n", paragraph(line)),
        Block::Facts(facts) => facts
            .iter()
            .map(|(label, value)| format!("- **{label}**: {}\n", escape(value)))
            .collect(),
        Block::Grid(grid) => self::grid(grid),
        Block::Finding {
            title,
            message,
            replay,
        } => {
            let fence = fence(replay);
            format!(
                "**✗ {}**: {}\n\n{fence}sh\n{replay}\n{fence}\n",
                escape(title),
                escape(message)
            )
        }
    }
}

fn grid(grid: &Grid) -> String {
    let header: Vec<String> = grid
        .columns
        .iter()
        .map(|column| escape(column.title))
        .collect();
    let rule: Vec<&str> = grid
        .columns
        .iter()
        .map(|column| {
            if column.align == Align::Right {
                "---:"
            } else {
                "---"
            }
        })
        .collect();
    let mut text = if grid.title.is_empty() {
        String::new()
    } else {
        format!("### {}\n\n", grid.title)
    };
    text.push_str(&line(&header));
    text.push_str(&line(&rule));
    for row in &grid.rows {
        text.push_str(&line(
            &row.iter()
                .map(|cell| escape(&cell.in_line()))
                .collect::<Vec<_>>(),
        ));
    }
    text
}

fn line(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A backslash before whatever Markdown or HTML would read as markup. An underscore inside a word
/// is none, so identifiers stay readable.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let inside =
            before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        let markup = matches!(
            c,
            '\\' | '|' | '<' | '>' | '&' | '*' | '`' | '[' | ']' | '~'
        ) || (c == '_' && !inside);
        if markup {
            escaped.push('\\');
        }
        escaped.push(c);
        before = c;
    }
    escaped
}

/// A line on its own: what would make it a list, a heading or a rule at its start is escaped too.
fn paragraph(text: &str) -> String {
    let escaped = escape(text);
    if escaped.starts_with(['-', '+', '=', '#']) {
        format!("\\{escaped}")
    } else {
        escaped
    }
}

/// A fence longer than any run of back-ticks in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_is_escaped_and_identifiers_are_left_readable() {
        assert_eq!(escape("a|b<script>"), "a\\|b\\<script\\>");
        assert_eq!(escape("net.flow_logs"), "net.flow_logs");
        assert_eq!(
            escape("_x_ *y* [z](u) `c` \\|"),
            "\\_x\\_ \\*y\\* \\[z\\](u) \\`c\\` \\\\\\|"
        );
        assert_eq!(paragraph("- no list"), "\\- no list");
    }

    #[test]
    fn a_command_with_back_ticks_cannot_leave_its_fence() {
        assert_eq!(fence("plain"), "```");
        assert_eq!(fence("a ```` b"), "`````");
    }
}
