//! Terraform through the proxy: the answer to a call is lost, and what the call has made is in no state.

use jiff::SignedDuration;
use kubeproof::sweep::Action;
use kubeproof::trial::Part;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::scenario::Usd;

use crate::passes::{count, nowhere, real_secrets};
use crate::run::Live;
use crate::second_process::SecondProcess;
use crate::{ACCOUNT, told};

const FILE: &str = "external/terraform-eks.yaml";
/// An address that no state has; its SDK asks for another one.
const LOST: &str = "ec2:AllocateAddress#1=lost-response";
/// An address costs 0.005 USD an hour, and a month has 730 hours (`prices.csv`, row `public IPv4 address`).
const MONTHLY: &str = "3.65";

pub fn terraform() {
    let served = SecondProcess::serve_slowly("aws");
    let account = served.account();
    let out = tempfile::tempdir().expect("a folder");
    let live = Live::new(&account, FILE, out.path(), ACCOUNT);
    let accounts = live.gate("20").expect("permitted");
    let fault: Fault = LOST.parse().expect("a fault");
    let (record, calls) = live.run_program(accounts, Part::Lifecycle(vec![fault]));
    println!("{}", told(&record));
    let proxy = record.phases.iter().find(|phase| phase.name == "proxy");
    let proxy = proxy.expect("a phase");
    assert_eq!(proxy.verdict, Verdict::Pass, "{}", proxy.message);
    assert_eq!(
        count(&calls, "ec2:AllocateAddress"),
        3,
        "two, and one again"
    );
    assert_eq!(record.verdict, Verdict::Fail, "{}", told(&record));
    let orphans = &record.audit.orphans;
    assert_eq!(orphans.len(), 1, "{orphans:#?}");
    assert_eq!(orphans[0].resource_type, "elastic_ip");
    let price: Usd = MONTHLY.parse().expect("an amount");
    assert_eq!(orphans[0].monthly_cost_usd, Some(price.0));
    let found = record
        .findings
        .iter()
        .any(|finding| finding.oracle == "O1 orphans");
    assert!(found, "{}", told(&record));
    nowhere(out.path(), &real_secrets(&live));

    // Its marks alone do not show that the run made it; the run's folder does, with what was there before.
    let later = record.finished_at + SignedDuration::from_hours(9);
    let (by_marks, _) = live.sweep_expired(later);
    assert_eq!(by_marks.of(Action::Delete).count(), 0, "{by_marks:#?}");
    assert_eq!(by_marks.of(Action::LeaveToPerson).count(), 1);
    let (planned, left) = live.sweep_run(&record.run_id, later);
    let deleted: Vec<_> = planned.of(Action::Delete).collect();
    assert_eq!(deleted.len(), 1, "{planned:#?}");
    assert_eq!(deleted[0].resource.id, orphans[0].id);
    assert_eq!(left.decisions.len(), 0, "{left:#?}");
    assert_eq!(left.deleted.len(), 1, "{left:#?}");
}
