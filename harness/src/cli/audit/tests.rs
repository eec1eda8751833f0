//! An audit is never clean while one of its calls is refused: checked call by call.

// Says that what follows is test code, which may name clouds, to those who read the file alone (tests/harness/tidy.rs).
#[cfg(test)]
use std::collections::BTreeSet;
use std::path::PathBuf;

use kubeproof_contract::call::Signature;

use super::*;

/// One scenario of each provider that has a rehearsal.
fn scenarios() -> Vec<Scenario> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let files = [
        "aws/two-zones.yaml",
        "gcp/zonal-two-nodes.yaml",
        "azure/two-nodes.yaml",
        "lambda/one-a10.yaml",
    ];
    let files = files.map(|file| folder.join(file));
    scenario::read::all(&files, &providers::shared()).expect("scenarios")
}

fn of(provider: &str) -> Scenario {
    let mut all = scenarios();
    all.retain(|scenario| scenario.provider.name() == provider);
    all.remove(0)
}

fn args(provider: &str, faults: &[&str]) -> Args {
    // One region is enough, and quick.
    let region = if provider == "aws" {
        vec!["us-east-1".to_owned()]
    } else {
        Vec::new()
    };
    Args {
        paths: Vec::new(),
        provider: Vec::new(),
        region,
        tier: TierName::Rehearsal,
        seed: 1,
        fault: faults
            .iter()
            .map(|fault| fault.parse().expect("a fault"))
            .collect(),
        format: TableOrJson::Table,
    }
}

fn audited(scenario: &Scenario, faults: &[&str]) -> Account {
    let args = args(scenario.provider.name(), faults);
    audit(scenario, &args, &[]).unwrap_or_else(|(_, problem)| panic!("{faults:?}: {problem}"))
}

/// The exit code of an audit of this account.
fn code(account: Account) -> u8 {
    exit_code::of([verdict(&[account])])
}

/// Refuses each read of a provider for ever. Those that the audit makes must leave a cell unlisted, by the name
/// of the call; of the others it must say that nothing was shown. The names of those that it makes.
fn check_every_read(provider: &str) -> BTreeSet<String> {
    let scenario = of(provider);
    let reads = scenario.provider.calls().into_iter();
    let reads: Vec<Signature> = reads
        .filter(|call| !call.mutating && call.service != "kubernetes")
        .collect();
    let mut made = BTreeSet::new();
    for call in reads {
        let fault = format!("auditor/{call}*1000=reject");
        let account = audited(&scenario, &[&fault]);
        let name = call.to_string();
        if account.not_injected.is_empty() {
            let failed = &account.coverage.failed;
            assert!(
                failed.iter().any(|line| line.contains(&name)),
                "{name} was refused, and no cell says so: {failed:?}"
            );
            made.insert(name.clone());
        } else {
            assert!(
                account.not_injected[0].contains("was not injected"),
                "{name}"
            );
        }
        assert_eq!(code(account), exit_code::UNKNOWN, "{name}");
    }
    made
}

#[test]
fn no_audit_is_clean_while_a_call_of_it_is_refused_on_aws() {
    let made = check_every_read("aws");
    // Held here, so that a net which catches nothing shows.
    for call in [
        "autoscaling:DescribeAutoScalingGroups",
        "cloudtrail:LookupEvents",
        "ec2:DescribeAddresses",
        "ec2:DescribeInstances",
        "ec2:DescribeNatGateways",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSpotInstanceRequests",
        "ec2:DescribeVolumes",
        "ec2:DescribeVpcs",
        "eks:ListClusters",
        "elasticloadbalancing:DescribeLoadBalancers",
        "iam:ListOpenIDConnectProviders",
        "iam:ListRoles",
        "logs:DescribeLogGroups",
        "sts:GetCallerIdentity",
        "tagging:GetResources",
    ] {
        assert!(made.contains(call), "{call}: {made:?}");
    }
}

#[test]
fn no_audit_is_clean_while_a_call_of_it_is_refused_on_gcp() {
    let made = check_every_read("gcp");
    for call in [
        "cloudresourcemanager:projects.getIamPolicy",
        "compute:addresses.aggregatedList",
        "compute:disks.aggregatedList",
        "compute:firewalls.list",
        "compute:forwardingRules.aggregatedList",
        "compute:instances.aggregatedList",
        "compute:networks.list",
        "compute:regions.list",
        "compute:snapshots.list",
        "container:projects.locations.clusters.list",
        "iam:projects.serviceAccounts.list",
    ] {
        assert!(made.contains(call), "{call}: {made:?}");
    }
}

#[test]
fn no_audit_is_clean_while_a_call_of_it_is_refused_on_azure() {
    let made = check_every_read("azure");
    for call in [
        "arm:managedClusters.list",
        "arm:managementLocks.listAtSubscriptionLevel",
        "arm:resourceGroups.list",
        "arm:roleAssignments.listForSubscription",
        "graph:applications.list",
        "graph:servicePrincipals.list",
    ] {
        assert!(made.contains(call), "{call}: {made:?}");
    }
}

#[test]
fn no_audit_is_clean_while_a_call_of_it_is_refused_on_lambda() {
    let made = check_every_read("lambda");
    for call in [
        "lambda:ListInstances",
        "lambda:ListFileSystems",
        "lambda:ListSshKeys",
        "lambda:ListFirewallRulesets",
    ] {
        assert!(made.contains(call), "{call}: {made:?}");
    }
}

#[test]
fn an_audit_without_a_fault_is_clean() {
    for scenario in scenarios() {
        let account = audited(&scenario, &[]);
        assert_eq!(account.not_injected, Vec::<String>::new());
        assert_eq!(code(account), exit_code::PASSED);
    }
}

#[test]
fn a_call_that_is_refused_less_often_than_asked_leaves_its_cell_unlisted_all_the_same() {
    let account = audited(&of("aws"), &["auditor/ec2:DescribeVpcs*99=reject"]);
    let failed = &account.coverage.failed;
    assert!(
        failed
            .iter()
            .any(|line| line.starts_with("vpc in us-east-1")),
        "{failed:?}"
    );
    assert_eq!(code(account), exit_code::UNKNOWN);
}

#[test]
fn a_fault_that_no_audit_can_meet_is_refused_and_one_of_another_provider_is_not() {
    let all = scenarios();
    let each: Vec<&Scenario> = all.iter().collect();
    let check = |fault: &str, expected: Option<&str>| {
        let faults = [fault.parse().expect(fault)];
        let reason = refused(&faults, &each, Tier::Rehearsal);
        match (reason, expected) {
            (None, None) => {}
            (Some(reason), Some(part)) => assert!(reason.contains(part), "{reason}"),
            (reason, _) => panic!("{fault}: {reason:?}"),
        }
    };
    check("auditor/ec2:DescribeVpcs=reject", None);
    check("auditor/lambda:ListInstances=reject", None);
    check("auditor/ec2:DescribeVPCs=reject", Some("did you mean"));
    check(
        "ec2:DescribeVpcs=reject",
        Some("write `auditor/ec2:DescribeVpcs`"),
    );
    check(
        "auditor/ec2:DescribeVpcs=crash-before",
        Some("for the provisioner"),
    );
}
