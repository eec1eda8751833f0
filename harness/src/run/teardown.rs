//! The phases that remove the cluster: teardown, again if it failed, and once more to show a no-op.
//!
//! Apart from provisioning because it always runs, whatever happened before, and because its error
//! must reach the findings and the exit code.

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::{Effect, Fault};

use super::attempt::{attempt, end, strikes};
use super::book::Book;
use super::expect::{self, Ending};
use super::look;
use super::stage::Stage;
use super::unobserved;
use crate::oracles::calls;
use crate::oracles::price::{Item, list};

/// How often teardown is tried, and once more for each further attempt that faults may strike.
const ATTEMPTS_MAX: usize = 3;

/// The most attempts under these faults. One that is interrupted twice takes the next attempt, too.
fn attempts_most(faults: &[Fault]) -> usize {
    let twice = faults
        .iter()
        .filter(|fault| fault.effect == Effect::CancelTwice);
    ATTEMPTS_MAX + faults.len().saturating_sub(1) + twice.count()
}

/// Tears down, in a new process each time, until one succeeds. Whether one did.
pub async fn teardown(book: &mut Book<'_, '_>, stage: &Stage<'_>) -> bool {
    // What an earlier one said was of an earlier cluster.
    book.torn_down = false;
    let minutes = stage.scenario().limits.teardown_minutes;
    let most = attempts_most(&stage.trial.faults());
    for number in 1..=most {
        let begun = book.begin(if number == 1 {
            "teardown"
        } else {
            "teardown-retry"
        });
        let mut provisioner = stage.provisioner();
        let (ending, _) = attempt(book, stage, minutes, false, provisioner.teardown()).await;
        drop(provisioner);
        let meaning = expect::teardown(stage.trial.expected(), &ending, number == most);
        end(book, begun, "teardown", &ending, &meaning);
        if ending == Ending::Succeeded {
            book.torn_down = true;
            again(book, stage, minutes).await;
        }
        if !meaning.again {
            return ending == Ending::Succeeded;
        }
    }
    false
}

/// Tears down once the faults are over: what could not be found out before must be finished now.
pub async fn finish(book: &mut Book<'_, '_>, stage: &Stage<'_>) {
    let minutes = stage.scenario().limits.teardown_minutes;
    let begun = book.begin("teardown-later");
    let mut provisioner = stage.provisioner();
    let (ending, _) = attempt(book, stage, minutes, false, provisioner.teardown()).await;
    drop(provisioner);
    if ending == Ending::Succeeded {
        book.torn_down = true;
        book.end(begun, Verdict::Pass, "the same teardown finished");
        again(book, stage, minutes).await;
    } else {
        book.end_judged(begun, Verdict::Fail, ending.words());
    }
}

/// What the truth still has of the run, with its price: why a second teardown had something to do.
fn still_there(stage: &Stage<'_>) -> String {
    let Some(world) = &stage.world else {
        return String::new();
    };
    let observer = stage.account(Actor::Observer);
    let price = look::price(observer.as_ref());
    let truth = world.inventory();
    let left = truth
        .iter()
        .filter(|resource| stage.run.owns(&resource.tags));
    let items: Vec<Item> = left
        .map(|resource| Item::new(resource, &price, "is still there"))
        .collect();
    if items.is_empty() {
        String::new()
    } else {
        format!("; of the run there still is: {}", list(items))
    }
}

/// O7: a second teardown changes nothing.
async fn again(book: &mut Book<'_, '_>, stage: &Stage<'_>, minutes: u32) {
    if !unobserved::sees_calls(stage) {
        return unobserved::teardown_again(book, stage, minutes).await;
    }
    let begun = book.begin("teardown-again");
    let mut before = stage.journal.len();
    let mut ending = Ending::Stopped;
    let mut shows = false;
    for _ in 0..ATTEMPTS_MAX {
        let struck = strikes(stage);
        before = stage.journal.len();
        let mut provisioner = stage.provisioner();
        (ending, _) = attempt(book, stage, minutes, false, provisioner.teardown()).await;
        // One that a fault struck shows nothing.
        shows = strikes(stage) == struck;
        if shows {
            break;
        }
    }
    let changed = calls::second_teardown(&stage.journal.calls_from(before));
    if !shows && changed.is_none() {
        book.end(begun, Verdict::Skipped, "a fault that goes on struck it");
        return;
    }
    match (&ending, changed) {
        (Ending::Succeeded, None) => book.end(begun, Verdict::Pass, "a no-op"),
        // One that has something to do says that the first one was no success, whatever becomes of it.
        (_, Some(mut wrong)) => {
            wrong.message.push_str(&still_there(stage));
            let message = wrong.message.clone();
            book.find_all([wrong]);
            book.end(begun, Verdict::Fail, message);
        }
        _ => {
            let message = format!("a second teardown {}", ending.words());
            book.find("O7 no-op", &message);
            book.end(begun, Verdict::Fail, message);
        }
    }
}
