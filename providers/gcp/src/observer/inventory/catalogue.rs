//! The resource types that a cluster or its workload can leave, in deletion order, as values.

use kubeproof_contract::resource::ResourceType;

use super::super::lists::List;
use super::items::{
    Property,
    Read::{Count, Groups, Last, Names, Text},
};

/// Where resources of a type can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// In the project as a whole.
    Global,
    /// In regions or zones.
    Below,
    /// In both.
    Both,
}

/// How one resource of a collection is read and deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) get: &'static str,
    pub(crate) delete: &'static str,
}

/// A collection of Compute Engine.
#[derive(Debug)]
pub(crate) struct Collection {
    /// As it is written in links.
    pub(crate) plural: &'static str,
    pub(crate) list: List,
    /// The calls for one that is global, in a region, in a zone.
    pub(crate) calls: [Option<Calls>; 3],
}

/// Where the resources of a type are read from.
#[derive(Debug)]
pub(crate) enum Source {
    /// Collections of Compute Engine, and the properties that their items show.
    Compute(&'static [Collection], &'static [Property]),
    /// The peerings of networks.
    Peerings,
    /// The ranges that Kubernetes Engine adds to subnetworks.
    Ranges,
    /// Kubernetes Engine.
    Clusters,
    /// Filestore.
    Instances,
    /// The zones of Cloud DNS.
    Zones,
    /// The records of its zones.
    Records,
    /// The memberships of the project's fleet.
    Memberships,
    /// The sinks of Cloud Logging.
    Sinks,
    /// Its buckets.
    Buckets,
    /// Workload identity pools.
    Pools,
    /// Their providers.
    Providers,
    /// The keys of Cloud KMS.
    Keys,
    /// The project's service accounts.
    Accounts,
    /// The members of the project's policy.
    Bindings,
}

/// A resource type.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) resource_type: ResourceType,
    pub(crate) places: Places,
    pub(crate) source: Source,
}

#[cfg(test)]
impl Collection {
    /// Whether its list covers all places.
    pub(crate) fn lists_places(&self) -> bool {
        matches!(self.list, List::Aggregated(..))
    }
}

impl Kind {
    /// The API that its lists need beside the cluster's own. A cluster runs without it, and many projects have it disabled.
    pub(crate) fn optional_api(&self) -> Option<&'static str> {
        match self.source {
            Source::Instances => Some("file.googleapis.com"),
            Source::Zones | Source::Records => Some("dns.googleapis.com"),
            Source::Memberships => Some("gkehub.googleapis.com"),
            Source::Sinks | Source::Buckets => Some("logging.googleapis.com"),
            Source::Keys => Some("cloudkms.googleapis.com"),
            _ => None,
        }
    }
}

const fn kind(name: &'static str, places: Places, source: Source) -> Kind {
    Kind {
        resource_type: ResourceType::named(name),
        places,
        source,
    }
}

/// The calls on one resource of a collection of this name.
macro_rules! calls {
    () => {
        None
    };
    ($name:literal) => {
        Some(Calls {
            get: concat!($name, ".get"),
            delete: concat!($name, ".delete"),
        })
    };
}

/// A collection with an aggregated list, and its names where it is global, regional, zonal.
macro_rules! everywhere {
    ($plural:literal $(global $global:literal)? $(region $region:literal)? $(zone $zone:literal)?) => {
        Collection {
            plural: $plural,
            list: List::Aggregated(concat!($plural, ".aggregatedList"), $plural),
            calls: [calls!($($global)?), calls!($($region)?), calls!($($zone)?)],
        }
    };
}

/// A collection that is global.
macro_rules! global {
    ($plural:literal) => {
        Collection {
            plural: $plural,
            list: List::Global(concat!($plural, ".list")),
            calls: [calls!($plural), None, None],
        }
    };
}

/// All of them. What refers to another stands before it.
pub(crate) static KINDS: [Kind; 37] = [
    kind("gke_cluster", Places::Below, Source::Clusters),
    // It is left when its cluster goes first.
    kind("gke_hub_membership", Places::Both, Source::Memberships),
    kind(
        "forwarding_rule",
        Places::Both,
        Source::Compute(
            &[
                everywhere!("forwardingRules" global "globalForwardingRules" region "forwardingRules"),
            ],
            &[
                ("ip_address", "/IPAddress", Text),
                ("target", "/target", Last),
                ("backend_service", "/backendService", Last),
            ],
        ),
    ),
    kind(
        "target_proxy",
        Places::Both,
        Source::Compute(
            &[
                everywhere!("targetHttpProxies" global "targetHttpProxies" region "regionTargetHttpProxies"),
                everywhere!("targetHttpsProxies" global "targetHttpsProxies" region "regionTargetHttpsProxies"),
                everywhere!("targetTcpProxies" global "targetTcpProxies" region "regionTargetTcpProxies"),
                // These have no aggregated list.
                global!("targetSslProxies"),
                global!("targetGrpcProxies"),
            ],
            &[
                ("url_map", "/urlMap", Last),
                ("service", "/service", Last),
                ("ssl_certificates", "/sslCertificates", Names),
            ],
        ),
    ),
    kind(
        "target_pool",
        Places::Below,
        Source::Compute(
            &[everywhere!("targetPools" region "targetPools")],
            &[
                ("instances", "/instances", Names),
                ("health_checks", "/healthChecks", Names),
            ],
        ),
    ),
    kind(
        "url_map",
        Places::Both,
        Source::Compute(
            &[everywhere!("urlMaps" global "urlMaps" region "regionUrlMaps")],
            &[("default_service", "/defaultService", Last)],
        ),
    ),
    kind(
        "backend_service",
        Places::Both,
        Source::Compute(
            &[
                everywhere!("backendServices" global "backendServices" region "regionBackendServices"),
            ],
            &[
                ("health_checks", "/healthChecks", Names),
                ("backends", "/backends", Groups),
            ],
        ),
    ),
    kind(
        "health_check",
        Places::Both,
        Source::Compute(
            &[everywhere!("healthChecks" global "healthChecks" region "regionHealthChecks")],
            &[],
        ),
    ),
    kind(
        "http_health_check",
        Places::Global,
        Source::Compute(&[global!("httpHealthChecks")], &[]),
    ),
    kind(
        "neg",
        Places::Both,
        Source::Compute(
            &[
                everywhere!("networkEndpointGroups" global "globalNetworkEndpointGroups"
                region "regionNetworkEndpointGroups" zone "networkEndpointGroups"),
            ],
            &[],
        ),
    ),
    kind(
        "ssl_certificate",
        Places::Both,
        Source::Compute(
            &[
                everywhere!("sslCertificates" global "sslCertificates" region "regionSslCertificates"),
            ],
            &[],
        ),
    ),
    kind(
        "instance_group_manager",
        Places::Below,
        Source::Compute(
            &[everywhere!("instanceGroupManagers"
                region "regionInstanceGroupManagers" zone "instanceGroupManagers")],
            &[
                ("target_size", "/targetSize", Text),
                ("instance_template", "/instanceTemplate", Last),
            ],
        ),
    ),
    kind(
        "instance_group",
        Places::Below,
        // One in a region goes with its manager.
        Source::Compute(&[everywhere!("instanceGroups" zone "instanceGroups")], &[]),
    ),
    kind(
        "instance",
        Places::Below,
        Source::Compute(
            &[everywhere!("instances" zone "instances")],
            &[
                ("machine_type", "/machineType", Last),
                ("provisioning_model", "/scheduling/provisioningModel", Text),
                ("network", "/networkInterfaces/0/network", Last),
            ],
        ),
    ),
    kind(
        "instance_template",
        Places::Both,
        Source::Compute(
            &[
                everywhere!("instanceTemplates" global "instanceTemplates" region "regionInstanceTemplates"),
            ],
            &[],
        ),
    ),
    kind("filestore_instance", Places::Below, Source::Instances),
    kind("dns_record", Places::Global, Source::Records),
    kind("dns_zone", Places::Global, Source::Zones),
    kind(
        "reservation",
        Places::Below,
        Source::Compute(&[everywhere!("reservations" zone "reservations")], &[]),
    ),
    kind(
        "disk",
        Places::Below,
        Source::Compute(
            &[everywhere!("disks" region "regionDisks" zone "disks")],
            &[
                ("size_gb", "/sizeGb", Text),
                ("disk_type", "/type", Last),
                ("users", "/users", Names),
            ],
        ),
    ),
    kind(
        "snapshot",
        Places::Global,
        Source::Compute(
            &[global!("snapshots")],
            &[
                ("source_disk", "/sourceDisk", Last),
                ("storage_bytes", "/storageBytes", Text),
            ],
        ),
    ),
    kind(
        "resource_policy",
        Places::Below,
        Source::Compute(
            &[everywhere!("resourcePolicies" region "resourcePolicies")],
            &[],
        ),
    ),
    kind(
        "address",
        Places::Both,
        Source::Compute(
            &[everywhere!("addresses" global "globalAddresses" region "addresses")],
            &[
                ("address", "/address", Text),
                ("address_type", "/addressType", Text),
                ("users", "/users", Names),
            ],
        ),
    ),
    kind(
        "firewall_rule",
        Places::Global,
        Source::Compute(
            &[global!("firewalls")],
            &[("target_tags", "/targetTags", Names)],
        ),
    ),
    kind(
        "route",
        Places::Global,
        Source::Compute(
            &[global!("routes")],
            &[
                ("dest_range", "/destRange", Text),
                ("next_hop_network", "/nextHopNetwork", Last),
            ],
        ),
    ),
    kind(
        "router",
        Places::Below,
        Source::Compute(
            &[everywhere!("routers" region "routers")],
            &[("nats", "/nats", Count)],
        ),
    ),
    kind("network_peering", Places::Global, Source::Peerings),
    // Added to a subnetwork that was there before, they can outlive their cluster.
    kind("secondary_range", Places::Below, Source::Ranges),
    kind(
        "subnetwork",
        Places::Below,
        Source::Compute(
            &[everywhere!("subnetworks" region "subnetworks")],
            &[("ip_cidr_range", "/ipCidrRange", Text)],
        ),
    ),
    kind(
        "network",
        Places::Global,
        Source::Compute(
            &[global!("networks")],
            &[("auto_create_subnetworks", "/autoCreateSubnetworks", Text)],
        ),
    ),
    kind("kms_crypto_key", Places::Both, Source::Keys),
    kind("log_sink", Places::Global, Source::Sinks),
    kind("log_bucket", Places::Global, Source::Buckets),
    kind(
        "workload_identity_provider",
        Places::Global,
        Source::Providers,
    ),
    kind("workload_identity_pool", Places::Global, Source::Pools),
    kind("iam_binding", Places::Global, Source::Bindings),
    kind("service_account", Places::Global, Source::Accounts),
];
