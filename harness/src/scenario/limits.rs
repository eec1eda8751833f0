//! Rules for scenarios that their types cannot express: ranges, and names that must differ. The same for every
//! provider.

use std::collections::BTreeSet;

use kubeproof_contract::scenario::{AllowBlock, AnyScenario, FailureBlock, ProvisionerBlock};
use kubeproof_reports::finding_id;

/// A broken rule: the text in the file that it is about (to locate it), and the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRule {
    /// Text that stands at the place.
    pub near: String,
    /// Which of its occurrences, from 0.
    pub occurrence: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// All rules that a scenario breaks.
pub fn broken(scenario: &AnyScenario) -> Vec<BrokenRule> {
    let mut all: Vec<BrokenRule> = ranges(scenario);
    all.extend(provisioner(&scenario.provisioner));
    let mut names = BTreeSet::new();
    for failure in &scenario.failures {
        let name = failure.name.as_str();
        let near = format!("name: {name}");
        if !names.insert(name) {
            all.push(at(&near, 1, format!("two failures are named `{name}`")));
        }
        if name == "lifecycle" {
            all.push(at(
                &near,
                0,
                "`lifecycle` is the name of the trial without failures".to_owned(),
            ));
        }
        all.extend(forces(name, failure).map(|message| at(&near, 0, message)));
        if failure.first_cluster.is_some() && scenario.provisioner.is_external() {
            let message =
                "`first_cluster` is for built-in provisioners: a program asks for what it asks for";
            all.push(at("first_cluster:", 0, message.to_owned()));
        }
    }
    if scenario.tiers.is_empty() {
        all.push(at(
            "tiers:",
            0,
            "`tiers` is empty: name at least one of rehearsal, kind, live".into(),
        ));
    }
    if matches!(scenario.job.scale_to, Some(0 | 101..)) {
        let message = "`scale_to` is out of range: 1 to 100";
        all.push(at("scale_to:", 0, message.to_owned()));
    }
    all.extend(allow(&scenario.allow));
    if scenario.description.trim().is_empty() {
        all.push(at(
            "description:",
            0,
            "say in a sentence what the scenario shows".to_owned(),
        ));
    }
    if scenario.job.print.trim().is_empty() {
        all.push(at("print:", 0, "the job must print some text".to_owned()));
    }
    all
}

/// What is wrong with the entries of `allow`.
fn allow(entries: &[AllowBlock]) -> Vec<BrokenRule> {
    let mut all = Vec::new();
    for entry in entries {
        match (&entry.resource_type, &entry.finding) {
            (Some(_), None) => {}
            (None, Some(id)) if finding_id::is_id(id) => {}
            (None, Some(id)) => all.push(at(
                id,
                0,
                format!("`{id}` is not the id of a finding, such as F-0123456789"),
            )),
            _ => all.push(at(
                "allow:",
                0,
                "an entry of `allow` has either `type` or `finding`".to_owned(),
            )),
        }
        if entry.reason.trim().is_empty() {
            let message = "`reason` is empty: say why this may be left behind";
            all.push(at("reason:", 0, message.to_owned()));
        }
    }
    all
}

/// What is wrong with the provisioner's block.
fn provisioner(block: &ProvisionerBlock) -> Vec<BrokenRule> {
    let mut all = Vec::new();
    let given = [
        ("builtin", block.builtin.is_some()),
        ("terraform", block.terraform.is_some()),
        ("command", block.command.is_some()),
    ];
    let names: Vec<&str> = given
        .iter()
        .filter(|(_, it)| *it)
        .map(|(name, _)| *name)
        .collect();
    if names.len() > 1 {
        let message = format!(
            "`provisioner` is one of builtin, terraform and command; it has {}",
            names.join(" and ")
        );
        all.push(at("provisioner:", 0, message));
    }
    let lists = block.command.iter().flat_map(|command| {
        [
            ("provision", Some(&command.provision)),
            ("teardown", Some(&command.teardown)),
            ("estimate", command.estimate.as_ref()),
            ("ready", command.ready.as_ref()),
        ]
    });
    for (key, list) in lists {
        if list.is_some_and(|list| list.first().is_none_or(|program| program.trim().is_empty())) {
            let message =
                format!("`{key}` names no program: write a list such as [python3, make.py]");
            all.push(at(&format!("{key}:"), 0, message));
        }
    }
    if block
        .terraform
        .as_ref()
        .is_some_and(|terraform| terraform.dir.trim().is_empty())
    {
        all.push(at("dir:", 0, "`dir` names no folder".to_owned()));
    }
    if block.defect.is_some() && block.is_external() {
        let message = "`defect` is for the built-in provisioner".to_owned();
        all.push(at("defect:", 0, message));
    }
    if block.real_sleeps && !block.is_external() {
        let message = "`real_sleeps` is for programs (terraform, command)".to_owned();
        all.push(at("real_sleeps:", 0, message));
    }
    for (key, value, most) in [
        ("time_scale", block.time_scale, 3600),
        ("real_limit_seconds", block.real_limit_seconds, 86_400),
    ] {
        match value {
            Some(value) if !(1..=most).contains(&value) => {
                let message = format!("`{key}: {value}` is out of range: 1 to {most}");
                all.push(at(&format!("{key}:"), 0, message));
            }
            Some(_) if !block.is_external() => {
                let message = format!("`{key}` is for programs (terraform, command)");
                all.push(at(&format!("{key}:"), 0, message));
            }
            _ => {}
        }
    }
    all
}

/// What is wrong with what a failure forces.
fn forces<C>(name: &str, failure: &FailureBlock<C>) -> Option<String> {
    let other_cluster = failure.first_cluster.is_some();
    if failure.faults.is_empty() && !other_cluster {
        return Some(format!(
            "failure `{name}` forces nothing: it has neither `faults` nor `first_cluster`"
        ));
    }
    let must_fail = failure.expect.first_attempt_fails();
    (other_cluster && !must_fail)
        .then(|| format!("failure `{name}`: with `first_cluster` the first attempt must fail"))
}

fn ranges(scenario: &AnyScenario) -> Vec<BrokenRule> {
    let limits = &scenario.limits;
    let cost = &scenario.cost;
    [
        ("timeout_seconds", scenario.job.timeout_seconds, 86_400),
        ("duration_minutes", cost.duration_minutes, 1440),
        ("tolerance_percent", cost.tolerance_percent, 50),
        ("provision_minutes", limits.provision_minutes, 600),
        ("teardown_minutes", limits.teardown_minutes, 600),
        ("calls", limits.calls, 1_000_000),
    ]
    .into_iter()
    .filter(|(_, value, most)| !(1..=*most).contains(value))
    .map(|(key, value, most)| {
        at(
            &format!("{key}:"),
            0,
            format!("`{key}: {value}` is out of range: 1 to {most}"),
        )
    })
    .collect()
}

fn at(near: &str, occurrence: usize, message: String) -> BrokenRule {
    BrokenRule {
        near: near.to_owned(),
        occurrence,
        message,
    }
}

/// Line and column, from 1, of the n-th line in which a text stands.
pub fn place(text: &str, near: &str, occurrence: usize) -> Option<(usize, usize)> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let at = line.find(near)?;
            Some((index + 1, line[..at].chars().count() + 1))
        })
        .nth(occurrence)
}
