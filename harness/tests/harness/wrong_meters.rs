//! Wrong meters, each as a change of a right bill, and what catches it: the verdict at 20 %, or only the exact comparison
//! of a line, which tests make and a user's tolerance forgives.

use std::collections::BTreeMap;

use kubeproof::cost::lines::key;
use kubeproof::cost::settlement;
use kubeproof::runner::in_memory;
use kubeproof::settle::apply;
use kubeproof::trial::{Part, Trial};
use kubeproof::trial_context::RunOptions;
use kubeproof::trial_context::bystander::BystanderState;
use kubeproof::trial_context::progress::Silent;
use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::cost::{Billed, Charge, Estimate};
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::bill::RunBill;
use kubeproof_reports::record::Record;

use crate::campaigns::scenario_of;

/// The most that a line of a right bill differs from its estimate, in halves of so many parts of it: 1 % of disks, whose
/// months differ by so little; 2.5 % of machines and addresses, which are billed from their launch on.
const EXACT: i64 = 50;
const EXACT_LAUNCHED: i64 = 20;

/// What catches a wrong meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caught {
    /// Nothing: the bill is right.
    No,
    /// The verdict at 20 %.
    By(Verdict),
    /// Only that a line is not exactly what it should be.
    Exactly,
}

/// The record of a rehearsal of two nodes over two zones with a gateway in each, in a month of 720 hours; what its bill is
/// compared with, and the charges that the simulated cloud has billed.
fn run() -> (Record, RunBill, Vec<Charge>) {
    let trial = Trial {
        scenario: scenario_of("../scenarios/aws/two-zones.yaml"),
        part: Part::Lifecycle(Vec::new()),
        tier: Tier::Rehearsal,
        seed: 1,
    };
    // Alone in its account: a line without tags would be everybody's.
    let options = RunOptions {
        bystander: BystanderState::unless(true),
        ..RunOptions::quiet()
    };
    let ran = in_memory(&trial, &options, &Silent::shared());
    let record = ran.expect("a run").0.record;
    let planned = record
        .cost
        .lines
        .iter()
        .filter(|line| line.estimate.is_some());
    let mut bill = RunBill {
        from: record.started_at,
        until: record.finished_at,
        final_after: record.finished_at,
        estimate: Estimate::default(),
        planned_minutes: 45,
        lifetime_usd: BTreeMap::new(),
        readings: Vec::new(),
    };
    let mut charges = Vec::new();
    for line in planned {
        let estimate = line.estimate.clone().expect("one");
        bill.lifetime_usd
            .insert(key(&estimate), line.estimated.expect("an amount"));
        bill.estimate.lines.push(estimate);
        charges.extend(line.charges.clone());
    }
    (record, bill, charges)
}

fn scaled(charges: &mut [Charge], line: &str, factor: Decimal) {
    for charge in charges.iter_mut().filter(|charge| charge.line == line) {
        charge.usd *= factor;
        charge.quantity *= factor;
    }
}

fn number(text: &str) -> Decimal {
    text.parse().expect("a number")
}

fn hours(charges: &[Charge], line: &str) -> Decimal {
    let of_line = charges.iter().filter(|charge| charge.line == line);
    of_line.map(|charge| charge.quantity).sum()
}

/// What a wrong meter makes of the charges.
type Change = fn(&mut Vec<Charge>);

/// Each wrong meter.
const METERS: &[(&str, Change, Caught)] = &[
    ("none", |_| (), Caught::No),
    (
        "NAT gateways by the second, for as long as the control plane",
        |charges| {
            let lived = hours(charges, "control_plane") * Decimal::TWO;
            let billed = hours(charges, "nat_gateway");
            scaled(charges, "nat_gateway", lived / billed);
        },
        // Of an hour that is nearly full, only the exact comparison shows the missing minutes.
        Caught::Exactly,
    ),
    (
        "addresses in use are free",
        |charges| charges.retain(|charge| charge.line != "public_ipv4"),
        Caught::By(Verdict::Unknown),
    ),
    (
        "every month has 730 hours",
        |charges| scaled(charges, "disks", number("720") / number("730")),
        Caught::Exactly,
    ),
    (
        "rates of Windows machines, as in a price table that others have committed",
        |charges| scaled(charges, "nodes", number("2.07")),
        Caught::By(Verdict::Fail),
    ),
    (
        "nodes and the control plane only, as other cost models have it",
        |charges| {
            let has = |charge: &Charge| ["nodes", "control_plane"].contains(&charge.line.as_str());
            charges.retain(has);
        },
        Caught::By(Verdict::Fail),
    ),
    (
        "net of credits: the golden bill's 0.155920 of 3.032617",
        |charges| {
            for charge in charges {
                charge.usd *= number("0.155920") / number("3.032617");
            }
        },
        Caught::By(Verdict::Fail),
    ),
    (
        "the tag of the cluster is lost, and with it nodes and disks",
        |charges| charges.retain(|charge| !["nodes", "disks"].contains(&charge.line.as_str())),
        Caught::By(Verdict::Fail),
    ),
    (
        "the tag of disks is lost",
        |charges| charges.retain(|charge| charge.line != "disks"),
        Caught::By(Verdict::Unknown),
    ),
    (
        "everything is counted twice",
        |charges| charges.extend(charges.clone()),
        Caught::By(Verdict::Fail),
    ),
    (
        "euros that are taken for dollars",
        |charges| {
            for charge in charges {
                charge.usd *= number("0.8785");
            }
        },
        Caught::Exactly,
    ),
    (
        "rupees that are taken for dollars",
        |charges| {
            for charge in charges {
                charge.usd *= number("84");
            }
        },
        Caught::By(Verdict::Fail),
    ),
];

#[test]
fn each_wrong_meter_is_caught_and_the_right_one_is_not() {
    let (record, bill, right) = run();
    let mut wrong = Vec::new();
    for (name, change, expected) in METERS {
        let mut charges = right.clone();
        change(&mut charges);
        let mut bill = bill.clone();
        let billed = Billed {
            charges,
            is_final: true,
            attribution: Vec::new(),
            shared_lines: vec!["public_ipv4".to_owned(), "load_balancer".to_owned()],
            last_used: None,
            read_at: bill.until,
        };
        let until = bill.until;
        settlement::add(&mut bill, Ok(billed), until);
        let mut settled = record.clone();
        apply(&mut settled, &bill, Decimal::ONE_HUNDRED);
        let cost = &settled.cost;
        // A line of which the bill has nothing is for the verdict.
        let is_exact = cost.lines.iter().all(|line| {
            let (estimated, billed) = (line.estimated, line.billed);
            estimated.zip(billed).is_none_or(|(estimated, billed)| {
                let parts = match line.line.as_str() {
                    "nodes" | "public_ipv4" => EXACT_LAUNCHED,
                    _ => EXACT,
                };
                (estimated - billed).abs() * Decimal::from(parts) <= estimated / Decimal::TWO
            })
        });
        let caught = match (cost.verdict, is_exact) {
            (Verdict::Pass, true) => Caught::No,
            (Verdict::Pass, false) => Caught::Exactly,
            (verdict, _) => Caught::By(verdict),
        };
        if caught != *expected {
            wrong.push(format!("{name}: {caught:?}: {}", cost.message));
        }
        assert_eq!(
            settled.verdict == Verdict::Pass,
            cost.verdict == Verdict::Pass
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
