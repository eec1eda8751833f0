//! The service controller: requests balancers for `LoadBalancer` services from the cloud.

use serde_json::json;

use crate::cloud_provider::CloudProviderRequest;
use crate::cluster::Cluster;
use crate::json::{add_text, has_text, remove_text, set, text};
use crate::store::Key;

/// The finalizer that keeps a service until its balancer is gone.
const CLEANUP: &str = "service.kubernetes.io/load-balancer-cleanup";

/// Requests balancers for new services, and the removal of those of deleted ones.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys("services") {
        let Some(service) = cluster.store.get(&key) else {
            continue;
        };
        let uid = text(service, "/metadata/uid").to_owned();
        let deleted = service.pointer("/metadata/deletionTimestamp").is_some();
        let wants = text(service, "/spec/type") == "LoadBalancer" && !deleted;
        let holds = has_text(service, "/metadata/finalizers", CLEANUP);
        let (namespace, name) = (key.namespace.clone(), key.name.clone());
        if wants && !holds {
            cluster.modify(&key, |service| {
                add_text(service, "/metadata/finalizers", CLEANUP);
            });
            cluster.event(
                "service-controller",
                &key,
                false,
                "EnsuringLoadBalancer",
                "Ensuring load balancer",
            );
            cluster.requested.remove(&format!("{uid}/balancer gone"));
            let request = CloudProviderRequest::CreateLoadBalancer {
                namespace,
                service: name,
                uid: uid.clone(),
            };
            cluster.request_from_cloud(format!("{uid}/balancer"), request);
        } else if !wants && holds {
            let request = CloudProviderRequest::DeleteLoadBalancer {
                namespace,
                service: name,
                uid: uid.clone(),
            };
            cluster.requested.remove(&format!("{uid}/balancer"));
            cluster.request_from_cloud(format!("{uid}/balancer gone"), request);
        }
    }
}

/// The balancer of a service has been created.
pub(crate) fn made(cluster: &mut Cluster, namespace: &str, service: &str, hostname: &str) {
    let key = Key::new("services", namespace, service);
    cluster.modify(&key, |service| {
        set(
            service,
            "/status/loadBalancer/ingress",
            json!([{"hostname": hostname}]),
        );
    });
    cluster.event(
        "service-controller",
        &key,
        false,
        "EnsuredLoadBalancer",
        "Ensured load balancer",
    );
    cluster.settle();
}

/// The balancer of a service is gone: the service can be removed too.
pub(crate) fn removed(cluster: &mut Cluster, namespace: &str, service: &str) {
    let key = Key::new("services", namespace, service);
    cluster.modify(&key, |service| {
        set(service, "/status/loadBalancer", json!({}));
        remove_text(service, "/metadata/finalizers", CLEANUP);
    });
    cluster.settle();
}
