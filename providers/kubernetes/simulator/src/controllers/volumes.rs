//! The volume controllers: provision disks for claims, and remove them with the claim.
//!
//! Binding waits for the first consumer unless the class says `Immediate`: a claim that no pod uses then costs nothing.
//! A class whose driver is not installed leaves its claims pending.

use serde_json::{Value, json};

use crate::api::defaults;
use crate::cloud_provider::CloudProviderRequest;
use crate::cluster::Cluster;
use crate::json::{items, remove_text, set, text};
use crate::node::scheduler::{self, Unschedulable, quantity};
use crate::store::Key;
use crate::store::types::Type;

/// The default storage class.
pub(crate) const CLASS: &str = "standard";
/// The provisioner that the default class names.
pub(crate) const PROVISIONER: &str = "volumes.simulator.kubeproof.dev";
/// The finalizer that keeps a claim while a pod uses it.
pub(crate) const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";
/// The label of a node that names its zone: a disk can be used in its own zone only.
const ZONE: &str = "topology.kubernetes.io/zone";
const DISK_PROTECTION: &str = "external-provisioner.volume.kubernetes.io/finalizer";

/// The storage class that a fresh cluster has.
pub(crate) fn default_class() -> Value {
    json!({
        "metadata": {
            "name": CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER, "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": true,
    })
}

/// Removes deleted claims that no pod uses, provisions or explains those that are pending, and releases the volumes of
/// removed claims.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys("persistentvolumeclaims") {
        let Some(claim) = cluster.store.get(&key) else {
            continue;
        };
        if claim.pointer("/metadata/deletionTimestamp").is_some() {
            if !is_used(cluster, &key) {
                cluster.modify(&key, |claim| {
                    remove_text(claim, "/metadata/finalizers", CLAIM_PROTECTION);
                });
            }
        } else if text(claim, "/status/phase") == "Pending" {
            pending(cluster, &key);
        }
    }
    for key in cluster.keys("persistentvolumes") {
        let Some(volume) = cluster.store.get(&key) else {
            continue;
        };
        let claim = text(volume, "/spec/claimRef/uid");
        if claim.is_empty() || cluster.store.has_uid(claim) {
            continue;
        }
        let delete = text(volume, "/spec/persistentVolumeReclaimPolicy") == "Delete";
        let handle = text(volume, "/spec/csi/volumeHandle").to_owned();
        let uid = text(volume, "/metadata/uid").to_owned();
        cluster.modify(&key, |volume| {
            set(volume, "/status/phase", "Released");
            remove_text(volume, "/metadata/finalizers", VOLUME_PROTECTION);
            // A retained volume is only an object: no disk has to be removed.
            if !delete {
                remove_text(volume, "/metadata/finalizers", DISK_PROTECTION);
            }
        });
        if delete {
            let request = CloudProviderRequest::DeleteVolume {
                volume: key.name.clone(),
                handle,
            };
            cluster.request_from_cloud(format!("{uid}/disk gone"), request);
        }
    }
}

/// The in-tree provisioners of the clouds, and the drivers that do their work by now (CSI migration).
const MIGRATED: [(&str, &str); 3] = [
    ("kubernetes.io/aws-ebs", "ebs.csi.aws.com"),
    ("kubernetes.io/gce-pd", "pd.csi.storage.gke.io"),
    ("kubernetes.io/azure-disk", "disk.csi.azure.com"),
];

/// The driver that provisions for a class.
fn driver(class: &Value) -> String {
    let provisioner = text(class, "/provisioner");
    let migrated = MIGRATED.iter().find(|(old, _)| *old == provisioner);
    migrated
        .map_or(provisioner, |(_, driver)| driver)
        .to_owned()
}

/// Whether a driver runs in the cluster. Where the cloud does not say which do, all do.
fn runs(cluster: &Cluster, driver: &str) -> bool {
    let drivers = cluster.volume_drivers.as_ref();
    drivers.is_none_or(|drivers| drivers.contains(driver))
}

fn class_of(cluster: &Cluster, claim: &Value) -> Option<Value> {
    let class = text(claim, "/spec/storageClassName");
    let key = Key::new("storageclasses.storage.k8s.io", "", class);
    cluster.store.get(&key).cloned()
}

/// A claim that has no volume: provisions one, or says once what it waits for.
fn pending(cluster: &mut Cluster, key: &Key) {
    let Some(claim) = cluster.store.get(key).cloned() else {
        return;
    };
    if claim.pointer("/spec/storageClassName").is_none()
        && let Some(class) = defaults::default_class(cluster)
    {
        // A default class that comes later counts for claims that wait for one.
        return cluster.modify(key, |claim| set(claim, "/spec/storageClassName", class));
    }
    let selected = "/metadata/annotations/volume.kubernetes.io~1selected-node";
    let node = text(&claim, selected).to_owned();
    let class = class_of(cluster, &claim);
    let (reason, message) = match &class {
        None if text(&claim, "/spec/storageClassName").is_empty() => (
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set".to_owned(),
        ),
        None => {
            let name = text(&claim, "/spec/storageClassName");
            let message = format!("storageclass.storage.k8s.io \"{name}\" not found");
            ("ProvisioningFailed", message)
        }
        Some(class) if text(class, "/volumeBindingMode") != "Immediate" && node.is_empty() => (
            "WaitForFirstConsumer",
            "waiting for first consumer to be created before binding".to_owned(),
        ),
        Some(class) => {
            let driver = driver(class);
            if runs(cluster, &driver) {
                return want(cluster, key, class, &node);
            }
            let message = format!(
                "Waiting for a volume to be created either by the external provisioner '{driver}' or manually by \
                 the system administrator. If volume creation is delayed, please verify that the provisioner is \
                 running and correctly registered."
            );
            ("ExternalProvisioning", message)
        }
    };
    let uid = text(&claim, "/metadata/uid");
    if cluster.served.insert(format!("{uid}/{reason}")) {
        let is_bad = reason == "ProvisioningFailed";
        cluster.event("persistentvolume-controller", key, is_bad, reason, &message);
    }
}

fn claims_of(pod: &Value) -> impl Iterator<Item = &str> {
    items(pod, "/spec/volumes")
        .iter()
        .map(|volume| text(volume, "/persistentVolumeClaim/claimName"))
        .filter(|claim| !claim.is_empty())
}

/// A pod on a node uses its claims until it is deleted, even after it has ended.
fn is_used(cluster: &Cluster, claim: &Key) -> bool {
    cluster
        .store
        .of_type("pods", Some(&claim.namespace))
        .any(|(_, pod)| {
            !text(pod, "/spec/nodeName").is_empty() && claims_of(pod).any(|name| name == claim.name)
        })
}

/// Why a node cannot use the volumes that a pod's claims are bound to, if it cannot.
pub(crate) fn elsewhere(cluster: &Cluster, pod: &Value, node: &Value) -> Option<String> {
    let namespace = text(pod, "/metadata/namespace");
    let is_out_of_reach = claims_of(pod).any(|name| {
        let claim = cluster
            .store
            .get(&Key::new("persistentvolumeclaims", namespace, name));
        let volume = claim
            .map(|claim| text(claim, "/spec/volumeName"))
            .unwrap_or_default();
        let volume = cluster
            .store
            .get(&Key::new("persistentvolumes", "", volume));
        let terms = volume.map_or(&[][..], |volume| {
            items(volume, "/spec/nodeAffinity/required/nodeSelectorTerms")
        });
        !terms.is_empty() && !terms.iter().any(|term| scheduler::has_labels(node, term))
    });
    is_out_of_reach.then(|| "node(s) had volume node affinity conflict".to_owned())
}

/// Whether all claims of a pod are bound. Requests disks for those that are not.
///
/// # Errors
/// If a claim does not exist or cannot be served: then the pod cannot be scheduled.
pub(crate) fn ready(
    cluster: &mut Cluster,
    namespace: &str,
    pod: &Value,
    node: &str,
) -> Result<bool, Unschedulable> {
    let mut all = true;
    for name in claims_of(pod) {
        let key = Key::new("persistentvolumeclaims", namespace, name);
        let Some(claim) = cluster.store.get(&key) else {
            return Err(Unschedulable::NoClaim(name.to_owned()));
        };
        if claim.pointer("/metadata/deletionTimestamp").is_some() {
            return Err(Unschedulable::ClaimEnds(name.to_owned()));
        }
        if text(claim, "/status/phase") == "Bound" {
            continue;
        }
        all = false;
        let Some(class) = class_of(cluster, claim) else {
            let class = text(claim, "/spec/storageClassName");
            return Err(if class.is_empty() {
                Unschedulable::Unbound
            } else {
                Unschedulable::NoClass(class.to_owned())
            });
        };
        let is_immediate = text(&class, "/volumeBindingMode") == "Immediate";
        if is_immediate && !runs(cluster, &driver(&class)) {
            return Err(Unschedulable::Unbound);
        }
        if !is_immediate {
            let selected = "/metadata/annotations/volume.kubernetes.io~1selected-node";
            cluster.modify(&key, |claim| set(claim, selected, node));
        }
        pending(cluster, &key);
    }
    Ok(all)
}

fn want(cluster: &mut Cluster, key: &Key, class: &Value, node: &str) {
    let Some(claim) = cluster.store.get(key) else {
        return;
    };
    let uid = text(claim, "/metadata/uid").to_owned();
    let bytes = quantity(text(claim, "/spec/resources/requests/storage")) / 1000;
    let size_gib = u32::try_from((bytes + (1 << 30) - 1) >> 30)
        .unwrap_or(u32::MAX)
        .max(1);
    let parameters = class.get("parameters").and_then(Value::as_object);
    let parameters = parameters.into_iter().flatten();
    let request = CloudProviderRequest::CreateVolume {
        namespace: key.namespace.clone(),
        claim: key.name.clone(),
        volume: format!("pvc-{uid}"),
        size_gib,
        node: node.to_owned(),
        parameters: parameters
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
    };
    cluster.request_from_cloud(format!("{uid}/disk"), request);
}

/// The claim has its volume.
fn bound(cluster: &mut Cluster, claim: &Key, volume: &str, size: &str) {
    cluster.modify(claim, |claim| {
        set(claim, "/spec/volumeName", volume);
        set(
            claim,
            "/status",
            json!({
                "phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size},
            }),
        );
    });
    let message = format!("Successfully provisioned volume {volume}");
    let by = "persistentvolume-controller";
    cluster.event(by, claim, false, "ProvisioningSucceeded", &message);
    scheduler::look_again(cluster);
}

/// The disk of a claim exists: creates a volume and binds it to the claim.
pub(crate) fn made(
    cluster: &mut Cluster,
    namespace: &str,
    claim: &str,
    volume: &str,
    handle: &str,
) {
    let key = Key::new("persistentvolumeclaims", namespace, claim);
    // The claim may be gone by now; then the volume is released immediately, by its uid.
    let uid = volume.strip_prefix("pvc-").unwrap_or(volume).to_owned();
    let found = cluster
        .store
        .get(&key)
        .filter(|object| text(object, "/metadata/uid") == uid);
    let found = found.cloned().unwrap_or_default();
    let size = match text(&found, "/spec/resources/requests/storage") {
        "" => "1Gi".to_owned(),
        size => size.to_owned(),
    };
    let class = Key::new(
        "storageclasses.storage.k8s.io",
        "",
        match text(&found, "/spec/storageClassName") {
            "" => CLASS,
            class => class,
        },
    );
    let of_class = |pointer: &str, default: &str| match cluster.store.get(&class) {
        Some(object) if !text(object, pointer).is_empty() => text(object, pointer).to_owned(),
        _ => default.to_owned(),
    };
    let provisioner = of_class("/provisioner", PROVISIONER);
    let driver = match cluster.store.get(&class) {
        Some(class) => driver(class),
        None => provisioner.clone(),
    };
    let selected = "/metadata/annotations/volume.kubernetes.io~1selected-node";
    let zone = cluster
        .store
        .get(&Key::new("nodes", "", text(&found, selected)))
        .and_then(|node| node.pointer("/metadata/labels")?.get(ZONE).cloned());
    let mut object = json!({
        "metadata": {
            "name": volume,
            "annotations": {"pv.kubernetes.io/provisioned-by": provisioner},
            "finalizers": [VOLUME_PROTECTION, DISK_PROTECTION],
        },
        "spec": {
            "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": of_class("/reclaimPolicy", "Delete"),
            "storageClassName": class.name, "volumeMode": "Filesystem",
            "claimRef": {
                "kind": "PersistentVolumeClaim", "apiVersion": "v1",
                "namespace": namespace, "name": claim, "uid": uid,
            },
            "csi": {"driver": driver, "volumeHandle": handle},
        },
        "status": {"phase": "Bound"},
    });
    if let Some(zone) = zone {
        let term = json!({"matchExpressions": [{
            "key": ZONE, "operator": "In", "values": [zone],
        }]});
        set(
            &mut object,
            "/spec/nodeAffinity/required/nodeSelectorTerms",
            json!([term]),
        );
    }
    cluster.add(Type::of("persistentvolumes"), "", object);
    if !found.is_null() {
        bound(cluster, &key, volume, &size);
    }
    cluster.settle();
}

/// The disk of a volume is gone: removes the volume.
pub(crate) fn removed(cluster: &mut Cluster, volume: &str) {
    let key = Key::new("persistentvolumes", "", volume);
    cluster.modify(&key, |object| {
        remove_text(object, "/metadata/finalizers", DISK_PROTECTION);
        remove_text(object, "/metadata/finalizers", VOLUME_PROTECTION);
    });
    crate::api::delete::remove(
        cluster,
        &key,
        crate::api::delete::Propagation::Background,
        None,
    );
    cluster.settle();
}
