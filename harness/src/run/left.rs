//! What a teardown that said that it succeeded has left, before the next one can hide it.
//!
//! In rehearsal the truth says it. Elsewhere an inventory does, once nothing of the run goes by itself any more.

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::resource::Resource;

use super::book::Book;
use super::look;
use super::stage::Stage;
use super::unobserved;
use crate::audit::compare;
use crate::oracles::price::{Item, findings, list};

/// What is said when the account could not be listed.
pub const NOT_LISTED: &str =
    "the account could not be listed, so what the first teardown left is not known";

/// What there is of the run and must not be. `None` when it could not be listed.
pub async fn of_run(stage: &Stage<'_>) -> Option<Vec<Resource>> {
    let provider = &stage.trial.scenario.provider;
    if let Some(world) = &stage.world {
        let mut all = world.inventory();
        all.retain(|resource| stage.run.owns(&resource.tags) && provider.stays(resource).is_none());
        return Some(all);
    }
    let auditor = stage.account(Actor::Auditor);
    let sight = unobserved::at_rest(stage, auditor.as_ref()).await?;
    Some(leaks(stage, &sight.of_run))
}

/// These without what a cloud keeps by itself.
pub fn leaks(stage: &Stage<'_>, of_run: &[Resource]) -> Vec<Resource> {
    let auditor = stage.account(Actor::Auditor);
    let (provider, types) = (&stage.trial.scenario.provider, auditor.resource_types());
    let leaks = |resource: &&Resource| {
        compare::stays(resource, types).is_none() && provider.stays(resource).is_none()
    };
    of_run.iter().filter(leaks).cloned().collect()
}

/// What a first teardown left and a second one found, with its price.
pub fn words(left: &[Resource], stage: &Stage<'_>) -> String {
    let observer = stage.account(Actor::Observer);
    let price = look::price(observer.as_ref());
    let item = |resource| Item::new(resource, &price, "was left");
    let items: Vec<Item> = left.iter().map(item).collect();
    if items.is_empty() {
        return String::new();
    }
    format!(
        "; of the run the first one, which said that it succeeded, had left: {}",
        list(items)
    )
}

/// The verdict of a second teardown, with what a look at the account before it has shown: what was left then is
/// the first one's failure, whatever the second one made of it. In rehearsal the calls of the second one say it.
pub fn with_look(
    book: &mut Book<'_, '_>,
    stage: &Stage<'_>,
    left: Option<&[Resource]>,
    (verdict, message): (Verdict, String),
) -> (Verdict, String) {
    if stage.world.is_some() {
        return (verdict, message);
    }
    match left {
        None if verdict == Verdict::Fail => (verdict, message),
        None => (Verdict::Unknown, format!("{message}; {NOT_LISTED}")),
        Some([]) => (verdict, message),
        Some(left) => {
            let observer = stage.account(Actor::Observer);
            let price = look::price(observer.as_ref());
            let wrong = "was left by a teardown that said that it succeeded, before a second one";
            let items = left.iter().map(|one| Item::new(one, &price, wrong));
            let found = findings("O1 orphans", items.collect());
            let message = match (verdict, found.first()) {
                // What the second one did is no more of interest.
                (Verdict::Pass | Verdict::Skipped, Some(first)) => first.message.clone(),
                _ => message + &words(left, stage),
            };
            book.find_all(found);
            (Verdict::Fail, message)
        }
    }
}
