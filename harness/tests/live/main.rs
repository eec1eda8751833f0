//! The live tier, from the gate to the settled bill: a second process serves the simulator over TLS as if
//! it were the cloud. What only a real account can show is listed in `ci/README.md`.
//!
//! tidy: real time (sockets are real). No test sleeps.

#![cfg(unix)]

mod killed;
mod network;
#[allow(dead_code, reason = "shared with the tests of programs")]
mod run;
#[allow(dead_code, reason = "shared with the tests of programs")]
mod second_process;
#[allow(
    dead_code,
    reason = "shared with the harness's tests, which use more of it"
)]
#[path = "../../testdata/provisioners/variant.rs"]
mod variant;
mod wrong_bills;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::bill::BillState;
use kubeproof_reports::record::Record;

use network::Tamper;
use run::Live;
use second_process::SecondProcess;

/// A cloud, a scenario of it, and what its bill shows when.
struct Cloud {
    name: &'static str,
    file: &'static str,
    /// The id of the account that the second process serves.
    id: &'static str,
    /// Hours after the run, and the state of the bill by then. None where the cloud has no bill to read.
    readings: &'static [(i64, BillState)],
    /// What makes its bill wrong.
    tamper: Option<Tamper>,
}

const CLOUDS: [Cloud; 4] = [
    Cloud {
        name: "aws",
        file: "aws/two-zones.yaml",
        id: "123456789012",
        readings: &[
            (2, BillState::Pending),
            (30, BillState::Provisional),
            (60, BillState::Stable),
            (24 * 40, BillState::Final),
        ],
        tamper: Some(wrong_bills::aws),
    },
    Cloud {
        name: "gcp",
        file: "gcp/zonal-two-nodes.yaml",
        id: "kubeproof-rehearsal",
        readings: &[
            (2, BillState::Pending),
            (26, BillState::Provisional),
            (24 * 4, BillState::Final),
        ],
        tamper: Some(wrong_bills::gcp),
    },
    Cloud {
        name: "azure",
        file: "azure/two-nodes.yaml",
        id: "11111111-1111-1111-1111-111111111111/00000000-0000-0000-0000-000000000001",
        readings: &[
            (2, BillState::Pending),
            (30, BillState::Provisional),
            (60, BillState::Stable),
            (24 * 40, BillState::Final),
        ],
        tamper: Some(wrong_bills::azure),
    },
    Cloud {
        name: "huggingface",
        file: "huggingface/job.yaml",
        id: "kubeproof-rehearsal",
        readings: &[],
        tamper: None,
    },
];

fn later(at: Timestamp, hours: i64) -> Timestamp {
    at + SignedDuration::from_hours(hours)
}

/// Everything of a live run that is not a pass.
fn not_passed(record: &Record) -> String {
    let phases = record.phases.iter();
    let phases = phases.filter(|phase| phase.verdict != Verdict::Pass);
    let phases: String = phases
        .map(|phase| format!("\n{}: {}: {}", phase.name, phase.verdict, phase.message))
        .collect();
    let cost = &record.cost;
    let lines: String = cost
        .lines
        .iter()
        .map(|line| {
            let (estimated, billed) = (line.estimated, line.billed);
            format!("\n{}: {estimated:?} {billed:?} {:?}", line.line, line.gap)
        })
        .collect();
    format!("{phases}\n{:#?}\n{}{lines}", record.findings, cost.message)
}

/// From the gate to the final bill; then the same bill, but wrong.
fn check(cloud: &Cloud) {
    let served = SecondProcess::serve(cloud.name);
    let account = served.account();
    let out = tempfile::tempdir().expect("a folder");
    let live = Live::new(&account, cloud.file, out.path(), cloud.id);
    let refusal = live.gate("0.01").expect_err("a cent is not enough");
    assert!(refusal.contains("may cost"), "{refusal}");
    let accounts = live.gate("10").expect("permitted");

    let record = live.run(accounts);
    let run = record.run_id.clone();
    assert_eq!(record.tier, Tier::Live);
    assert_eq!(
        record.audit.verdict,
        Verdict::Pass,
        "{}",
        not_passed(&record)
    );
    assert_eq!(record.findings, [], "{}", not_passed(&record));
    if cloud.readings.is_empty() {
        // Nothing counts what it cost, so that it is unknown for ever.
        assert_eq!(record.verdict, Verdict::Unknown, "{}", not_passed(&record));
        assert!(record.cost.bill.is_none());
        return;
    }
    assert_eq!(record.verdict, Verdict::Pending, "{}", not_passed(&record));

    let ended = record.finished_at;
    for (hours, state) in cloud.readings {
        let record = live.settle(&run, later(ended, *hours), None);
        let bill = record.cost.bill.as_ref().expect("a bill");
        let told = format!("after {hours} h: {}", not_passed(&record));
        println!("{} {told}", cloud.name);
        assert_eq!(bill.state(), *state, "{told}");
        let expected = match state {
            BillState::Final => Verdict::Pass,
            _ => Verdict::Pending,
        };
        assert_eq!(
            (record.cost.verdict, record.verdict),
            (expected, expected),
            "{told}"
        );
    }
    let readings = cloud.readings.len();

    // The run's record goes on with a bill that is wrong: closed bills that differ are not final until one stays.
    let last = later(ended, 24 * 42);
    let record = live.settle(&run, last, cloud.tamper);
    assert_eq!(record.verdict, Verdict::Pending, "{}", not_passed(&record));
    let record = live.settle(&run, later(last, 24), cloud.tamper);
    assert_eq!(
        record.cost.verdict,
        Verdict::Fail,
        "{}",
        not_passed(&record)
    );
    assert_eq!(record.verdict, Verdict::Fail);
    let bill = record.cost.bill.as_ref().expect("a bill");
    assert_eq!(bill.readings.len(), readings + 2);
}

#[test]
fn aws_passes_with_its_final_bill_and_fails_with_a_wrong_one() {
    check(&CLOUDS[0]);
}

#[test]
fn gcp_passes_with_its_final_bill_and_fails_with_a_wrong_one() {
    check(&CLOUDS[1]);
}

#[test]
fn azure_passes_with_its_final_bill_and_fails_with_a_wrong_one() {
    check(&CLOUDS[2]);
}

#[test]
fn hugging_face_leaves_nothing_and_its_cost_is_unknown() {
    check(&CLOUDS[3]);
}
