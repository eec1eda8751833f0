//! When the resources of a run lived, as far as it is seen without a ground truth: from a listing while the cluster was
//! there, and from the provisioner's calls. Pure.
//!
//! A resource begins when the cloud dates it, else when a call made it, else with the run's first change. It ends with the
//! call of the teardown that names it, else with the teardown's first change: nodes go with their group.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubeproof_contract::journal::Call;
use kubeproof_contract::resource::{Lifespan, Resource};

use super::lifetimes::Span;
use crate::audit::calls::{mutating, names};

/// The moments of a run between which its resources lived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moments {
    /// When the provisioner first changed anything.
    pub first_change: Timestamp,
    /// When the job began, if it did: what it makes cannot be older.
    pub job: Option<Timestamp>,
    /// When the teardown began, if it did.
    pub teardown: Option<Timestamp>,
    /// When all was over.
    pub end: Timestamp,
}

impl Moments {
    /// When the teardown first changed anything; the end, where that is not seen.
    fn first_deletion(&self, calls: &[Call]) -> Timestamp {
        let Some(began) = self.teardown else {
            return self.end;
        };
        let mut changing = mutating(calls).filter(|call| call.at >= began && succeeded(call));
        changing.next().map_or(began, |call| call.at)
    }

    /// The time of what is planned and was never seen: of the job's, or of the cluster's.
    pub fn unseen(&self, calls: &[Call], is_of_job: bool) -> Span {
        let from = self.job.filter(|_| is_of_job);
        let from = from.unwrap_or(self.first_change);
        Span {
            from,
            to: self.first_deletion(calls).max(from),
        }
    }
}

fn succeeded(call: &Call) -> bool {
    call.status.is_some_and(|status| status < 400)
}

/// When each of these lived.
pub fn lifespans(seen: &[Resource], calls: &[Call], moments: &Moments) -> Vec<Lifespan> {
    let first_deletion = moments.first_deletion(calls);
    let since = |began: Timestamp| mutating(calls).filter(move |call| call.at >= began);
    let life = |resource: &Resource| {
        let made = mutating(calls).find(|call| call.made.contains(&resource.id));
        let from = resource.created_at.or(made.map(|call| call.at));
        let from = from.unwrap_or(moments.first_change);
        let deletion = since(moments.teardown.unwrap_or(moments.end))
            .find(|call| succeeded(call) && names(call, resource));
        let to = deletion.map_or(first_deletion, |call| call.at);
        Lifespan {
            resource: resource.clone(),
            from,
            to: Some(to.max(from)),
        }
    };
    let mut known = BTreeSet::new();
    let new = |resource: &&Resource| known.insert(resource.key());
    seen.iter().filter(new).map(life).collect()
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::call::Actor;

    use super::*;
    use crate::audit::calls::sample;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).expect("a date")
    }

    fn call(minute: i64, operation: &str, status: u16, names: &[&str], made: &[&str]) -> Call {
        let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Call {
            at: at(minute),
            status: Some(status),
            names: all(names),
            made: all(made),
            ..sample(Actor::Provisioner, operation, true)
        }
    }

    /// A run from minute 0 to 60 whose teardown began in minute 50, and first changed something in minute 51.
    fn calls() -> Vec<Call> {
        vec![
            call(0, "Make", 200, &[], &["net"]),
            call(5, "Make", 200, &["net"], &["gateway"]),
            call(10, "Change", 200, &["gateway"], &[]),
            call(50, "Delete", 400, &["gateway"], &[]),
            call(51, "Delete", 200, &["group"], &[]),
            call(54, "Delete", 200, &["gateway"], &[]),
            call(58, "Delete", 200, &["net"], &[]),
        ]
    }

    fn moments() -> Moments {
        Moments {
            first_change: at(0),
            job: Some(at(20)),
            teardown: Some(at(50)),
            end: at(60),
        }
    }

    #[track_caller]
    fn check(id: &str, created: Option<i64>, expected: (i64, i64)) {
        let mut resource = Resource::new("box", id, "r");
        resource.created_at = created.map(at);
        let seen = [resource.clone(), resource];
        let lives = lifespans(&seen, &calls(), &moments());
        let spans: Vec<_> = lives.iter().map(|life| (life.from, life.to)).collect();
        assert_eq!(spans, [(at(expected.0), Some(at(expected.1)))], "{id}");
    }

    #[test]
    fn a_resource_lives_from_its_date_or_its_making_until_its_own_deletion_or_the_first_one() {
        check("gateway", None, (5, 54));
        check("gateway", Some(6), (6, 54));
        check("net", None, (0, 58));
        // It goes with its group.
        check("node", Some(12), (12, 51));
        check("node", None, (0, 51));
    }

    #[test]
    fn what_was_never_seen_lived_with_the_cluster_or_since_the_job() {
        let span = |from, to| Span {
            from: at(from),
            to: at(to),
        };
        assert_eq!(moments().unseen(&calls(), false), span(0, 51));
        assert_eq!(moments().unseen(&calls(), true), span(20, 51));
        let alive = Moments {
            teardown: None,
            ..moments()
        };
        assert_eq!(alive.unseen(&calls(), false), span(0, 60));
        assert_eq!(moments().unseen(&[], false), span(0, 50));
    }
}
