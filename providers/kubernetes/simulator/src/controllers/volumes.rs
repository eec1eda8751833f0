//! The volume controllers: provision disks for claims, and remove them with the claim.
//!
//! Binding waits for the first consumer, as with the default classes of the clouds: a claim that no pod uses
//! costs nothing.

use serde_json::{Value, json};

use crate::cloud_provider::CloudProviderRequest;
use crate::cluster::Cluster;
use crate::json::{items, remove_text, set, text};
use crate::node::scheduler::{self, quantity};
use crate::store::Key;
use crate::store::types::Type;

/// The default storage class.
pub(crate) const CLASS: &str = "standard";
/// The provisioner that the default class names.
pub(crate) const PROVISIONER: &str = "volumes.simulator.kubeproof.dev";
/// The finalizer that keeps a claim while a pod uses it.
pub(crate) const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";
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

/// Removes deleted claims that no pod uses, and releases the volumes of removed claims.
pub(crate) fn reconcile(cluster: &mut Cluster) {
    for key in cluster.keys("persistentvolumeclaims") {
        let deleted = cluster
            .store
            .get(&key)
            .is_some_and(|claim| claim.pointer("/metadata/deletionTimestamp").is_some());
        if deleted && !is_used(cluster, &key) {
            cluster.modify(&key, |claim| {
                remove_text(claim, "/metadata/finalizers", CLAIM_PROTECTION);
            });
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

/// Whether all claims of a pod are bound. Requests disks for those that are not.
///
/// # Errors
/// If a claim does not exist or cannot be served: why the pod cannot be scheduled.
pub(crate) fn ready(
    cluster: &mut Cluster,
    namespace: &str,
    pod: &Value,
    node: &str,
) -> Result<bool, String> {
    let mut all = true;
    for name in claims_of(pod) {
        let key = Key::new("persistentvolumeclaims", namespace, name);
        let Some(claim) = cluster.store.get(&key) else {
            return Err(format!("persistentvolumeclaim \"{name}\" not found"));
        };
        if claim.pointer("/metadata/deletionTimestamp").is_some() {
            return Err(format!("persistentvolumeclaim \"{name}\" is being deleted"));
        }
        if text(claim, "/status/phase") == "Bound" {
            continue;
        }
        all = false;
        let class = text(claim, "/spec/storageClassName").to_owned();
        if cluster
            .store
            .get(&Key::new("storageclasses.storage.k8s.io", "", &class))
            .is_none()
        {
            return Err(format!("storageclass.storage.k8s.io \"{class}\" not found"));
        }
        want(cluster, &key, node);
    }
    Ok(all)
}

fn want(cluster: &mut Cluster, key: &Key, node: &str) {
    let Some(claim) = cluster.store.get(key) else {
        return;
    };
    let uid = text(claim, "/metadata/uid").to_owned();
    let bytes = quantity(text(claim, "/spec/resources/requests/storage")) / 1000;
    let size_gib = u32::try_from((bytes + (1 << 30) - 1) >> 30)
        .unwrap_or(u32::MAX)
        .max(1);
    cluster.modify(key, |claim| {
        set(
            claim,
            "/metadata/annotations/volume.kubernetes.io~1selected-node",
            node,
        );
    });
    let request = CloudProviderRequest::CreateVolume {
        namespace: key.namespace.clone(),
        claim: key.name.clone(),
        volume: format!("pvc-{uid}"),
        size_gib,
    };
    cluster.request_from_cloud(format!("{uid}/disk"), request);
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
    let object = json!({
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
            "csi": {"driver": provisioner, "volumeHandle": handle},
        },
        "status": {"phase": "Bound"},
    });
    cluster.add(Type::of("persistentvolumes"), "", object);
    if !found.is_null() {
        cluster.modify(&key, |claim| {
            set(claim, "/spec/volumeName", volume);
            set(claim, "/status", json!({
                "phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size},
            }));
        });
        let message = format!("Successfully provisioned volume {volume}");
        cluster.event(
            "persistentvolume-controller",
            &key,
            false,
            "ProvisioningSucceeded",
            &message,
        );
        scheduler::look_again(cluster);
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
