//! Finds what appeared during a run and belongs to bystanders, and whether they removed it themselves.
//!
//! Inventories do not show who did what; the lifetimes of the ground truth and the journal do. In doubt, what appeared
//! is the run's, and what is gone was removed by its owner.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::call::Actor;
use kubeproof_contract::journal::Call;
use kubeproof_contract::resource::{Lifespan, Resource};

use crate::audit::calls::{names, refused, touches};

/// The lifetimes of an account's resources, and the calls that may have started or ended them.
#[derive(Clone, Debug)]
pub struct BystanderHistory {
    lives: Vec<Lifespan>,
    calls: Vec<Call>,
}

impl BystanderHistory {
    /// The history that these lifetimes and this journal show.
    pub fn new(lives: Vec<Lifespan>, mut calls: Vec<Call>) -> Self {
        calls.retain(|call| call.signature.mutating && !refused(call));
        Self { lives, calls }
    }

    /// All lifetimes.
    pub fn lifetimes(&self) -> &[Lifespan] {
        &self.lives
    }

    /// The last lifetime of a resource. What only a description tells of it, the ground truth may not show.
    pub fn life(&self, resource: &Resource) -> Option<&Lifespan> {
        let mut lives = self.lives.iter().rev();
        lives.find(|life| life.resource.may_be(resource))
    }

    /// Why this was created by someone else, as text. `tagged` is what its tags say, `ours` whether anything proves it
    /// to be the run's. Tags alone are not believed: a run may write wrong ones. A name is no proof against a call of
    /// someone else that was answered with this very resource: a name that the run gave up can be taken.
    pub fn made(&self, life: &Lifespan, tagged: Option<String>, ours: bool) -> Option<String> {
        let mut earlier = self.by_others();
        earlier.find(|call| call.at <= life.from)?;
        let maker = self.by_others().find(|call| in_flight(call, life.from));
        let mut rest = self.calls.iter().filter(|call| !is_by_other(call));
        let waited = |call: &Call| maker.is_some_and(|maker| encloses(call, maker));
        let by_no_one_else = !rest.any(|call| in_flight(call, life.from) && !waited(call));
        match (tagged, maker) {
            (Some(proof), Some(_)) => Some(proof),
            // For example, created by a bystander's own controller.
            (Some(proof), None) => by_no_one_else.then_some(proof),
            (None, Some(maker)) if by_no_one_else && (!ours || answered_with(maker, life)) => {
                Some(format!("made by someone else ({})", maker.signature))
            }
            (None, _) => None,
        }
    }

    /// Whether its owner may have removed it: a call of someone else may have done so, and no call of the provisioner
    /// names it.
    pub fn may_have_left(&self, life: &Lifespan) -> bool {
        let Some(to) = life.to else {
            return false;
        };
        let during = |call: &&Call| life.from <= call.at && call.at <= to;
        let calls: Vec<Call> = self.calls.iter().filter(during).cloned().collect();
        let mut others = calls.iter().filter(|call| is_by_other(call));
        !touches(&calls, &life.resource) && others.any(|call| self.may_remove(call, life))
    }

    /// A call that created something removed nothing, and one that names something else removed that.
    fn may_remove(&self, call: &Call, life: &Lifespan) -> bool {
        let mut all = self.lives.iter();
        let made = |one: &Lifespan| in_flight(call, one.from);
        let elsewhere = |one: &Lifespan| names(call, &one.resource);
        names(call, &life.resource) || !all.any(|one| made(one) || elsewhere(one))
    }

    fn by_others(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| is_by_other(call))
    }

    /// Whether someone else changed this.
    pub fn changed(&self, resource: &Resource) -> bool {
        self.by_others().any(|call| names(call, resource))
    }
}

/// Bystanders' resources that earlier inventories have `seen`, with repetitions, and that are gone `now` although a
/// call of the provisioner names them. Without a ground truth, their owners may have removed all others.
pub fn taken_between_listings(
    seen: &[Resource],
    now: &[Resource],
    calls: &[Call],
) -> Vec<Resource> {
    let mut gone: BTreeMap<_, _> = seen.iter().map(|one| (one.key(), one)).collect();
    for there in now {
        gone.remove(&there.key());
    }
    let taken = gone.into_values().filter(|one| touches(calls, one));
    taken.cloned().collect()
}

fn is_by_other(call: &Call) -> bool {
    call.actor == Actor::Foreign
}

/// Whether the call was in flight at this time.
fn in_flight(call: &Call, at: Timestamp) -> bool {
    call.at <= at && at <= answered(call)
}

/// Whether the answer of this call, which succeeded, names what began to live.
fn answered_with(call: &Call, life: &Lifespan) -> bool {
    let worked = call
        .status
        .is_some_and(|status| (200..300).contains(&status));
    worked && call.made.contains(&life.resource.id)
}

/// Whether a call started before another one and was answered after it: a fault made it wait for the change.
fn encloses(call: &Call, other: &Call) -> bool {
    call.at < other.at && answered(other) <= answered(call)
}

fn answered(call: &Call) -> Timestamp {
    let took = SignedDuration::from_millis(i64::try_from(call.milliseconds).unwrap_or(i64::MAX));
    call.at.checked_add(took).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use crate::audit::calls::sample;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a date")
    }

    fn life(id: &str, from: i64, to: Option<i64>) -> Lifespan {
        Lifespan {
            resource: Resource::new("machine", id, "r"),
            from: at(from),
            to: to.map(at),
        }
    }

    /// A call that is answered two seconds after it was sent.
    fn call(actor: Actor, second: i64, target: &str) -> Call {
        Call {
            at: at(second),
            target: target.to_owned(),
            status: Some(200),
            milliseconds: 2_000,
            ..sample(actor, "Change", true)
        }
    }

    use Actor::{Foreign, Provisioner};

    #[track_caller]
    fn check_made(calls: &[Call], tagged: bool, ours: bool, expected: bool) {
        let tag = || tagged.then(|| "tag run=other".to_owned());
        let one = life("m-1", 11, None);
        let all = BystanderHistory::new(vec![one.clone()], calls.to_vec());
        let found = all.made(&one, tag(), ours);
        assert_eq!(found.is_some(), expected, "{found:?}");
    }

    #[test]
    fn what_someone_elses_call_made_is_theirs_tagged_or_not() {
        let theirs = [call(Foreign, 10, "POST /machines")];
        check_made(&theirs, true, false, true);
        check_made(&theirs, false, false, true);
        // Later, by their controller.
        check_made(&[call(Foreign, 1, "POST /clusters")], true, false, true);
        // A fault made a call of the provisioner wait for theirs.
        let waiting = Call {
            milliseconds: 9_000,
            ..call(Provisioner, 5, "POST /machines")
        };
        check_made(&[theirs[0].clone(), waiting], false, false, true);
    }

    #[test]
    fn what_someone_else_made_under_a_name_of_the_runs_is_theirs() {
        let theirs = Call {
            made: vec!["m-1".to_owned()],
            ..call(Foreign, 10, "POST /machines")
        };
        check_made(std::slice::from_ref(&theirs), false, true, true);
        // The run's deletion waited for it.
        let waiting = Call {
            milliseconds: 9_000,
            ..call(Provisioner, 5, "DELETE /machines/m-1")
        };
        check_made(&[waiting, theirs], false, true, true);
    }

    #[test]
    fn what_may_be_the_runs_is_not_someone_elses() {
        let theirs = call(Foreign, 10, "POST /machines");
        let ours = call(Provisioner, 10, "POST /machines");
        // No one else was there: the tag is wrong.
        check_made(std::slice::from_ref(&ours), true, false, false);
        check_made(&[], true, false, false);
        // They were there, and the run's call made it.
        let earlier = call(Foreign, 1, "POST /machines");
        check_made(&[earlier.clone(), ours.clone()], true, false, false);
        // Either may have made it, and no tag says who.
        check_made(&[theirs.clone(), ours], false, false, false);
        // Something says that it is the run's: its name, say.
        check_made(std::slice::from_ref(&theirs), false, true, false);
        // Neither does an answer without it, nor a call that failed, show whose it is then.
        let answered = |status, made: &str| Call {
            status: Some(status),
            made: vec![made.to_owned()],
            ..theirs.clone()
        };
        check_made(&[answered(200, "m-2")], false, true, false);
        check_made(&[answered(503, "m-1")], false, true, false);
        // Both may have made it.
        let both = [
            answered(200, "m-1"),
            call(Provisioner, 10, "POST /machines"),
        ];
        check_made(&both, false, true, false);
        // Made without a call of theirs, and without a tag.
        check_made(&[earlier], false, false, false);
        // They were refused.
        let refused = Call {
            status: Some(403),
            ..theirs
        };
        check_made(&[refused], false, false, false);
    }

    #[track_caller]
    fn check_left(calls: &[Call], expected: bool) {
        let (one, other) = (life("m-1", 11, Some(50)), life("m-2", 21, None));
        let all = BystanderHistory::new(vec![one.clone(), other], calls.to_vec());
        assert_eq!(all.may_have_left(&one), expected);
    }

    #[test]
    fn what_its_owner_may_have_removed_left_by_itself() {
        let made = call(Foreign, 10, "POST /machines");
        check_left(&[made.clone(), call(Foreign, 40, "POST /terminate")], true);
        check_left(&[made, call(Foreign, 40, "DELETE /machines/m-1")], true);
    }

    #[test]
    fn what_its_owner_cannot_have_removed_was_taken() {
        let made = call(Foreign, 10, "POST /machines");
        let ours = call(Provisioner, 40, "POST /terminate");
        check_left(&[made.clone(), ours.clone()], false);
        // They made something else meanwhile, changed that, and came too late.
        let more = [
            call(Foreign, 20, "POST /machines"),
            call(Foreign, 30, "DELETE /machines/m-2"),
            call(Foreign, 60, "POST /terminate"),
        ];
        check_left(&[&[made.clone(), ours], &more[..]].concat(), false);
        // A call of the provisioner's names it.
        let named = call(Provisioner, 40, "DELETE /machines/m-1");
        check_left(&[made, named, call(Foreign, 41, "POST /terminate")], false);
    }

    #[test]
    fn between_listings_only_what_a_call_names_was_taken_and_once() {
        let machine = |id: &str| Resource::new("machine", id, "r");
        let seen = [
            machine("m-1"),
            machine("m-2"),
            machine("m-3"),
            machine("m-1"),
        ];
        let calls = [
            call(Provisioner, 40, "DELETE /machines/m-1"),
            call(Provisioner, 41, "DELETE /machines/m-3"),
            call(Foreign, 42, "DELETE /machines/m-2"),
        ];
        let taken = taken_between_listings(&seen, &[machine("m-3")], &calls);
        assert_eq!(taken, [machine("m-1")]);
    }

    #[test]
    fn the_life_of_a_resource_is_its_last_and_no_others() {
        let mut elsewhere = life("m-1", 70, None);
        elsewhere.resource.scope = "s".into();
        let mut of_another_type = life("m-1", 80, None);
        of_another_type.resource.resource_type = "disk".to_owned();
        let lives = vec![
            life("m-1", 11, Some(50)),
            life("m-1", 60, None),
            elsewhere,
            of_another_type,
            life("m-2", 90, None),
        ];
        let all = BystanderHistory::new(lives.clone(), Vec::new());
        assert_eq!(all.life(&lives[0].resource), Some(&lives[1]));
        assert_eq!(all.life(&Resource::new("machine", "m-3", "r")), None);
        assert_eq!(all.lifetimes(), lives);
    }

    #[test]
    fn what_is_there_has_not_left() {
        let one = life("m-1", 11, None);
        let all = BystanderHistory::new(vec![one.clone()], vec![call(Foreign, 40, "POST /x")]);
        assert!(!all.may_have_left(&one));
    }

    #[test]
    fn only_someone_elses_call_that_names_it_changed_it() {
        let one = life("m-1", 11, None);
        let changed = |actor, target| {
            let all = BystanderHistory::new(vec![one.clone()], vec![call(actor, 20, target)]);
            all.changed(&one.resource)
        };
        assert!(changed(Foreign, "POST /machines/m-1"));
        assert!(!changed(Foreign, "POST /machines/m-2"));
        assert!(!changed(Provisioner, "POST /machines/m-1"));
    }
}
