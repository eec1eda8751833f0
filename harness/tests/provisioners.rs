//! Wrong provisioners, each exposed by at most two faults, and right ones that raise nothing.
//!
//! Apart from the campaigns' own tests: this table is what the oracles are worth. Each of them is the only
//! one to find at least one row, and so is each row clean without its faults.

use std::collections::BTreeSet;
use std::sync::Arc;

use kubeproof::faults::campaign::{Mode, Order, run};
use kubeproof::faults::schedules::Wanted;
use kubeproof::faults::shard::Shard;
use kubeproof::run::stage::Surroundings;
use kubeproof::scenario::Scenario;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_reports::campaign::{Campaign, page};

#[path = "support/campaigns.rs"]
mod campaigns;
#[path = "../testdata/provisioners/right.rs"]
mod right;
#[path = "../testdata/provisioners/variant.rs"]
mod variant;
#[path = "../testdata/provisioners/wrong.rs"]
mod wrong;

use campaigns::{Nobody, scenario_of};
use variant::{Make, in_place};

fn campaign(scenario: &Scenario, order: &Order) -> Campaign {
    run(scenario, order, &Surroundings::quiet(), &Nobody).expect("a campaign")
}

fn order(mode: Mode) -> Order {
    Order {
        mode,
        wanted: Wanted::default(),
        every_poll: false,
        seed: 1,
        shard: None,
        jobs: 1,
    }
}

fn under(scenario: &Scenario, faults: &[&str]) -> Campaign {
    let read = |text: &&str| text.parse::<Fault>().expect("a fault");
    campaign(
        scenario,
        &order(Mode::These(faults.iter().map(read).collect())),
    )
}

/// Where a wrong provisioner comes from.
enum Of {
    /// Made of the contract alone, on the EKS scenario.
    Contract(Make),
    /// The same, with limits in which hours fit.
    Patient(Make),
    /// A defect that a scenario file names.
    File(&'static str),
}
use Of::{Contract, File, Patient};

/// Each wrong provisioner, the faults that expose it, and all that speak then.
const TABLE: &[(&str, Of, &[&str], &[&str])] = &[
    (
        "state at the end",
        Contract(wrong::state_at_the_end::make),
        &["eks:CreateCluster#1=cancel"],
        &["O1 orphans"],
    ),
    (
        "tags later",
        File("tags_later.yaml"),
        &["ec2:CreateTags#1=cancel-before"],
        &["O1 orphans"],
    ),
    (
        "tags later, and may not",
        File("tags_later.yaml"),
        &["ec2:CreateTags#1=reject"],
        &["O1 orphans", "O2 twins", "O8 end state"],
    ),
    (
        "ignores a failed write",
        Contract(wrong::ignores_failed_write::make),
        &["disk:Write#1*1000=write-fails"],
        &["O1 orphans"],
    ),
    (
        "failover beside",
        Contract(wrong::failover_beside::make),
        &["eks:CreateCluster#1=capacity"],
        &["O2 twins"],
    ),
    (
        "says half",
        Contract(wrong::says_half::make),
        &["eks:CreateNodegroup#1=quota"],
        &["O3 truth"],
    ),
    (
        "waits for hours",
        Patient(wrong::waits_for_hours::make),
        &["eks:CreateNodegroup#1=quota"],
        &["O4 bill"],
    ),
    (
        "hurries",
        Contract(wrong::hurries::make),
        &["eks:DescribeCluster#3=throttle(20)"],
        &["O5 ends"],
    ),
    (
        "hangs on expired credentials",
        Contract(wrong::hangs_on_expired::make),
        &["eks:CreateNodegroup#1*1000=credentials-expire"],
        &["O5 ends"],
    ),
    (
        "cleans by name",
        Contract(wrong::cleans_by_name::make),
        &["ec2:DeleteVpc#1=crash-before"],
        &["O6 decoys"],
    ),
    (
        "tombstone",
        Contract(wrong::tombstone::make),
        &["ec2:DeleteVpc#1=crash-before"],
        &["O7 no-op"],
    ),
    (
        "loses a rule",
        Contract(wrong::loses_a_rule::make),
        &["ec2:AuthorizeSecurityGroupIngress#4=throttle"],
        &["O8 end state"],
    ),
    (
        "blind repeat",
        Contract(wrong::blind_repeat::make),
        &["ec2:AllocateAddress#1=lost-response"],
        &["O2 twins", "O8 end state"],
    ),
    (
        "trusts one look",
        File("trusts_one_look.yaml"),
        &[
            "ec2:CreateVpc#1=crash-after",
            "ec2:DescribeVpcs#2=stale-read",
        ],
        &["O2 twins", "O8 end state"],
    ),
    (
        "trusts one look, and it lags",
        File("trusts_one_look.yaml"),
        &["ec2:DescribeVpcs#2=stale-read"],
        &["O2 twins", "O7 no-op", "O8 end state"],
    ),
    (
        "swallows its error",
        Contract(wrong::swallows_error::make),
        &["ec2:DeleteVpc#1*1000=dependency"],
        &["O1 orphans"],
    ),
    (
        "needs a living cluster",
        Contract(wrong::needs_living_cluster::make),
        &["eks:CreateCluster#5=async-fail(InternalFailure)"],
        &["O1 orphans", "retry", "teardown-retry"],
    ),
    (
        "forgets failed groups",
        Contract(wrong::forgets_failed_groups::make),
        &["eks:CreateNodegroup#1=async-fail(NodeCreationFailure)"],
        &["O1 orphans", "O3 truth", "teardown-retry"],
    ),
    (
        "begins anew, torn",
        Contract(wrong::begins_anew::make),
        &["disk:Write#2=torn-write"],
        &["O2 twins", "O8 end state"],
    ),
    (
        "begins anew, lost",
        Contract(wrong::begins_anew::make),
        &["disk:Write#2=lost-disk"],
        &["O2 twins", "O8 end state"],
    ),
    (
        "blind launch",
        File("lambda_blind_launch.yaml"),
        &["lambda:LaunchInstance#1=lost-response"],
        &["O2 twins", "O8 end state"],
    ),
    (
        "failover keeps",
        File("lambda_failover_twins.yaml"),
        &["lambda:LaunchInstance#2=capacity"],
        &["O2 twins", "O7 no-op", "O8 end state"],
    ),
];

fn wrong_one(of: &Of) -> Scenario {
    match of {
        Contract(make) => in_place(scenario_of("../scenarios/aws/two-zones.yaml"), *make),
        Patient(make) => {
            let mut scenario = scenario_of("../scenarios/aws/two-zones.yaml");
            let mut content = (*scenario.content).clone();
            content.limits.provision_minutes = 24 * 60;
            scenario.content = Arc::new(content);
            in_place(scenario, *make)
        }
        File(file) => scenario_of(&format!("testdata/provisioners/{file}")),
    }
}

/// The oracles that speak.
fn oracles(shown: &Campaign) -> BTreeSet<&str> {
    let all = shown.findings.iter();
    all.map(|finding| finding.oracle.as_str()).collect()
}

#[test]
fn each_wrong_provisioner_is_exposed_by_its_faults_and_by_its_oracles() {
    let mut wrong = Vec::new();
    for (name, of, faults, expected) in TABLE {
        let shown = under(&wrong_one(of), faults);
        let found = oracles(&shown);
        let clean = shown
            .findings
            .iter()
            .all(|finding| !finding.faults.is_empty());
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        let all_strike = shown.unreached.is_empty();
        if found != expected || !clean || !all_strike {
            let said: Vec<String> = shown
                .findings
                .iter()
                .map(|one| format!("  {}: {}", one.oracle, one.message))
                .collect();
            let (said, unreached) = (said.join("\n"), &shown.unreached);
            wrong.push(format!(
                "{name}: {found:?} clean {clean} {unreached:?}\n{said}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_oracle_is_the_only_one_to_find_one_of_them() {
    let alone: BTreeSet<&str> = TABLE
        .iter()
        .filter(|(.., expected)| expected.len() == 1)
        .flat_map(|(.., expected)| expected.iter().copied())
        .collect();
    let all = [
        "O1 orphans",
        "O2 twins",
        "O3 truth",
        "O4 bill",
        "O5 ends",
        "O6 decoys",
        "O7 no-op",
        "O8 end state",
    ];
    assert_eq!(alone, BTreeSet::from(all));
}

#[test]
fn none_of_them_needs_more_than_two_faults() {
    assert!(TABLE.iter().all(|(_, _, faults, _)| faults.len() <= 2));
}

/// The faults that expose the wrong ones, as far as they strike a right one, and a slice of all others.
#[track_caller]
fn raises_nothing(make: Make, effects: &[&str], slice: u64) {
    let scenario = in_place(scenario_of("../scenarios/aws/two-zones.yaml"), make);
    let mut missed = 0;
    for (name, of, faults, _) in TABLE {
        let strikes =
            matches!(of, Contract(_)) && !faults.iter().any(|one| one.starts_with("disk:"));
        if strikes {
            let shown = under(&scenario, faults);
            assert!(shown.findings.is_empty(), "{name}: {:#?}", shown.findings);
            missed += shown.unreached.len();
        }
    }
    // Another order of calls needs fewer of one name: that fault has nothing to strike.
    assert!(missed <= 1, "{missed}");
    let sliced = Order {
        wanted: Wanted {
            effects: effects.iter().map(|name| (*name).to_owned()).collect(),
            pedantic: false,
        },
        shard: Some(Shard {
            number: 1,
            of: slice,
        }),
        ..order(Mode::Singles)
    };
    let shown = campaign(&scenario, &sliced);
    assert!(shown.lifecycles > 5, "{}", shown.lifecycles);
    assert_eq!(
        page::verdict(&shown),
        Verdict::Pass,
        "{:#?}",
        shown.findings
    );
}

#[test]
fn one_that_makes_one_call_after_the_other_raises_nothing() {
    raises_nothing(right::sequential::make, &[], 150);
}

#[test]
fn one_that_unwinds_raises_nothing() {
    raises_nothing(right::unwinds::make, &[], 150);
}

#[test]
fn one_that_keeps_a_journal_and_its_tokens_on_disk_raises_nothing() {
    let effects = &["write-fails", "torn-write", "lost-disk"];
    raises_nothing(right::journals::make, effects, 15);
}
