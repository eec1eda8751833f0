//! What a campaign looks at in place of the account: the simulator's truth, before, between and after.
//!
//! Apart from the looks of an observer, which take hundreds of calls and are proven equal to the truth
//! in every other rehearsal (O3).

use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::{Audit, Coverage};

use super::attempt::faults_are_over;
use super::book::Book;
use super::handed::{self, Nodes};
use super::lifecycle::Truth;
use super::look;
use super::others::Others;
use super::provision;
use super::stage::Stage;
use crate::audit::inventory::Inventory;
use crate::audit::{compare, retained};
use crate::oracles;
use crate::oracles::end_state::{self, EndState};
use crate::oracles::price::{Item, findings};

/// How often the truth is looked at again while something new is in it.
const LOOKS_MAX: usize = 3;

/// What there is before the run. `None` when there is no truth to look at.
pub fn baseline(stage: &Stage<'_>) -> Option<Inventory> {
    let world = stage.world.as_ref()?;
    Some(Inventory {
        resources: world.inventory(),
        coverage: Coverage::default(),
    })
}

/// The cluster is ready: O8, what its handed-over access shows, and O7 once no fault is left to be injected.
pub async fn ready(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    baseline: &Inventory,
    provisioned: &Provisioned,
    truth: &mut Truth,
) {
    let Some(world) = &stage.world else {
        return;
    };
    // What was begun and is not waited for (names of volumes, say) comes to rest.
    let observer = stage.account(Actor::Observer);
    tokio::time::sleep(observer.settle()).await;
    let others = Others::now(stage, observer.as_ref());
    let there = others.without_theirs(world.inventory());
    let now = EndState::of(&stage.run, &baseline.resources, &there);
    if others.changed_any(&there) {
        book.note(
            "somebody else changed the cluster: its end state shows not only the provisioner's",
        );
    } else if let Some(clean) = stage.trial.clean() {
        book.find_all(end_state::differs(&clean.end_state, &now));
    }
    truth.end_state = Some(now);
    let said: Vec<(String, String)> = provisioned
        .made
        .iter()
        .map(|(name, id)| (name.clone(), id.clone()))
        .collect();
    book.find_all(oracles::truth::made(&said, &world.inventory()));
    truth.access = handed::check(book, stage, observer.as_ref(), provisioned, Nodes::Here).await;
    if !stage.trial.faults().is_empty() && faults_are_over(stage) {
        provision::converge(book, stage).await;
    }
}

/// O1 and O6 against the truth. Returns what may stay.
pub async fn audit(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
    decoys: &[(Resource, String)],
    truth: &mut Truth,
) -> Vec<Resource> {
    let begun = book.begin("audit");
    let Some(world) = &stage.world else {
        book.end(begun, Verdict::Unknown, "there is no truth to look at");
        return Vec::new();
    };
    let provider = &stage.trial.scenario.provider;
    let declared = |resource: &Resource| {
        compare::stays(resource, auditor.resource_types()).is_some()
            || provider.stays(resource).is_some()
    };
    let key = |resource: &Resource| end_state::key(&stage.run, resource);
    let kept = stage.trial.clean().map(|clean| &clean.retained);
    let mut after = Vec::new();
    let (mut staying, mut orphans) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS_MAX {
        tokio::time::sleep(auditor.settle()).await;
        after = world.inventory();
        let others = Others::now(stage, auditor);
        let (left, _) = others.arrivals(&baseline.resources, &after);
        (staying, orphans) = retained::split(left, declared, key, kept);
        if orphans.is_empty() {
            break;
        }
    }
    truth.retained = retained::counted(&staying, key);
    let price = look::price(auditor);
    let said = if book.torn_down {
        "is left behind, though teardown reported success"
    } else {
        "is left behind"
    };
    let items: Vec<Item> = orphans
        .iter()
        .map(|orphan| Item::new(orphan, &price, said))
        .collect();
    let count = items.len();
    book.find_all(findings("O1 orphans", items));
    let verdict = if count == 0 {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    // The truth is one cell, and all of it was seen.
    let coverage = Coverage {
        cells: 1,
        listed: 1,
        ..Coverage::default()
    };
    book.audit = Audit {
        coverage,
        ..Audit::empty(verdict)
    };
    let gone = look::of_others(book, stage, auditor, baseline, &after);
    look::of_decoys(book, stage, auditor, decoys, &gone);
    let verdict = book.audit.verdict;
    book.end(
        begun,
        verdict,
        format!("{count} left in truth beyond what is kept by design"),
    );
    staying
}
