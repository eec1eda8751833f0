//! Who else is in the account, as far as a trial can know.
//!
//! Apart from the looks because those of observers and those into the truth must agree: in a rehearsal the
//! truth knows who made what; elsewhere there are only what the observer makes of tags, and the journal.

use std::path::Path;

use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::resource::{Life, Resource};
use kubeproof_contract::run::Run;

use super::registry;
use super::stage::Stage;
use crate::audit::claims::OwnCalls;
use crate::audit::compare::new_resources;
use crate::audit::neighbours::{self, Neighbours};
use crate::oracles::calls::touches;

/// Who else is there.
pub struct Others<'a> {
    run: &'a Run,
    out: Option<&'a Path>,
    account: &'a dyn Account,
    known: Known,
}

/// What is known of them.
enum Known {
    /// The truth shows that nobody else has acted, as in most trials: then nothing is asked.
    Nobody,
    /// The truth, in a rehearsal.
    Truth(Neighbours),
    /// What looks show, and the calls of the trial.
    Looks(OwnCalls),
}

impl<'a> Others<'a> {
    /// Those that are there now.
    pub fn now(stage: &'a Stage<'_>, account: &'a dyn Account) -> Self {
        let known = match &stage.world {
            Some(_) if !stage.journal.has(Actor::Foreign) => Known::Nobody,
            Some(world) => Known::Truth(Neighbours::new(world.lives(), stage.journal.calls())),
            None => Known::Looks(stage.own_calls()),
        };
        Self {
            run: &stage.run,
            out: stage.out.as_deref(),
            account,
            known,
        }
    }

    /// Why something that came during the run is a neighbour's, if it is.
    pub fn proof(&self, resource: &Resource, inventory: &[Resource]) -> Option<String> {
        let claim = || self.account.neighbours(self.run, resource, inventory);
        match &self.known {
            Known::Nobody => None,
            Known::Looks(own) => {
                let claim = claim()?;
                let believed = own.believe(&claim, |run| self.knows(run));
                believed.then_some(claim.words)
            }
            Known::Truth(truth) => {
                let proofs = self.account.proofs(self.run, resource, inventory);
                let tagged = claim().map(|claim| claim.words);
                truth.made(truth.life(resource)?, tagged, !proofs.is_empty())
            }
        }
    }

    /// Whether this is another run of this machine.
    fn knows(&self, run: &str) -> bool {
        run != self.run.id && registry::knows(run, self.out)
    }

    /// Whether it cannot be told who removed this, which was there before the run and is gone: no call of the
    /// provisioner's names it, but not all of them were seen, and it is no other known run's.
    pub fn went_unseen(&self, resource: &Resource, baseline: &[Resource]) -> bool {
        let Known::Looks(own) = &self.known else {
            return false;
        };
        let claim = self.account.neighbours(self.run, resource, baseline);
        let of_known_run = claim.and_then(|claim| claim.run);
        let excused = of_known_run.is_some_and(|run| self.knows(&run));
        !own.whole && !excused && !touches(&own.calls, resource)
    }

    fn is_nobody(&self) -> bool {
        matches!(self.known, Known::Nobody)
    }

    /// What came since `before`, and what of it is a neighbour's, with the proof.
    pub fn arrivals(
        &self,
        before: &[Resource],
        now: &[Resource],
    ) -> (Vec<Resource>, Vec<(Resource, String)>) {
        let (mut rest, mut theirs) = (Vec::new(), Vec::new());
        for resource in new_resources(before, now) {
            match self.proof(&resource, now) {
                Some(proof) => theirs.push((resource, proof)),
                None => rest.push(resource),
            }
        }
        (rest, theirs)
    }

    /// These without what came during the run and is a neighbour's.
    pub fn without_theirs(&self, inventory: Vec<Resource>) -> Vec<Resource> {
        if self.is_nobody() {
            return inventory;
        }
        let theirs: Vec<bool> = inventory
            .iter()
            .map(|resource| self.proof(resource, &inventory).is_some())
            .collect();
        let all = inventory.into_iter().zip(theirs);
        all.filter_map(|(resource, theirs)| (!theirs).then_some(resource))
            .collect()
    }

    /// The same without what was there before the run, when others have acted: that may go meanwhile.
    pub fn without_theirs_and_earlier(&self, inventory: Vec<Resource>) -> Vec<Resource> {
        let mut left = self.without_theirs(inventory);
        if !self.is_nobody() {
            left.retain(|resource| !self.is_earlier(resource));
        }
        left
    }

    fn is_earlier(&self, resource: &Resource) -> bool {
        let Known::Truth(truth) = &self.known else {
            return false;
        };
        let life = truth.life(resource);
        life.is_some_and(|life| life.from <= self.run.started_at)
    }

    /// These lives without those of what is a neighbour's and came during the run.
    pub fn lives_without_theirs(&self, mut lives: Vec<Life>) -> Vec<Life> {
        if !self.is_nobody() {
            let all: Vec<Resource> = lives.iter().map(|it| it.resource.clone()).collect();
            lives.retain(|life| self.proof(&life.resource, &all).is_none());
        }
        lives
    }

    /// Whether it is our doing that this is gone, which was there before the run.
    pub fn taken(&self, resource: &Resource) -> bool {
        match &self.known {
            Known::Nobody => true,
            Known::Truth(truth) => {
                let life = truth.life(resource);
                !life.is_some_and(|life| truth.may_have_left(life))
            }
            // What somebody had and has no more is his affair, unless it was we who touched it.
            Known::Looks(own) => touches(&own.calls, resource),
        }
    }

    /// What neighbours brought during the run and is gone by our doing. Where there is no truth, `seen` is
    /// what looks have shown of it, and `now` what there is.
    pub fn arrivals_taken(&self, seen: &[Resource], now: &[Resource]) -> Vec<Resource> {
        let truth = match &self.known {
            Known::Nobody => return Vec::new(),
            Known::Looks(own) => return neighbours::taken_between_looks(seen, now, &own.calls),
            Known::Truth(truth) => truth,
        };
        let all: Vec<Resource> = truth.lives().iter().map(|it| it.resource.clone()).collect();
        let taken = |life: &&Life| {
            life.from > self.run.started_at
                && life.to.is_some()
                && self.proof(&life.resource, &all).is_some()
                && !truth.may_have_left(life)
        };
        let lives = truth.lives().iter().filter(taken);
        lives.map(|life| life.resource.clone()).collect()
    }

    /// Whether somebody else changed one of these that came during the run.
    pub fn changed_any(&self, resources: &[Resource]) -> bool {
        let Known::Truth(truth) = &self.known else {
            return false;
        };
        let mut came = resources.iter().filter(|one| !self.is_earlier(one));
        came.any(|one| truth.changed(one))
    }
}
