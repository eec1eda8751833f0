//! The lifecycle of a trial, from preflight to cost, to be read from top to bottom.
//!
//! Everything that it calls is a noun elsewhere. Teardown and audit run whatever happened before.

use std::collections::BTreeSet;

use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::{Life, Resource};
use kubeproof_contract::scenario::{Expectation, Tier};
use kubeproof_reports::record::Record;

use super::book::Book;
use super::directory::Before;
use super::handed::{self, Nodes};
use super::others::Others;
use super::stage::Stage;
use super::teardown::Torn;
use super::trial::Expected;
use super::{
    bill, bystander, directory, in_truth, job, look, observe, provision, registry, spending,
    teardown, unobserved,
};
use crate::audit::compare;
use crate::audit::inventory::Inventory;
use crate::audit::retained::Retained;
use crate::oracles::end_state::EndState;
use crate::{live, oracles};

/// A trial that was run: its record and its log.
#[derive(Debug)]
pub struct Ran {
    /// The record.
    pub record: Record,
    /// The log, line by line.
    pub log: Vec<String>,
    /// The first call of each phase, counted from 0.
    pub marks: Vec<(&'static str, usize)>,
    /// What a campaign compares.
    pub truth: Truth,
}

/// What the truth has shown in a lifecycle of a campaign.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// What existed when the cluster was ready, if it ever was.
    pub end_state: Option<EndState>,
    /// What was kept by design after teardown.
    pub retained: Retained,
    /// Whether the handed-over access showed the cluster.
    pub access: bool,
}

/// Runs a trial on its stage.
pub async fn run(stage: &Stage<'_>) -> Ran {
    let mut book = Book::new(stage);
    let observer = stage.account(Actor::Observer);
    let auditor = stage.account(Actor::Auditor);
    let mut truth = Truth::default();
    let campaign = stage.trial.is_campaign();
    let go = campaign || observe::preflight(&mut book, stage, observer.as_ref()).await;
    if stage.stop.asked() || !go {
        return done(book, stage, truth);
    }
    let baseline = if campaign {
        in_truth::baseline(stage)
    } else {
        look::baseline(&mut book, stage, auditor.as_ref()).await
    };
    let Some(baseline) = baseline else {
        return done(book, stage, truth);
    };
    bystander::tell(&mut book, stage, &baseline);
    let decoys = stage
        .world
        .as_ref()
        .map(|world| world.decoys())
        .unwrap_or_default();
    if let Err(problem) = intend(stage, observer.as_ref(), &baseline).await {
        // Without a written intent a crash of ours could leave things that no file names.
        book.find(
            "intent",
            format!("the intent could not be written, so nothing was created: {problem}"),
        );
        return done(book, stage, truth);
    }
    opens(stage);
    let overspent = tokio::select! {
        biased;
        () = make_and_use(&mut book, stage, auditor.as_ref(), &baseline, &mut truth) => None,
        // Whatever it was at is dropped; teardown works from what is there.
        () = stopped(stage) => None,
        why = spending::budget_is_reached(stage) => Some(why),
    };
    if let Some(why) = overspent {
        book.find("O4 bill", why);
    }
    take_down(&mut book, stage, auditor.as_ref(), &baseline).await;
    if book.ended_by_machine {
        // What a program that was ended left shows nothing.
        return done(book, stage, truth);
    }
    let auditing = auditor.as_ref();
    let mut others = if campaign {
        in_truth::audit(&mut book, stage, auditing, &baseline, &decoys, &mut truth).await
    } else {
        look::audit(&mut book, stage, auditing, &baseline, &decoys).await
    };
    others.extend(baseline.resources);
    if let Some(world) = &stage.world {
        let most = observer.most_at_once();
        let all = Others::now(stage, auditor.as_ref()).lives_without_theirs(world.lives());
        let lives = of_run(all, &others);
        let (since, price) = (stage.run.started_at, look::price(auditor.as_ref()));
        book.find_all(oracles::twins::twins(&lives, &most, since, &price));
    }
    // The account is not looked at any more.
    stage.faults.trial_is_over();
    // What is missing of others cannot be cleaned up.
    let (orphans, coverage) = (&book.audit.orphans, &book.audit.coverage);
    if compare::verdict(orphans, coverage, stage.trial.tier) == Verdict::Pass {
        closes(stage);
    }
    settle_up(&mut book, stage, observer.as_ref(), auditor.as_ref()).await;
    bystander::tear_down(&mut book, stage).await;
    unobserved::tell(&mut book, stage);
    done(book, stage, truth)
}

/// The cost; and in rehearsal a last look at the truth, for what came while the bill was waited for.
async fn settle_up(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    observer: &dyn Account,
    auditor: &dyn Account,
) {
    let looked_at = stage.world.as_ref().filter(|_| !stage.trial.is_campaign());
    let audited = looked_at.map(|world| world.inventory());
    bill::cost(book, stage, observer).await;
    if let Some(audited) = audited {
        look::late(book, stage, auditor, audited);
    }
}

/// From here on the run may leave something real behind: others must know of it.
fn opens(stage: &Stage<'_>) {
    if stage.trial.tier == Tier::Rehearsal {
        return;
    }
    stage.stop.opens(&stage.run.id, &stage.clean_up_command());
    if let Some(out) = &stage.out {
        registry::enter(&stage.run.id, out);
    }
}

/// The run has left nothing.
fn closes(stage: &Stage<'_>) {
    stage.stop.closes(&stage.run.id);
    if stage.trial.tier != Tier::Rehearsal {
        registry::leave(&stage.run.id);
    }
}

/// Writes down what the run is going to do, in which account, and what was there before.
async fn intend(
    stage: &Stage<'_>,
    observer: &dyn Account,
    baseline: &Inventory,
) -> Result<(), String> {
    if stage.out.is_none() {
        return Ok(());
    }
    let account = match stage.trial.tier {
        Tier::Rehearsal => None,
        Tier::Kind => observer.account_id().await.ok().flatten(),
        // Asked again here: nothing is made in an account whose name is not written down.
        Tier::Live => Some(
            live::in_allowed_account(observer, &stage.accounts)
                .await
                .map_err(|refusal| refusal.message)?,
        ),
    };
    let types: Vec<&str> = observer.resource_types().iter().map(|it| it.name).collect();
    let before = Before::of(observer.regions(), &types, &baseline.resources);
    directory::write_intent(stage, account, before).map_err(|error| error.to_string())
}

/// The trial was asked to stop, and no program is at work any more: each was interrupted, and had time to
/// save what it knows.
async fn stopped(stage: &Stage<'_>) {
    stage.stop.wait().await;
    stage.programs.interrupt();
    stage.programs.idle().await;
}

/// Tears down; where faults last until they are lifted, once more after that.
async fn take_down(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
) {
    if book.ended_by_machine {
        // Only in rehearsal: nothing real is left, and another process would be as slow.
        return;
    }
    let torn = teardown::teardown(book, stage).await;
    let expected = stage.trial.expected();
    let goes_on = torn == Torn::UnderFault && expected.recovers();
    // Whatever goes on must not keep the account from being cleaned up.
    if goes_on || (torn != Torn::Down && expected == Expected::Persists) {
        stage.faults.lift();
        teardown::finish(book, stage).await;
    }
    if stage.trial.expects(Expectation::FinishesLater) {
        look::must_be_unknown(book, stage, auditor, baseline).await;
        stage.faults.lift();
        teardown::finish(book, stage).await;
    }
}

/// Provisions, as often as the trial means it to, and uses the cluster.
async fn make_and_use(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    auditor: &dyn Account,
    baseline: &Inventory,
    truth: &mut Truth,
) {
    let (mut provisioned, again) = provision::first(book, stage).await;
    if again {
        if stage.trial.expects(Expectation::CleanedThenRetried) {
            teardown::teardown(book, stage).await;
            look::nothing_left(book, stage, auditor, baseline).await;
        }
        provisioned = provision::retry(book, stage).await;
    }
    match provisioned {
        Some(provisioned) if stage.trial.is_campaign() => {
            in_truth::ready(book, stage, baseline, &provisioned, truth).await;
        }
        Some(provisioned) => use_cluster(book, stage, &provisioned).await,
        None => {}
    }
}

/// The lives of the run: not of what was there before, nor of what the cloud made for itself.
fn of_run(lives: Vec<Life>, others: &[Resource]) -> Vec<Life> {
    let others: BTreeSet<_> = others.iter().map(Resource::key).collect();
    lives
        .into_iter()
        .filter(|life| !others.contains(&life.resource.key()))
        .collect()
}

/// What is done with a cluster that the provisioner says is ready.
async fn use_cluster(book: &mut Book<'_, '_>, stage: &Stage<'_>, provisioned: &Provisioned) {
    let observer = stage.account(Actor::Observer);
    observe::checks(book, stage, observer.as_ref(), provisioned).await;
    handed::check(book, stage, observer.as_ref(), provisioned, Nodes::InChecks).await;
    unobserved::twins_at(book, stage).await;
    if stage.trial.expects(Expectation::JobFailsThenHealed) {
        job::must_fail(book, stage).await;
        if let Some(healed) = provision::retry(book, stage).await {
            observe::checks(book, stage, observer.as_ref(), &healed).await;
            job::run_job(book, stage).await;
        }
    }
    if !stage.trial.is_main() {
        return;
    }
    provision::converge(book, stage).await;
    job::run_job(book, stage).await;
    job::scale(book, stage).await;
    provision::hold(book, stage).await;
}

/// The oracles over the journal, and the record.
fn done(mut book: Book<'_, '_>, stage: &Stage<'_>, truth: Truth) -> Ran {
    stage.faults.trial_is_over();
    if stage.stop.asked() {
        let begun = book.begin("stop");
        book.end(begun, Verdict::Unknown, "was asked to stop");
    }
    for early in stage.faults.impatience() {
        book.find("O5 ends", early);
    }
    let calls = stage.journal.calls();
    book.find_all(oracles::calls::lookers(&calls));
    // In a campaign there are as many attempts as faults make necessary, and each has its own budget.
    if !stage.trial.is_campaign() {
        book.find_all(oracles::calls::budget(
            calls.len(),
            stage.scenario().limits.calls,
        ));
    }
    let log = std::mem::take(&mut book.log);
    let marks = std::mem::take(&mut book.marks);
    Ran {
        record: book.into_record(),
        log,
        marks,
        truth,
    }
}
