//! The plan of a campaign: which lifecycles, in which order. It makes them one by one and keeps none: pairs
//! are hundreds of thousands. Pure.

use kubeproof_contract::journal::Digesting;

use super::entry::written;
use super::schedules::{self, Schedule};
use super::shard::Shard;

/// How single faults become lifecycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Each is one.
    AsTheyAre,
    /// Each pair is one.
    Pairs,
    /// So many random pairs.
    Random(usize),
}

/// The plan of a campaign on one scenario.
#[derive(Debug)]
pub(super) struct Plan {
    /// Name of the scenario.
    pub(super) scenario: String,
    /// The schedules that lifecycles are made of.
    pub(super) singles: Vec<Schedule>,
    /// How.
    pub(super) how: How,
    /// The seed.
    pub(super) seed: u64,
    /// The part of the campaign that is run here.
    pub(super) shard: Option<Shard>,
}

/// What a plan comes to.
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
        match self.how {
            How::AsTheyAre => Box::new(self.singles.iter().cloned()),
            How::Pairs => Box::new(schedules::pairs(&self.singles)),
            How::Random(count) => Box::new(schedules::random(&self.singles, count, self.seed)),
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

    /// Goes through the plan once.
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
    use crate::faults::points::Part;
    use crate::faults::schedules::Aimed;

    fn plan(singles: usize, how: How, shard: Option<Shard>) -> Plan {
        let aimed = |number: usize| {
            let text = format!("s:Make#{number}=throttle");
            vec![Aimed {
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
            singles: (1..=singles).map(aimed).collect(),
            how,
            seed: 7,
            shard,
        }
    }

    #[test]
    fn the_digest_is_that_of_all_lifecycles_as_one_text() {
        for how in [How::AsTheyAre, How::Pairs, How::Random(9)] {
            let plan = plan(6, how, None);
            let all: Vec<Schedule> = plan.here().collect();
            let mut text = String::from("seed 7");
            for schedule in &all {
                text = format!("{text}|{}", written(schedule));
            }
            let extent = plan.extent();
            assert_eq!(extent.digest, digest(text.as_bytes()), "{how:?}");
            assert_eq!(extent.here, all.len());
            assert_eq!(usize::try_from(extent.planned), Ok(all.len()));
        }
        assert_eq!(plan(6, How::Pairs, None).extent().planned, 15);
    }

    #[test]
    fn shards_are_of_one_plan_and_all_of_it() {
        let whole = plan(40, How::Pairs, None).extent();
        let mut lifecycles = 0;
        for number in 1..=3 {
            let part = plan(40, How::Pairs, Some(Shard { number, of: 3 }));
            let extent = part.extent();
            assert_eq!(extent.digest, whole.digest);
            assert_eq!(extent.planned, whole.planned);
            assert_eq!(extent.here, part.here().count());
            lifecycles += extent.here;
        }
        assert_eq!(lifecycles, whole.here);
    }

    #[test]
    fn the_first_of_very_many_lifecycles_comes_at_once() {
        // A thousand million pairs: none but the first is ever made.
        let plan = plan(50_000, How::Pairs, None);
        let first = plan.here().next().expect("a lifecycle");
        assert_eq!(written(&first), "s:Make#1=throttle s:Make#2=throttle");
    }
}
