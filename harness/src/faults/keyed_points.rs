//! The injection points of a program: calls by what they are about, as far as several clean runs agree on them. Pure.
//!
//! A program makes calls side by side, and polls as often as the machine lets it. So a point is (operation, key of the
//! request, occurrence within its part of the lifecycle). A change is a point each time; a read is one at its first call,
//! and one where its answer first changes. What is not in all clean runs is unstable: nothing is aimed at it, and it is
//! named.

use std::collections::{BTreeMap, BTreeSet};

use kubeproof_contract::call::{Actor, Signature};
use kubeproof_contract::journal::Call;

use super::injection_points::{InjectionPoint, Part, part_of};

/// The calls of a clean run, and the first call of each of its phases.
pub type CleanCalls = (Vec<Call>, Vec<(&'static str, usize)>);

/// What several clean runs have shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyedPoints {
    /// In all of them, in the order of the first.
    pub stable: Vec<InjectionPoint>,
    /// Changes that are not in all of them, as the targets of faults would be written.
    pub unstable: Vec<String>,
    /// How many reads are not in all of them. The course of polls depends on the machine.
    pub unstable_reads: usize,
}

/// What makes two points of two runs the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Same {
    part: Part,
    signature: Signature,
    key: Option<String>,
    changed: bool,
    occurrence: u64,
}

impl Same {
    fn of(point: &InjectionPoint) -> Self {
        Self {
            part: point.part,
            signature: point.signature.clone(),
            key: point.key.clone(),
            changed: point.changed,
            occurrence: point.occurrence,
        }
    }
}

/// The points of several clean runs of one program.
pub fn keyed_points(runs: &[CleanCalls], every_poll: bool) -> KeyedPoints {
    let of_each: Vec<Vec<InjectionPoint>> = runs
        .iter()
        .map(|(calls, marks)| of_run(calls, marks, every_poll))
        .collect();
    let same: Vec<BTreeMap<Same, bool>> = of_each
        .iter()
        .map(|points| {
            let all = points.iter();
            all.map(|point| (Same::of(point), point.accepted)).collect()
        })
        .collect();
    let mut found = KeyedPoints::default();
    let mut unstable = BTreeSet::new();
    for (index, point) in of_each
        .iter()
        .enumerate()
        .flat_map(|(index, points)| points.iter().map(move |point| (index, point)))
    {
        let here = Same::of(point);
        if same.iter().all(|all| all.contains_key(&here)) {
            if index == 0 {
                let accepted = same.iter().all(|all| all.get(&here) == Some(&true));
                found.stable.push(InjectionPoint {
                    accepted,
                    ..point.clone()
                });
            }
        } else {
            unstable.insert(here);
        }
    }
    found.unstable_reads = unstable
        .iter()
        .filter(|one| !one.signature.mutating)
        .count();
    let changes = unstable.iter().filter(|one| one.signature.mutating);
    found.unstable = changes.map(written).collect();
    found
}

fn written(same: &Same) -> String {
    let key = same.key.as_deref().unwrap_or_default();
    let part = match same.part {
        Part::Provision => "",
        Part::Teardown => "@teardown",
    };
    format!("{}[{key}]{part}#{}", same.signature, same.occurrence)
}

/// The points of one run.
fn of_run(
    calls: &[Call],
    marks: &[(&'static str, usize)],
    every_poll: bool,
) -> Vec<InjectionPoint> {
    let mut counts: BTreeMap<(Part, &Signature, Option<&str>), u64> = BTreeMap::new();
    let mut turned: BTreeSet<(Part, &Signature, Option<&str>)> = BTreeSet::new();
    let mut asked: BTreeMap<(&Signature, Option<&str>), u64> = BTreeMap::new();
    let mut changes = 0;
    let mut all = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        if call.actor != Actor::Provisioner {
            continue;
        }
        let key = call.key.as_deref();
        let reads = !call.signature.mutating;
        changes += u64::from(!reads);
        let before = *asked.entry((&call.signature, key)).or_insert(changes);
        let Some(part) = part_of(index, marks) else {
            continue;
        };
        let same = (part, &call.signature, key);
        let count = counts.entry(same).or_insert(0);
        *count += 1;
        let has_turned = reads && call.changed && *count > 1 && turned.insert(same);
        let point = |changed: bool, occurrence: u64| InjectionPoint {
            part,
            signature: call.signature.clone(),
            key: call.key.clone(),
            changed,
            occurrence,
            first_of_loop: *count == 1 || !reads,
            repeats_earlier_read: reads && before < changes,
            accepted: call.status.is_some_and(|status| status < 400),
        };
        if !reads || *count == 1 || every_poll {
            all.push(point(false, *count));
        }
        if has_turned && !every_poll {
            all.push(point(true, 1));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::calls::sample;

    /// `Make a`, `Look a`, and `Look! a` for a read whose answer has changed.
    fn run(calls: &[&str], teardown: usize) -> CleanCalls {
        let call = |text: &&str| {
            let (operation, key) = text.split_once(' ').expect("operation and key");
            let mutating = operation == "Make";
            Call {
                key: Some(key.to_owned()),
                changed: operation.ends_with('!'),
                status: Some(200),
                ..sample(
                    Actor::Provisioner,
                    operation.trim_end_matches('!'),
                    mutating,
                )
            }
        };
        let marks = vec![("provision", 0), ("teardown", teardown)];
        (calls.iter().map(call).collect(), marks)
    }

    fn targets(points: &[InjectionPoint]) -> Vec<String> {
        let text = |point: &InjectionPoint| {
            let key = point.key.as_deref().unwrap_or_default();
            let occurrence = match point.changed {
                true => "changed".to_owned(),
                false => point.occurrence.to_string(),
            };
            format!("{} {}[{key}]#{occurrence}", point.part, point.signature)
        };
        points.iter().map(text).collect()
    }

    #[test]
    fn calls_side_by_side_are_the_same_points_in_any_order() {
        let one = run(&["Make a", "Make b"], 2);
        let other = run(&["Make b", "Make a"], 2);
        let found = keyed_points(&[one, other], false);
        assert_eq!(
            targets(&found.stable),
            ["provision s:Make[a]#1", "provision s:Make[b]#1"]
        );
        assert!(found.unstable.is_empty());
    }

    #[test]
    fn however_often_a_program_polls_its_polls_are_the_first_and_the_one_that_shows_the_change() {
        let short = run(&["Look a", "Look! a", "Look a"], 2);
        let long = run(&["Look a", "Look a", "Look a", "Look! a", "Look a"], 4);
        let found = keyed_points(&[short, long], false);
        let expected = [
            "provision s:Look[a]#1",
            "provision s:Look[a]#changed",
            "teardown s:Look[a]#1",
        ];
        assert_eq!(targets(&found.stable), expected);
    }

    #[test]
    fn what_is_not_in_all_runs_is_named_and_nothing_is_aimed_at_it() {
        let one = run(&["Make a", "Make x1", "Look x"], 9);
        let other = run(&["Make a", "Make x2"], 1);
        let found = keyed_points(&[one, other], false);
        assert_eq!(targets(&found.stable), ["provision s:Make[a]#1"]);
        assert_eq!(found.unstable, ["s:Make[x1]#1", "s:Make[x2]@teardown#1"]);
        assert_eq!(found.unstable_reads, 1);
    }
}
