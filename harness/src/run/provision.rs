//! The phases in which the cluster is made and kept: provision, retry, converge, hold.
//!
//! Apart from what an attempt means (`expect`); here processes of the provisioner are started.

use std::time::Duration;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::fault_layer::Count;
use kubeproof_contract::provisioner::Provisioned;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Ready;

use super::attempt::{attempt, end, strikes, under};
use super::bill;
use super::book::Book;
use super::expect::{self, Ending};
use super::look;
use super::others::Others;
use super::reported;
use super::stage::Stage;
use super::unobserved;
use crate::audit::compare::new_resources;
use crate::oracles::end_state::{self, EndState};
use crate::oracles::price::{Item, list};
use crate::scenario::injectable;

/// The first attempt: what it made, and whether a new process shall try again.
pub async fn first(book: &mut Book<'_, '_>, stage: &Stage<'_>) -> (Option<Provisioned>, bool) {
    let minutes = stage.scenario().limits.provision_minutes;
    let begun = book.begin("provision");
    book.provisioning_since = Some(stage.clock.now());
    let before = stage.clock.elapsed();
    let mut provisioner = stage.first_provisioner();
    let (ending, made) = attempt(book, stage, minutes, true, provisioner.provision()).await;
    // The process is gone, with everything that it knew.
    drop(provisioner);
    stage.faults.first_attempt_is_over();
    let meaning = expect::first_provision(under(stage), &ending);
    end(book, begun, "provisioning", &ending, &meaning);
    reported::look(book, stage).await;
    if made.is_some() && stage.trial.is_main() {
        note_ready(book, stage, before);
    }
    (made, meaning.again)
}

/// Later attempts, by a new process each: as many as faults are left to be injected, and one more. `None`
/// when there is no cluster in the end, which is told.
pub async fn retry(book: &mut Book<'_, '_>, stage: &Stage<'_>) -> Option<Provisioned> {
    let faults = stage.trial.faults();
    let most = expect::later_attempts(&stage.faults.tally());
    let provider = stage.trial.scenario.provider.as_ref();
    let shows_later = |fault: &Fault| injectable::shows_later(fault, provider);
    for number in 1..=most {
        let excused = expect::excused(&faults, number == most, shows_later);
        let (made, again) = once_more(book, stage, excused).await;
        if made.is_some() || !again {
            return made;
        }
    }
    no_cluster(book, stage, most + 1);
    None
}

/// No cluster, no pass.
fn no_cluster(book: &mut Book<'_, '_>, stage: &Stage<'_>, attempts: usize) {
    let tally = stage.faults.tally();
    let goes_on =
        |(fault, count): &&(Fault, Count)| fault.place.lasts() || count.struck < fault.place.times;
    let going_on: Vec<&Fault> = tally.iter().filter(goes_on).map(|one| &one.0).collect();
    // A campaign looks at what a lasting fault leaves, and at nothing else.
    if stage.trial.is_campaign() && !going_on.is_empty() {
        return;
    }
    let begun = book.begin("recovery");
    let meaning = expect::no_cluster(attempts, &going_on);
    book.end_judged(begun, meaning.verdict, meaning.message);
}

async fn once_more(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    excused: bool,
) -> (Option<Provisioned>, bool) {
    let minutes = stage.scenario().limits.provision_minutes;
    let struck = strikes(stage);
    let begun = book.begin("retry");
    let mut provisioner = stage.provisioner();
    let (ending, made) = attempt(book, stage, minutes, true, provisioner.provision()).await;
    drop(provisioner);
    let struck = strikes(stage) > struck || excused;
    let meaning = expect::later_provision(stage.trial.expected(), &ending, struck);
    end(book, begun, "provisioning", &ending, &meaning);
    reported::look(book, stage).await;
    (made, meaning.again)
}

fn note_ready(book: &mut Book<'_, '_>, stage: &Stage<'_>, before: Duration) {
    let fastest = stage.world.as_ref().and_then(|world| world.fastest_ready());
    book.ready = Some(Ready {
        seconds: stage.clock.elapsed().saturating_sub(before).as_secs(),
        floor_seconds: fastest.as_ref().map(|(floor, _)| floor.as_secs()),
        chain: fastest.map(|(_, chain)| chain),
    });
}

/// O7: a second provision converges: it succeeds, makes nothing new and changes nothing.
pub async fn converge(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    if stage.trial.tier == Tier::Live {
        book.skip(
            "converge",
            "not when live: another look at everything costs",
        );
        return;
    }
    let begun = book.begin("converge");
    let observer = stage.account(Actor::Observer);
    let Some(before) = look::of_run(book, stage, observer.as_ref()).await else {
        book.end(begun, Verdict::Unknown, "the account could not be listed");
        return;
    };
    let minutes = stage.scenario().limits.provision_minutes;
    let mut provisioner = stage.provisioner();
    let (ending, _) = attempt(book, stage, minutes, true, provisioner.provision()).await;
    drop(provisioner);
    let Some(after) = look::of_run(book, stage, observer.as_ref()).await else {
        book.end(begun, Verdict::Unknown, "the account could not be listed");
        return;
    };
    let price = look::price(observer.as_ref());
    // Whose is what, is asked when all is over: of both sides in the same way.
    let others = Others::now(stage, observer.as_ref());
    let [before, after] = [before, after].map(|all| others.without_theirs_and_earlier(all));
    let mut wrong = Vec::new();
    for (what, differ) in [
        ("made again", new_resources(&before, &after)),
        ("lost", new_resources(&after, &before)),
    ] {
        let items: Vec<Item> = differ
            .iter()
            .map(|resource| Item::new(resource, &price, what))
            .collect();
        if !items.is_empty() {
            wrong.push(format!("{what}: {}", list(items)));
        }
    }
    if wrong.is_empty() && stage.world.is_none() {
        let altered = unobserved::altered(&before, &after);
        let items = altered.iter().map(|one| Item::new(one, &price, "changed"));
        if !altered.is_empty() {
            wrong.push(format!("changed: {}", list(items.collect())));
        }
    }
    if wrong.is_empty() && stage.world.is_some() && !others.changed_any(&after) {
        // The same things, and what they are: the truth says it without lag.
        let state = |all: &[Resource]| EndState::of(&stage.run, &[], all);
        let changed = end_state::difference(&state(&before), &state(&after));
        wrong.extend(changed.map(|words| format!("changed: {words}")));
    }
    match ending {
        Ending::Stopped | Ending::Slow(_) => {
            book.end(begun, Verdict::Unknown, ending.words());
        }
        Ending::Succeeded if wrong.is_empty() => {
            book.end(begun, Verdict::Pass, "a second provision changed nothing");
        }
        _ => {
            wrong.insert(0, format!("a second provision {}", ending.words()));
            book.find("O7 no-op", wrong.join("; "));
            book.end(begun, Verdict::Fail, wrong.join("; "));
        }
    }
}

/// Keeps the cluster alive for the planned duration, counted from the first call that made anything.
pub async fn hold(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    if let Some(why) = stage.account(Actor::Observer).free_because() {
        book.skip("hold", &format!("time costs nothing: {why}"));
        return;
    }
    let begun = book.begin("hold");
    let first = bill::first_change(book, stage).unwrap_or(stage.run.started_at);
    let planned = Duration::from_secs(u64::from(stage.scenario().cost.duration_minutes) * 60);
    let lived = Duration::try_from(stage.clock.now().duration_since(first)).unwrap_or_default();
    let rest = planned.saturating_sub(lived);
    tokio::select! {
        biased;
        () = stage.stop.wait() => book.end(begun, Verdict::Unknown, "was asked to stop"),
        () = tokio::time::sleep(rest) => {
            let minutes = stage.scenario().cost.duration_minutes;
            let message = if rest.is_zero() {
                format!("the planned {minutes} minutes had passed already")
            } else {
                format!("kept alive until {minutes} minutes after the first call")
            };
            book.end(begun, Verdict::Pass, message);
        }
    }
}
