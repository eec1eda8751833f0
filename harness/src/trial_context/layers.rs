//! The layers over what an actor's calls reach: faults next to it, and the journal outermost.

use std::sync::Arc;

use kubeproof_contract::call::{Actor, Dialect};
use kubeproof_contract::call_key::CallKeys;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault_layer::FaultPlan;
use kubeproof_contract::journal::Journal;
use kubeproof_contract::transport::SharedTransport;

/// The layers of one actor.
pub struct Layers {
    pub dialect: Arc<dyn Dialect>,
    pub actor: Actor,
    pub faults: FaultPlan,
    pub journal: Journal,
    pub clock: Clock,
    /// What its calls are about, where that is recorded.
    pub keys: Option<CallKeys>,
}

impl Layers {
    /// This transport with the layers over it.
    pub fn over(&self, mut innermost: SharedTransport) -> SharedTransport {
        let dialect = || Arc::clone(&self.dialect);
        if let Some(keys) = &self.keys {
            innermost = keys.learn(innermost, dialect());
        }
        let faulted = self.faults.layer(innermost, dialect(), self.actor);
        let recorded = self
            .journal
            .layer(faulted, dialect(), self.actor, self.clock);
        match &self.keys {
            Some(keys) => keys.name(recorded),
            None => recorded,
        }
    }
}
