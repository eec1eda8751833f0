//! Each format over the hand-made records, as reviewed text.

mod common;

use kubeproof_reports::format::{Format, Style, render};

#[track_caller]
fn check(name: &str, format: Format, style: Style) {
    insta::assert_snapshot!(name, render(format, &common::records(), &style));
}

#[test]
fn the_table_of_a_terminal_of_usual_width() {
    check("table", Format::Table, Style::default());
}

#[test]
fn the_table_of_a_wide_terminal_shows_more_of_the_evidence() {
    check(
        "table_wide",
        Format::Table,
        Style {
            colour: false,
            width: Some(160),
        },
    );
}

#[test]
fn markdown() {
    check("markdown", Format::Markdown, Style::default());
}

#[test]
fn json() {
    check("json", Format::Json, Style::default());
}

#[test]
fn junit() {
    check("junit", Format::Junit, Style::default());
}

#[test]
fn html() {
    check("html", Format::Html, Style::default());
}
