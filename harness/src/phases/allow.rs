//! What a scenario lets stay (`allow`), applied to what is there today.

use jiff::tz::TimeZone;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::Orphan;

use crate::audit::compare;
use crate::inspect::attribution;
use crate::inspect::sources::Sources;
use crate::oracles::allowed::{self, Judged};
use crate::oracles::orphans::{self, ORPHANS};
use crate::oracles::price::{Item, findings};
use crate::oracles::{Violation, finding_id};
use crate::{prices, wall_clock};

/// What the scenario makes of orphans today, by the real date.
pub fn judged(sources: Sources<'_>, orphans: Vec<Orphan>) -> Judged<'_> {
    let trial = sources.trial;
    let entries = &trial.scenario.content.allow;
    let today = wall_clock::today().to_zoned(TimeZone::UTC).date();
    let id = |orphan: &Orphan| {
        let resource = orphans::resource(orphan);
        let about = (ORPHANS, std::slice::from_ref(&resource), "");
        finding_id::of(trial, (sources.run, sources.plan), about)
    };
    let is_proven = |orphan: &Orphan| compare::is_proven(orphan, trial.tier);
    allowed::split(orphans, (entries, today), id, is_proven)
}

/// Splits resources that certainly are the run's into those that must not be left, and what the scenario allows, which
/// is told as such.
pub fn divided(
    sources: Sources<'_>,
    left: &[Resource],
    wrong: &str,
) -> (Vec<Resource>, Vec<Violation>) {
    let proof = || vec!["it is the run's".to_owned()];
    let orphan = |it: &Resource| attribution::orphan(sources.plan, it, proof());
    let judged = judged(sources, left.iter().map(orphan).collect());
    let price = prices::price(sources.plan);
    let find = |orphans: &[Orphan]| {
        let resources: Vec<Resource> = orphans.iter().map(orphans::resource).collect();
        let items = resources.iter().map(|it| Item::new(it, &price, wrong));
        findings(ORPHANS, items.collect())
    };
    let told = allowed::violations(&judged, find).into_iter();
    let is_left = |it: &&Resource| {
        let mut left = judged.left.iter();
        left.any(|orphan| orphan.id == it.id && orphan.resource_type == it.resource_type)
    };
    let still = left.iter().filter(is_left).cloned().collect();
    (still, told.filter(|it| it.allowed.is_some()).collect())
}
