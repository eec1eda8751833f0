//! No fault of a list makes an account with a leak in it look clean.
//!
//! Each leak's resource type is audited alone, so that no other finding hides what a fault hides. Every call that this
//! audit makes gets every fault, for ever: what is not found then must be unknown.

use std::collections::BTreeSet;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::FaultPlan;

use super::account::Account;
use super::corpus::{self, Entry, Expected};
use super::{Said, paused, said, whole};

/// Throttled, denied, a server's error, no answer, expired credentials, a truncated and a repeated page, a stale index.
const EFFECTS: &[&str] = &[
    "throttle",
    "reject",
    "server-error",
    "lost-response",
    "credentials-expire",
    "garbled",
    "repeated-page",
    "stale-read",
];

/// What a fault made look clean, and how many faults were tried.
async fn false_cleans(
    account: &Account<'_>,
    leaks: &[&Entry],
    of_type: &str,
) -> (Vec<String>, u64) {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for call in account.calls_of(of_type).await {
        for effect in EFFECTS {
            let Ok(fault) = format!("auditor/{call}*100000={effect}").parse::<Fault>() else {
                panic!("no fault {effect} of {call}");
            };
            let audited = account
                .audit(&FaultPlan::new(vec![fault]), Some(of_type))
                .await;
            tried += 1;
            let audit = &audited.outcome.audit;
            let hidden: Vec<&str> = leaks
                .iter()
                .filter(|leak| said(account, &audited, leak) == Said::Nothing)
                .map(|leak| leak.id.as_str())
                .collect();
            if audit.verdict == Verdict::Pass
                || !hidden.is_empty() && audit.coverage.failed.is_empty()
            {
                let verdict = audit.verdict;
                wrong.push(format!("{call}={effect}: {verdict:?}, without {hidden:?}"));
            }
        }
    }
    (wrong, tried)
}

#[track_caller]
fn check(cloud: &str) {
    let corpus = corpus::read(cloud);
    let (wrong, tried) = paused(async {
        let account = whole(&corpus, true).await;
        let plain = || {
            corpus
                .leaks
                .iter()
                .filter(|leak| leak.expected == Expected::Plain)
        };
        let types: BTreeSet<&str> = plain().map(|leak| leak.resource_type.as_str()).collect();
        let (mut wrong, mut tried) = (Vec::new(), 0);
        for of_type in types {
            let leaks: Vec<&Entry> = plain()
                .filter(|leak| leak.resource_type == of_type)
                .collect();
            let (more, faults) = false_cleans(&account, &leaks, of_type).await;
            wrong.extend(more);
            tried += faults;
        }
        (wrong, tried)
    });
    println!("{cloud}: {tried} faults of lists");
    assert!(tried >= 40, "{cloud}: {tried} faults");
    assert!(wrong.is_empty(), "{cloud}: {wrong:#?}");
}

#[test]
fn no_fault_of_a_list_hides_a_leak_in_aws() {
    check("aws");
}

#[test]
fn no_fault_of_a_list_hides_a_leak_in_gcp() {
    check("gcp");
}

#[test]
fn no_fault_of_a_list_hides_a_leak_in_azure() {
    check("azure");
}

#[test]
fn no_fault_of_a_list_hides_a_leak_in_hugging_face() {
    check("huggingface");
}

#[test]
fn no_fault_of_a_list_hides_a_leak_in_lambda_cloud() {
    check("lambda");
}
