//! The report for a terminal: width and colour.

use kubeproof_contract::check::Verdict;

use crate::format::Style;
use crate::page::{Block, Page, Section, brief, page};
use crate::record::Record;
use crate::word::{VERDICTS, word};

mod grid;

/// Columns of a terminal whose width is not known.
const USUAL_WIDTH: usize = 100;
/// Below this width lines would break too often: the report is then wider than the terminal.
const LEAST_WIDTH: usize = 30;

/// The records as text for a terminal.
pub fn render(records: &[Record], style: &Style) -> String {
    let page = if style.brief {
        brief(records)
    } else {
        page(records)
    };
    of_page(&style.of_criteria(page), style)
}

/// A page as text for a terminal.
pub(crate) fn of_page(page: &Page, style: &Style) -> String {
    let width = style
        .width
        .map_or(USUAL_WIDTH, usize::from)
        .max(LEAST_WIDTH);
    let sections: Vec<String> = page
        .sections
        .iter()
        .map(|each| section(each, width, style.colour))
        .collect();
    let text = sections.join("\n");
    if style.colour { coloured(&text) } else { text }
}

fn section(section: &Section, width: usize, colour: bool) -> String {
    let verdict = section
        .verdict
        .map(|verdict| format!("{}  ", word(verdict)))
        .unwrap_or_default();
    let head = wrapped(&section.title, width, &verdict, "  ");
    let title = head.strip_prefix(&verdict).unwrap_or(&head).trim_end();
    let mut text = if colour {
        format!("{verdict}\u{1b}[1m{title}\u{1b}[0m\n")
    } else {
        format!("{verdict}{title}\n")
    };
    let mut after_grid = false;
    for block in &section.blocks {
        let is_grid = matches!(block, Block::Grid(_));
        if is_grid || after_grid {
            text.push('\n');
        }
        text.push_str(&self::block(block, width));
        after_grid = is_grid;
    }
    text
}

fn block(block: &Block, width: usize) -> String {
    match block {
        Block::Line(line) => wrapped(line, width, " ", " "),
        Block::Facts(facts) => facts
            .iter()
            .map(|(label, value)| wrapped(value, width, &format!(" {label:<7}"), "        "))
            .collect(),
        Block::Grid(grid) => format!("{}\n", grid::render(grid, width)),
        Block::Finding {
            title,
            message,
            replay,
        } => {
            let what = wrapped(&format!("{title}: {message}"), width, " ✗ ", "   ");
            // The command stays on one line, however long: it is there to be copied.
            format!("{what}   replay: {replay}\n")
        }
    }
}

/// Text broken at spaces; `first` stands before its first line and `other` before the rest.
pub fn wrapped(text: &str, width: usize, first: &str, other: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        let needed = line.chars().count() + usize::from(!empty) + word.chars().count();
        if !empty && needed > width {
            lines.push(std::mem::replace(&mut line, other.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
        .into_iter()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// Colours the verdicts after the layout, because escape sequences have no width.
fn coloured(text: &str) -> String {
    VERDICTS.into_iter().fold(text.to_owned(), |text, verdict| {
        let code = match verdict {
            Verdict::Pass => 32,
            Verdict::Fail => 31,
            Verdict::Unknown => 33,
            Verdict::Pending => 36,
            Verdict::Skipped => 90,
        };
        let plain = word(verdict);
        text.replace(&plain, &format!("\u{1b}[{code}m{plain}\u{1b}[0m"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_keep_their_indent() {
        assert_eq!(
            wrapped("aa bb cc", 7, " x ", "   "),
            " x aa\n   bb\n   cc\n"
        );
        assert_eq!(wrapped("aa bb", 8, " x ", "   "), " x aa bb\n");
        assert_eq!(
            wrapped("longer-than-the-line", 5, "", ""),
            "longer-than-the-line\n"
        );
    }
}
