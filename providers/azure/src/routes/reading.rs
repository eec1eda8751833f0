//! The operations that only read: lists of whole subscriptions, quotas, permissions, and the activity log.

use kubeproof_contract::route::Route;

/// A list of a resource type in the whole subscription, of a namespace.
macro_rules! everywhere {
    ($type:literal, $name:literal) => {
        Route::new(
            "GET",
            concat!("/subscriptions/{subscription}/providers/", $type),
            $name,
        )
    };
}

/// The lists of resource types.
pub(super) const LISTS: &[Route] = &[
    everywhere!(
        "Microsoft.ContainerService/managedClusters",
        "managedClusters.list"
    ),
    everywhere!("Microsoft.Compute/disks", "disks.list"),
    everywhere!("Microsoft.Compute/snapshots", "snapshots.list"),
    everywhere!(
        "Microsoft.Compute/virtualMachineScaleSets",
        "virtualMachineScaleSets.listAll"
    ),
    everywhere!("Microsoft.Network/loadBalancers", "loadBalancers.listAll"),
    everywhere!("Microsoft.Network/natGateways", "natGateways.listAll"),
    everywhere!(
        "Microsoft.Network/networkInterfaces",
        "networkInterfaces.listAll"
    ),
    everywhere!(
        "Microsoft.Network/networkSecurityGroups",
        "networkSecurityGroups.listAll"
    ),
    everywhere!("Microsoft.Network/privateDnsZones", "privateZones.list"),
    everywhere!(
        "Microsoft.Network/privateEndpoints",
        "privateEndpoints.listBySubscription"
    ),
    everywhere!(
        "Microsoft.Network/publicIPAddresses",
        "publicIPAddresses.listAll"
    ),
    everywhere!("Microsoft.Network/routeTables", "routeTables.listAll"),
    everywhere!(
        "Microsoft.Network/virtualNetworks",
        "virtualNetworks.listAll"
    ),
    everywhere!(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "userAssignedIdentities.listBySubscription"
    ),
    everywhere!("Microsoft.KeyVault/deletedVaults", "vaults.listDeleted"),
    everywhere!(
        "Microsoft.OperationalInsights/deletedWorkspaces",
        "deletedWorkspaces.list"
    ),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/resources",
        "resources.list",
    ),
    everywhere!(
        "Microsoft.Authorization/locks",
        "managementLocks.listAtSubscriptionLevel"
    ),
    everywhere!(
        "Microsoft.Authorization/roleAssignments",
        "roleAssignments.listForSubscription"
    ),
    everywhere!(
        "Microsoft.Authorization/roleDefinitions",
        "roleDefinitions.list"
    ),
];

/// Lists of parts, of what a location offers, and of what has happened.
pub(super) const FURTHER: &[Route] = &[
    Route::new(
        "GET",
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}/federatedIdentityCredentials",
        "federatedIdentityCredentials.list",
    ),
    Route::new(
        "GET",
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/privateDnsZones/{zone}/virtualNetworkLinks",
        "virtualNetworkLinks.list",
    ),
    Route::new(
        "GET",
        "/{+scope}/providers/Microsoft.Insights/diagnosticSettings",
        "diagnosticSettings.list",
    ),
    Route::new(
        "GET",
        "/{+scope}/providers/Microsoft.Authorization/permissions",
        "permissions.listForScope",
    ),
    everywhere!("Microsoft.Compute/skus", "resourceSkus.list"),
    everywhere!(
        "Microsoft.Compute/locations/{location}/usages",
        "usage.list"
    ),
    everywhere!(
        "Microsoft.Network/locations/{location}/usages",
        "usages.list"
    ),
    everywhere!(
        "Microsoft.ContainerService/locations/{location}/kubernetesVersions",
        "managedClusters.listKubernetesVersions"
    ),
    everywhere!(
        "Microsoft.Insights/eventtypes/management/values",
        "activityLogs.list"
    ),
];
