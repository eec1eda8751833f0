//! Calls of a journal as lines for people: those around an injected fault, and those that name a resource.

use kubeproof_contract::call::Actor;
use kubeproof_contract::call_key::KeyPattern;
use kubeproof_contract::fault::{CallMatcher, Fault};
use kubeproof_contract::journal::Call;

/// How many calls are shown before and after the one into which a fault was injected.
const AROUND: usize = 4;
/// How many of the first and of the last calls that name a resource are shown.
const NAMING: (usize, usize) = (3, 5);

/// The provisioner's calls around the first one into which a fault was injected; `teardown` is the first call of the
/// teardown, counted from 0.
pub fn around_fault(journal: &[Call], faults: &[Fault], teardown: usize) -> Vec<String> {
    let calls = of_provisioner(journal);
    let injected = faults
        .iter()
        .filter_map(|fault| place(&calls, &fault.target, teardown))
        .min();
    let Some(injected) = injected else {
        return Vec::new();
    };
    let from = injected.saturating_sub(AROUND);
    let until = (injected + AROUND + 1).min(calls.len());
    let marked = |(index, call): (usize, &&Call)| {
        let mark = if from + index == injected { "→" } else { " " };
        format!("{mark} {}", line(call))
    };
    calls[from..until].iter().enumerate().map(marked).collect()
}

/// The first call that a fault is aimed at, as [`around_fault`] finds it.
pub fn first_target<'a>(journal: &'a [Call], fault: &Fault, teardown: usize) -> Option<&'a Call> {
    let calls = of_provisioner(journal);
    place(&calls, &fault.target, teardown).map(|index| calls[index])
}

/// The calls that made, changed or deleted something of these names, or whose path names it.
pub fn naming(journal: &[Call], names: &[&str]) -> Vec<String> {
    let names: Vec<&str> = names.iter().copied().filter(|it| !it.is_empty()).collect();
    let is_named = |text: &str| names.contains(&text);
    let all: Vec<&Call> = journal
        .iter()
        .filter(|call| call.actor == Actor::Provisioner)
        .filter(|call| {
            let mut told = call.names.iter().chain(&call.made);
            told.any(|name| is_named(name)) || call.target.split(['/', ' ', ':']).any(is_named)
        })
        .collect();
    let (first, last) = NAMING;
    if all.len() <= first + last {
        return all.into_iter().map(line).collect();
    }
    let more = format!("… {} more", all.len() - first - last);
    let end = all[all.len() - last..].iter().map(|call| line(call));
    let start = all[..first].iter().map(|call| line(call));
    start.chain([more]).chain(end).collect()
}

/// `12 ec2:CreateVpc[kp] 200`.
fn line(call: &Call) -> String {
    let answer = match (call.status, &call.error) {
        (Some(status), Some(error)) => format!("{status} {error}"),
        (Some(status), None) => status.to_string(),
        (None, error) => error.clone().unwrap_or_default(),
    };
    let about = call.key.as_deref().map(|key| format!("[{key}]"));
    let about = about.unwrap_or_default();
    format!("{} {}{about} {answer}", call.ordinal, call.signature)
}

fn of_provisioner(journal: &[Call]) -> Vec<&Call> {
    let calls = journal.iter();
    calls
        .filter(|call| call.actor == Actor::Provisioner)
        .collect()
}

fn place(calls: &[&Call], target: &CallMatcher, teardown: usize) -> Option<usize> {
    let down = u64::try_from(teardown).unwrap_or(u64::MAX);
    let before = calls.iter().filter(|call| call.ordinal <= down).count();
    let from = if target.in_teardown { before } else { 0 };
    Some(from + position(&calls[from..], target)?)
}

fn position(calls: &[&Call], place: &CallMatcher) -> Option<usize> {
    let names = |(_, call): &(usize, &&Call)| {
        let key = call.key.as_deref();
        let about = |pattern: &KeyPattern| key.is_some_and(|key| pattern.matches_text(key));
        place.names(call.actor, &call.signature)
            && place.key.as_ref().is_none_or(about)
            && (!place.changed || call.changed)
    };
    let nth = usize::try_from(place.occurrence.saturating_sub(1)).ok()?;
    let found = calls.iter().enumerate().filter(names).nth(nth)?;
    Some(found.0)
}
