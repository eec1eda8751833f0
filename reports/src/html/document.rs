//! The document around the parts of the page: head, heading, contents, and what the script needs.

use std::fmt::Write as _;

use kubeproof_contract::check::Verdict;

use super::element::{text, verdict};
use crate::output::TOOL_VERSION;
use crate::word::{VERDICTS, word};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A page, before it is written.
pub struct Document {
    /// The verdict of it all.
    pub verdict: Verdict,
    /// What it is about, short: it stands in the title.
    pub subject: String,
    /// When, as far as is known.
    pub date: Option<String>,
    /// How many findings there are.
    pub findings: String,
    /// What was counted, below the heading.
    pub summary: String,
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// A part of the page, which the contents name.
pub struct Part {
    /// Its anchor.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its verdict, where it has one.
    pub verdict: Option<Verdict>,
    /// Whether the filter may hide it as a whole.
    pub filtered: bool,
    /// Its content, HTML.
    pub content: String,
}

/// The document as HTML.
pub fn document(document: &Document) -> String {
    let colours: String = VERDICTS
        .iter()
        .map(|verdict| {
            format!(
                ".{verdict} {{ color: var(--{verdict}); }}\n.verdict.{verdict}, td.{verdict} \
                 {{ background: var(--{verdict}-ground); }}\n"
            )
        })
        .collect();
    let parts: String = document.parts.iter().map(part).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}{colours}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the findings</a>\n{}{}<main id=\"main\">\n{parts}</main>\n\
         <footer><p>Written by kubeproof {TOOL_VERSION}. This page needs no other file and no network.</p></footer>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        title(document),
        header(document),
        contents(&document.parts),
    )
}

/// `✗ fail: 2 findings in two-zones, 2026-03-02 – kubeproof`.
fn title(document: &Document) -> String {
    let mut title = format!(
        "{}: {} in {}",
        word(document.verdict),
        document.findings,
        document.subject
    );
    if let Some(date) = &document.date {
        let _ = write!(title, ", {date}");
    }
    text(&(title + " – kubeproof"))
}

fn header(document: &Document) -> String {
    let date = document.date.as_deref().unwrap_or("date not recorded");
    format!(
        "<header>\n<h1>kubeproof {} {} in {}</h1>\n<p class=\"summary\">{} · {}</p>\n</header>\n",
        verdict(document.verdict),
        text(&document.findings),
        text(&document.subject),
        text(date),
        text(&document.summary),
    )
}

/// The contents; what needs the script is hidden without it.
fn contents(parts: &[Part]) -> String {
    let lines: String = parts
        .iter()
        .map(|part| {
            let verdict = part.verdict.map(|it| format!("{} ", verdict(it)));
            let (id, title) = (&part.id, text(&part.title));
            let verdict = verdict.unwrap_or_default();
            format!("<li>{verdict}<a href=\"#{id}\">{title}</a></li>\n")
        })
        .collect();
    format!(
        "<nav aria-label=\"Contents\">\n<ol>\n{lines}</ol>\n\
         <div class=\"tools\" data-script hidden>\n<label for=\"filter\">Filter</label>\n\
         <input id=\"filter\" type=\"search\" placeholder=\"trial, resource, call, id\">\n\
         <span id=\"filtered\" role=\"status\"></span>\n\
         <button type=\"button\" data-fold=\"open\">Unfold all</button>\n\
         <button type=\"button\" data-fold=\"close\">Fold all</button>\n</div>\n</nav>\n"
    )
}

fn part(part: &Part) -> String {
    let Part {
        id, title, content, ..
    } = part;
    let verdict = part.verdict.map(|it| format!(" {}", verdict(it)));
    let filtered = if part.filtered { " data-filter" } else { "" };
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\"{filtered}>\n<h2 id=\"{id}-title\">{}{}</h2>\n{content}</section>\n",
        text(title),
        verdict.unwrap_or_default()
    )
}
