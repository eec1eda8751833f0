//! Each format over the hand-made records, as text that a person has read and approved.

use kubeproof_contract::check::Verdict;
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::judge;
use kubeproof_reports::record::{AllowedFinding, Permission, Record};

use crate::common::{claims_too_little, failures, leaks_an_address, passing, records};
use crate::page::without_style_and_script;

#[track_caller]
fn check(name: &str, format: Format, records: &[Record], width: Option<u16>) {
    let style = Style {
        colour: false,
        width,
        brief: false,
        criteria: true,
    };
    insta::assert_snapshot!(name, render(format, records, &style));
}

/// One that passes, one of its failures, and two that go wrong: enough for formats that are long.
fn few() -> Vec<Record> {
    let failure = failures().remove(0);
    vec![passing(), failure, claims_too_little(), leaks_an_address()]
}

#[test]
fn a_table_of_usual_width() {
    check("table", Format::Table, &records(), None);
}

#[test]
fn a_table_on_a_narrow_terminal_shows_the_matrix_line_by_line() {
    check("table_narrow", Format::Table, &few(), Some(80));
}

#[test]
fn a_table_on_a_wide_terminal_shows_more_of_the_evidence() {
    check("table_wide", Format::Table, &few(), Some(160));
}

#[test]
fn a_table_of_no_records_says_so() {
    check("table_empty", Format::Table, &[], None);
}

#[test]
fn a_markdown_page() {
    check("markdown", Format::Markdown, &records(), None);
}

#[test]
fn a_json_document() {
    check("json", Format::Json, &[leaks_an_address()], None);
}

#[test]
fn a_junit_report() {
    check("junit", Format::Junit, &few(), None);
}

#[test]
fn an_html_page() {
    let html = render(Format::Html, &few(), &Style::default());
    insta::assert_snapshot!("html", without_style_and_script(&html));
}

#[test]
fn each_format_for_people_says_how_a_bill_was_read_and_why_it_is_not_final() {
    let why = "not final: the month is open until 2026-04-08T00:00:00Z";
    let mut record = passing();
    record.cost.bill_notes.push(why.to_owned());
    let style = Style::default();
    for format in [Format::Table, Format::Markdown, Format::Html] {
        let text = render(format, &[record.clone()], &style);
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ").replace("\\_", "_");
        for note in &record.cost.bill_notes {
            assert!(text.contains(note), "`{note}` is not in {text}");
        }
    }
    // Without a bill there is nothing to be said of one.
    record.cost.bill_notes.clear();
    let text = render(Format::Table, &[record], &style);
    assert!(!text.contains(" Bill "), "{text}");
}

#[test]
fn no_line_is_wider_than_the_terminal_but_commands_that_are_there_to_be_copied() {
    for width in [30, 50, 64, 80, 100, 120] {
        let style = Style {
            colour: false,
            width: Some(width),
            brief: false,
            criteria: true,
        };
        let text = render(Format::Table, &records(), &style);
        for line in text.lines().filter(|line| !line.contains("replay:")) {
            let words = line.split_whitespace().count();
            let columns = line.chars().count();
            // A word that is longer than a line is an id or a path.
            let fits = columns <= usize::from(width) || words <= 2;
            assert!(fits, "{width}: {columns} columns in `{line}` of\n{text}");
        }
    }
}

#[test]
fn the_success_criteria_are_shown_only_when_they_are_asked_for() {
    let shown = |format, criteria| {
        let style = Style {
            criteria,
            ..Style::default()
        };
        render(format, &few(), &style).contains("Success criteria")
    };
    for format in [Format::Table, Format::Markdown] {
        assert!(shown(format, true), "{format}");
        assert!(!shown(format, false), "{format}");
    }
}

#[test]
fn what_a_scenario_allows_is_in_every_format_also_in_brief_and_fails_nothing() {
    let finding = leaks_an_address().findings.remove(0);
    let permission = Permission {
        by: "type elastic_ip".to_owned(),
        reason: "ticket 17".to_owned(),
        until: "2027-01-31".parse().ok(),
    };
    let mut record = passing();
    record.audit.allowed = 1;
    record.allowed.push(AllowedFinding {
        finding: finding.clone(),
        permission,
    });
    assert_eq!(judge::trial(&record).0, Verdict::Pass);
    for format in Format::ALL {
        for brief in [false, true] {
            let style = Style {
                brief,
                ..Style::default()
            };
            let text = render(format, &[record.clone()], &style);
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for words in ["ticket 17", "2027-01-31", finding.id.as_str()] {
                assert!(text.contains(words), "{format} has no `{words}`: {text}");
            }
        }
    }
    // It says less than a finding, and never hides one.
    record.findings.push(finding);
    assert_eq!(judge::trial(&record).0, Verdict::Fail);
}
