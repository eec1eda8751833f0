//! Defaults: what the server fills in at every write, and what it adds at creation.

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::api::pod_defaults;
use crate::cluster::Cluster;
use crate::controllers::{namespaces, volumes};
use crate::json::{add_text, items, number, set, set_default, text};
use crate::store::types::Type;

/// Fills in what the client left out. Idempotent.
pub(crate) fn fill(of: &Type, object: &mut Value) {
    match of.id {
        "pods" => pod_defaults::fill(object),
        "jobs.batch" => job(object),
        "deployments.apps" => deployment(object),
        "replicasets.apps" => {
            set_default(object, "/spec/replicas", 1);
            template(object, Some("Always"));
        }
        "statefulsets.apps" => stateful_set(object),
        "daemonsets.apps" => daemon_set(object),
        "cronjobs.batch" => cron_job(object),
        "networkpolicies.networking.k8s.io" => {
            let outgoing = object.pointer("/spec/egress").is_some();
            let types: &[&str] = if outgoing {
                &["Ingress", "Egress"]
            } else {
                &["Ingress"]
            };
            set_default(object, "/spec/policyTypes", json!(types));
        }
        "csidrivers.storage.k8s.io" => csi_driver(object),
        "services" => service(object),
        "secrets" => secret(object),
        "persistentvolumeclaims" => set_default(object, "/spec/volumeMode", "Filesystem"),
        "persistentvolumes" => {
            set_default(object, "/spec/persistentVolumeReclaimPolicy", "Retain");
            set_default(object, "/spec/volumeMode", "Filesystem");
        }
        "storageclasses.storage.k8s.io" => {
            set_default(object, "/reclaimPolicy", "Delete");
            set_default(object, "/volumeBindingMode", "Immediate");
        }
        _ => {}
    }
}

/// Adds what the server gives a new object.
pub(crate) fn begin(cluster: &mut Cluster, of: &Type, object: &mut Value) {
    allocate(cluster, of, object);
    match of.id {
        "namespaces" => namespaces::set_defaults(object),
        "pods" => {
            pod_defaults::admit(object);
            let status = json!({"phase": "Pending", "qosClass": pod_defaults::quality(object)});
            set(object, "/status", status);
        }
        "jobs.batch" => begin_job(cluster, object),
        "deployments.apps" | "replicasets.apps" | "cronjobs.batch" => {
            set(object, "/status", json!({}));
        }
        "statefulsets.apps" => {
            set(
                object,
                "/status",
                json!({"replicas": 0, "availableReplicas": 0}),
            );
        }
        "daemonsets.apps" => {
            let names = [
                "currentNumberScheduled",
                "desiredNumberScheduled",
                "numberMisscheduled",
                "numberReady",
            ];
            let none: serde_json::Map<_, _> = names
                .into_iter()
                .map(|name| (name.to_owned(), 0.into()))
                .collect();
            set(object, "/status", none);
        }
        "poddisruptionbudgets.policy" => {
            let names = [
                "currentHealthy",
                "desiredHealthy",
                "disruptionsAllowed",
                "expectedPods",
            ];
            let none: serde_json::Map<_, _> = names
                .into_iter()
                .map(|name| (name.to_owned(), 0.into()))
                .collect();
            set(object, "/status", none);
        }
        "services" | "ingresses.networking.k8s.io" => {
            set(object, "/status", json!({"loadBalancer": {}}));
        }
        "persistentvolumeclaims" => claim(cluster, object),
        "persistentvolumes" => set(object, "/status", json!({"phase": "Available"})),
        _ => {}
    }
}

/// Allocates the addresses and ports that an object lacks.
pub(crate) fn allocate(cluster: &mut Cluster, of: &Type, object: &mut Value) {
    if of.id != "services" || text(object, "/spec/type") == "ExternalName" {
        return;
    }
    let address = match text(object, "/spec/clusterIP") {
        "" => {
            cluster.addresses += 1;
            let (first, size) = cluster.service_network;
            // The first ten addresses are those of the server and of name resolution.
            let offset = 11 + cluster.addresses % size.saturating_sub(12).max(1);
            Ipv4Addr::from(u32::from(first).saturating_add(offset)).to_string()
        }
        given => given.to_owned(),
    };
    set_default(object, "/spec/clusterIP", address.clone());
    set_default(object, "/spec/clusterIPs", json!([address]));
    if ["LoadBalancer", "NodePort"].contains(&text(object, "/spec/type")) {
        let mut ports = items(object, "/spec/ports").to_vec();
        for port in &mut ports {
            cluster.addresses += 1;
            set_default(port, "/nodePort", 30_000 + cluster.addresses % 2768);
        }
        set(object, "/spec/ports", ports);
    }
}

/// Fills in the pod template of an object.
fn template(object: &mut Value, restart: Option<&str>) {
    let mut template = object
        .pointer("/spec/template")
        .cloned()
        .unwrap_or_default();
    if let Some(policy) = restart {
        set_default(&mut template, "/spec/restartPolicy", policy);
    }
    pod_defaults::fill_template(&mut template);
    set(object, "/spec/template", template);
}

fn job(job: &mut Value) {
    if number(job, "/spec/parallelism").is_none() && number(job, "/spec/completions").is_none() {
        set(job, "/spec/completions", 1);
    }
    set_default(job, "/spec/parallelism", 1);
    set_default(job, "/spec/backoffLimit", 6);
    set_default(job, "/spec/completionMode", "NonIndexed");
    set_default(job, "/spec/suspend", false);
    set_default(job, "/spec/manualSelector", false);
    set_default(job, "/spec/podReplacementPolicy", "TerminatingOrFailed");
    // A job must say how its pods restart: there is no default for that.
    template(job, None);
}

fn begin_job(cluster: &mut Cluster, job: &mut Value) {
    let uid = cluster.ids.uuid();
    let name = text(job, "/metadata/name").to_owned();
    for labels in ["/spec/template/metadata/labels", "/metadata/labels"] {
        for (label, value) in [
            ("batch.kubernetes.io~1controller-uid", &uid),
            ("batch.kubernetes.io~1job-name", &name),
            ("controller-uid", &uid),
            ("job-name", &name),
        ] {
            set(job, &format!("{labels}/{label}"), value.clone());
        }
    }
    set_default(
        job,
        "/spec/selector",
        json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}),
    );
    set(job, "/metadata/uid", uid);
    set(job, "/status", json!({}));
}

fn deployment(object: &mut Value) {
    set_default(object, "/spec/replicas", 1);
    set_default(object, "/spec/revisionHistoryLimit", 10);
    set_default(object, "/spec/progressDeadlineSeconds", 600);
    set_default(object, "/spec/strategy/type", "RollingUpdate");
    if text(object, "/spec/strategy/type") == "RollingUpdate" {
        set_default(object, "/spec/strategy/rollingUpdate/maxSurge", "25%");
        set_default(object, "/spec/strategy/rollingUpdate/maxUnavailable", "25%");
    }
    template(object, Some("Always"));
}

fn stateful_set(object: &mut Value) {
    set_default(object, "/spec/replicas", 1);
    set_default(object, "/spec/revisionHistoryLimit", 10);
    set_default(object, "/spec/podManagementPolicy", "OrderedReady");
    set_default(object, "/spec/serviceName", "");
    set_default(object, "/spec/updateStrategy/type", "RollingUpdate");
    if text(object, "/spec/updateStrategy/type") == "RollingUpdate" {
        set_default(object, "/spec/updateStrategy/rollingUpdate/partition", 0);
    }
    for when in ["whenDeleted", "whenScaled"] {
        let pointer = format!("/spec/persistentVolumeClaimRetentionPolicy/{when}");
        set_default(object, &pointer, "Retain");
    }
    let mut claims = items(object, "/spec/volumeClaimTemplates").to_vec();
    for claim in &mut claims {
        set_default(claim, "/apiVersion", "v1");
        set_default(claim, "/kind", "PersistentVolumeClaim");
        set_default(claim, "/spec/volumeMode", "Filesystem");
        set_default(claim, "/status", json!({"phase": "Pending"}));
    }
    if !claims.is_empty() {
        set(object, "/spec/volumeClaimTemplates", claims);
    }
    template(object, Some("Always"));
}

fn daemon_set(object: &mut Value) {
    set_default(object, "/spec/revisionHistoryLimit", 10);
    set_default(object, "/spec/updateStrategy/type", "RollingUpdate");
    if text(object, "/spec/updateStrategy/type") == "RollingUpdate" {
        set_default(object, "/spec/updateStrategy/rollingUpdate/maxSurge", 0);
        set_default(
            object,
            "/spec/updateStrategy/rollingUpdate/maxUnavailable",
            1,
        );
    }
    template(object, Some("Always"));
}

fn cron_job(object: &mut Value) {
    set_default(object, "/spec/concurrencyPolicy", "Allow");
    set_default(object, "/spec/suspend", false);
    set_default(object, "/spec/successfulJobsHistoryLimit", 3);
    set_default(object, "/spec/failedJobsHistoryLimit", 1);
    let template = "/spec/jobTemplate/spec/template";
    let mut pod = object.pointer(template).cloned().unwrap_or_default();
    pod_defaults::fill_template(&mut pod);
    set(object, template, pod);
}

fn csi_driver(object: &mut Value) {
    set_default(object, "/spec/attachRequired", true);
    set_default(object, "/spec/fsGroupPolicy", "ReadWriteOnceWithFSType");
    for flag in [
        "podInfoOnMount",
        "requiresRepublish",
        "seLinuxMount",
        "storageCapacity",
    ] {
        set_default(object, &format!("/spec/{flag}"), false);
    }
    set_default(object, "/spec/volumeLifecycleModes", json!(["Persistent"]));
}

fn service(service: &mut Value) {
    set_default(service, "/spec/type", "ClusterIP");
    set_default(service, "/spec/sessionAffinity", "None");
    if text(service, "/spec/type") != "ExternalName" {
        set_default(service, "/spec/internalTrafficPolicy", "Cluster");
        set_default(service, "/spec/ipFamilies", json!(["IPv4"]));
        set_default(service, "/spec/ipFamilyPolicy", "SingleStack");
    }
    if ["LoadBalancer", "NodePort"].contains(&text(service, "/spec/type")) {
        set_default(service, "/spec/externalTrafficPolicy", "Cluster");
    }
    if text(service, "/spec/type") == "LoadBalancer" {
        set_default(service, "/spec/allocateLoadBalancerNodePorts", true);
    }
    let mut ports = items(service, "/spec/ports").to_vec();
    for port in &mut ports {
        set_default(port, "/protocol", "TCP");
        let own = port["port"].clone();
        set_default(port, "/targetPort", own);
    }
    if !ports.is_empty() {
        set(service, "/spec/ports", ports);
    }
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

/// The storage class of claims that name none.
pub(crate) fn default_class(cluster: &Cluster) -> Option<String> {
    cluster
        .store
        .of_type("storageclasses.storage.k8s.io", None)
        .find(|(_, class)| {
            let mark = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
            text(class, mark) == "true"
        })
        .map(|(key, _)| key.name.clone())
}

fn claim(cluster: &Cluster, claim: &mut Value) {
    if let Some(class) = default_class(cluster) {
        set_default(claim, "/spec/storageClassName", class);
    }
    add_text(claim, "/metadata/finalizers", volumes::CLAIM_PROTECTION);
    set(claim, "/status", json!({"phase": "Pending"}));
}
