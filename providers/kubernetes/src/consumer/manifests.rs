//! The objects of a consumer, as they are applied.

use serde_json::{Value, json};

use super::{ConsumerOrder, NAME, TOKEN_KEY};
use crate::probe;

/// An image with a shell and curl, which verifies certificates. The small image of the probe cannot.
const CURL_IMAGE: &str = "docker.io/curlimages/curl:8.11.1";
/// Calls the service by the name of the Service: the connection is made to it, and TLS asks for the service's own host. A
/// service that sleeps is given time to wake.
const CURL: &str = r#"curl --silent --show-error --fail-with-body --max-time 600 --connect-to "$HOST:443:$SERVICE:443" --header "Authorization: Bearer $TOKEN" --header "Content-Type: application/json" --header "X-Scale-Up-Timeout: 590" --data "$QUESTION" "https://$HOST/""#;
/// The same over plain HTTP, through a gateway.
const WGET: &str = r#"wget -q -T 60 -O - --header "Host: $HOST" --header "Authorization: Bearer $TOKEN" --header "Content-Type: application/json" --post-data "$QUESTION" "http://$SERVICE:$PORT/""#;
/// How often the job is tried again: a replica may have to start first.
const RETRIES: u32 = 4;

fn metadata(order: &ConsumerOrder) -> Value {
    json!({"name": NAME, "namespace": order.namespace, "labels": order.labels})
}

pub(super) fn secret(order: &ConsumerOrder) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": metadata(order),
        "type": "Opaque", "stringData": {TOKEN_KEY: order.token},
    })
}

/// Another name for the service's host; for a gateway, a name for its address.
pub(super) fn service(order: &ConsumerOrder) -> Value {
    let spec = match order.gateway {
        None => json!({"type": "ExternalName", "externalName": order.host}),
        Some(gateway) => json!({
            "type": "ClusterIP", "clusterIP": "None",
            "ports": [{"name": "http", "port": gateway.port(), "protocol": "TCP"}],
        }),
    };
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(order), "spec": spec})
}

/// What a Service without pods of its own leads to.
pub(super) fn endpoint_slice(order: &ConsumerOrder) -> Option<Value> {
    let gateway = order.gateway?;
    let mut metadata = metadata(order);
    metadata["labels"]["kubernetes.io/service-name"] = json!(NAME);
    let family = if gateway.is_ipv4() { "IPv4" } else { "IPv6" };
    Some(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata,
        "addressType": family,
        "endpoints": [{"addresses": [gateway.ip().to_string()], "conditions": {"ready": true}}],
        "ports": [{"name": "http", "port": gateway.port(), "protocol": "TCP"}],
    }))
}

pub(super) fn job(order: &ConsumerOrder) -> Value {
    let (image, script) = match order.gateway {
        None => (CURL_IMAGE, CURL),
        Some(_) => (probe::IMAGE, WGET),
    };
    let port = order.gateway.map_or(443, |gateway| gateway.port());
    let plain = [
        ("HOST", order.host.clone()),
        ("SERVICE", NAME.to_owned()),
        ("PORT", port.to_string()),
        ("QUESTION", order.question.clone()),
    ];
    let mut env: Vec<Value> = plain
        .into_iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let reference = json!({"secretKeyRef": {"name": NAME, "key": TOKEN_KEY}});
    env.push(json!({"name": "TOKEN", "valueFrom": reference}));
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(order),
        "spec": {
            "backoffLimit": RETRIES,
            "template": {
                "metadata": {"labels": order.labels},
                "spec": {
                    "restartPolicy": "Never", "automountServiceAccountToken": false,
                    "containers": [{
                        "name": "caller", "image": order.image.as_deref().unwrap_or(image), "env": env,
                        "command": ["/bin/sh", "-c"], "args": [script],
                        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
                    }],
                },
            },
        },
    })
}
