//! Which portion of a campaign a record covers.
//!
//! Merged shards must be complete and unique: otherwise the sum would pass although a missing shard had findings.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Campaign;

/// How many missing shards are named.
const MISSING_NAMED: usize = 20;

/// A portion of the campaign of one scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Portion {
    /// Scenario.
    pub scenario: String,
    /// Digest of all lifecycles of the campaign: the same for all its shards.
    pub plan: String,
    /// Lifecycles of the whole campaign.
    pub planned: u64,
    /// Which shard, from 1.
    pub shard: u64,
    /// Of how many; 1 when the campaign is whole.
    pub of: u64,
}

impl Portion {
    /// `1/3`.
    pub fn written(&self) -> String {
        format!("{}/{}", self.shard, self.of)
    }

    /// Whether there can be such a shard.
    fn can_be(&self) -> bool {
        (1..=self.of).contains(&self.shard)
    }

    fn campaign(&self) -> OfCampaign<'_> {
        OfCampaign {
            scenario: &self.scenario,
            plan: &self.plan,
        }
    }

    fn split(&self) -> Split<'_> {
        Split {
            campaign: self.campaign(),
            of: self.of,
        }
    }
}

/// The campaign of a portion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct OfCampaign<'a> {
    scenario: &'a str,
    plan: &'a str,
}

/// A campaign in so many shards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Split<'a> {
    campaign: OfCampaign<'a>,
    of: u64,
}

/// Why these portions cannot be merged: one is given twice, or they are shards of different splits.
pub fn overlap<'a>(portions: impl IntoIterator<Item = &'a Portion>) -> Option<String> {
    let mut seen: BTreeMap<OfCampaign<'_>, (u64, BTreeSet<u64>)> = BTreeMap::new();
    for portion in portions {
        let (of, shards) = seen
            .entry(portion.campaign())
            .or_insert((portion.of, BTreeSet::new()));
        let scenario = &portion.scenario;
        if *of != portion.of {
            return Some(format!(
                "{scenario}: shards of {of} and of {} overlap: give all shards of one split",
                portion.of
            ));
        }
        if !shards.insert(portion.shard) {
            return Some(format!(
                "{scenario}: shard {} is given twice: give each shard once",
                portion.written()
            ));
        }
    }
    None
}

impl Campaign {
    /// The missing shards, as text: their findings are unknown.
    pub fn missing(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.portions.is_empty() && self.lifecycles > 0 {
            words.push("a record does not say which portion of its campaign it is".to_owned());
        }
        let splits: BTreeSet<Split<'_>> = self.portions.iter().map(Portion::split).collect();
        for portion in self.portions.iter().filter(|portion| !portion.can_be()) {
            words.push(format!(
                "{}: a record says that it is shard {}, which is impossible",
                portion.scenario,
                portion.written()
            ));
        }
        for split in splits {
            let of = split.of;
            let shards = self
                .portions
                .iter()
                .filter(|portion| portion.split() == split && portion.can_be());
            let there: BTreeSet<u64> = shards.map(|portion| portion.shard).collect();
            let count = of - u64::try_from(there.len()).unwrap_or(u64::MAX).min(of);
            if count == 0 {
                continue;
            }
            // The number of shards comes from a file and may be anything.
            let missing = (1..=of).filter(|number| !there.contains(number));
            let mut named: Vec<String> = missing
                .take(MISSING_NAMED)
                .map(|number| format!("{number}/{of}"))
                .collect();
            let rest = count - u64::try_from(named.len()).unwrap_or(count).min(count);
            if rest > 0 {
                named.push(format!("and {rest} more"));
            }
            words.push(format!(
                "{}: of its campaign {} these shards are missing: {}",
                split.campaign.scenario,
                split.campaign.plan,
                named.join(", ")
            ));
        }
        words
    }

    /// Puts a campaign whose shards are all there into one portion, as if it had never been split.
    pub(super) fn join_portions(&mut self) {
        self.portions.sort();
        self.portions.dedup();
        let mut joined: Vec<Portion> = Vec::new();
        for group in self.portions.chunk_by(|a, b| a.campaign() == b.campaign()) {
            let complete = u64::try_from(group.len()) == Ok(group[0].of);
            if complete && group.iter().all(|portion| portion.of == group[0].of) {
                joined.push(Portion {
                    shard: 1,
                    of: 1,
                    ..group[0].clone()
                });
            } else {
                joined.extend_from_slice(group);
            }
        }
        self.portions = joined;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portion(plan: &str, shard: u64, of: u64) -> Portion {
        Portion {
            scenario: "s".to_owned(),
            plan: plan.to_owned(),
            planned: 9,
            shard,
            of,
        }
    }

    fn campaign(portions: &[Portion]) -> Campaign {
        let mut whole = Campaign::default();
        for portion in portions {
            whole.merge(Campaign {
                portions: vec![portion.clone()],
                lifecycles: 1,
                ..Campaign::default()
            });
        }
        whole
    }

    #[test]
    fn all_shards_in_any_order_are_the_whole() {
        let whole = campaign(&[portion("p", 1, 1)]);
        let (one, two, three) = (portion("p", 1, 3), portion("p", 2, 3), portion("p", 3, 3));
        let sum = campaign(&[two.clone(), three, one.clone()]);
        assert_eq!(sum.portions, whole.portions);
        assert!(sum.missing().is_empty());
        let part = campaign(&[two, one]);
        assert_eq!(part.missing().len(), 1);
        assert!(part.missing()[0].ends_with("missing: 3/3"), "{part:?}");
    }

    #[test]
    fn an_impossible_number_of_shards_is_reported_and_ends_nothing() {
        let words = campaign(&[portion("p", 2, u64::MAX)]).missing();
        assert_eq!(words.len(), 1, "{words:?}");
        assert!(words[0].len() < 2000, "{words:?}");
        assert!(
            words[0].contains("missing: 1/18446744073709551615, 3/"),
            "{words:?}"
        );
        assert!(
            words[0].ends_with("and 18446744073709551594 more"),
            "{words:?}"
        );
        for (shard, of) in [(1, 0), (0, 0), (0, 3), (4, 3), (u64::MAX, 3)] {
            let words = campaign(&[portion("p", shard, of)]).missing();
            assert!(
                words[0].contains("which is impossible"),
                "{shard}/{of}: {words:?}"
            );
        }
    }

    #[test]
    fn shards_of_two_campaigns_do_not_complete_each_other() {
        let sum = campaign(&[portion("p", 1, 2), portion("q", 2, 2)]);
        let words = sum.missing();
        assert_eq!(words.len(), 2, "{words:?}");
        assert!(words[0].ends_with("2/2") && words[1].ends_with("1/2"));
    }

    #[test]
    fn what_does_not_say_what_it_is_of_is_not_taken_for_the_whole() {
        let nameless = Campaign {
            lifecycles: 5,
            ..Campaign::default()
        };
        assert_eq!(nameless.missing().len(), 1);
    }

    #[test]
    fn a_shard_that_is_there_twice_and_two_ways_to_split_are_refused() {
        let check = |portions: &[Portion], expected: bool| {
            assert_eq!(overlap(portions).is_some(), expected, "{portions:?}");
        };
        check(&[portion("p", 1, 3), portion("p", 2, 3)], false);
        check(&[portion("p", 1, 3), portion("p", 1, 3)], true);
        check(&[portion("p", 1, 1), portion("p", 2, 3)], true);
        check(&[portion("p", 1, 1), portion("q", 1, 1)], false);
    }
}
