//! What a teardown that said that it succeeded has left, before the next one can hide it.
//!
//! Against the truth, and so in rehearsal only: elsewhere a look at an account takes minutes.

use kubeproof_contract::call::Actor;
use kubeproof_contract::resource::Resource;

use super::look;
use super::stage::Stage;
use crate::oracles::price::{Item, list};

/// What there is of the run, by its tags.
pub fn of_run(stage: &Stage<'_>) -> Vec<Resource> {
    let Some(world) = &stage.world else {
        return Vec::new();
    };
    let provider = &stage.trial.scenario.provider;
    let mut all = world.inventory();
    all.retain(|resource| stage.run.owns(&resource.tags) && provider.stays(resource).is_none());
    all
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
