//! The schedules of a campaign: single faults exhaustively, pairs, and random ones from a seed.
//!
//! Apart from the points, because the same points are combined in three ways. Pure.

use kubeproof_contract::call::{Actor, Signature};
use kubeproof_contract::documented::DocumentedEffect;
use kubeproof_contract::fault::{Effect, Fault, LASTING, Where};

use super::points::{Part, Point};

/// One fault of a schedule, and where it is aimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aimed {
    /// The fault.
    pub fault: Fault,
    /// The call that it is aimed at.
    pub signature: Signature,
    /// The part of the lifecycle that it is aimed at.
    pub part: Part,
}

/// The faults of one lifecycle.
pub type Schedule = Vec<Aimed>;

/// Which effects are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Names of effects; empty means all that are documented.
    pub effects: Vec<String>,
    /// Also what nobody documents.
    pub pedantic: bool,
}

impl Wanted {
    fn takes(&self, effect: &Effect, pedantic: bool) -> bool {
        if self.effects.is_empty() {
            return self.pedantic || !pedantic;
        }
        // What is asked for by name is wanted, documented or not.
        let (name, written) = (effect.name(), effect.to_string());
        // One that hides what is young is another effect than the one whose name it shares.
        let shares = matches!(effect, Effect::NotYetVisible(_));
        let named = |wanted: &String| (*wanted == name && !shares) || *wanted == written;
        self.effects.iter().any(named)
    }
}

/// All single faults: each point with each effect that applies to it, passing and lasting, and the
/// death of the process before and after it.
pub fn singles(
    points: &[Point],
    documented: impl Fn(&Signature) -> Vec<DocumentedEffect>,
    wanted: &Wanted,
) -> Vec<Schedule> {
    let mut all = Vec::new();
    for point in points {
        for known in documented(&point.signature) {
            if !wanted.takes(&known.effect, known.pedantic) || !can_meet(point, &known.effect) {
                continue;
            }
            all.push(vec![aimed(point, known.effect.clone(), 1)]);
            // A fault that lasts from a later poll on is the same as one from the first.
            if known.can_persist && point.leads {
                all.push(vec![aimed(point, known.effect, LASTING)]);
            }
        }
        for effect in deaths(point) {
            if wanted.takes(&effect, false) {
                all.push(vec![aimed(point, effect, 1)]);
            }
        }
    }
    all
}

/// Whether an effect could show at this point: only what was asked before can be stale, and only what
/// was accepted can fail later.
fn can_meet(point: &Point, effect: &Effect) -> bool {
    match effect {
        Effect::StaleRead(None) => point.echoes,
        delayed if delayed.is_delayed() => point.accepted,
        _ => true,
    }
}

/// The ways in which a process can end around a call. After a read nothing has changed, so the death
/// before it is the death after it.
fn deaths(point: &Point) -> Vec<Effect> {
    let mut all = vec![Effect::CrashBefore, Effect::CancelBefore];
    if point.signature.mutating {
        all.extend([Effect::CrashAfter, Effect::Cancel, Effect::CancelTwice]);
    }
    all
}

fn aimed(point: &Point, effect: Effect, times: u64) -> Aimed {
    Aimed {
        fault: Fault {
            place: Where {
                actor: Actor::Provisioner,
                service: point.signature.service.clone(),
                operation: point.signature.operation.clone(),
                occurrence: point.occurrence,
                times,
            },
            effect,
        },
        signature: point.signature.clone(),
        part: point.part,
    }
}

/// All pairs of passing faults on two calls that change things, made one by one: there are many.
pub fn pairs(singles: &[Schedule]) -> impl Iterator<Item = Schedule> {
    let passing: Vec<&Aimed> = singles
        .iter()
        .flatten()
        .filter(|aimed| aimed.fault.place.times == 1 && aimed.signature.mutating)
        .collect();
    let (mut one, mut other) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            other += 1;
            if other >= passing.len() {
                one += 1;
                other = one + 1;
            }
            let (first, second) = (passing.get(one)?, passing.get(other)?);
            if !same_call(first, second) {
                return Some(vec![(*first).clone(), (*second).clone()]);
            }
        }
    })
}

/// Two faults on two calls, `count` times, as the seed chooses.
pub fn random(singles: &[Schedule], count: usize, seed: u64) -> impl Iterator<Item = Schedule> {
    /// How often a choice of one call twice is made again.
    const TRIES: usize = 100;
    let all: Vec<&Aimed> = singles.iter().flatten().collect();
    let mut chance = fastrand::Rng::with_seed(seed);
    (0..count).filter_map(move |_| {
        for _ in 0..TRIES {
            let (first, second) = (*chance.choice(&all)?, *chance.choice(&all)?);
            if !same_call(first, second) {
                return Some(vec![first.clone(), second.clone()]);
            }
        }
        None
    })
}

fn same_call(first: &Aimed, second: &Aimed) -> bool {
    let place = |aimed: &Aimed| (aimed.signature.clone(), aimed.fault.place.occurrence);
    place(first) == place(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(operation: &str, mutating: bool, occurrence: u64, leads: bool) -> Point {
        Point {
            part: Part::Provision,
            signature: Signature {
                service: "s".to_owned(),
                operation: operation.to_owned(),
                mutating,
            },
            occurrence,
            leads,
            echoes: false,
            accepted: true,
        }
    }

    fn documented(_: &Signature) -> Vec<DocumentedEffect> {
        vec![
            DocumentedEffect::lasting(Effect::Throttle(None), "a page"),
            DocumentedEffect::transient(Effect::LostRequest, "a page"),
            DocumentedEffect::pedantic(Effect::Garbled),
        ]
    }

    #[track_caller]
    fn check(points: &[Point], wanted: &Wanted, expected: &[&str]) {
        let found: Vec<String> = singles(points, documented, wanted)
            .iter()
            .flatten()
            .map(|aimed| aimed.fault.to_string())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_change_meets_what_is_documented_and_every_death() {
        let expected = &[
            "s:Make#2=throttle",
            "s:Make#2*1000=throttle",
            "s:Make#2=lost-request",
            "s:Make#2=crash-before",
            "s:Make#2=cancel-before",
            "s:Make#2=crash-after",
            "s:Make#2=cancel",
            "s:Make#2=cancel-twice",
        ];
        check(
            &[point("Make", true, 2, true)],
            &Wanted::default(),
            expected,
        );
    }

    #[test]
    fn a_later_poll_meets_what_passes_only() {
        let expected = &[
            "s:Look#3=throttle",
            "s:Look#3=lost-request",
            "s:Look#3=crash-before",
            "s:Look#3=cancel-before",
        ];
        check(
            &[point("Look", false, 3, false)],
            &Wanted::default(),
            expected,
        );
    }

    #[test]
    fn what_nobody_documents_is_off_until_it_is_asked_for() {
        let named = Wanted {
            effects: vec!["garbled".to_owned()],
            pedantic: false,
        };
        check(
            &[point("Look", false, 1, true)],
            &named,
            &["s:Look#1=garbled"],
        );
        let all = Wanted {
            effects: Vec::new(),
            pedantic: true,
        };
        let points = [point("Look", false, 1, true)];
        assert_eq!(singles(&points, documented, &all).len(), 6);
        assert_eq!(singles(&points, documented, &Wanted::default()).len(), 5);
    }

    #[test]
    fn pairs_are_of_two_calls_that_change_things() {
        let points = [
            point("Make", true, 1, true),
            point("Make", true, 2, true),
            point("Look", false, 1, true),
        ];
        let wanted = Wanted {
            effects: vec!["throttle".to_owned(), "crash-after".to_owned()],
            pedantic: false,
        };
        // Two passing faults on each of two calls: four pairs.
        let singles = singles(&points, documented, &wanted);
        assert_eq!(pairs(&singles).count(), 4);
        assert_eq!(pairs(&[]).count(), 0);
        assert_eq!(pairs(&singles[..1]).count(), 0);
    }

    #[test]
    fn a_seed_chooses_the_same_schedules_every_time() {
        let points = [point("Make", true, 1, true), point("Other", true, 1, true)];
        let all = singles(&points, documented, &Wanted::default());
        let chosen = |seed| random(&all, 20, seed).collect::<Vec<_>>();
        assert_eq!(chosen(7), chosen(7));
        assert_ne!(chosen(7), chosen(8));
        let distinct = |schedule: &Schedule| schedule[0].signature != schedule[1].signature;
        assert!(chosen(7).iter().all(distinct));
        assert_eq!(random(&[], 20, 7).count(), 0);
    }
}
