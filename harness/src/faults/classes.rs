//! Classes of faults that are alike: one operation, one effect, one position among siblings. Pure.
//!
//! Siblings are the calls of one operation in one part of the lifecycle, such as the four subnets of a network. A program
//! makes them by the same code. So the first and the last stand for all, unless every one is asked for.

use std::collections::BTreeMap;

use kubeproof_contract::fault::Effect;

use super::injection_points::Part;
use super::schedules::{Schedule, TargetedFault};

/// What siblings have in common.
type Siblings = (Part, String, String, bool, bool);

fn siblings(one: &TargetedFault) -> Siblings {
    let target = &one.fault.target;
    (
        one.part,
        one.signature.to_string(),
        one.fault.effect.to_string(),
        target.lasts(),
        target.changed,
    )
}

/// One fault for each class, of single faults.
pub fn classes(singles: Vec<Schedule>) -> Vec<Schedule> {
    let mut last: BTreeMap<Siblings, usize> = BTreeMap::new();
    let mut first: BTreeMap<Siblings, usize> = BTreeMap::new();
    for (index, one) in singles.iter().enumerate() {
        for targeted in one {
            first.entry(siblings(targeted)).or_insert(index);
            last.insert(siblings(targeted), index);
        }
    }
    let stands = |index: usize, one: &Schedule| {
        one.iter().any(|targeted| {
            let of = siblings(targeted);
            first.get(&of) == Some(&index) || last.get(&of) == Some(&index)
        })
    };
    let all = singles.into_iter().enumerate();
    all.filter(|(index, one)| stands(*index, one))
        .map(|(_, one)| one)
        .collect()
}

/// Puts first what has shown most in practice: changes that are applied and not answered, processes that die around them,
/// refusals, and operations that fail later.
pub fn most_telling_first(singles: &mut [Schedule]) {
    singles.sort_by_key(|one| one.iter().map(place).min());
}

fn place(one: &TargetedFault) -> u8 {
    let tells = matches!(
        one.fault.effect,
        Effect::LostResponse
            | Effect::CrashBefore
            | Effect::CrashAfter
            | Effect::Reject(_)
            | Effect::Throttle(_)
            | Effect::AsyncFail(_)
            | Effect::AsyncStuck
            | Effect::AsyncLate(_)
    );
    match (one.signature.mutating, one.fault.target.lasts(), tells) {
        (true, false, true) => 0,
        (true, false, false) => 1,
        (true, true, _) => 2,
        (false, false, _) => 3,
        (false, true, _) => 4,
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::call::Signature;

    use super::*;

    fn single(text: &str) -> Schedule {
        let fault: kubeproof_contract::fault::Fault = text.parse().expect("a fault");
        let target = &fault.target;
        vec![TargetedFault {
            signature: Signature {
                service: target.service.clone(),
                operation: target.operation.clone(),
                mutating: target.operation.starts_with("Make"),
            },
            part: match target.in_teardown {
                true => Part::Teardown,
                false => Part::Provision,
            },
            fault,
        }]
    }

    fn texts(all: &[Schedule]) -> Vec<String> {
        let faults = all.iter().flatten();
        faults.map(|one| one.fault.to_string()).collect()
    }

    #[test]
    fn the_first_and_the_last_of_siblings_stand_for_all() {
        let all = [
            "s:Make[a]#1=reject",
            "s:Make[b]#1=reject",
            "s:Make[b]#1=hang",
            "s:Make[c]#1=reject",
            "s:Make[d]@teardown#1=reject",
        ];
        let kept = classes(all.iter().map(|text| single(text)).collect());
        let expected = [all[0], all[2], all[3], all[4]];
        assert_eq!(texts(&kept), expected);
    }

    #[test]
    fn a_change_that_is_not_answered_comes_before_what_lasts_and_before_reads() {
        let mut all: Vec<Schedule> = [
            "s:Look[a]#1=throttle",
            "s:Make[a]#1*1000=throttle",
            "s:Make[a]#1=hang",
            "s:Make[a]#1=lost-response",
        ]
        .iter()
        .map(|text| single(text))
        .collect();
        most_telling_first(&mut all);
        let expected = [
            "s:Make[a]#1=lost-response",
            "s:Make[a]#1=hang",
            "s:Make[a]#1*1000=throttle",
            "s:Look[a]#1=throttle",
        ];
        assert_eq!(texts(&all), expected);
    }
}
