//! What a bystander's cluster exposes, and when a clean run is good enough for a campaign.

use std::collections::BTreeSet;

use kubeproof::faults::campaign::Mode;
use kubeproof::runner;
use kubeproof::trial_context::RunOptions;
use kubeproof::trial_context::bystander::BystanderState;
use kubeproof::trial_context::progress::Silent;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::provisioner::{Provisioner, ProvisionerError};
use kubeproof_reports::campaign::{CampaignFinding, page};

use crate::campaigns::{faults, options, scenario_of};
use crate::provisioners::of::{ONE_MACHINE, TWO_ZONES, wrong_one};
use crate::provisioners::variant::{
    FunctionProvisioner, Parts, in_place, provisions, seen_through,
};
use crate::provisioners::whole_runs::BESIDE;
use crate::provisioners::{blind, campaign, clean, oracles, under, whole, wrong};

#[test]
fn a_clean_run_that_is_partly_unknown_stops_a_campaign() {
    let scenario = seen_through(scenario_of(TWO_ZONES), blind::to_policies);
    let shown = campaign(&scenario, &options(Mode::Singles, &["capacity"]));
    assert!(shown.findings.is_empty(), "{:#?}", shown.findings);
    assert_eq!(page::verdict(&shown), Verdict::Unknown);
    assert_eq!(shown.lifecycles, 0, "what follows would prove nothing");
    let told = |id: &str| {
        let mut all = shown.unknown.iter();
        all.any(|line| line.contains("the clean run") && line.contains(id))
    };
    assert!(told("aws.role.nodes"), "{:#?}", shown.unknown);
    // Chosen faults are still run, and the report says why they prove little.
    let shown = campaign(
        &scenario,
        &options(Mode::These(faults(&["ec2:CreateVpc#1=throttle"])), &[]),
    );
    assert_eq!(shown.lifecycles, 1);
    assert_eq!(page::verdict(&shown), Verdict::Unknown);
}

#[test]
fn a_provisioner_that_takes_anothers_cluster_is_exposed_only_by_a_bystanders_cluster() {
    for (name, of) in BESIDE {
        let record = whole(wrong_one(of), &[]);
        let o6 = record
            .findings
            .iter()
            .any(|one| one.oracle == "O6 bystanders");
        assert!(o6, "{name}: {:#?}", record.findings);
        assert_eq!(record.verdict, Verdict::Fail, "{name}");
        let alone = RunOptions {
            bystander: BystanderState::unless(true),
            ..RunOptions::quiet()
        };
        let record = runner::run_one(&clean(wrong_one(of)), &alone, &Silent::shared());
        let record = record.expect("a run");
        assert_eq!(
            record.verdict,
            Verdict::Pass,
            "{name}: {:#?}",
            record.findings
        );
        // A campaign finds it in its clean run, and stops.
        let shown = campaign(&wrong_one(of), &options(Mode::Singles, &["hang"]));
        assert!(oracles(&shown).contains("O6 bystanders"), "{name}");
        assert_eq!(shown.lifecycles, 0, "{name}");
    }
}

/// Tears down every cluster except the bystander's.
fn gives_the_other_up(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("gives the other up", parts, provisions, |parts| {
        Box::pin(async {
            if parts.connection.run.id.ends_with("-2") {
                return Err(ProvisionerError::new("nothing is known of it"));
            }
            parts.reference().teardown().await
        })
    })
}

#[test]
fn the_bystanders_cluster_is_torn_down_at_the_end_and_a_failure_to_do_so_is_a_finding() {
    let check = |scenario, expected: Verdict| {
        let record = whole(scenario, &[]);
        let mut phases = record.phases.iter();
        let phase = phases.find(|phase| phase.name == "bystander-teardown");
        let phase = phase.expect("it is torn down");
        assert_eq!(phase.verdict, expected, "{}", phase.message);
        let mut found = record.findings.iter();
        let is_found = found.any(|one| one.message.contains("cannot tear it down any more"));
        assert_eq!(
            is_found,
            expected == Verdict::Fail,
            "{:#?}",
            record.findings
        );
    };
    check(scenario_of(ONE_MACHINE), Verdict::Pass);
    check(
        in_place(scenario_of(ONE_MACHINE), gives_the_other_up),
        Verdict::Fail,
    );
}

#[test]
fn a_campaign_finds_what_the_bystanders_cluster_loses_after_a_fault() {
    // It deletes by name prefix only if an earlier clean-up was interrupted.
    let scenario = in_place(
        scenario_of(ONE_MACHINE),
        wrong::cleans_by_beginning::after_a_crash,
    );
    let fault = "lambda:TerminateInstances#1=crash-before";
    let shown = under(&scenario, &[fault]);
    assert_eq!(
        oracles(&shown),
        BTreeSet::from(["O6 bystanders"]),
        "{:#?}",
        shown.findings
    );
    let clean = |one: &CampaignFinding| one.faults.is_empty();
    assert!(!shown.findings.iter().any(clean), "{:#?}", shown.findings);
}
