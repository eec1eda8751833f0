//! The schedules of a campaign: all single faults, all pairs, or random pairs from a seed. Pure.

use kubeproof_contract::call::{Actor, Signature};
use kubeproof_contract::call_key::KeyPattern;
use kubeproof_contract::documented_effects::DocumentedEffect;
use kubeproof_contract::fault::{CallMatcher, Effect, Fault, LASTING};

use super::injection_points::{InjectionPoint, Part};

/// One fault of a schedule, and its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetedFault {
    pub fault: Fault,
    /// The call that it targets.
    pub signature: Signature,
    /// The part of the lifecycle that it targets.
    pub part: Part,
}

/// The faults of one lifecycle.
pub type Schedule = Vec<TargetedFault>;

/// Which effects to inject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EffectFilter {
    /// Names of effects; if empty, all documented ones.
    pub effects: Vec<String>,
    /// Also undocumented effects.
    pub pedantic: bool,
}

impl EffectFilter {
    fn takes(&self, effect: &Effect, pedantic: bool) -> bool {
        if self.effects.is_empty() {
            return self.pedantic || !pedantic;
        }
        // An effect that is named is injected, documented or not.
        let (name, written) = (effect.name(), effect.to_string());
        // `stale-read(N)` is a different effect from `stale-read`, whose name it shares.
        let shares = matches!(effect, Effect::NotYetVisible(_));
        let named = |wanted: &String| (*wanted == name && !shares) || *wanted == written;
        self.effects.iter().any(named)
    }
}

/// All single faults: each point with each effect that applies to it, transient and lasting, and the death of the
/// process before and after it.
pub fn singles(
    points: &[InjectionPoint],
    documented: impl Fn(&Signature) -> Vec<DocumentedEffect>,
    effect_filter: &EffectFilter,
) -> Vec<Schedule> {
    let mut all = Vec::new();
    for point in points {
        for known in documented(&point.signature) {
            if !effect_filter.takes(&known.effect, known.pedantic)
                || !can_meet(point, &known.effect)
            {
                continue;
            }
            all.push(vec![targeted(point, known.effect.clone(), 1)]);
            // A fault that lasts from a later poll on is equivalent to one from the first.
            if known.can_persist && point.first_of_loop {
                all.push(vec![targeted(point, known.effect, LASTING)]);
            }
        }
        for effect in deaths(point) {
            if effect_filter.takes(&effect, false) {
                all.push(vec![targeted(point, effect, 1)]);
            }
        }
    }
    all
}

/// Whether this point can have the effect: only a repeated read can be stale, and only an accepted call can fail later.
fn can_meet(point: &InjectionPoint, effect: &Effect) -> bool {
    match effect {
        Effect::StaleRead(None) => point.repeats_earlier_read,
        delayed if delayed.is_delayed() => point.accepted,
        _ => true,
    }
}

/// The ways in which a process can end around a call. After a read nothing has changed, so the death
/// before it is the death after it.
fn deaths(point: &InjectionPoint) -> Vec<Effect> {
    let mut all = vec![Effect::CrashBefore, Effect::CancelBefore];
    if point.signature.mutating {
        all.extend([Effect::CrashAfter, Effect::Cancel, Effect::CancelTwice]);
    }
    all
}

fn targeted(point: &InjectionPoint, effect: Effect, times: u64) -> TargetedFault {
    TargetedFault {
        fault: Fault {
            target: CallMatcher {
                actor: Actor::Provisioner,
                service: point.signature.service.clone(),
                operation: point.signature.operation.clone(),
                key: point.key.as_deref().map(KeyPattern::exact),
                in_teardown: point.key.is_some() && point.part == Part::Teardown,
                changed: point.changed,
                occurrence: point.occurrence,
                times,
            },
            effect,
        },
        signature: point.signature.clone(),
        part: point.part,
    }
}

/// All pairs of transient faults on two mutating calls, generated one by one because there are many.
pub fn pairs(singles: &[Schedule]) -> impl Iterator<Item = Schedule> {
    let passing: Vec<&TargetedFault> = singles
        .iter()
        .flatten()
        .filter(|targeted| targeted.fault.target.times == 1 && targeted.signature.mutating)
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

/// `count` pairs of faults on two calls, chosen by the seed.
pub fn random(singles: &[Schedule], count: usize, seed: u64) -> impl Iterator<Item = Schedule> {
    /// How often to choose again when both faults target the same call.
    const TRIES: usize = 100;
    let all: Vec<&TargetedFault> = singles.iter().flatten().collect();
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

fn same_call(first: &TargetedFault, second: &TargetedFault) -> bool {
    let place = |targeted: &TargetedFault| CallMatcher {
        times: 1,
        ..targeted.fault.target.clone()
    };
    place(first) == place(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(
        operation: &str,
        mutating: bool,
        occurrence: u64,
        first_of_loop: bool,
    ) -> InjectionPoint {
        InjectionPoint {
            part: Part::Provision,
            signature: Signature {
                service: "s".to_owned(),
                operation: operation.to_owned(),
                mutating,
            },
            key: None,
            changed: false,
            occurrence,
            first_of_loop,
            repeats_earlier_read: false,
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
    fn check(points: &[InjectionPoint], effect_filter: &EffectFilter, expected: &[&str]) {
        let found: Vec<String> = singles(points, documented, effect_filter)
            .iter()
            .flatten()
            .map(|targeted| targeted.fault.to_string())
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
            &EffectFilter::default(),
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
            &EffectFilter::default(),
            expected,
        );
    }

    #[test]
    fn undocumented_effects_are_off_until_requested() {
        let named = EffectFilter {
            effects: vec!["garbled".to_owned()],
            pedantic: false,
        };
        check(
            &[point("Look", false, 1, true)],
            &named,
            &["s:Look#1=garbled"],
        );
        let all = EffectFilter {
            effects: Vec::new(),
            pedantic: true,
        };
        let points = [point("Look", false, 1, true)];
        assert_eq!(singles(&points, documented, &all).len(), 6);
        assert_eq!(
            singles(&points, documented, &EffectFilter::default()).len(),
            5
        );
    }

    #[test]
    fn pairs_are_of_two_calls_that_change_things() {
        let points = [
            point("Make", true, 1, true),
            point("Make", true, 2, true),
            point("Look", false, 1, true),
        ];
        let effect_filter = EffectFilter {
            effects: vec!["throttle".to_owned(), "crash-after".to_owned()],
            pedantic: false,
        };
        // Two passing faults on each of two calls: four pairs.
        let singles = singles(&points, documented, &effect_filter);
        assert_eq!(pairs(&singles).count(), 4);
        assert_eq!(pairs(&[]).count(), 0);
        assert_eq!(pairs(&singles[..1]).count(), 0);
    }

    #[test]
    fn a_seed_chooses_the_same_schedules_every_time() {
        let points = [point("Make", true, 1, true), point("Other", true, 1, true)];
        let all = singles(&points, documented, &EffectFilter::default());
        let chosen = |seed| random(&all, 20, seed).collect::<Vec<_>>();
        assert_eq!(chosen(7), chosen(7));
        assert_ne!(chosen(7), chosen(8));
        let distinct = |schedule: &Schedule| schedule[0].signature != schedule[1].signature;
        assert!(chosen(7).iter().all(distinct));
        assert_eq!(random(&[], 20, 7).count(), 0);
    }
}
