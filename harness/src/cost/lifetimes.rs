//! What the resources behind each cost line cost by list prices, for their actual lifetimes.
//!
//! An estimate can only be compared with a bill for the same time, and a cluster that exists for 45 minutes has nodes
//! for 30.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::cost::{Charge, EstimateLine};
use kubeproof_contract::resource::Lifespan;

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

impl Span {
    fn seconds(&self) -> i64 {
        self.to.duration_since(self.from).as_secs()
    }
}

/// What one unit of an estimate's line costs in a span of time, US dollars.
pub type PriceOf<'a> = &'a dyn Fn(&EstimateLine, Span) -> Option<Decimal>;

/// The lifetimes of all resources that the charges of a line name.
pub fn spans(charges: &[&Charge], lives: &[Lifespan], now: Timestamp) -> Vec<Span> {
    let ids: BTreeSet<&str> = charges
        .iter()
        .filter_map(|charge| charge.resource_id.as_deref())
        .collect();
    let named = lives
        .iter()
        .filter(|life| ids.contains(life.resource.id.as_str()));
    named
        .map(|life| Span {
            from: life.from,
            to: life.to.unwrap_or(now).max(life.from),
        })
        .collect()
}

/// The estimate of one usage for the observed lifetimes: as many units at once as planned, and no more. A replacement
/// takes the place of its predecessor; a planned unit that was never seen is estimated for the whole time. `None` when
/// a price is not known.
pub fn usd(
    plan: &[&EstimateLine],
    spans: &[Span],
    whole: Span,
    price: PriceOf<'_>,
) -> Option<Decimal> {
    let all = Span {
        from: spans
            .iter()
            .map(|span| span.from)
            .min()
            .unwrap_or(whole.from),
        to: spans.iter().map(|span| span.to).max().unwrap_or(whole.to),
    };
    let mut things: Vec<&EstimateLine> = Vec::new();
    for line in plan {
        things.extend(std::iter::repeat_n(*line, line.count as usize));
    }
    // The most expensive live longest: nodes' disks outlive those of a job.
    let each = |line: &EstimateLine| line.usd_per_hour / Decimal::from(line.count.max(1));
    things.sort_by_key(|line| std::cmp::Reverse(each(line)));
    let mut places = places(spans).into_iter();
    let mut sum = Decimal::ZERO;
    for thing in things {
        for span in places.next().unwrap_or_else(|| vec![all]) {
            sum += price(thing, span)?;
        }
    }
    Some(sum)
}

/// Lifetimes that follow one another share a place. The longest places come first.
fn places(spans: &[Span]) -> Vec<Vec<Span>> {
    let mut spans = spans.to_vec();
    spans.sort();
    let mut places: Vec<Vec<Span>> = Vec::new();
    for span in spans {
        let free = |place: &&mut Vec<Span>| place.last().is_none_or(|last| last.to <= span.from);
        match places.iter_mut().find(free) {
            Some(place) => place.push(span),
            None => places.push(vec![span]),
        }
    }
    let length = |place: &Vec<Span>| place.iter().map(Span::seconds).sum::<i64>();
    places.sort_by_key(|place| std::cmp::Reverse(length(place)));
    places
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::resource::Resource;

    use super::super::samples;
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).expect("a date")
    }

    fn span((from, to): (i64, i64)) -> Span {
        Span {
            from: at(from),
            to: at(to),
        }
    }

    /// A cent a minute for each of `count` things; the whole run takes 100 minutes.
    #[track_caller]
    fn check(count: u32, lives: &[(i64, i64)], expected_cents: i64) {
        let line = EstimateLine {
            count,
            ..samples::estimate("box", Decimal::ONE)
        };
        let price = |_: &EstimateLine, span: Span| Some(Decimal::new(span.seconds() / 60, 2));
        let lives: Vec<Span> = lives.iter().copied().map(span).collect();
        let usd = usd(&[&line], &lives, span((0, 100)), &price);
        assert_eq!(usd, Some(Decimal::new(expected_cents, 2)));
    }

    #[test]
    fn each_thing_is_estimated_for_its_own_life() {
        check(2, &[(0, 50), (10, 40)], 50 + 30);
    }

    #[test]
    fn what_replaces_another_takes_its_place_and_what_is_too_much_has_none() {
        // 5 minutes, then 20 from the 30th on in the same place.
        check(1, &[(0, 5), (30, 50)], 5 + 20);
        // A second one at the same time is not in the plan.
        check(1, &[(0, 50), (10, 40)], 50);
    }

    #[test]
    fn what_was_planned_and_never_seen_is_estimated_all_the_same() {
        // For as long as the others were there, else for the whole run.
        check(2, &[(10, 40)], 30 + 30);
        check(2, &[], 100 + 100);
    }

    #[test]
    fn the_most_expensive_things_of_a_usage_live_longest() {
        let line = |usd| samples::estimate("disk", Decimal::from(usd));
        let (small, large) = (line(1), line(5));
        let price = |line: &EstimateLine, span: Span| {
            Some(line.usd_per_hour * Decimal::from(span.seconds() / 60))
        };
        let lives = [span((20, 30)), span((0, 50))];
        let usd = usd(&[&small, &large], &lives, span((0, 100)), &price);
        assert_eq!(usd, Some(Decimal::from(5 * 50 + 10)));
    }

    #[test]
    fn the_lives_of_a_line_are_those_of_the_resources_that_its_charges_name() {
        let life = |id: &str, from, to: Option<i64>| Lifespan {
            resource: Resource::new("disk", id, "r"),
            from: at(from),
            to: to.map(at),
        };
        let charge = |id: &str| Charge {
            resource_id: Some(id.to_owned()),
            ..samples::charge("disks", Decimal::ONE)
        };
        let lives = [
            life("a", 1, Some(3)),
            life("b", 2, None),
            life("c", 0, None),
        ];
        let (a, b) = (charge("a"), charge("b"));
        let spans = spans(&[&a, &a, &b], &lives, at(5));
        assert_eq!(spans, [span((1, 3)), span((2, 5))]);
    }
}
