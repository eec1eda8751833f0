//! What the states of AWS mean for the lifetime of a resource.

use kubeproof_contract::resource::{Lifetime, Resource};

/// States in which a resource is being deleted.
const ENDING: &[&str] = &["deleting", "shutting-down", "pendingdeletion"];
/// States in which a resource never came to life, or has ended.
const DEAD: &[&str] = &["failed", "create_failed", "deleted", "terminated"];

/// Sets the state of a resource, and what it means.
pub fn set(resource: &mut Resource, state: String) {
    resource.lifetime = Lifetime::of_state(&state, ENDING, DEAD);
    resource.state = state;
}
