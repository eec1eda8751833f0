//! Types of which there are none here, and which auditors ask for all the same: they can be listed.

use kubeproof_simkit::router::on;

use crate::network::none;
use crate::route::{Table, table};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Resources/deployments", "resources.deployments.listByResourceGroup", |_, _| Ok(none())),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Resources/deployments", "resources.deployments.listAtSubscriptionScope", |_, _| Ok(none())),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.AlertsManagement/prometheusRuleGroups", "alertsmanagement.prometheusRuleGroups.listAll", |_, _| Ok(none())),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Insights/dataCollectionRules", "monitor.dataCollectionRules.listAll", |_, _| Ok(none())),
    on("GET", "/{scope}/providers/Microsoft.Insights/diagnosticSettings", "monitor.diagnosticSettings.list", |_, _| Ok(none())),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.KeyVault/vaults", "keyvault.vaults.listAll", |_, _| Ok(none())),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.KeyVault/deletedVaults", "keyvault.vaults.listDeleted", |_, _| Ok(none())),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.OperationalInsights/workspaces", "loganalytics.workspaces.listAll", |_, _| Ok(none())),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.OperationalInsights/deletedWorkspaces", "loganalytics.deletedWorkspaces.listAll", |_, _| Ok(none())),
    on("GET", "/subscriptions/{subscription}/providers/Microsoft.Storage/storageAccounts", "storage.storageAccounts.listAll", |_, _| Ok(none())),
]);
