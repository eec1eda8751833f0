//! The interface between a cluster and its cloud: nodes come in, requests for cloud resources and those of pods go
//! out.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};

use crate::cluster::Pod;

/// A node that joins the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNode {
    /// Node name, such as `ip-10-0-101-12.ec2.internal`.
    pub name: String,
    /// `spec.providerID`, such as `aws:///us-east-1a/i-…`.
    pub provider_id: String,
    /// Labels: zone, instance type, node group.
    pub labels: BTreeMap<String, String>,
    /// CPUs.
    pub cpus: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// Internal IP address.
    pub address: String,
}

/// What a node offers to pods: the rest of the machine is kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeRoom {
    /// The most pods.
    pub pods: u32,
    /// CPUs, in thousandths.
    pub millicpus: u32,
    /// Memory, MiB.
    pub memory_mib: u32,
}

/// A request of the cluster to its cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloudProviderRequest {
    /// A `LoadBalancer` service was created.
    CreateLoadBalancer {
        /// Namespace of the service.
        namespace: String,
        /// Name of the service.
        service: String,
        /// UID of the service.
        uid: String,
    },
    /// A `LoadBalancer` service is being deleted: its balancer must go.
    DeleteLoadBalancer {
        /// Namespace of the service.
        namespace: String,
        /// Name of the service.
        service: String,
        /// UID of the service.
        uid: String,
    },
    /// A volume claim was bound to a pod and needs a disk.
    CreateVolume {
        /// Namespace of the claim.
        namespace: String,
        /// Name of the claim.
        claim: String,
        /// Name that the persistent volume gets: `pvc-<uid>`.
        volume: String,
        /// Size, GiB.
        size_gib: u32,
        /// The node whose pod needs it; empty for a class that binds immediately.
        node: String,
        /// The parameters of its storage class.
        parameters: BTreeMap<String, String>,
    },
    /// A persistent volume with reclaim policy Delete was released: its disk must go.
    DeleteVolume {
        /// Name of the persistent volume.
        volume: String,
        /// The cloud's id of the disk.
        handle: String,
    },
}

/// A request of a pod to a host outside the cluster.
#[derive(Clone, Debug)]
pub struct PodRequest {
    pub(crate) pod: Pod,
    /// The host that the connection is made to.
    pub to: String,
    /// The request, for the host that it names.
    pub request: Request<Bytes>,
}

/// What becomes of a request of a pod.
#[derive(Clone, Debug)]
pub enum PodAnswer {
    /// It is answered.
    Response(Response<Bytes>),
    /// At the host that the connection is made to there is a server, and it has no certificate for the one that the
    /// request names.
    OtherHost,
    /// There is no such host.
    NoServer,
}
