//! Hostile names and messages stay text in every format.

use crate::common::{hostile, records};
use kubeproof_contract::check::Verdict;
use kubeproof_reports::format::{Format, Style, render};

fn rendered(format: Format) -> String {
    render(
        format,
        &[hostile()],
        &Style {
            colour: false,
            width: Some(200),
            brief: false,
            criteria: true,
        },
    )
}

#[test]
fn html_holds_no_tag_attribute_or_entity_from_a_record() {
    let html = rendered(Format::Html);
    // The page's own script, and no other.
    assert_eq!(html.matches("<script").count(), 1, "{html}");
    assert_eq!(html.matches("</script").count(), 1, "{html}");
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert!(html.contains("&quot;quoted&quot; &amp; "));
}

#[test]
fn markdown_tables_keep_their_columns_and_no_tag_or_code_span_opens() {
    let markdown = rendered(Format::Markdown);
    let mut columns = 0;
    let mut fenced = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        assert!(!line.replace("\\<", "").contains('<'), "{line}");
        assert!(!line.starts_with("# head"), "{line}");
        let bars = line.replace("\\|", "").matches('|').count();
        if line.starts_with("| ") && columns > 0 {
            assert_eq!(bars, columns, "{line}");
        }
        columns = if line.starts_with("| ") { bars } else { 0 };
    }
    assert!(!fenced, "a replay command left its fence open");
}

#[test]
fn a_replay_command_with_a_fence_in_it_stays_one_line_inside_its_own() {
    let markdown = rendered(Format::Markdown);
    assert_eq!(markdown.matches("\n````sh\n").count(), 1, "{markdown}");
    assert_eq!(markdown.matches("\n````\n").count(), 1);
}

#[test]
fn junit_is_xml_that_reads_back_with_the_text_unchanged_but_for_control_characters() {
    let xml = rendered(Format::Junit);
    let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    let suite = &report.test_suites[0];
    assert!(
        suite
            .name
            .as_str()
            .starts_with("<script>alert('x')</script> | ]]> \"quoted\" & `code`")
    );
    // The trial, and what did not pass with a message of its own.
    let record = hostile();
    let phases = record.phases.iter().map(|phase| phase.verdict);
    let verdicts = phases.chain(record.checks.iter().map(|check| check.verdict));
    let others = verdicts.filter(|verdict| *verdict != Verdict::Pass);
    assert_eq!(suite.test_cases.len(), 1 + others.count());
}

#[test]
fn no_format_for_people_lets_a_terminal_escape_or_a_reordering_character_through() {
    for format in [Format::Table, Format::Markdown, Format::Html, Format::Junit] {
        let text = rendered(format);
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{format}"
        );
    }
}

#[test]
fn colours_are_written_only_when_asked_for() {
    let colour = |colour| {
        render(
            Format::Table,
            &records(),
            &Style {
                colour,
                width: None,
                brief: false,
                criteria: true,
            },
        )
    };
    assert!(!colour(false).contains('\u{1b}'));
    assert!(colour(true).contains("\u{1b}[32m✓ pass\u{1b}[0m"));
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let mut text = render(
        Format::Table,
        &records(),
        &Style {
            colour: true,
            width: None,
            brief: false,
            criteria: true,
        },
    );
    for code in ["0", "1", "31", "32", "33", "36", "90"] {
        text = text.replace(&format!("\u{1b}[{code}m"), "");
    }
    let plain = Style {
        criteria: true,
        ..Style::default()
    };
    assert_eq!(text, render(Format::Table, &records(), &plain));
}
