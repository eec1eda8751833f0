//! From when to when the things behind each cost line lived.
//!
//! Apart from the comparison: an estimate can only be held against a bill for the same time, and a
//! cluster that lives 45 minutes has nodes for 30.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::resource::Life;

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

impl Span {
    /// Its length in minutes, rounded up, at least one.
    pub fn minutes(&self) -> u32 {
        let seconds = self.to.duration_since(self.from).as_secs().max(1);
        u32::try_from((seconds + 59) / 60).unwrap_or(u32::MAX)
    }
}

/// The span of each line: from the first birth to the last death of the resources that its charges
/// name. Lines whose charges name no resource are absent.
pub fn spans(charges: &[Charge], lives: &[Life], now: Timestamp) -> BTreeMap<String, Span> {
    let mut spans: BTreeMap<String, Span> = BTreeMap::new();
    for charge in charges {
        let Some(id) = &charge.resource_id else {
            continue;
        };
        for life in lives.iter().filter(|life| life.resource.id == *id) {
            let to = life.to.unwrap_or(now);
            let span = spans.entry(charge.line.clone()).or_insert(Span {
                from: life.from,
                to,
            });
            span.from = span.from.min(life.from);
            span.to = span.to.max(to);
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::Decimal;
    use kubeproof_contract::resource::Resource;

    use super::super::samples;
    use super::*;

    #[test]
    fn minutes_are_rounded_up_and_at_least_one() {
        let minutes = |seconds| {
            let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(seconds));
            let to = to.expect("a date");
            Span { from, to }.minutes()
        };
        let seen = [0, 1, 60, 61, 120, 121].map(minutes);
        assert_eq!(seen, [1, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn a_line_lives_from_the_first_birth_to_the_last_death() {
        let at = |second| Timestamp::from_second(second).expect("a date");
        let life = |id: &str, from, to: Option<i64>| Life {
            resource: Resource::new("disk", id, "r"),
            from: at(from),
            to: to.map(at),
        };
        let charge = |id: &str| Charge {
            resource_id: Some(id.to_owned()),
            ..samples::charge("disks", Decimal::ONE)
        };
        let lives = [
            life("a", 60, Some(180)),
            life("b", 120, None),
            life("c", 0, None),
        ];
        let spans = spans(&[charge("a"), charge("b")], &lives, at(301));
        let span = spans["disks"];
        assert_eq!((span.from, span.to), (at(60), at(301)));
        assert_eq!(span.minutes(), 5);
    }
}
