//! Events that controllers and nodes record about objects, each with its own source.

use serde_json::json;

use crate::cluster::Cluster;
use crate::json::{number, set, text};
use crate::store::Key;
use crate::store::types::Type;

/// The kubelet, which also names its node as the host.
pub(crate) const KUBELET: &str = "kubelet";
/// The scheduler.
pub(crate) const SCHEDULER: &str = "default-scheduler";

impl Cluster {
    /// Records an event about an object. A repeated event increases its count.
    pub(crate) fn event(
        &mut self,
        component: &str,
        about: &Key,
        warning: bool,
        reason: &str,
        message: &str,
    ) {
        let Some(object) = self.store.get(about) else {
            return;
        };
        let namespace = if about.namespace.is_empty() {
            "default"
        } else {
            about.namespace.as_str()
        };
        let mut involved = json!({
            "kind": object["kind"], "apiVersion": object["apiVersion"], "name": about.name,
            "namespace": namespace, "uid": object["metadata"]["uid"],
            "resourceVersion": object["metadata"]["resourceVersion"],
        });
        let mut source = json!({"component": component});
        let mut instance = "";
        if component == KUBELET {
            instance = match text(object, "/spec/nodeName") {
                "" => about.name.as_str(),
                node => node,
            };
            source["host"] = instance.into();
            let container = text(object, "/spec/containers/0/name");
            if !container.is_empty() {
                involved["fieldPath"] = format!("spec.containers{{{container}}}").into();
            }
        }
        let now = self.stamp();
        let same = self
            .store
            .of_type("events", Some(namespace))
            .find(|(_, event)| {
                event["involvedObject"]["uid"] == involved["uid"]
                    && text(event, "/reason") == reason
                    && text(event, "/message") == message
            });
        if let Some(key) = same.map(|(key, _)| key.clone()) {
            return self.modify(&key, |event| {
                let count = number(event, "/count").unwrap_or(1) + 1;
                set(event, "/count", count);
                set(event, "/lastTimestamp", now);
            });
        }
        let event = json!({
            "involvedObject": involved, "reason": reason, "message": message,
            "type": if warning { "Warning" } else { "Normal" }, "count": 1,
            "firstTimestamp": now, "lastTimestamp": now, "eventTime": null, "source": source,
            "reportingComponent": component, "reportingInstance": instance,
        });
        let namespace = namespace.to_owned();
        let name = format!("{}.{}", about.name, self.ids.hex(16));
        let mut named = event;
        set(&mut named, "/metadata/name", name);
        self.add(Type::of("events"), &namespace, named);
    }
}
