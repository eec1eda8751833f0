//! Campaigns: the same on any number of threads and in any number of shards, and each wrong provisioner is exposed by
//! the fault and the oracle that match its defect.
//!
//! A full campaign is thousands of lifecycles of one scenario; these tests use only some effects, to stay short.

use std::collections::BTreeSet;

use kubeproof::faults::campaign::{CampaignOptions, Mode, run};
use kubeproof::faults::injection_points::{InjectionPoint, Part};
use kubeproof::faults::schedules::{self, EffectFilter};
use kubeproof::faults::shard::Shard;
use kubeproof::providers;
use kubeproof::scenario::Scenario;
use kubeproof::trial_context::RunOptions;
use kubeproof_contract::call::Signature;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::disk;
use kubeproof_contract::fault::EFFECTS;
use kubeproof_reports::campaign::{Campaign, CampaignFinding, page};

use crate::campaigns::{NoProgress, faults, options, scenario_of};

fn campaign(scenario: &Scenario, options: &CampaignOptions) -> Campaign {
    let mut whole = Campaign::default();
    let one = run(scenario, options, &RunOptions::quiet(), &NoProgress).expect("a campaign");
    whole.merge(one);
    // The duration is not part of the result.
    whole.elapsed_seconds = 0.0;
    whole.finished_at = None;
    whole
}

#[test]
fn threads_and_runs_make_no_difference_and_shards_add_up_to_the_whole() {
    let scenario = scenario_of("../scenarios/aws/two-zones.yaml");
    let all = options(Mode::Singles, &["capacity", "async-stuck"]);
    let whole = campaign(&scenario, &all);
    assert!(whole.lifecycles > 4, "{}", whole.lifecycles);
    assert_eq!(page::verdict(&whole), Verdict::Pass, "{whole:?}");
    assert_eq!(whole.exercised, whole.fault_points, "{:?}", whole.unreached);
    let two = CampaignOptions {
        jobs: 2,
        ..all.clone()
    };
    assert_eq!(campaign(&scenario, &two), whole, "two threads");
    let mut merged = Campaign::default();
    for number in 1..=3 {
        let shard = CampaignOptions {
            shard: Some(Shard { number, of: 3 }),
            ..all.clone()
        };
        merged.merge(campaign(&scenario, &shard));
    }
    assert_eq!(merged, whole, "three shards");
    let other = CampaignOptions { seed: 2, ..all };
    assert_ne!(campaign(&scenario, &other).trace_hash, whole.trace_hash);
}

/// The reference provisioner withstands the faults that expose the wrong ones.
#[test]
fn the_reference_provisioner_withstands_what_exposes_the_wrong_ones() {
    let scenario = scenario_of("../scenarios/aws/two-zones.yaml");
    for fault in [
        "eks:CreateCluster#1=reject",
        "ec2:CreateVpc#1=crash-after",
        "ec2:AllocateAddress#1=cancel",
        "ec2:ReleaseAddress#1*1000=reject",
        "eks:CreateNodegroup#1*1000=async-fail(NodeCreationFailure)",
        // Rules were revoked one after the other, each for as long as AWS throttled: it did not end.
        "ec2:RevokeSecurityGroupIngress#1*1000=throttle",
    ] {
        let shown = campaign(&scenario, &options(Mode::These(faults(&[fault])), &[]));
        assert_eq!(page::verdict(&shown), Verdict::Pass, "{fault}: {shown:?}");
        assert_eq!(shown.exercised, 1, "{fault}");
    }
}

/// Pairs that once had findings: bugs of the reference provisioner, and false positives of the harness.
#[test]
fn the_reference_provisioner_withstands_the_pairs_that_once_exposed_it() {
    let scenario = scenario_of("../scenarios/aws/two-zones.yaml");
    for (pair, limits) in [
        // It stopped immediately, and its successor allocated again what was still being applied.
        (
            [
                "ec2:AssociateRouteTable#4*1000=credentials-expire",
                "ec2:AllocateAddress#2=late-apply(30)",
            ],
            0,
        ),
        // The duplicate that a dead process requested stayed beside the cluster that was reported ready.
        (
            [
                "ec2:DescribeVpcs#2=crash-before",
                "ec2:CreateVpc#1=late-apply(30)",
            ],
            1,
        ),
        // It tore down immediately, and what it had requested without an answer appeared later.
        (
            [
                "iam:CreateRole#1=late-apply(30)",
                "ec2:CreateSubnet#4=cancel-before",
            ],
            0,
        ),
        (
            [
                "ec2:CreateVpc#1=late-apply(30)",
                "iam:AttachRolePolicy#2=cancel-before",
            ],
            0,
        ),
        // A false positive: the last attempt adopts what an earlier one began, which fails every time.
        (
            [
                "ec2:CreateNatGateway#2*1000=async-fail(InternalError)",
                "ec2:DescribeNatGateways#25=crash-before",
            ],
            0,
        ),
        // A false positive: four attempts at teardown are too few for two double interrupts.
        (
            [
                "ec2:DisassociateRouteTable#4=cancel-twice",
                "ec2:DeleteSubnet#1=cancel-twice",
            ],
            0,
        ),
        // A false positive: the last teardown may be interrupted while a fault lasts. This listing is in it.
        (
            [
                "ec2:DescribeSubnets#4*1000=credentials-expire",
                "ec2:DescribeNatGateways#26=cancel-before",
            ],
            0,
        ),
    ] {
        let shown = campaign(&scenario, &options(Mode::These(faults(&pair)), &[]));
        assert_eq!(page::verdict(&shown), Verdict::Pass, "{pair:?}: {shown:?}");
        assert_eq!(shown.exercised, 2, "{pair:?}");
        assert_eq!(shown.limits.len(), limits, "{pair:?}: {:?}", shown.limits);
    }
}

/// A wrong provisioner is exposed by this fault (none: by its clean run) and by this oracle; the finding has a replay
/// command.
#[track_caller]
fn exposed(file: &str, fault: Option<&str>, oracle: &str) {
    let scenario = scenario_of(&format!("testdata/provisioners/{file}"));
    let mode = fault.map_or(Mode::Singles, |fault| Mode::These(faults(&[fault])));
    let shown = campaign(&scenario, &options(mode, &[]));
    assert_eq!(page::verdict(&shown), Verdict::Fail, "{file}: {shown:?}");
    let found = shown.findings.iter().find(|finding: &&CampaignFinding| {
        finding.oracle == oracle && finding.faults == fault.as_slice()
    });
    let found = found.unwrap_or_else(|| panic!("{file}: not by {oracle}: {:?}", shown.findings));
    if let Some(fault) = fault {
        // Quoted, because a shell would take the `#` for the start of a comment.
        let replay = format!("--seed 1 --fault '{fault}'");
        assert!(
            found.replay.starts_with("kubeproof faults "),
            "{}",
            found.replay
        );
        assert!(found.replay.ends_with(&replay), "{}", found.replay);
        // The replay finds it again.
        let again = campaign(&scenario, &options(Mode::These(faults(&[fault])), &[]));
        assert!(again.findings.contains(found), "{file}: {found:?}");
    }
}

#[test]
fn each_wrong_provisioner_is_exposed_by_a_fault_and_an_oracle() {
    for (file, fault, oracle) in [
        ("leaks_elastic_ip.yaml", None, "O1 orphans"),
        ("hides_teardown_error.yaml", None, "O1 orphans"),
        ("deletes_neighbours_vpc.yaml", None, "O6 bystanders"),
        ("lies_about_ready.yaml", None, "O3 truth"),
        ("claims_too_little.yaml", None, "cost"),
        ("twin_vpc_on_retry.yaml", None, "O2 duplicates"),
        (
            "twin_vpc_on_retry.yaml",
            Some("eks:CreateCluster#1=reject"),
            "O2 duplicates",
        ),
    ] {
        exposed(file, fault, oracle);
    }
}

#[test]
fn of_two_faults_a_finding_names_only_the_one_that_it_needs() {
    let scenario = scenario_of("testdata/provisioners/twin_vpc_on_retry.yaml");
    let both = Mode::These(faults(&[
        "iam:CreateRole#1=throttle",
        "eks:CreateCluster#1=reject",
    ]));
    let shown = campaign(&scenario, &options(both, &[]));
    // Its clean run is wrong, too: a second provision makes a duplicate.
    let after: Vec<_> = shown
        .findings
        .iter()
        .filter(|one| !one.faults.is_empty())
        .collect();
    assert!(!after.is_empty(), "{shown:?}");
    for finding in after {
        assert_eq!(
            finding.faults,
            ["eks:CreateCluster#1=reject"],
            "{finding:?}"
        );
    }
}

#[test]
fn a_fault_that_was_not_injected_is_unreached_and_never_a_pass() {
    let scenario = scenario_of("../scenarios/aws/two-zones.yaml");
    let shown = campaign(
        &scenario,
        &options(Mode::These(faults(&["ec2:CreateVpc#9=reject"])), &[]),
    );
    assert_eq!((shown.exercised, shown.unexplained()), (0, 1));
    assert_eq!(page::verdict(&shown), Verdict::Unknown);
    // An injected fault explains why another one was not.
    let both = Mode::These(faults(&[
        "ec2:CreateVpc#1=cancel",
        "eks:CreateCluster#1=reject",
    ]));
    let shown = campaign(&scenario, &options(both, &[]));
    assert_eq!((shown.exercised, shown.unreached.len()), (1, 1));
    assert!(shown.unreached[0].reason.is_some(), "{:?}", shown.unreached);
}

/// Each effect is documented by some cloud for some call, is a crash or a cancellation, or is documented by no cloud
/// and stays off.
#[test]
fn every_effect_is_planned_for_some_call_or_known_to_be_off() {
    let calls = [
        ("ec2", "CreateNatGateway", true),
        ("ec2", "DeleteSubnet", true),
        ("ec2", "DescribeVpcs", false),
        ("eks", "CreateCluster", true),
        ("eks", "CreateNodegroup", true),
        ("lambda", "LaunchInstance", true),
        ("disk", "Write", false),
    ];
    let mut aimed = BTreeSet::new();
    for (service, operation, mutating) in calls {
        let signature = Signature {
            service: service.to_owned(),
            operation: operation.to_owned(),
            mutating,
        };
        let mut all = disk::documented(&signature);
        if service != disk::SERVICE {
            all.clear();
        }
        for provider in providers::all() {
            all.extend(provider.documented_effects(&signature));
        }
        let point = InjectionPoint {
            part: Part::Provision,
            signature: signature.clone(),
            key: None,
            changed: false,
            occurrence: 1,
            first_of_loop: true,
            repeats_earlier_read: true,
            accepted: true,
        };
        let singles = schedules::singles(&[point], |_| all.clone(), &EffectFilter::default());
        aimed.extend(singles.iter().flatten().map(|one| one.fault.effect.name()));
    }
    // Only for scenario files, because they need provider-specific arguments; or documented by no cloud.
    let off = ["outage", "foreign-change", "garbled", "repeated-page"];
    aimed.extend(off.map(str::to_owned));
    let all = EFFECTS.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(aimed, all.collect());
}
