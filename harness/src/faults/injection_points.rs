//! The injection points of a clean run: which calls the provisioner makes, and which of them are alike. Pure.

use std::collections::BTreeMap;
use std::fmt;

use kubeproof_contract::call::{Actor, Signature};
use kubeproof_contract::journal::Call;
use serde::{Deserialize, Serialize};

/// The part of the lifecycle that a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The first attempt at provisioning.
    Provision,
    /// The first attempt at teardown.
    Teardown,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provision => "provision",
            Self::Teardown => "teardown",
        })
    }
}

/// A call of the clean run into which a fault can be injected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InjectionPoint {
    /// Its part of the lifecycle.
    pub part: Part,
    pub signature: Signature,
    /// What it is about, where calls have keys (the programs').
    pub key: Option<String>,
    /// Whether it is the first poll whose answer has changed.
    pub changed: bool,
    /// Which of the provisioner's calls of this name it is, from 1; with a key, of this name and key within its part.
    pub occurrence: u64,
    /// Whether it is the first call of its polling loop, or not a poll at all.
    pub first_of_loop: bool,
    /// Whether the same read was made before the last change: then its response can be stale.
    pub repeats_earlier_read: bool,
    /// Whether the cloud accepted it: a rejected call starts nothing that could fail later.
    pub accepted: bool,
}

/// What two calls have in common that ask the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct SameRequest {
    name: String,
    target: String,
    digest: String,
}

/// The injection points of a clean run. Polls of one loop (the same request again and again within a part) are
/// reduced to the first, the middle and the last, unless `every_poll` is set.
pub fn injection_points(
    calls: &[Call],
    marks: &[(&'static str, usize)],
    every_poll: bool,
) -> Vec<InjectionPoint> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut loops: BTreeMap<(Part, SameRequest), Vec<usize>> = BTreeMap::new();
    let mut all = Vec::new();
    let mut changes = 0;
    let mut asked: BTreeMap<SameRequest, u64> = BTreeMap::new();
    for (index, call) in calls.iter().enumerate() {
        if call.actor != Actor::Provisioner {
            continue;
        }
        let name = call.signature.to_string();
        let count = counts.entry(name.clone()).or_insert(0);
        *count += 1;
        if call.signature.mutating {
            changes += 1;
        }
        let same = SameRequest {
            name,
            target: call.target.clone(),
            digest: call.request_digest.clone(),
        };
        let before = *asked.entry(same.clone()).or_insert(changes);
        let Some(part) = part_of(index, marks) else {
            continue;
        };
        if !call.signature.mutating {
            loops.entry((part, same)).or_default().push(all.len());
        }
        all.push(InjectionPoint {
            part,
            signature: call.signature.clone(),
            key: None,
            changed: false,
            occurrence: *count,
            first_of_loop: true,
            accepted: call.status.is_some_and(|status| status < 400),
            repeats_earlier_read: !call.signature.mutating && before < changes,
        });
    }
    let mut kept = vec![true; all.len()];
    for polls in loops.values() {
        for index in polls.iter().skip(1) {
            all[*index].first_of_loop = false;
        }
        if every_poll || polls.len() <= 3 {
            continue;
        }
        let middle = polls[polls.len() / 2];
        let last = polls[polls.len() - 1];
        for index in &polls[1..] {
            kept[*index] = *index == middle || *index == last;
        }
    }
    let kept = all.into_iter().zip(kept).filter(|(_, kept)| *kept);
    kept.map(|(point, _)| point).collect()
}

/// The part of the lifecycle in which the call with this index was made. None for later attempts and the probes of the
/// oracles, into which nothing is injected.
pub(super) fn part_of(index: usize, marks: &[(&'static str, usize)]) -> Option<Part> {
    let (name, _) = marks.iter().rev().find(|(_, first)| *first <= index)?;
    match *name {
        "provision" => Some(Part::Provision),
        "teardown" => Some(Part::Teardown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::calls::sample;

    fn call(operation: &str, mutating: bool) -> Call {
        Call {
            target: "POST /".to_owned(),
            status: Some(200),
            ..sample(Actor::Provisioner, operation, mutating)
        }
    }

    #[track_caller]
    fn check(calls: &[Call], marks: &[(&'static str, usize)], every: bool, expected: &[&str]) {
        let found: Vec<String> = injection_points(calls, marks, every)
            .iter()
            .map(|point| format!("{} {}#{}", point.part, point.signature, point.occurrence))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn polls_of_one_loop_are_the_first_the_middle_and_the_last() {
        let calls = vec![call("Look", false); 7];
        let marks = [("provision", 0)];
        let three = &[
            "provision s:Look#1",
            "provision s:Look#4",
            "provision s:Look#7",
        ];
        check(&calls, &marks, false, three);
        assert_eq!(injection_points(&calls, &marks, true).len(), 7);
    }

    #[test]
    fn calls_that_change_things_are_never_collapsed() {
        let calls = vec![call("Make", true); 5];
        assert_eq!(
            injection_points(&calls, &[("provision", 0)], false).len(),
            5
        );
    }

    #[test]
    fn occurrences_count_on_from_part_to_part_and_probes_are_no_points() {
        let calls = vec![call("Look", false); 4];
        let marks = [("provision", 0), ("teardown", 1), ("teardown-again", 3)];
        let expected = &[
            "provision s:Look#1",
            "teardown s:Look#2",
            "teardown s:Look#3",
        ];
        check(&calls, &marks, false, expected);
    }

    #[test]
    fn calls_of_others_are_no_points() {
        let mut other = call("Look", false);
        other.actor = Actor::Auditor;
        check(&[other], &[("provision", 0)], false, &[]);
    }
}
