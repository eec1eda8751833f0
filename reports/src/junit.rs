//! The report for CI: one JUnit suite per record, with a case for the trial and one for each phase and check that says
//! more than the trial.
//!
//! JUnit has only four states: anything not known is an error, never a success. Times are real; the time of the cloud's
//! clock, which may include months of billing, is a property.

use std::time::Duration;

use kubeproof_contract::check::Verdict;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::finding_id;
use crate::judge;
use crate::record::{Finding, Record};
use crate::word::clean;

/// The records as JUnit XML.
pub fn render(records: &[Record]) -> String {
    let mut report = Report::new("kubeproof");
    report.add_test_suites(records.iter().map(suite));
    if judge::all(records) == Verdict::Skipped {
        // CI shows skipped cases in green; a run without any result is not a success.
        let mut nothing = TestSuite::new("kubeproof");
        let message = "no trial has shown anything";
        nothing.add_test_case(case("kubeproof", "verdict", Verdict::Unknown, message));
        report.add_test_suite(nothing);
    }
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
    let elapsed = Duration::from_millis(record.elapsed_milliseconds);
    suite.set_time(elapsed);
    let phases = record.phases.iter().map(|phase| phase.verdict);
    let checks = record.checks.iter().map(|check| check.verdict);
    suite.add_properties(
        [
            ("run_id", record.run_id.clone()),
            ("provider", record.provider.clone()),
            ("provisioner", record.provisioner.clone()),
            ("tier", record.tier.to_string()),
            ("seed", record.seed.to_string()),
            ("clock", record.clock.clone()),
            ("cloud_seconds", record.seconds.to_string()),
            ("started_at", record.started_at.to_string()),
            ("calls", record.calls.to_string()),
            ("journal_hash", record.journal_hash.clone()),
            ("phases_passed", passed(phases)),
            ("checks_passed", passed(checks)),
        ]
        .map(|(name, value)| (name.to_owned(), clean(&value))),
    );
    let (verdict, told) = trial(record);
    let mut whole = case(&record.scenario, "trial", verdict, &told);
    whole.set_time(elapsed);
    suite.add_test_case(whole);
    for one in &record.allowed {
        let Finding {
            id,
            oracle,
            message,
            ..
        } = &one.finding;
        let words = format!("{message}; {}", one.permission.words());
        let name = format!("allowed {}", finding_id::titled(id, oracle));
        suite.add_test_case(case(&record.scenario, &name, Verdict::Skipped, &words));
    }
    let phases = record.phases.iter().map(|phase| {
        let name = format!("phase {}", phase.name);
        (name, phase.verdict, &phase.message)
    });
    let checks = record.checks.iter().map(|check| {
        let name = format!("check {}", check.id);
        (name, check.verdict, &check.evidence)
    });
    for (name, verdict, message) in phases.chain(checks) {
        let is_told = !message.is_empty() && told.contains(message.as_str());
        if verdict != Verdict::Pass && !is_told {
            suite.add_test_case(case(&record.scenario, &name, verdict, message));
        }
    }
    suite
}

/// `9 of 9`.
fn passed(verdicts: impl Iterator<Item = Verdict>) -> String {
    let all: Vec<Verdict> = verdicts.collect();
    let passed = all.iter().filter(|verdict| **verdict == Verdict::Pass);
    format!("{} of {}", passed.count(), all.len())
}

/// The verdict of the whole trial, with its findings: it may fail while every phase passes.
fn trial(record: &Record) -> (Verdict, String) {
    let (verdict, reason) = judge::trial(record);
    let mut messages: Vec<String> = record
        .findings
        .iter()
        .map(|finding| {
            format!(
                "{}: {} (replay: {})",
                finding_id::titled(&finding.id, &finding.oracle),
                finding.message,
                finding.replay
            )
        })
        .collect();
    if messages.is_empty() && !reason.is_empty() {
        messages.push(reason);
    }
    if verdict != Verdict::Pass {
        let (audit, cost) = (judge::audited(&record.audit).0, record.cost.verdict);
        messages.push(format!("audit {audit}, cost {cost}"));
    }
    (verdict, messages.join("; "))
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
        // A success has no message in JUnit; the evidence is worth keeping all the same.
        case.set_system_out(clean(message));
    }
    case
}
