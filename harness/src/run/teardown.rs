//! The phases that remove the cluster: teardown, again if it failed, and once more to show a no-op.
//!
//! Apart from provisioning because it always runs, whatever happened before, and because its error
//! must reach the findings and the exit code.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::fault::{Effect, Fault};

use super::attempt::{attempt, end, since, strikes, under};
use super::book::Book;
use super::expect::{self, Ending, Struck};
use super::left;
use super::reported;
use super::stage::Stage;
use super::unobserved;
use crate::oracles::calls;

/// How often teardown is tried, and once more for each further attempt that faults may strike.
const ATTEMPTS_MAX: usize = 3;

/// The most attempts under these faults. One that is interrupted twice takes the next attempt, too.
fn attempts_most(faults: &[Fault]) -> usize {
    let twice = faults
        .iter()
        .filter(|fault| fault.effect == Effect::CancelTwice);
    ATTEMPTS_MAX + faults.len().saturating_sub(1) + twice.count()
}

/// How tearing down ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
    /// A teardown said that it succeeded.
    Down,
    /// None did.
    Not,
    /// None did, and a fault that was injected into the last one is not over.
    UnderFault,
}

/// Tears down, in a new process each time, until one succeeds.
pub async fn teardown(book: &mut Book<'_, '_>, stage: &Stage<'_>) -> Torn {
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
        let before = stage.faults.tally();
        let mut provisioner = stage.provisioner();
        let (ending, _) = attempt(book, stage, minutes, false, provisioner.teardown()).await;
        drop(provisioner);
        let struck = struck(&since(&before, &stage.faults.tally()), stage);
        let meaning = expect::teardown(under(stage), &ending, struck, number == most);
        end(book, begun, "teardown", &ending, &meaning);
        reported::look(book, stage).await;
        if ending == Ending::Succeeded {
            book.torn_down = true;
            again(book, stage, minutes).await;
        }
        if !meaning.again {
            return match ending {
                Ending::Succeeded => Torn::Down,
                _ if struck.goes_on => Torn::UnderFault,
                _ => Torn::Not,
            };
        }
    }
    Torn::Not
}

/// What the faults that were injected into an attempt did to it.
fn struck(injected: &[(Fault, u64)], stage: &Stage<'_>) -> Struck {
    let throttled_once = matches!(
        injected,
        [(fault, 1)] if matches!(fault.effect, Effect::Throttle(_)) && !fault.place.lasts()
    );
    let goes_on = |fault: &Fault| {
        let tally = stage.faults.tally();
        let mut of = tally.iter().filter(|(other, _)| other == fault);
        of.any(|(_, count)| fault.place.lasts() || count.struck < fault.place.times)
    };
    Struck {
        throttled_once,
        goes_on: injected.iter().any(|(fault, _)| goes_on(fault)),
    }
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
    } else if matches!(ending, Ending::Slow(_)) {
        book.end(begun, Verdict::Unknown, ending.words());
    } else {
        book.end_judged(begun, Verdict::Fail, ending.words());
    }
    reported::look(book, stage).await;
}

/// O7: a second teardown changes nothing.
async fn again(book: &mut Book<'_, '_>, stage: &Stage<'_>, minutes: u32) {
    if !unobserved::sees_calls(stage) {
        return unobserved::teardown_again(book, stage, minutes).await;
    }
    let begun = book.begin("teardown-again");
    let left = left::of_run(stage).await;
    // Of all attempts: what one that a fault struck removed was left by the first one, too.
    let before = stage.journal.len();
    let mut ending = Ending::Stopped;
    let mut shows = false;
    for _ in 0..ATTEMPTS_MAX {
        let struck = strikes(stage);
        let mut provisioner = stage.provisioner();
        (ending, _) = attempt(book, stage, minutes, false, provisioner.teardown()).await;
        // One into which a fault was injected shows nothing.
        shows = strikes(stage) == struck;
        if shows {
            break;
        }
    }
    let changed = calls::second_teardown(&stage.journal.calls_from(before));
    if !shows && changed.is_none() {
        let seen = (
            Verdict::Skipped,
            "a fault that goes on was injected into it".to_owned(),
        );
        let (verdict, message) = left::with_look(book, stage, left.as_deref(), seen);
        return book.end(begun, verdict, message);
    }
    let seen = match (&ending, changed) {
        (Ending::Slow(_), _) => {
            let message = format!("a second teardown {}", ending.words());
            (Verdict::Unknown, message)
        }
        (Ending::Succeeded, None) => (Verdict::Pass, "a no-op".to_owned()),
        // One that has something to do says that the first one was no success, whatever becomes of it.
        (_, Some(mut wrong)) => {
            if stage.world.is_some() {
                let left = left.as_deref().unwrap_or_default();
                wrong.message.push_str(&left::words(left, stage));
            }
            let message = wrong.message.clone();
            book.find_all([wrong]);
            (Verdict::Fail, message)
        }
        _ => {
            let message = format!("a second teardown {}", ending.words());
            book.find("O7 no-op", &message);
            (Verdict::Fail, message)
        }
    };
    let (verdict, message) = left::with_look(book, stage, left.as_deref(), seen);
    book.end(begun, verdict, message);
}
