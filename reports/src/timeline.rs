//! When a trial did what: its phases, the operations that it waited for, and where faults were injected. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::journal::Call;

use crate::calls::first_target;
use crate::record::{Phase, Record};

/// The least number of equal reads that count as waiting for an operation.
const POLLS_MIN: u64 = 3;
/// The shortest wait that is shown, as a part of the whole: less than that cannot be seen.
const SHORTEST: u64 = 200;
/// The longest pause between two reads of one wait, seconds, unless the ones before were longer.
const PAUSE_SECONDS: u64 = 60;
/// How many waits are shown; the longest are kept.
const WAITS_MAX: usize = 24;

/// A trial on a line of time. All times are seconds from its beginning, in its own clock. What comes after its end (the wait
/// for the bill) lies beyond the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// How long it took.
    pub seconds: u64,
    /// Its phases.
    pub phases: Vec<Bar>,
    /// What its provisioner waited for, by the reads that it repeated.
    pub waits: Vec<Bar>,
    /// Its faults.
    pub faults: Vec<Mark>,
}

/// Something that took time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What it was.
    pub label: String,
    /// When it began.
    pub from: u64,
    /// How long it took.
    pub seconds: u64,
    /// The verdict of a phase.
    pub verdict: Option<Verdict>,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The fault, and how often it was injected.
    pub label: String,
    /// When the first call was made that it is aimed at; `None` where the journal does not tell.
    pub at: Option<u64>,
}

/// The timeline of a trial.
pub fn of(record: &Record) -> Timeline {
    let mut from = 0_u64;
    let mut phases = Vec::new();
    for phase in &record.phases {
        phases.push(Bar {
            label: phase.name.clone(),
            from,
            seconds: phase.seconds,
            verdict: Some(phase.verdict),
        });
        from = from.saturating_add(phase.seconds);
    }
    let seconds = if record.seconds == 0 {
        from
    } else {
        record.seconds
    };
    Timeline {
        seconds,
        phases,
        waits: waits(&record.journal, record.started_at, seconds),
        faults: record
            .faults
            .iter()
            .map(|fault| Mark {
                label: format!(
                    "{}, injected {} of {}",
                    fault.fault, fault.injected, fault.seen
                ),
                at: (fault.injected > 0)
                    .then(|| aimed_at(record, &fault.fault))
                    .flatten(),
            })
            .collect(),
    }
}

/// When the first call was made that a fault is aimed at.
fn aimed_at(record: &Record, fault: &str) -> Option<u64> {
    let fault: Fault = fault.parse().ok()?;
    let teardown = teardown(record);
    // Where the teardown began is not known, so it is not known which of its calls is meant.
    if fault.target.in_teardown && teardown.is_none() {
        return None;
    }
    let call = first_target(&record.journal, &fault, teardown.unwrap_or(0))?;
    Some(since(record.started_at, call.at))
}

/// The number of calls before the teardown, if every call belongs to a phase.
pub fn teardown(record: &Record) -> Option<usize> {
    let calls = |phases: &[Phase]| {
        let calls = phases.iter().map(|phase| phase.calls);
        calls.fold(0_u64, u64::saturating_add)
    };
    let index = record.phases.iter().position(|it| it.name == "teardown")?;
    let before = calls(&record.phases[..index]);
    (calls(&record.phases) == record.calls)
        .then(|| usize::try_from(before).ok())
        .flatten()
}

fn since(start: Timestamp, at: Timestamp) -> u64 {
    u64::try_from(at.duration_since(start).as_secs()).unwrap_or(0)
}

/// A read that is repeated.
struct Polls {
    first: u64,
    last: u64,
    pause: u64,
    count: u64,
}

/// What the provisioner waited for: equal reads one after the other, without a long pause between them.
fn waits(journal: &[Call], start: Timestamp, whole: u64) -> Vec<Bar> {
    let mut open: BTreeMap<(String, &str, &str), Polls> = BTreeMap::new();
    let mut done: Vec<(String, Polls)> = Vec::new();
    for call in journal {
        if call.actor != Actor::Provisioner || call.signature.mutating {
            continue;
        }
        let name = label(call);
        let key = (name, call.target.as_str(), call.request_digest.as_str());
        let at = since(start, call.at);
        if let Some(polls) = open.get_mut(&key) {
            let pause = at.saturating_sub(polls.last);
            if pause <= polls.pause.saturating_mul(4).max(PAUSE_SECONDS) {
                polls.last = at;
                polls.pause = pause;
                polls.count += 1;
                continue;
            }
        }
        let new = Polls {
            first: at,
            last: at,
            pause: 0,
            count: 1,
        };
        if let Some(ended) = open.insert(key.clone(), new) {
            done.push((key.0, ended));
        }
    }
    done.extend(open.into_iter().map(|(key, polls)| (key.0, polls)));
    done.retain(|(_, polls)| {
        let seconds = polls.last.saturating_sub(polls.first);
        polls.count >= POLLS_MIN && seconds > 0 && seconds >= whole / SHORTEST
    });
    done.sort_by_key(|(_, polls)| std::cmp::Reverse(polls.last.saturating_sub(polls.first)));
    done.truncate(WAITS_MAX);
    done.sort_by_key(|(_, polls)| (polls.first, polls.last));
    let bar = |(label, polls): (String, Polls)| Bar {
        label: format!("{label}, {} calls", polls.count),
        from: polls.first,
        seconds: polls.last.saturating_sub(polls.first),
        verdict: None,
    };
    done.into_iter().map(bar).collect()
}

/// What is read: the call, and what it is about as far as its path or its key tells.
fn label(call: &Call) -> String {
    let last = call.target.rsplit('/').next().unwrap_or_default();
    let about = call.key.as_deref().unwrap_or(last);
    if about.is_empty() || about.contains(' ') {
        call.signature.to_string()
    } else {
        format!("{} {about}", call.signature)
    }
}
