//! Decides which resources belong to bystanders, as far as a trial can know.
//!
//! In a rehearsal the ground truth shows who made what; elsewhere only the tags, as the observer reads them, and the
//! journal do.

use std::collections::BTreeMap;
use std::path::Path;

use kubeproof_contract::call::Actor;
use kubeproof_contract::observer::{Creation, Observer};
use kubeproof_contract::plan::Plan;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_contract::run::Run;
use kubeproof_reports::record::Orphan;

use crate::audit::bystanders::{self, BystanderHistory};
use crate::audit::calls::touches;
use crate::audit::claims::{OwnCalls, Owner};
use crate::audit::compare::{altered, new_resources, retained, words};
use crate::audit::inventory::Inventory;
use crate::inspect::sources::Sources;
use crate::run_directory::registry;

/// Tells the resources of the run from those of others.
pub struct Attribution<'a> {
    run: &'a Run,
    out: Option<&'a Path>,
    account: &'a dyn Observer,
    plan: &'a dyn Plan,
    evidence: Evidence,
}

/// What the decision is based on.
enum Evidence {
    /// The ground truth shows that no one else has acted, as in most trials.
    Alone,
    /// The ground history, in a rehearsal.
    GroundTruth(BystanderHistory),
    /// Inventories, and the calls of the trial.
    Inventories(OwnCalls),
}

impl<'a> Attribution<'a> {
    /// The attribution as of now.
    pub fn now(sources: Sources<'a>, account: &'a dyn Observer) -> Self {
        let evidence = match sources.ground_truth {
            Some(_) if !sources.journal.has(Actor::Foreign) => Evidence::Alone,
            Some(ground_truth) => Evidence::GroundTruth(BystanderHistory::new(
                ground_truth.lifetimes(),
                sources.journal.calls(),
            )),
            None => Evidence::Inventories(sources.own_calls()),
        };
        Self {
            run: sources.run,
            out: sources.out,
            account,
            plan: sources.plan,
            evidence,
        }
    }

    /// Why something that appeared during the run belongs to a bystander, if it does.
    pub fn proof(&self, resource: &Resource, inventory: &[Resource]) -> Option<String> {
        let claim = || self.account.ownership_claim(self.run, resource, inventory);
        match &self.evidence {
            Evidence::Alone => None,
            Evidence::Inventories(own) => {
                let claim = claim()?;
                let believed = own.believe(&claim, |run| self.knows(run));
                believed.then_some(claim.text)
            }
            Evidence::GroundTruth(history) => {
                let proofs = self.account.proofs(self.run, resource, inventory);
                let tagged = claim().map(|claim| claim.text);
                history.made(history.life(resource)?, tagged, !proofs.is_empty())
            }
        }
    }

    /// Whether this is another run of this machine.
    fn knows(&self, run: &str) -> bool {
        run != self.run.id && registry::knows(run, self.out)
    }

    /// Whether it is unknown who removed this resource of the baseline: no call of the provisioner names it, but not
    /// all calls were seen, and it belongs to no other known run.
    fn went_unseen(&self, resource: &Resource, baseline: &[Resource]) -> bool {
        let Evidence::Inventories(own) = &self.evidence else {
            return false;
        };
        let claim = self.account.ownership_claim(self.run, resource, baseline);
        let of_known_run = claim.and_then(|claim| claim.run);
        let excused = of_known_run.is_some_and(|run| self.knows(&run));
        !own.whole && !excused && !touches(&own.calls, resource)
    }

    fn is_alone(&self) -> bool {
        matches!(self.evidence, Evidence::Alone)
    }

    /// What appeared since `before`: the rest, and what belongs to bystanders, with the proof.
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

    /// These without what bystanders created during the run.
    pub fn without_bystanders(&self, inventory: Vec<Resource>) -> Vec<Resource> {
        if self.is_alone() {
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

    /// The same, and without the baseline if others have acted, because they may remove it meanwhile.
    pub fn without_bystanders_and_earlier(&self, inventory: Vec<Resource>) -> Vec<Resource> {
        let mut left = self.without_bystanders(inventory);
        if !self.is_alone() {
            left.retain(|resource| !self.is_earlier(resource));
        }
        left
    }

    fn is_earlier(&self, resource: &Resource) -> bool {
        let Evidence::GroundTruth(history) = &self.evidence else {
            return false;
        };
        let life = history.life(resource);
        life.is_some_and(|life| life.from <= self.run.started_at)
    }

    /// These lifetimes without those of what bystanders created during the run.
    pub fn lifetimes_without_bystanders(&self, mut lives: Vec<Lifespan>) -> Vec<Lifespan> {
        if !self.is_alone() {
            let all: Vec<Resource> = lives.iter().map(|it| it.resource.clone()).collect();
            lives.retain(|life| self.proof(&life.resource, &all).is_none());
        }
        lives
    }

    /// Whether the run removed this resource of the baseline.
    pub fn taken(&self, resource: &Resource) -> bool {
        match &self.evidence {
            Evidence::Alone => true,
            Evidence::GroundTruth(history) => {
                let life = history.life(resource);
                !life.is_some_and(|life| history.may_have_left(life))
            }
            // Owners may remove their own resources, unless a call of the run touched it.
            Evidence::Inventories(own) => touches(&own.calls, resource),
        }
    }

    /// What bystanders created during the run and the run removed. Without a ground history, `seen` is what earlier
    /// inventories showed of it, and `now` is what there is.
    pub fn arrivals_taken(&self, seen: &[Resource], now: &[Resource]) -> Vec<Resource> {
        let history = match &self.evidence {
            Evidence::Alone => return Vec::new(),
            Evidence::Inventories(own) => {
                return bystanders::taken_between_listings(seen, now, &own.calls);
            }
            Evidence::GroundTruth(history) => history,
        };
        let all: Vec<Resource> = history
            .lifetimes()
            .iter()
            .map(|it| it.resource.clone())
            .collect();
        let taken = |life: &&Lifespan| {
            life.from > self.run.started_at
                && life.to.is_some()
                && self.proof(&life.resource, &all).is_some()
                && !history.may_have_left(life)
        };
        let lives = history.lifetimes().iter().filter(taken);
        lives.map(|life| life.resource.clone()).collect()
    }

    /// Whether someone else changed one of these that appeared during the run.
    pub fn changed_any(&self, resources: &[Resource]) -> bool {
        let Evidence::GroundTruth(history) = &self.evidence else {
            return false;
        };
        let mut came = resources.iter().filter(|one| !self.is_earlier(one));
        came.any(|one| history.changed(one))
    }

    /// Each orphan with its cost and why it belongs to the run; and, as text, what certainly belongs to someone else
    /// according to the cloud's event log.
    pub async fn describe(
        &self,
        left: &[Resource],
        inventory: &[Resource],
    ) -> (Vec<Orphan>, Vec<String>) {
        // In a rehearsal the ground truth has already attributed everything.
        let none = OwnCalls::default();
        let own = match &self.evidence {
            Evidence::Inventories(own) => own,
            Evidence::Alone | Evidence::GroundTruth(_) => &none,
        };
        // An event log that is slow is asked about the first ones only: those of which nothing else tells.
        let is_told = |it: &Resource| {
            let proofs = self.account.proofs(self.run, it, inventory);
            !proofs.is_empty() || own.made(&it.id).is_some()
        };
        let mut asked = left.to_vec();
        asked.sort_by_cached_key(is_told);
        // The event log may lag or be unreadable; without it the owner is unknown.
        let created_by: BTreeMap<String, Creation> = self
            .account
            .created_by(self.run, &asked)
            .await
            .unwrap_or_default();
        let (mut orphans, mut theirs) = (Vec::new(), Vec::new());
        for resource in left {
            let proofs = self.account.proofs(self.run, resource, inventory);
            let claim = self.account.ownership_claim(self.run, resource, inventory);
            let making = created_by.get(&resource.id);
            match own.owner(&resource.id, proofs, claim.as_ref(), making) {
                Owner::Run(proofs) => orphans.push(orphan(self.plan, resource, proofs)),
                Owner::Unknown => orphans.push(orphan(self.plan, resource, Vec::new())),
                Owner::Another(proof) => theirs.push(format!("{}: {proof}", words(resource))),
            }
        }
        (orphans, theirs)
    }

    /// Resources of the baseline that are gone without anyone known to have removed them: a sentence each.
    pub fn gone_unseen(&self, baseline: &Inventory, after: &Inventory) -> Vec<String> {
        if !matches!(self.evidence, Evidence::Inventories(_)) || !after.coverage.failed.is_empty() {
            return Vec::new();
        }
        let types = self.account.resource_types();
        let mut gone = new_resources(&after.resources, &baseline.resources);
        gone.retain(|it| self.went_unseen(it, &baseline.resources));
        gone.retain(|it| retained(it, types).is_none());
        let words = |it: &Resource| {
            format!(
                "{} was there before the run and is gone, and not all calls of the provisioner were seen: who \
                 removed it is unknown",
                words(it)
            )
        };
        gone.iter().map(words).collect()
    }

    /// Resources of the baseline that were altered and do not belong to bystanders. Empty with a ground truth, which
    /// shows more.
    pub fn altered(&self, baseline: &Inventory, after: &Inventory) -> Vec<Resource> {
        if !matches!(self.evidence, Evidence::Inventories(_)) {
            return Vec::new();
        }
        let earlier = self.without_bystanders(baseline.resources.clone());
        altered(&earlier, &after.resources)
    }
}

/// A resource that is left, with its cost and why it belongs to the run.
pub fn orphan(plan: &dyn Plan, resource: &Resource, proofs: Vec<String>) -> Orphan {
    Orphan {
        resource_type: resource.resource_type.clone(),
        id: resource.id.clone(),
        name: resource.name.clone(),
        region: resource.scope.to_string(),
        scope: None,
        monthly_cost_usd: plan.monthly_cost(resource).map(|cost| cost.usd),
        starts_when_used: plan.starts_when_used(resource),
        proofs,
        part_of: None,
    }
}
