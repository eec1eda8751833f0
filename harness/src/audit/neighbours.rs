//! Who else was there: what came during a run and is somebody else's, and whether he removed it himself.
//!
//! Apart from comparing inventories, which do not say who did what. The lives of the truth and the journal
//! do; where they leave it open, what came is the run's, and what is gone was removed by its owner.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::call::Actor;
use kubeproof_contract::journal::Call;
use kubeproof_contract::resource::{Life, Resource};

use crate::oracles::calls::{names, refused, touches};

/// The lives of an account, and the calls that may have begun or ended them.
#[derive(Clone, Debug)]
pub struct Neighbours {
    lives: Vec<Life>,
    calls: Vec<Call>,
}

impl Neighbours {
    /// Those that these lives and this journal show.
    pub fn new(lives: Vec<Life>, mut calls: Vec<Call>) -> Self {
        calls.retain(|call| call.signature.mutating && !refused(call));
        Self { lives, calls }
    }

    /// All lives.
    pub fn lives(&self) -> &[Life] {
        &self.lives
    }

    /// The last life of a resource.
    pub fn life(&self, resource: &Resource) -> Option<&Life> {
        let mut lives = self.lives.iter().rev();
        lives.find(|life| life.resource.is_same(resource))
    }

    /// Why somebody else made this, in words. `tagged` is how its tags say so, `ours` whether anything
    /// proves that it is the run's. Tags alone are not believed: a run may give a wrong one.
    pub fn made(&self, life: &Life, tagged: Option<String>, ours: bool) -> Option<String> {
        let mut earlier = self.by_others();
        earlier.find(|call| call.at <= life.from)?;
        let maker = self.by_others().find(|call| in_flight(call, life.from));
        let mut rest = self.calls.iter().filter(|call| !is_by_other(call));
        let waited = |call: &Call| maker.is_some_and(|maker| encloses(call, maker));
        let by_nobody_else = !rest.any(|call| in_flight(call, life.from) && !waited(call));
        match (tagged, maker) {
            (Some(proof), Some(_)) => Some(proof),
            // What a neighbour's own controller made for him, say.
            (Some(proof), None) => by_nobody_else.then_some(proof),
            (None, Some(maker)) if by_nobody_else && !ours => {
                Some(format!("made by somebody else ({})", maker.signature))
            }
            (None, _) => None,
        }
    }

    /// Whether the owner of what is gone may have removed it himself: a call of somebody else's may have
    /// been that, and none of the provisioner's names it.
    pub fn may_have_left(&self, life: &Life) -> bool {
        let Some(to) = life.to else {
            return false;
        };
        let during = |call: &&Call| life.from <= call.at && call.at <= to;
        let calls: Vec<Call> = self.calls.iter().filter(during).cloned().collect();
        let mut others = calls.iter().filter(|call| is_by_other(call));
        !touches(&calls, &life.resource) && others.any(|call| self.may_remove(call, life))
    }

    /// A call that made something removes nothing, and one that names something else removes that.
    fn may_remove(&self, call: &Call, life: &Life) -> bool {
        let mut all = self.lives.iter();
        let made = |one: &Life| in_flight(call, one.from);
        let elsewhere = |one: &Life| names(call, &one.resource);
        names(call, &life.resource) || !all.any(|one| made(one) || elsewhere(one))
    }

    fn by_others(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| is_by_other(call))
    }

    /// Whether somebody else changed this.
    pub fn changed(&self, resource: &Resource) -> bool {
        self.by_others().any(|call| names(call, resource))
    }
}

/// What looks have `seen` of neighbours', as often as they did, and is gone `now` by a call of the
/// provisioner's that names it. There is no truth to ask: anything else may be its owner's doing.
pub fn taken_between_looks(seen: &[Resource], now: &[Resource], calls: &[Call]) -> Vec<Resource> {
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

/// Whether the call was on its way then.
fn in_flight(call: &Call, at: Timestamp) -> bool {
    call.at <= at && at <= answered(call)
}

/// Whether a call began before another one and was answered after it: a fault lets it wait for the change.
fn encloses(call: &Call, other: &Call) -> bool {
    call.at < other.at && answered(other) <= answered(call)
}

fn answered(call: &Call) -> Timestamp {
    let took = SignedDuration::from_millis(i64::try_from(call.milliseconds).unwrap_or(i64::MAX));
    call.at.checked_add(took).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::call::Signature;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a date")
    }

    fn life(id: &str, from: i64, to: Option<i64>) -> Life {
        Life {
            resource: Resource::new("machine", id, "r"),
            from: at(from),
            to: to.map(at),
        }
    }

    /// A call that is answered two seconds after it was sent.
    fn call(actor: Actor, second: i64, target: &str) -> Call {
        Call {
            ordinal: 1,
            at: at(second),
            actor,
            signature: Signature {
                service: "cloud".to_owned(),
                operation: "Change".to_owned(),
                mutating: true,
            },
            target: target.to_owned(),
            status: Some(200),
            error: None,
            milliseconds: 2_000,
            request_digest: String::new(),
            response_digest: String::new(),
            names: Vec::new(),
            made: Vec::new(),
        }
    }

    use Actor::{Foreign, Provisioner};

    #[track_caller]
    fn check_made(calls: &[Call], tagged: bool, ours: bool, expected: bool) {
        let tag = || tagged.then(|| "tag run=other".to_owned());
        let one = life("m-1", 11, None);
        let all = Neighbours::new(vec![one.clone()], calls.to_vec());
        let found = all.made(&one, tag(), ours);
        assert_eq!(found.is_some(), expected, "{found:?}");
    }

    #[test]
    fn what_somebody_elses_call_made_is_his_tagged_or_not() {
        let theirs = [call(Foreign, 10, "POST /machines")];
        check_made(&theirs, true, false, true);
        check_made(&theirs, false, false, true);
        // By a controller of his, later.
        check_made(&[call(Foreign, 1, "POST /clusters")], true, false, true);
        // A fault let a call of the provisioner's wait for him.
        let waiting = Call {
            milliseconds: 9_000,
            ..call(Provisioner, 5, "POST /machines")
        };
        check_made(&[theirs[0].clone(), waiting], false, false, true);
    }

    #[test]
    fn what_may_be_the_runs_is_not_somebody_elses() {
        let theirs = call(Foreign, 10, "POST /machines");
        let ours = call(Provisioner, 10, "POST /machines");
        // Nobody else was there: the tag is a wrong one.
        check_made(std::slice::from_ref(&ours), true, false, false);
        check_made(&[], true, false, false);
        // He was there, and the call that made it was the run's.
        let earlier = call(Foreign, 1, "POST /machines");
        check_made(&[earlier.clone(), ours.clone()], true, false, false);
        // Either may have made it, and no tag says who.
        check_made(&[theirs.clone(), ours], false, false, false);
        // Something says that it is the run's: its name, say.
        check_made(std::slice::from_ref(&theirs), false, true, false);
        // Made without a call of his, and without a tag.
        check_made(&[earlier], false, false, false);
        // He was refused.
        let refused = Call {
            status: Some(403),
            ..theirs
        };
        check_made(&[refused], false, false, false);
    }

    #[track_caller]
    fn check_left(calls: &[Call], expected: bool) {
        let (one, other) = (life("m-1", 11, Some(50)), life("m-2", 21, None));
        let all = Neighbours::new(vec![one.clone(), other], calls.to_vec());
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
        // He made something else meanwhile, changed that, and came too late.
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
    fn between_looks_only_what_a_call_names_was_taken_and_once() {
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
        let taken = taken_between_looks(&seen, &[machine("m-3")], &calls);
        assert_eq!(taken, [machine("m-1")]);
    }

    #[test]
    fn the_life_of_a_resource_is_its_last_and_no_others() {
        let mut elsewhere = life("m-1", 70, None);
        elsewhere.resource.region = "s".to_owned();
        let mut of_another_type = life("m-1", 80, None);
        of_another_type.resource.resource_type = "disk".to_owned();
        let lives = vec![
            life("m-1", 11, Some(50)),
            life("m-1", 60, None),
            elsewhere,
            of_another_type,
            life("m-2", 90, None),
        ];
        let all = Neighbours::new(lives.clone(), Vec::new());
        assert_eq!(all.life(&lives[0].resource), Some(&lives[1]));
        assert_eq!(all.life(&Resource::new("machine", "m-3", "r")), None);
        assert_eq!(all.lives(), lives);
    }

    #[test]
    fn what_is_there_has_not_left() {
        let one = life("m-1", 11, None);
        let all = Neighbours::new(vec![one.clone()], vec![call(Foreign, 40, "POST /x")]);
        assert!(!all.may_have_left(&one));
    }

    #[test]
    fn only_somebody_elses_call_that_names_it_changed_it() {
        let one = life("m-1", 11, None);
        let changed = |actor, target| {
            let all = Neighbours::new(vec![one.clone()], vec![call(actor, 20, target)]);
            all.changed(&one.resource)
        };
        assert!(changed(Foreign, "POST /machines/m-1"));
        assert!(!changed(Foreign, "POST /machines/m-2"));
        assert!(!changed(Provisioner, "POST /machines/m-1"));
    }
}
