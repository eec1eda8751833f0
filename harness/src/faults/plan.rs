//! The plan of a campaign: which lifecycles it runs, in which order. They are generated one by one and not stored,
//! since there are hundreds of thousands of pairs. Pure.

use kubeproof_contract::journal::Digesting;

use super::schedules::{self, Schedule};
use super::shard::Shard;
use super::summary::written;

/// How single faults become lifecycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combination {
    /// Each fault is one lifecycle.
    AsTheyAre,
    /// Each pair is one lifecycle.
    Pairs,
    /// This many random pairs.
    Random(usize),
}

/// The plan of a campaign on one scenario.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) scenario: String,
    /// The single faults that lifecycles are made of.
    pub(super) singles: Vec<Schedule>,
    pub(super) combination: Combination,
    pub(super) seed: u64,
    /// The part of the campaign that is run here.
    pub(super) shard: Option<Shard>,
}

/// The size and digest of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Digest of all lifecycles and the seed, before they are split.
    pub(super) digest: String,
    /// Lifecycles of the whole campaign.
    pub(super) planned: u64,
    /// How many of them are run here.
    pub(super) here: usize,
}

impl Plan {
    /// All lifecycles of the campaign, in order.
    fn all(&self) -> Box<dyn Iterator<Item = Schedule> + Send + '_> {
        match self.combination {
            Combination::AsTheyAre => Box::new(self.singles.iter().cloned()),
            Combination::Pairs => Box::new(schedules::pairs(&self.singles)),
            Combination::Random(count) => {
                Box::new(schedules::random(&self.singles, count, self.seed))
            }
        }
    }

    fn is_here(&self, written: &str) -> bool {
        let shard = self.shard.as_ref();
        shard.is_none_or(|shard| shard.has(&self.scenario, written))
    }

    /// The lifecycles that are run here, in order.
    pub(super) fn here(&self) -> impl Iterator<Item = Schedule> + Send + '_ {
        self.all()
            .filter(|schedule| self.shard.is_none() || self.is_here(&written(schedule)))
    }

    /// Counts and digests the plan.
    pub(super) fn extent(&self) -> Extent {
        let mut digest = Digesting::default();
        digest.update(format!("seed {}", self.seed).as_bytes());
        let (mut planned, mut here) = (0, 0);
        for schedule in self.all() {
            let text = written(&schedule);
            digest.update(b"|");
            digest.update(text.as_bytes());
            planned += 1;
            here += usize::from(self.is_here(&text));
        }
        Extent {
            digest: digest.finish(),
            planned,
            here,
        }
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::call::Signature;
    use kubeproof_contract::journal::digest;

    use super::*;
    use crate::faults::injection_points::Part;
    use crate::faults::schedules::TargetedFault;

    fn plan(singles: usize, combination: Combination, shard: Option<Shard>) -> Plan {
        let targeted = |number: usize| {
            let text = format!("s:Make#{number}=throttle");
            vec![TargetedFault {
                fault: text.parse().expect("a fault"),
                signature: Signature {
                    service: "s".to_owned(),
                    operation: "Make".to_owned(),
                    mutating: true,
                },
                part: Part::Provision,
            }]
        };
        Plan {
            scenario: "a".to_owned(),
            singles: (1..=singles).map(targeted).collect(),
            combination,
            seed: 7,
            shard,
        }
    }

    #[test]
    fn the_digest_is_that_of_all_lifecycles_as_one_text() {
        for combination in [
            Combination::AsTheyAre,
            Combination::Pairs,
            Combination::Random(9),
        ] {
            let plan = plan(6, combination, None);
            let all: Vec<Schedule> = plan.here().collect();
            let mut text = String::from("seed 7");
            for schedule in &all {
                text = format!("{text}|{}", written(schedule));
            }
            let extent = plan.extent();
            assert_eq!(extent.digest, digest(text.as_bytes()), "{combination:?}");
            assert_eq!(extent.here, all.len());
            assert_eq!(usize::try_from(extent.planned), Ok(all.len()));
        }
        assert_eq!(plan(6, Combination::Pairs, None).extent().planned, 15);
    }

    #[test]
    fn shards_are_of_one_plan_and_all_of_it() {
        let whole = plan(40, Combination::Pairs, None).extent();
        let mut lifecycles = 0;
        for number in 1..=3 {
            let part = plan(40, Combination::Pairs, Some(Shard { number, of: 3 }));
            let extent = part.extent();
            assert_eq!(extent.digest, whole.digest);
            assert_eq!(extent.planned, whole.planned);
            assert_eq!(extent.here, part.here().count());
            lifecycles += extent.here;
        }
        assert_eq!(lifecycles, whole.here);
    }

    #[test]
    fn the_first_of_very_many_lifecycles_comes_immediately() {
        // A thousand million pairs: none but the first is ever made.
        let plan = plan(50_000, Combination::Pairs, None);
        let first = plan.here().next().expect("a lifecycle");
        assert_eq!(written(&first), "s:Make#1=throttle s:Make#2=throttle");
    }
}
