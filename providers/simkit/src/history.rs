//! The history of lives: when each resource came to be and ceased to be.
//!
//! Derived by comparing the inventory after each change, so that no service can forget to report.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::resource::{Life, Resource};

/// All lives seen so far.
#[derive(Clone, Debug, Default)]
pub struct History {
    lives: Vec<Life>,
    alive: BTreeMap<(String, String, String), usize>,
}

impl History {
    /// Notes what exists at `at`: new resources begin to live, missing ones have died.
    pub fn observe(&mut self, at: Timestamp, inventory: Vec<Resource>) {
        let mut gone = std::mem::take(&mut self.alive);
        for resource in inventory {
            let key = resource.key();
            let index = gone.remove(&key).unwrap_or_else(|| {
                self.lives.push(Life {
                    resource: resource.clone(),
                    from: at,
                    to: None,
                });
                self.lives.len() - 1
            });
            self.lives[index].resource = resource;
            self.alive.insert(key, index);
        }
        for index in gone.into_values() {
            self.lives[index].to = Some(at);
        }
    }

    /// All lives, in order of their beginning.
    pub fn lives(&self) -> &[Life] {
        &self.lives
    }
}
