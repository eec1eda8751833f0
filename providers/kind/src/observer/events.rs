//! Follows the engine's events from the first listing on: which container mounted which volume.
//!
//! A volume does not show its owner once its container is gone. The engine keeps only its last few hundred events, so
//! they must be followed and cannot be queried later.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures::StreamExt as _;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::observer::ObserverError;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use super::inventory::CLUSTER_LABEL;
use crate::engine::client::Engine;

/// Most containers and most volumes that are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// A node that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub id: String,
    pub name: String,
    pub cluster: String,
}

/// What the events have shown so far.
#[derive(Debug, Default)]
pub struct EventLog {
    seen: Arc<Mutex<SeenNodes>>,
    following: OnceCell<FollowTask>,
}

#[derive(Debug, Default)]
struct SeenNodes {
    nodes: BTreeMap<String, Owner>,
    mounts: BTreeMap<String, String>,
}

#[derive(Debug)]
struct FollowTask(JoinHandle<()>);

impl Drop for FollowTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl EventLog {
    /// Follows the events from now on, in the background, until this is dropped.
    ///
    /// # Errors
    /// When there is no engine.
    pub async fn follow(&self, engine: &Engine) -> Result<(), ObserverError> {
        self.following
            .get_or_try_init(|| async {
                let docker = engine.docker().await?.clone();
                let seen = Arc::clone(&self.seen);
                let types = vec!["container", "volume"];
                let filters = HashMap::from([("type", types)]);
                let options = EventsOptionsBuilder::default().filters(&filters).build();
                Ok::<_, ObserverError>(FollowTask(tokio::spawn(async move {
                    let mut events = docker.events(Some(options));
                    // Ends when the stream does. A volume missed after that has no owner: unknown, not a pass.
                    while let Some(Ok(event)) = events.next().await {
                        note(&mut lock(&seen), &event);
                    }
                })))
            })
            .await?;
        Ok(())
    }

    /// The node that mounted a volume, as far as it was seen.
    pub fn owner_of_volume(&self, volume: &str) -> Option<Owner> {
        let seen = lock(&self.seen);
        let container = seen.mounts.get(volume)?;
        seen.nodes.get(container).cloned()
    }
}

fn note(seen: &mut SeenNodes, event: &EventMessage) {
    let Some(actor) = &event.actor else { return };
    let (Some(id), Some(attributes)) = (&actor.id, &actor.attributes) else {
        return;
    };
    let (cluster, container) = (attributes.get(CLUSTER_LABEL), attributes.get("container"));
    match (event.action.as_deref(), cluster, container) {
        (Some("create"), Some(cluster), _) if seen.nodes.len() < REMEMBERED_MAX => {
            let owner = Owner {
                id: id.clone(),
                name: attributes.get("name").cloned().unwrap_or_default(),
                cluster: cluster.clone(),
            };
            seen.nodes.insert(id.clone(), owner);
        }
        (Some("mount"), _, Some(container)) if seen.mounts.len() < REMEMBERED_MAX => {
            seen.mounts.insert(id.clone(), container.clone());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::EventActor;

    use super::*;

    fn event(action: &str, id: &str, attributes: &[(&str, &str)]) -> EventMessage {
        let attributes = attributes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        EventMessage {
            action: Some(action.to_owned()),
            actor: Some(EventActor {
                id: Some(id.to_owned()),
                attributes: Some(attributes),
            }),
            ..EventMessage::default()
        }
    }

    #[test]
    fn a_volume_is_of_the_node_that_mounted_it_though_the_node_is_gone() {
        let events = EventLog::default();
        let node = [(CLUSTER_LABEL, "kp-1"), ("name", "kp-1-control-plane")];
        {
            let mut seen = lock(&events.seen);
            note(&mut seen, &event("create", "c1", &node));
            note(&mut seen, &event("mount", "v1", &[("container", "c1")]));
            note(&mut seen, &event("mount", "v2", &[("container", "other")]));
            note(&mut seen, &event("destroy", "c1", &node));
        }
        let owner = events.owner_of_volume("v1").expect("seen");
        assert_eq!(
            (owner.name.as_str(), owner.cluster.as_str()),
            ("kp-1-control-plane", "kp-1")
        );
        assert_eq!(events.owner_of_volume("v2"), None);
        assert_eq!(events.owner_of_volume("v3"), None);
    }
}
