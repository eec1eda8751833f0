//! Whether a claim that a resource belongs to someone else is believed. Pure.
//!
//! In a rehearsal the ground truth says who owns a new resource. Elsewhere:
//!
//! | what is known | owner |
//! |---|---|
//! | a call of the run made it, or its parent | the run, whatever its marks say |
//! | the run's tag or name, a parent that is the run's, or its creator in the event log, if that is the provisioner's identity | the run |
//! | a PUT of the run names it, and the event log says that the provisioner's identity made it | the run |
//! | the marks of another run that this machine knows (its intent is here) | that run |
//! | marks of anyone else, and all calls of the provisioner were observed | someone else |
//! | its creator in the event log is another identity | someone else |
//! | marks alone (a program whose calls are not observed, a call without a response) | on your own machine (kind) a finding; in a real account unknown |
//!
//! A resource that was there before and is gone is an O6 finding if a call of the run names it. Otherwise it is a note,
//! or unknown if not all calls were observed.
//!
//! A tag alone is no proof, because a program can write any. What the run's own calls created is the run's; if all of
//! its calls were seen, everything else is not; and another run may be known on this machine.

use kubeproof_contract::call::Actor;
use kubeproof_contract::journal::Call;
use kubeproof_contract::observer::{Caller, Creation, OwnershipClaim};

use crate::audit::calls::{mutating, refused};

/// What a trial knows of its own calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnCalls {
    /// The calls that may have changed something.
    pub calls: Vec<Call>,
    /// Whether these are all calls of the provisioner, each with its answer: then what none of them created is not the
    /// run's.
    pub whole: bool,
}

impl OwnCalls {
    /// Of a journal. `seen` is whether the provisioner's calls pass through it.
    pub fn of(calls: Vec<Call>, seen: bool) -> Self {
        // What a call without an answer made is unknown.
        let whole = seen && mutating(&calls).all(|call| call.status.is_some());
        let mut calls = calls;
        calls.retain(|call| call.signature.mutating && !refused(call));
        Self { calls, whole }
    }

    /// The provisioner's call that created this.
    pub fn made(&self, id: &str) -> Option<String> {
        let mut own = self
            .calls
            .iter()
            .filter(|call| call.actor == Actor::Provisioner);
        let call = own.find(|call| call.made.iter().any(|made| made == id))?;
        Some(format!(
            "made by its call {} {}",
            call.ordinal, call.signature
        ))
    }

    /// Whether a call of the provisioner has put this where it is. The answer to such a call may not say whether it made
    /// or changed it.
    fn put(&self, id: &str) -> bool {
        let mut own = self
            .calls
            .iter()
            .filter(|call| call.actor == Actor::Provisioner);
        own.any(|call| call.target.starts_with("PUT ") && call.names.iter().any(|name| name == id))
    }

    /// Whether a claim that something belongs to someone else is believed. `is_known` says whether another run is known
    /// on this machine.
    pub fn believe(&self, claim: &OwnershipClaim, is_known: impl Fn(&str) -> bool) -> bool {
        if claim.rests_on.iter().any(|id| self.made(id).is_some()) {
            return false;
        }
        claim.run.as_deref().is_some_and(is_known) || (self.whole && !claim.rests_on.is_empty())
    }

    /// The owner of a new resource, from all evidence: the observer's `proofs` that it is the run's, a `claim` that it
    /// is not, and the cloud's event log of its creation.
    pub fn owner(
        &self,
        id: &str,
        mut proofs: Vec<String>,
        claim: Option<&OwnershipClaim>,
        making: Option<&Creation>,
    ) -> Owner {
        let made = self.made(id);
        let is_ours = made.is_some();
        proofs.extend(made);
        if let Some(making) = making {
            match making.caller {
                // The same identity may act for other runs: used only where there is no other evidence.
                Caller::Ours if is_ours || self.put(id) || (!self.whole && claim.is_none()) => {
                    proofs.push(making.text.clone());
                }
                Caller::Theirs if proofs.is_empty() => return Owner::Another(making.text.clone()),
                _ => {}
            }
        }
        if proofs.is_empty() {
            Owner::Unknown
        } else {
            Owner::Run(proofs)
        }
    }
}

/// The owner of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The run, with the proofs.
    Run(Vec<String>),
    /// Certainly someone else, with the proof.
    Another(String),
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::calls::sample;

    fn call(actor: Actor, made: &[&str], status: Option<u16>) -> Call {
        Call {
            status,
            made: made.iter().map(|id| (*id).to_owned()).collect(),
            ..sample(actor, "Make", true)
        }
    }

    fn claim(run: Option<&str>, rests_on: &[&str]) -> OwnershipClaim {
        OwnershipClaim {
            text: "tag run=other".to_owned(),
            run: run.map(str::to_owned),
            rests_on: rests_on.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    const ANSWERED: Option<u16> = Some(200);

    #[track_caller]
    fn check(calls: &[Call], seen: bool, claim: &OwnershipClaim, expected: bool) {
        let own = OwnCalls::of(calls.to_vec(), seen);
        assert_eq!(own.believe(claim, |run| run == "known"), expected);
    }

    #[test]
    fn a_mark_alone_is_believed_only_where_all_calls_of_the_run_were_seen() {
        let ours = call(Actor::Provisioner, &["a"], ANSWERED);
        let marked = claim(Some("other"), &["b"]);
        check(std::slice::from_ref(&ours), true, &marked, true);
        // A program whose calls are not seen, and a call without an answer.
        check(&[], false, &marked, false);
        let lost = call(Actor::Provisioner, &[], None);
        check(&[ours, lost], true, &marked, false);
        // Nothing that a call would show says who made it.
        check(&[], true, &claim(Some("other"), &[]), false);
    }

    #[test]
    fn a_run_that_is_known_on_this_machine_is_believed_without_calls() {
        check(&[], false, &claim(Some("known"), &["b"]), true);
        check(&[], false, &claim(Some("known"), &[]), true);
        check(&[], false, &claim(None, &["b"]), false);
    }

    #[test]
    fn what_a_call_of_the_run_made_is_the_runs_whatever_its_marks_say() {
        let ours = [call(Actor::Provisioner, &["a"], ANSWERED)];
        for run in ["other", "known"] {
            check(&ours, true, &claim(Some(run), &["a"]), false);
            // It hangs on what the run made.
            check(&ours, true, &claim(Some(run), &["b", "a"]), false);
        }
        // Somebody else's call made it, or the call was refused.
        let theirs = [call(Actor::Foreign, &["a"], ANSWERED)];
        check(&theirs, true, &claim(Some("other"), &["a"]), true);
        let refused = [call(Actor::Provisioner, &["a"], Some(403))];
        check(&refused, true, &claim(Some("other"), &["a"]), true);
    }

    /// A making in the trail, and what it shows: `r` run, `a` another, `u` unknown.
    #[track_caller]
    fn check_owner(own: &OwnCalls, claim: Option<&OwnershipClaim>, caller: Caller, expected: char) {
        let making = Creation {
            text: "Make by somebody".to_owned(),
            caller,
        };
        let owner = match own.owner("a", Vec::new(), claim, Some(&making)) {
            Owner::Run(_) => 'r',
            Owner::Another(_) => 'a',
            Owner::Unknown => 'u',
        };
        assert_eq!(owner, expected);
    }

    #[test]
    fn the_trail_is_a_proof_only_where_the_provisioners_identity_acted_and_nothing_speaks_against_it()
     {
        let blind = OwnCalls::of(Vec::new(), false);
        check_owner(&blind, None, Caller::Ours, 'r');
        check_owner(&blind, None, Caller::Theirs, 'a');
        check_owner(&blind, None, Caller::Unclear, 'u');
        // The same identity, and the tag of another run.
        let marked = claim(Some("other"), &["a"]);
        check_owner(&blind, Some(&marked), Caller::Ours, 'u');
        // The same identity, and no call of ours.
        let whole = OwnCalls::of(vec![call(Actor::Provisioner, &["b"], ANSWERED)], true);
        check_owner(&whole, None, Caller::Ours, 'u');
        // It may have made it: an accepted PUT does not say.
        let put = |target: &str, name: &str| {
            let accepted = Call {
                target: target.to_owned(),
                names: vec![name.to_owned()],
                ..call(Actor::Provisioner, &[], Some(202))
            };
            OwnCalls::of(vec![accepted], true)
        };
        check_owner(&put("PUT /a", "a"), None, Caller::Ours, 'r');
        check_owner(&put("PUT /a", "a"), None, Caller::Unclear, 'u');
        check_owner(&put("PUT /b", "b"), None, Caller::Ours, 'u');
        check_owner(&put("DELETE /a", "a"), None, Caller::Ours, 'u');
        let made = OwnCalls::of(vec![call(Actor::Provisioner, &["a"], ANSWERED)], true);
        check_owner(&made, None, Caller::Ours, 'r');
        check_owner(&made, None, Caller::Theirs, 'r');
    }

    #[test]
    fn a_proof_of_the_observers_outweighs_the_trail() {
        let making = Creation {
            text: "Make by bob".to_owned(),
            caller: Caller::Theirs,
        };
        let blind = OwnCalls::of(Vec::new(), false);
        let proofs = vec!["tag run=r1".to_owned()];
        let owner = blind.owner("a", proofs.clone(), None, Some(&making));
        assert_eq!(owner, Owner::Run(proofs));
        assert_eq!(blind.owner("a", Vec::new(), None, None), Owner::Unknown);
    }
}
