"""Drives the operations of a subscription, its groups, its resources and its locks, and of services that only list."""

import datetime

from azure.core.exceptions import HttpResponseError

from azure_calls import LOCATION, REFUSED, SUBSCRIPTION, call, pause, refused

GROUP, OTHER = "judge", "judge-other"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"


def drive_subscription():
    assert [one["subscriptionId"] for one in call("subscriptions", "subscriptions.list")] == [SUBSCRIPTION]
    assert call("subscriptions", "subscriptions.get", SUBSCRIPTION)["state"] == "Enabled"
    assert call("subscriptions", "subscriptions.list_locations", SUBSCRIPTION)
    call("resource", "providers.list")
    # Nothing else here uses it.
    namespace = "Microsoft.OperationsManagement"
    for verb, word in [("register", "Registered"), ("unregister", "NotRegistered")]:
        call("resource", f"providers.{verb}", namespace)
        for _ in range(60):
            if call("resource", "providers.get", namespace)["registrationState"] == word:
                break
            pause()
        else:
            raise AssertionError(f"{namespace} is not {word}")


def drive_groups():
    for name in [GROUP, OTHER]:
        call("resource", "resource_groups.create_or_update", name, {"location": LOCATION, "tags": {"a": "b"}})
    call("resource", "resource_groups.create_or_update", GROUP, {"location": LOCATION, "tags": {"a": "b", "c": "d"}})
    call("resource", "resource_groups.update", GROUP, {"tags": {"a": "b"}})
    call("resource", "resource_groups.check_existence", GROUP)
    assert call("resource", "resource_groups.get", GROUP)["tags"] == {"a": "b"}
    assert len(call("resource", "resource_groups.list", filter="tagName eq 'a' and tagValue eq 'b'")) == 2
    drive_locks()


def drive_locks():
    lock = {"properties": {"level": "CanNotDelete", "notes": "by the judge"}}
    call("msi", "user_assigned_identities.create_or_update", OTHER, "locked", {"location": LOCATION})
    identity = (OTHER, "Microsoft.ManagedIdentity", "", "userAssignedIdentities", "locked")
    of_group = f"subscriptions/{SUBSCRIPTION}/resourceGroups/{OTHER}"
    for places, name in [((OTHER,), "at_resource_group_level"), ((), "at_subscription_level"), ((of_group,), "by_scope"),
                         (identity, "at_resource_level")]:
        call("locks", f"management_locks.create_or_update_{name}", *places, "judge", lock)
        call("locks", f"management_locks.get_{name}", *places, "judge")
        listed = "list_by_scope" if name == "by_scope" else f"list_{name}"
        assert call("locks", f"management_locks.{listed}", *places)
        if name != "at_subscription_level":
            refused("ScopeLocked", "resource", "resource_groups.begin_delete", OTHER)
        call("locks", f"management_locks.delete_{name}", *places, "judge")


def drive_lists():
    """What is there, and what is not: lists of types of which there are none."""
    assert call("resource", "resources.list_by_resource_group", GROUP)
    assert call("resource", "resources.list", expand="createdTime,changedTime,provisioningState")
    call("deployments", "deployments.list_by_resource_group", GROUP)
    call("deployments", "deployments.list_at_subscription_scope")
    call("deployments", "deployments.list_at_scope", SCOPE.strip("/"))
    since = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=80)
    for _ in range(60):
        entries = call("monitor", "activity_logs.list", f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}'")
        if entries:
            break
        pause()
    assert entries, "nothing shows in the activity log"
    call("monitor", "data_collection_rules.list_by_subscription")
    call("keyvault", "vaults.list_by_subscription")
    call("keyvault", "vaults.list_deleted")
    call("keyvault", "vaults.list", filter="resourceType eq 'Microsoft.KeyVault/vaults'", api_version="2015-11-01")
    call("loganalytics", "workspaces.list")
    call("loganalytics", "deleted_workspaces.list")
    call("storage", "storage_accounts.list")
    call("network", "private_endpoints.list_by_subscription")
    call("network", "network_profiles.list_all")
    call("network", "application_gateways.list_all")
    call("network", "usages.list", LOCATION)
    for namespace, name in (("Compute", "cores"), ("Network", "PublicIPAddresses")):
        place = f"{SCOPE}/providers/Microsoft.{namespace}/locations/{LOCATION}".strip("/")
        for kind in ("quota", "usages"):
            call("quota", f"{kind}.list", place)
            call("quota", f"{kind}.get", name, place)
    call("compute", "virtual_machines.list_all")
    call("compute", "disk_encryption_sets.list")
    call("compute", "usage.list", LOCATION)
    call("compute", "resource_skus.list", filter=f"location eq '{LOCATION}'")


def drive_bills():
    now = datetime.datetime.now(datetime.timezone.utc)
    days = {"from": f"{now - datetime.timedelta(days=20):%Y-%m-%dT00:00:00Z}", "to": f"{now:%Y-%m-%dT00:00:00Z}"}
    asked = {"type": "ActualCost", "timeframe": "Custom", "timePeriod": days, "dataset": {
        "granularity": "Daily", "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
        "grouping": [{"type": "Dimension", "name": "ResourceId"}, {"type": "Dimension", "name": "Meter"}]}}
    told = call("costmanagement", "query.usage", SCOPE.strip("/"), asked)["properties"]
    assert told["rows"] and "Cost" in [column["name"] for column in told["columns"]], told
    export = {"properties": {
        "definition": {"type": "ActualCost", "timeframe": "MonthToDate"}, "format": "Csv",
        "deliveryInfo": {"destination": {"container": "bills", "rootFolderPath": "a",
                                         "resourceId": f"{SCOPE}/resourceGroups/{GROUP}/providers/"
                                                       "Microsoft.Storage/storageAccounts/judge"}}}}
    place = (SCOPE.strip("/"), "judge")
    call("costmanagement", "exports.create_or_update", *place, export)
    call("costmanagement", "exports.get", *place)
    assert call("costmanagement", "exports.list", SCOPE.strip("/"))["value"]
    call("costmanagement", "exports.execute", *place)
    assert call("costmanagement", "exports.get_execution_history", *place)["value"]
    call("costmanagement", "exports.delete", *place)


def drive_table():
    query = "Resources | where type =~ 'Microsoft.Network/virtualNetworks' | project id, name"
    for _ in range(60):
        found = call("resourcegraph", "resources", {"subscriptions": [SUBSCRIPTION], "query": query})
        if "judge" in [one["name"] for one in found["data"]]:
            return
        pause()
    raise AssertionError(f"the network does not show: {found}")


def remove_groups():
    for name in [OTHER, GROUP]:
        call("resource", "resource_groups.begin_delete", name)
    try:
        call("resource", "resource_groups.get", GROUP)
    except HttpResponseError as error:
        assert error.status_code == 404, error
        REFUSED.pop()
    else:
        raise AssertionError("the group is still there")
