//! What the server fills in when an object is created.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::json::{add_text, items, number, set, set_default, text};
use crate::types::Type;
use crate::{namespaces, pod_defaults, volumes};

/// Fills in what the client left out.
pub(crate) fn fill(cluster: &mut Cluster, of: &Type, _namespace: &str, object: &mut Value) {
    match of.id {
        "namespaces" => namespaces::set_defaults(object),
        "pods" => {
            pod_defaults::fill(object);
            set(
                object,
                "/status",
                json!({"phase": "Pending", "qosClass": "BestEffort"}),
            );
        }
        "jobs.batch" => job(cluster, object),
        "services" => service(cluster, object),
        "secrets" => secret(object),
        "persistentvolumeclaims" => claim(cluster, object),
        "persistentvolumes" => {
            set_default(object, "/spec/persistentVolumeReclaimPolicy", "Retain");
            set(object, "/status", json!({"phase": "Available"}));
        }
        "storageclasses.storage.k8s.io" => {
            set_default(object, "/reclaimPolicy", "Delete");
            set_default(object, "/volumeBindingMode", "Immediate");
        }
        _ => {}
    }
}

fn job(cluster: &mut Cluster, job: &mut Value) {
    let uid = cluster.ids.uuid();
    if number(job, "/spec/parallelism").is_none() && number(job, "/spec/completions").is_none() {
        set(job, "/spec/completions", 1);
    }
    set_default(job, "/spec/parallelism", 1);
    set_default(job, "/spec/backoffLimit", 6);
    set_default(job, "/spec/completionMode", "NonIndexed");
    set_default(job, "/spec/suspend", false);
    set_default(job, "/spec/manualSelector", false);
    set_default(job, "/spec/podReplacementPolicy", "TerminatingOrFailed");
    let name = text(job, "/metadata/name").to_owned();
    let labels = "/spec/template/metadata/labels";
    for (label, value) in [
        ("batch.kubernetes.io~1controller-uid", &uid),
        ("batch.kubernetes.io~1job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        set(job, &format!("{labels}/{label}"), value.clone());
    }
    set_default(
        job,
        "/spec/selector",
        json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}),
    );
    let mut template = job["spec"]["template"].clone();
    let chosen = text(&template, "/spec/restartPolicy").to_owned();
    pod_defaults::fill(&mut template);
    // No default: a job must say how its pods restart.
    set(&mut template, "/spec/restartPolicy", chosen);
    job["spec"]["template"] = template;
    set(job, "/status", json!({}));
}

fn service(cluster: &mut Cluster, service: &mut Value) {
    set_default(service, "/spec/type", "ClusterIP");
    let outside = ["LoadBalancer", "NodePort"].contains(&text(service, "/spec/type"));
    cluster.addresses += 1;
    let address = format!(
        "172.20.{}.{}",
        cluster.addresses / 250 % 250,
        cluster.addresses % 250 + 2
    );
    set_default(service, "/spec/clusterIP", address.clone());
    set_default(service, "/spec/clusterIPs", json!([address]));
    set_default(service, "/spec/sessionAffinity", "None");
    set_default(service, "/spec/internalTrafficPolicy", "Cluster");
    set_default(service, "/spec/ipFamilies", json!(["IPv4"]));
    set_default(service, "/spec/ipFamilyPolicy", "SingleStack");
    if outside {
        set_default(service, "/spec/externalTrafficPolicy", "Cluster");
        set_default(service, "/spec/allocateLoadBalancerNodePorts", true);
    }
    let mut ports = items(service, "/spec/ports").to_vec();
    for port in &mut ports {
        set_default(port, "/protocol", "TCP");
        let own = port["port"].clone();
        set_default(port, "/targetPort", own);
        if outside {
            cluster.addresses += 1;
            set_default(port, "/nodePort", 30_000 + cluster.addresses % 2768);
        }
    }
    if !ports.is_empty() {
        set(service, "/spec/ports", ports);
    }
    set(service, "/status", json!({"loadBalancer": {}}));
}

fn secret(secret: &mut Value) {
    set_default(secret, "/type", "Opaque");
    let plain = secret
        .get("stringData")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if let Some(object) = secret.as_object_mut() {
        object.remove("stringData");
    }
    for (key, value) in plain {
        let encoded = STANDARD.encode(value.as_str().unwrap_or_default());
        let pointer = format!("/data/{}", key.replace('~', "~0").replace('/', "~1"));
        set(secret, &pointer, encoded);
    }
}

fn claim(cluster: &Cluster, claim: &mut Value) {
    let default = cluster
        .store
        .of_type("storageclasses.storage.k8s.io", None)
        .find(|(_, class)| {
            let mark = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
            text(class, mark) == "true"
        })
        .map(|(key, _)| key.name.clone());
    if let Some(class) = default {
        set_default(claim, "/spec/storageClassName", class);
    }
    set_default(claim, "/spec/volumeMode", "Filesystem");
    add_text(claim, "/metadata/finalizers", volumes::CLAIM_PROTECTION);
    set(claim, "/status", json!({"phase": "Pending"}));
}
