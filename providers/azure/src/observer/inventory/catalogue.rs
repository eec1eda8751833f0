//! The resource types that a cluster or its workload can leave, in deletion order, as values.

use kubeproof_contract::resource::ResourceType;

use super::items::{
    Property,
    Read::{Count, Json, Text},
};

/// Where the resources of a type are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The list of the type, and the list of all resources: only that says when one was made. With the type as the cloud
    /// writes it, the operation of its list, and the properties that are read.
    Typed(&'static str, &'static str, &'static [Property]),
    /// The list of all resources alone; the type as the cloud writes it.
    Generic(&'static str),
    /// What the list of all resources shows besides.
    Rest,
    /// Groups that were made for a cluster's nodes.
    NodeGroups,
    /// All other groups.
    Groups,
    /// The credentials of identities.
    FederatedCredentials,
    Assignments,
    RoleDefinitions,
    Locks,
    DiagnosticSettings,
    /// What was deleted and can be restored, by the operation of its list.
    SoftDeleted(&'static str),
    /// Objects of the directory, by the operation of their list.
    Directory(&'static str),
}

/// A resource type.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) resource_type: ResourceType,
    pub(crate) source: Source,
}

const fn kind(name: &'static str, source: Source) -> Kind {
    Kind {
        resource_type: ResourceType::named(name),
        source,
    }
}

/// What is billed of disks and snapshots.
const SIZE: &[Property] = &[
    ("diskSizeGB", "/properties/diskSizeGB", Text),
    ("sku", "/sku/name", Text),
    ("managed_by", "/managedBy", Text),
];

/// All of them. What refers to another stands before it.
#[rustfmt::skip]
pub(crate) static KINDS: [Kind; 37] = [
    kind("management_lock", Source::Locks),
    kind("diagnostic_setting", Source::DiagnosticSettings),
    kind("aks_managed_cluster", Source::Typed("Microsoft.ContainerService/managedClusters", "managedClusters.list", &[
        ("nodeResourceGroup", "/properties/nodeResourceGroup", Text),
        ("fqdn", "/properties/fqdn", Text),
        ("tier", "/sku/tier", Text),
    ])),
    kind("vmss", Source::Typed("Microsoft.Compute/virtualMachineScaleSets", "virtualMachineScaleSets.listAll", &[
        ("size", "/sku/name", Text),
        ("capacity", "/sku/capacity", Text),
        ("priority", "/properties/virtualMachineProfile/priority", Text),
    ])),
    kind("virtual_machine", Source::Generic("Microsoft.Compute/virtualMachines")),
    kind("private_endpoint", Source::Typed("Microsoft.Network/privateEndpoints", "privateEndpoints.listBySubscription", &[])),
    kind("load_balancer", Source::Typed("Microsoft.Network/loadBalancers", "loadBalancers.listAll", &[
        ("rules", "/properties/loadBalancingRules", Count),
        ("outbound_rules", "/properties/outboundRules", Count),
    ])),
    kind("network_interface", Source::Typed("Microsoft.Network/networkInterfaces", "networkInterfaces.listAll", &[
        ("virtual_machine", "/properties/virtualMachine/id", Text),
    ])),
    kind("network_profile_sal", Source::Generic("Microsoft.Network/networkProfiles")),
    kind("private_dns_link", Source::Generic("Microsoft.Network/privateDnsZones/virtualNetworkLinks")),
    kind("private_dns_zone", Source::Typed("Microsoft.Network/privateDnsZones", "privateZones.list", &[])),
    kind("vnet_subnet", Source::Typed("Microsoft.Network/virtualNetworks", "virtualNetworks.listAll", &[
        ("addressSpace", "/properties/addressSpace", Json),
    ])),
    kind("nat_gateway", Source::Typed("Microsoft.Network/natGateways", "natGateways.listAll", &[])),
    kind("public_ip", Source::Typed("Microsoft.Network/publicIPAddresses", "publicIPAddresses.listAll", &[
        ("ipAddress", "/properties/ipAddress", Text),
        ("publicIPAllocationMethod", "/properties/publicIPAllocationMethod", Text),
    ])),
    kind("nsg", Source::Typed("Microsoft.Network/networkSecurityGroups", "networkSecurityGroups.listAll", &[])),
    kind("route_table", Source::Typed("Microsoft.Network/routeTables", "routeTables.listAll", &[])),
    kind("managed_disk", Source::Typed("Microsoft.Compute/disks", "disks.list", SIZE)),
    kind("snapshot", Source::Typed("Microsoft.Compute/snapshots", "snapshots.list", SIZE)),
    kind("disk_encryption_set", Source::Generic("Microsoft.Compute/diskEncryptionSets")),
    kind("storage_account", Source::Generic("Microsoft.Storage/storageAccounts")),
    kind("data_collection_rule", Source::Generic("Microsoft.Insights/dataCollectionRules")),
    kind("prometheus_rule_group", Source::Generic("Microsoft.AlertsManagement/prometheusRuleGroups")),
    kind("log_analytics_workspace", Source::Generic("Microsoft.OperationalInsights/workspaces")),
    kind("key_vault", Source::Generic("Microsoft.KeyVault/vaults")),
    kind("other_resource", Source::Rest),
    kind("role_assignment", Source::Assignments),
    kind("role_definition", Source::RoleDefinitions),
    kind("federated_credential", Source::FederatedCredentials),
    kind("user_assigned_identity", Source::Typed("Microsoft.ManagedIdentity/userAssignedIdentities", "userAssignedIdentities.listBySubscription", &[
        ("principalId", "/properties/principalId", Text),
        ("clientId", "/properties/clientId", Text),
    ])),
    kind("app_registration_sp", Source::Directory("applications.list")),
    kind("service_principal", Source::Directory("servicePrincipals.list")),
    kind("deleted_application", Source::Directory("deletedItems.listApplications")),
    kind("deleted_service_principal", Source::Directory("deletedItems.listServicePrincipals")),
    kind("node_resource_group", Source::NodeGroups),
    kind("resource_group", Source::Groups),
    kind("deleted_key_vault", Source::SoftDeleted("vaults.listDeleted")),
    kind("deleted_workspace", Source::SoftDeleted("deletedWorkspaces.list")),
];
