//! The report for CI: a JUnit suite per record, a case per phase and check.
//!
//! Apart from the other formats, because CI shows only four states: what is not known is an error
//! there, never a success.

use std::time::Duration;

use kubeproof_contract::check::Verdict;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::matrix;
use crate::record::Record;
use crate::word::clean;

/// The records as JUnit XML.
pub fn render(records: &[Record]) -> String {
    let mut report = Report::new("kubeproof");
    report.add_test_suites(records.iter().map(suite));
    report.to_string().unwrap_or_else(|error| {
        // Text is filtered before it gets here; were it not, CI must see an error.
        let mut broken = TestSuite::new("report");
        broken.add_test_case(case(
            "report",
            "writing",
            Verdict::Unknown,
            &error.to_string(),
        ));
        let mut report = Report::new("kubeproof");
        report.add_test_suite(broken);
        report.to_string().unwrap_or_default()
    })
}

fn suite(record: &Record) -> TestSuite {
    let mut suite = TestSuite::new(clean(&format!("{} ({})", record.scenario, record.tier)));
    suite.set_time(Duration::from_secs(record.seconds));
    suite.add_properties(
        [
            ("run_id", record.run_id.clone()),
            ("provider", record.provider.clone()),
            ("provisioner", record.provisioner.clone()),
            ("tier", record.tier.to_string()),
            ("seed", record.seed.to_string()),
            ("clock", record.clock.clone()),
            ("started_at", record.started_at.to_string()),
            ("calls", record.calls.to_string()),
            ("journal_hash", record.journal_hash.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), clean(&value))),
    );
    suite.add_test_case(trial(record));
    for phase in &record.phases {
        let mut case = case(
            &record.scenario,
            &format!("phase {}", phase.name),
            phase.verdict,
            &phase.message,
        );
        case.set_time(Duration::from_secs(phase.seconds));
        suite.add_test_case(case);
    }
    for check in &record.checks {
        let name = format!("check {}", check.id);
        suite.add_test_case(case(
            &record.scenario,
            &name,
            check.verdict,
            &check.evidence,
        ));
    }
    suite
}

/// The verdict of the whole trial, with its findings: it may fail while every phase passes.
fn trial(record: &Record) -> TestCase {
    let (verdict, reason) = matrix::whole(record);
    let mut messages: Vec<String> = record
        .findings
        .iter()
        .map(|finding| {
            format!(
                "{}: {} (replay: {})",
                finding.oracle, finding.message, finding.replay
            )
        })
        .collect();
    if messages.is_empty() && !reason.is_empty() {
        messages.push(reason);
    }
    if verdict != Verdict::Pass {
        messages.push(format!(
            "audit {}, cost {}",
            record.audit.verdict, record.cost.verdict
        ));
    }
    let mut case = case(&record.scenario, "trial", verdict, &messages.join("; "));
    case.set_time(Duration::from_secs(record.seconds));
    case
}

pub(crate) fn case(class: &str, name: &str, verdict: Verdict, message: &str) -> TestCase {
    let mut status = match verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Unknown | Verdict::Pending => TestCaseStatus::non_success(NonSuccessKind::Error),
        Verdict::Skipped => TestCaseStatus::skipped(),
    };
    status
        .set_type(verdict.to_string())
        .set_message(clean(message));
    let mut case = TestCase::new(clean(name), status);
    case.set_classname(clean(class));
    if verdict == Verdict::Pass && !message.is_empty() {
        // A success has no message in JUnit; what was seen is worth keeping all the same.
        case.set_system_out(clean(message));
    }
    case
}
