//! The audit against a corpus of leaks and bystanders (`testdata/leaks`): every leak is found, and nothing of others is
//! taken for the run's.

mod account;
mod corpus;
mod narrow;
mod requests;

use std::fmt::Write as _;

use kubeproof_contract::fault_layer::FaultPlan;

use self::account::{Account, Audited};
use self::corpus::{Corpus, Entry, Expected};

/// Runs on a paused clock.
fn paused<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(future)
}

fn no_faults() -> FaultPlan {
    FaultPlan::new(Vec::new())
}

/// An account with all of a corpus in it.
async fn whole(corpus: &Corpus, is_seen: bool) -> Account<'_> {
    let mut account = Account::new(corpus, is_seen).await;
    let (during, before): (Vec<&Entry>, Vec<&Entry>) =
        corpus.bystanders.iter().partition(|entry| entry.during);
    let (by_run, by_others): (Vec<&Entry>, Vec<&Entry>) =
        during.into_iter().partition(|entry| entry.by_run);
    account.begin(before).await;
    account.leak(corpus.leaks.iter().chain(by_run)).await;
    account.arrive(by_others).await;
    account.settle().await;
    account
}

/// What an audit said of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// An orphan, with proofs.
    Orphan,
    /// New, and of unknown owner.
    Unknown,
    Retained,
    Nothing,
}

fn said(account: &Account<'_>, audited: &Audited, entry: &Entry) -> Said {
    let outcome = &audited.outcome;
    let mut orphans = outcome.audit.orphans.iter();
    let orphan =
        orphans.find(|it| account.is_it(entry, &it.resource_type, &it.id, it.name.as_deref()));
    let mut retained = outcome.retained.iter();
    let is_retained =
        retained.any(|it| account.is_it(entry, &it.resource_type, &it.id, it.name.as_deref()));
    match orphan {
        Some(orphan) if orphan.proofs.is_empty() => Said::Unknown,
        Some(_) => Said::Orphan,
        None if is_retained => Said::Retained,
        None => Said::Nothing,
    }
}

/// What is wrong with what the audit of a whole account said, a line each.
fn wrong(corpus: &Corpus, is_seen: bool) -> (Vec<String>, String) {
    paused(async {
        let account = whole(corpus, is_seen).await;
        let audited = account.audit(&no_faults(), None).await;
        let audit = &audited.outcome.audit;
        let mut wrong: Vec<String> = audit.coverage.failed.clone();
        let mut unknown = [0, 0];
        for (index, all) in [&corpus.leaks, &corpus.bystanders].into_iter().enumerate() {
            for entry in all {
                let said = said(&account, &audited, entry);
                unknown[index] += u32::from(said == Said::Unknown);
                let is_leak = index == 0;
                let is_right = match (is_leak, entry.expected) {
                    (_, Expected::Retained) => said == Said::Retained,
                    (true, Expected::Plain) => {
                        said == Said::Orphan || !is_seen && said == Said::Unknown
                    }
                    (_, Expected::Unknown) => said == Said::Unknown,
                    (false, Expected::Plain) => {
                        said == Said::Nothing || !is_seen && said == Said::Unknown
                    }
                    (_, Expected::Gone) => said == Said::Nothing,
                };
                if !is_right {
                    wrong.push(format!("{}: {said:?}", entry.id));
                }
                let is_there = account.truth(entry).is_some();
                if is_there == (entry.expected == Expected::Gone) {
                    wrong.push(format!("{}: in the account: {is_there}", entry.id));
                }
            }
        }
        let calls = account.calls_of_an_inventory().await as u64;
        if calls > corpus.calls_max {
            wrong.push(format!("{calls} calls"));
        }
        let mut line = String::new();
        let _ = write!(
            line,
            "{} leaks ({} of unknown owner), {} bystanders ({} of unknown owner), {calls} calls an inventory, {} in all, {} s",
            corpus.leaks.len(),
            unknown[0],
            corpus.bystanders.len(),
            unknown[1],
            audited.calls,
            audited.seconds
        );
        (wrong, line)
    })
}

#[track_caller]
fn check(cloud: &str) {
    let corpus = corpus::read(cloud);
    for is_seen in [true, false] {
        let (wrong, line) = wrong(&corpus, is_seen);
        println!("{cloud}, calls seen: {is_seen}: {line}");
        assert!(
            wrong.is_empty(),
            "{cloud}, calls seen: {is_seen}: {wrong:#?}"
        );
    }
}

#[test]
fn every_leak_in_aws_is_found_and_nothing_of_others() {
    check("aws");
}

#[test]
fn every_leak_in_gcp_is_found_and_nothing_of_others() {
    check("gcp");
}

#[test]
fn every_leak_in_azure_is_found_and_nothing_of_others() {
    check("azure");
}

#[test]
fn every_leak_in_hugging_face_is_found_and_nothing_of_others() {
    check("huggingface");
}

#[test]
fn every_leak_in_lambda_cloud_is_found_and_nothing_of_others() {
    check("lambda");
}
