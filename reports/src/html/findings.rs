//! The findings, each cause a card: its price, why it is the run's, the calls around it, and the command that replays it.

use std::fmt::Write as _;

use super::document::Part;
use super::element::{details, escape, text, wide};
use crate::causes::{Cause, Seen};
use crate::money::dollars;
use crate::word::{counted, printable};

/// How many of the places where a cause was seen are shown before the rest is folded.
const PLACES_SHOWN: usize = 1;

/// The findings of a page, a card a cause, and what else stands beside them.
pub fn part(causes: &[Cause], beside: &str) -> Part {
    let mut content = cards(causes, "finding") + beside;
    if content.is_empty() {
        content = "<p>None.</p>\n".to_owned();
    }
    Part {
        id: "findings".to_owned(),
        title: format!("Findings by cause: {}", causes.len()),
        verdict: None,
        filtered: false,
        content,
    }
}

/// A card for each cause. `kind` is the word in their anchors: `finding-1`.
pub fn cards(causes: &[Cause], kind: &str) -> String {
    let each = causes.iter().enumerate();
    each.map(|(index, cause)| card(cause, kind, index + 1))
        .collect()
}

fn card(cause: &Cause, kind: &str, number: usize) -> String {
    let id = format!("{kind}-{number}");
    let class = if kind == "limit" { " limit" } else { "" };
    let mut html = format!(
        "<article class=\"finding{class}\" id=\"{id}\" aria-labelledby=\"{id}-title\" data-filter>\n\
         <h3 id=\"{id}-title\"><span>{number}. {}: {}</span>{}</h3>\n",
        text(&cause.oracle),
        text(&cause.title),
        price(cause)
    );
    let Some((first, others)) = cause.messages.split_first() else {
        return html + "</article>\n";
    };
    if *first != cause.title {
        let _ = writeln!(html, "<p>{}</p>", text(first));
    }
    html.push_str(&properties(cause));
    if cause.parts.len() > 1 {
        let title = format!(
            "The {} and their prices",
            counted(cause.parts.len(), "resource")
        );
        html.push_str(&details(&title, false, &parts(cause)));
    }
    if !others.is_empty() {
        let lines: String = others
            .iter()
            .map(|it| format!("<li>{}</li>\n", text(it)))
            .collect();
        let title = format!(
            "{} more of the same cause",
            counted(others.len(), "message")
        );
        html.push_str(&details(&title, false, &format!("<ul>\n{lines}</ul>\n")));
    }
    let (shown, folded) = cause.seen.split_at(PLACES_SHOWN.min(cause.seen.len()));
    let place =
        |(index, seen): (usize, &Seen)| seen_in(seen, &format!("{id}-replay-{}", index + 1));
    let all: Vec<String> = cause.seen.iter().enumerate().map(place).collect();
    html.push_str(&all[..shown.len()].concat());
    if !folded.is_empty() {
        let title = format!(
            "Seen {} more, each with its replay command",
            times(folded.len())
        );
        html.push_str(&details(&title, false, &all[shown.len()..].concat()));
    }
    html + "</article>\n"
}

fn times(count: usize) -> String {
    counted(count, "time")
}

fn price(cause: &Cause) -> String {
    let month = cause.month.text();
    if month.is_empty() {
        return String::new();
    }
    format!("<span class=\"price\">{}</span>", text(&month))
}

/// The scenario, and why the resource is the run's.
fn properties(cause: &Cause) -> String {
    let mut html = format!(
        "<dl>\n<dt>scenario</dt><dd>{}</dd>\n",
        text(&cause.scenario)
    );
    if !cause.ids.is_empty() {
        let ids: Vec<String> = cause
            .ids
            .iter()
            .map(|it| format!("<code>{}</code>", text(it)))
            .collect();
        let _ = writeln!(
            html,
            "<dt>{}</dt><dd>{}</dd>",
            if ids.len() == 1 { "id" } else { "ids" },
            ids.join(", ")
        );
    }
    if let Some(part) = cause.parts.first() {
        let why = if part.why.is_empty() {
            "nothing shows that it is somebody else's"
        } else {
            &part.why
        };
        let _ = writeln!(html, "<dt>why it counts</dt><dd>{}</dd>", text(why));
    }
    html + "</dl>\n"
}

fn parts(cause: &Cause) -> String {
    let rows: String = cause
        .parts
        .iter()
        .map(|part| {
            let month = part
                .usd
                .map_or_else(|| "no price known".to_owned(), |usd| dollars(usd, 2));
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"right\">{}</td><td>{}</td></tr>\n",
                text(&part.name),
                text(&month),
                text(&part.why)
            )
        })
        .collect();
    let table = format!(
        "<table>\n<thead><tr><th scope=\"col\">Resource</th><th scope=\"col\" class=\"right\">$/month</th>\
         <th scope=\"col\">Why it counts</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
    );
    wide("Resources of this finding", &table)
}

/// A trial or lifecycle that shows it: its replay command, and the calls around it.
fn seen_in(seen: &Seen, id: &str) -> String {
    let place = match seen.record {
        Some(number) => format!(
            "<a href=\"#trial-{}\">{}</a>",
            number + 1,
            text(&seen.place)
        ),
        None => format!("<code>{}</code>", text(&seen.place)),
    };
    let part = seen
        .part
        .as_deref()
        .map(|part| format!(", in {}", text(part)));
    let mut html = format!(
        "<p>Seen in {place}{}. Replay:</p>\n",
        part.unwrap_or_default()
    );
    html.push_str(&replay(&seen.replay, id));
    if !seen.calls.is_empty() {
        let line = |call: &String| {
            let class = if call.starts_with('→') {
                " class=\"at\""
            } else {
                ""
            };
            format!("<li{class}><code>{}</code></li>\n", text(call))
        };
        let lines: String = seen.calls.iter().map(line).collect();
        let list = format!("<ol class=\"calls\">\n{lines}</ol>\n");
        html.push_str(&details("Calls around it", false, &list));
    }
    html
}

/// A command that can be selected whole; the button copies it where there is a script.
pub fn replay(command: &str, id: &str) -> String {
    format!(
        "<div class=\"replay\"><pre><code id=\"{id}\">{}</code></pre>\
         <button type=\"button\" data-copy=\"{id}\" data-script hidden>Copy</button></div>\n",
        escape(&printable(command))
    )
}

/// What could not be determined: a verdict that is not a pass, and no finding.
pub fn open(title: &str, href: Option<&str>, message: &str) -> String {
    let title = match href {
        Some(href) => format!("<a href=\"{}\">{}</a>", text(href), text(title)),
        None => text(title),
    };
    format!(
        "<article class=\"finding open\" data-filter>\n<h3><span>? {title}</span></h3>\n<p>{}</p>\n</article>\n",
        text(message)
    )
}
