//! Everything that a report can name is explained, with an example and how to mend it, and nothing else is.

use std::collections::BTreeSet;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::{EFFECTS, Fault};
use kubeproof_reports::cells;
use kubeproof_reports::word::VERDICTS;

use super::*;
use crate::oracles::needs::ORACLES;

fn words_of(group: &str) -> BTreeSet<String> {
    let all = entries().into_iter();
    let of_group = all.filter(|entry| entry.group.starts_with(group));
    of_group.map(|entry| entry.word).collect()
}

#[track_caller]
fn check(group: &str, named: impl IntoIterator<Item = String>) {
    let named: BTreeSet<String> = named.into_iter().collect();
    assert!(named.len() > 4, "{named:?}");
    assert_eq!(words_of(group), named, "{group}");
}

#[test]
fn every_oracle_verdict_effect_check_and_phase_is_explained_and_nothing_else_is() {
    let oracles = cells::ORACLES.iter().map(|(name, _)| (*name).to_owned());
    check("Oracles", oracles);
    for oracle in ORACLES {
        assert!(words_of("Oracles").contains(oracle.name), "{}", oracle.name);
    }
    check("Verdicts", VERDICTS.iter().map(Verdict::to_string));
    check(
        "Fault effects",
        EFFECTS.iter().map(|(name, _)| (*name).to_owned()),
    );
    // Two phases have the names of rows, and one text.
    let rows = words_of("Checks of every provider");
    let phases = cells::PHASES.iter().map(|(name, _)| (*name).to_owned());
    check(
        "Phases",
        phases.filter(|name| !rows.contains(name) || name == "teardown"),
    );
    for provider in providers::all() {
        for (id, _) in provider.checklist() {
            assert!(!find(&entries(), id).is_empty(), "{id}");
        }
    }
    for id in ["job.execution", "audit.clean", "permissions.minimal"] {
        assert!(rows.contains(id), "{id}");
    }
}

#[test]
fn every_text_but_a_phases_has_an_example_and_says_how_to_mend_it() {
    for entry in entries() {
        let has = |begin: &str| entry.paragraphs.iter().any(|it| it.starts_with(begin));
        assert!(!entry.paragraphs.is_empty(), "{}", entry.word);
        if entry.group != "Phases" {
            assert!(has("Example: ") && has("To mend: "), "{}", entry.word);
        }
    }
}

#[test]
fn the_example_of_an_effect_is_a_fault_with_that_effect() {
    for entry in entries()
        .iter()
        .filter(|entry| entry.group == "Fault effects")
    {
        let example = entry
            .paragraphs
            .iter()
            .find(|it| it.starts_with("Example: "));
        let fault = example
            .and_then(|it| it.split('`').nth(1))
            .expect("a fault");
        let fault: Fault = fault.parse().expect(fault);
        assert_eq!(fault.effect.name(), entry.word);
    }
}

#[test]
fn a_word_is_found_as_people_write_it() {
    let check = |word: &str, expected: &[&str]| {
        let all = entries();
        let found: Vec<&str> = find(&all, word)
            .iter()
            .map(|entry| entry.word.as_str())
            .collect();
        assert_eq!(found, expected, "{word}");
    };
    check("O1", &["O1 orphans"]);
    check("orphans", &["O1 orphans"]);
    check("o1 orphans", &["O1 orphans"]);
    check("throttle(3)", &["throttle"]);
    let provider = providers::all()[0].name();
    let row = format!("{provider}.vpc");
    check(&row, &[&row]);
    check("vpc", &[&row]);
    check(&format!("{provider}.ready"), &["ready"]);
    check(&format!("{provider}.nothing"), &[]);
    check("teardown", &["teardown", "teardown"]);
    check("O9", &[]);
}

#[test]
fn an_explanation_reads_as_reviewed() {
    let all = entries();
    let texts: Vec<String> = find(&all, "O2")
        .iter()
        .map(|entry| text(entry, 80))
        .collect();
    insta::assert_snapshot!(texts.join("\n"));
}
