//! What a failed attempt left and what it reports, compared with a listing between the attempts.

use kubeproof_contract::check::Verdict;
use kubeproof_reports::record::Record;

use super::{DOWN, UP, check_phase, expecting, phase, run};

/// A program that creates the one resource, reports this and fails; the next attempt succeeds.
fn failing(says: &str) -> Record {
    let up = format!(
        "{UP}; test -e $KUBEPROOF_DIR/again || {{ touch $KUBEPROOF_DIR/again; {says}; exit 1; }}"
    );
    expecting("retry-succeeds", &up, DOWN)
}

/// A command that reports these ids as left behind.
fn left_behind(ids: &str) -> String {
    format!("printf '{{\"left_behind\": {ids}}}' $KUBEPROOF_NAME > $KUBEPROOF_OUTPUT")
}

#[track_caller]
fn check(says: &str, expected: Verdict, words: &str) {
    let record = failing(says);
    check_phase(&record, "left", expected, words);
    assert_eq!(phase(&record, "provision").verdict, Verdict::Pass);
    assert_eq!(phase(&record, "retry").verdict, Verdict::Pass);
}

#[test]
fn what_a_failing_program_says_it_left_is_compared_with_a_listing() {
    check(
        &left_behind("[]"),
        Verdict::Fail,
        "is left by an attempt that failed, and the provisioner does not say so",
    );
    check(
        &left_behind(r#"["%s"]"#),
        Verdict::Pass,
        "left 1 things, and names all of them",
    );
    check(
        &left_behind(r#"["%s", "other"]"#),
        Verdict::Unknown,
        "it says that it left other, which no listing has",
    );
    let removed = format!("rm $KUBEPROOF_NAME; {}", left_behind("[]"));
    check(&removed, Verdict::Pass, "left nothing, and says so");
}

#[test]
fn a_program_need_not_say_what_it_left_and_the_record_lists_it() {
    for says in ["true".to_owned(), left_behind(r#"["unknown"]"#)] {
        check(
            &says,
            Verdict::Skipped,
            "does not say what it left; still there of the run: thing kp-",
        );
    }
}

#[test]
fn a_report_of_what_was_left_that_cannot_be_read_is_a_finding() {
    let record = failing(&left_behind("7"));
    check_phase(
        &record,
        "left",
        Verdict::Skipped,
        "cannot be read; still there of the run: thing kp-",
    );
    let found = &record.findings[0];
    assert_eq!(found.oracle, "O3 truth");
    let words = "says it left behind cannot be read: KUBEPROOF_OUTPUT (";
    assert!(found.message.contains(words), "{found:?}");
    assert!(
        found.message.contains("left_behind (a list of ids)"),
        "{found:?}"
    );
    assert_eq!(record.verdict, Verdict::Fail);
}

#[test]
fn a_program_that_says_that_it_left_something_has_not_succeeded() {
    let says = left_behind(r#"["%s"]"#);
    let contradiction = "it ended with 0, and says that it left kp-";
    let record = expecting("survives", &format!("{UP}; {says}"), DOWN);
    check_phase(&record, "provision", Verdict::Fail, contradiction);
    let record = expecting("survives", UP, &format!("{DOWN}; {says}"));
    check_phase(&record, "teardown", Verdict::Fail, contradiction);
}

#[test]
fn without_a_listing_between_attempts_what_was_left_is_unknown() {
    let record = failing(&format!("{}; rm -r $PWD", left_behind("[]")));
    check_phase(
        &record,
        "left",
        Verdict::Unknown,
        "the account could not be listed",
    );
}

#[test]
fn what_a_first_teardown_left_is_a_finding_though_the_second_one_removes_it() {
    let record = expecting(
        "survives",
        "echo 1 > $KUBEPROOF_NAME; echo 1 > $KUBEPROOF_NAME-b",
        "rm -f $(ls -d $KUBEPROOF_NAME* | head -n 1)",
    );
    let words = "was left by a teardown that reported success, before a second one";
    let mut orphans = record
        .findings
        .iter()
        .filter(|one| one.oracle == "O1 orphans");
    let found = orphans
        .next()
        .unwrap_or_else(|| panic!("{:#?}", record.findings));
    assert!(found.message.contains(words), "{found:?}");
    assert_eq!(orphans.next(), None);
}

/// Its operations are not API calls, so the journal shows none of them.
#[test]
fn what_a_built_in_provisioner_leaves_is_found_by_the_same_listings() {
    let half = |_: &str| "{defect: half-at-a-time}".to_owned();
    let record = run("survives", half);
    check_phase(
        &record,
        "teardown-again",
        Verdict::Fail,
        "was left by a teardown that reported success, before a second one",
    );
    let record = run("retry-succeeds", |_| "{defect: says-nothing}".to_owned());
    check_phase(
        &record,
        "left",
        Verdict::Fail,
        "the provisioner does not say so",
    );
    let record = run("retry-succeeds", |_| "{defect: says-it}".to_owned());
    check_phase(&record, "left", Verdict::Pass, "left 1 things");
}
