//! The report as one HTML page that needs no other file and runs no script.

use crate::page::{Align, Block, Cell, Grid, Page, Section, page};
use crate::record::Record;
use crate::word::{VERDICTS, word};
use kubeproof_contract::check::Verdict;

/// Colours have a contrast of at least 4.5 to their ground, in the light and in the dark.
const LOOK: &str = "
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1f24; --line: #d0d7de; --faint: #57606a;
  --pass: #116329; --fail: #a40e26; --unknown: #7d4e00; --pending: #0550ae; --skipped: #57606a; }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --ink: #e6edf3; --line: #30363d;
  --faint: #9198a1; --pass: #56d364; --fail: #ff7b72; --unknown: #e3b341; --pending: #79c0ff;
  --skipped: #9198a1; } }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; background: var(--ground);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .75rem 0; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--faint); font-weight: 600; white-space: nowrap; }
.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.verdict { font-weight: 600; white-space: nowrap; }
.tier { color: var(--faint); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
.finding { border-left: 4px solid var(--fail); padding: .1rem 1rem; margin: 1rem 0; }
pre { overflow-x: auto; white-space: pre-wrap; }
";

/// The records as a page.
pub fn render(records: &[Record]) -> String {
    of_page(&page(records))
}

/// A page as HTML.
pub(crate) fn of_page(page: &Page) -> String {
    let sections: String = page.sections.iter().map(section).collect();
    let colours: String = VERDICTS
        .iter()
        .map(|verdict| format!(".{verdict} {{ color: var(--{verdict}); }}\n"))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>kubeproof</title>\n<style>{LOOK}{colours}</style>\n</head>\n<body>\n\
         <h1>kubeproof</h1>\n{sections}</body>\n</html>\n"
    )
}

fn section(section: &Section) -> String {
    let verdict = section
        .verdict
        .map(|verdict| format!(" {}", shown(verdict)))
        .unwrap_or_default();
    let blocks: String = section.blocks.iter().map(block).collect();
    format!(
        "<section>\n<h2>{}{verdict}</h2>\n{blocks}</section>\n",
        escape(&section.title)
    )
}

fn block(block: &Block) -> String {
    match block {
        Block::Line(line) => format!("<p>{}</p>\n", escape(line)),
        Block::Facts(facts) => {
            let facts: String = facts
                .iter()
                .map(|(label, value)| format!("<dt>{label}</dt><dd>{}</dd>\n", escape(value)))
                .collect();
            format!("<dl>\n{facts}</dl>\n")
        }
        Block::Grid(grid) => self::grid(grid),
        Block::Finding {
            title,
            message,
            replay,
        } => format!(
            "<div class=\"finding\">\n<p><strong>✗ {}</strong>: {}</p>\n\
             <pre><code>{}</code></pre>\n</div>\n",
            escape(title),
            escape(message),
            escape(replay)
        ),
    }
}

fn grid(grid: &Grid) -> String {
    let class = |align| {
        if align == Align::Right {
            " class=\"right\""
        } else {
            ""
        }
    };
    let header: String = grid
        .columns
        .iter()
        .map(|column| format!("<th{}>{}</th>", class(column.align), escape(column.title)))
        .collect();
    let rows: String = grid
        .rows
        .iter()
        .map(|row| {
            let cells: String = row
                .iter()
                .zip(&grid.columns)
                .map(|(each, column)| format!("<td{}>{}</td>", class(column.align), cell(each)))
                .collect();
            format!("<tr>{cells}</tr>\n")
        })
        .collect();
    let title = if grid.title.is_empty() {
        String::new()
    } else {
        format!("<h3>{}</h3>\n", grid.title)
    };
    format!(
        "{title}<div class=\"wide\"><table>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}\
         </tbody>\n</table></div>\n"
    )
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => escape(text),
        Cell::Pair(upper, lower) => format!(
            "{}<br><span class=\"tier\">{}</span>",
            escape(upper),
            escape(lower)
        ),
        Cell::Verdict {
            verdict,
            count,
            tier,
        } => {
            let count = if count.is_empty() {
                String::new()
            } else {
                format!(" {}", escape(count))
            };
            let tier = if tier.is_empty() {
                String::new()
            } else {
                format!("<br><span class=\"tier\">{}</span>", escape(tier))
            };
            format!("{}{count}{tier}", shown(*verdict))
        }
    }
}

fn shown(verdict: Verdict) -> String {
    format!("<span class=\"verdict {verdict}\">{}</span>", word(verdict))
}

fn escape(text: &str) -> String {
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
