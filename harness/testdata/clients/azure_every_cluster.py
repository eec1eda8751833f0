"""Drives the operations of identities, roles, disks, clusters and their machines."""

import base64
import json

from azure_calls import DRIVEN, LOCATION, call, refused
from azure_every_account import GROUP, SCOPE
from azure_every_network import HERE, SUBNET, drive

IDENTITY = f"{SCOPE}/resourceGroups/{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/judge"
ASSIGNMENT = "eb7f4194-f509-4202-aadb-72fabfe5ba59"
SIZE = "Standard_D2s_v3"


def drive_identities():
    call("msi", "user_assigned_identities.create_or_update", GROUP, "judge", HERE)
    call("msi", "user_assigned_identities.update", GROUP, "judge", {"tags": {"c": "d"}})
    found = call("msi", "user_assigned_identities.get", GROUP, "judge")
    for listed in [call("msi", "user_assigned_identities.list_by_resource_group", GROUP),
                   call("msi", "user_assigned_identities.list_by_subscription")]:
        assert found["id"] in [one["id"] for one in listed]
    credential = {"properties": {"issuer": "https://issuer.example", "subject": "system:serviceaccount:a:b",
                                 "audiences": ["api://AzureADTokenExchange"]}}
    call("msi", "federated_identity_credentials.create_or_update", GROUP, "judge", "pods", credential)
    call("msi", "federated_identity_credentials.get", GROUP, "judge", "pods")
    assert call("msi", "federated_identity_credentials.list", GROUP, "judge")
    call("msi", "federated_identity_credentials.delete", GROUP, "judge", "pods")


def drive_roles():
    role = call("authorization", "role_definitions.list", SUBNET, filter="roleName eq 'Network Contributor'")[0]
    call("authorization", "role_definitions.get", SUBNET, role["name"])
    principal = call("msi", "user_assigned_identities.get", GROUP, "judge")["properties"]["principalId"]
    asked = {"properties": {"roleDefinitionId": role["id"], "principalId": principal, "principalType": "ServicePrincipal"}}
    call("authorization", "role_assignments.create", SUBNET, ASSIGNMENT, asked)
    made = call("authorization", "role_assignments.get", SUBNET, ASSIGNMENT)
    # At the scope itself those above it show, too.
    network = SUBNET.rsplit("/subnets/", 1)[0]
    for name, place, filtered in [
            ("list_for_scope", (SUBNET,), "atScope()"), ("list_for_resource_group", (GROUP,), None),
            ("list_for_resource", (GROUP, "Microsoft.Network", "virtualNetworks", "judge"), None),
            ("list_for_subscription", (), f"principalId eq '{principal}'")]:
        listed = call("authorization", f"role_assignments.{name}", *place, filter=filtered)
        assert made["id"] in [one["id"] for one in listed], (name, network)
    call("authorization", "permissions.list_for_resource_group", GROUP)
    call("authorization", "permissions.list_for_resource", GROUP, "Microsoft.Network", "", "virtualNetworks", "judge")


def drive_disks():
    body = {**HERE, "sku": {"name": "StandardSSD_LRS"},
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 32}}
    disk = drive("disks", "judge", body, "compute")
    copy = {**HERE, "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": disk["id"]}}}
    drive("snapshots", "judge", copy, "compute")
    call("compute", "snapshots.begin_delete", GROUP, "judge")
    call("compute", "disks.begin_delete", GROUP, "judge")


def drive_clusters():
    assert call("containerservice", "managed_clusters.list_kubernetes_versions", LOCATION)["values"]
    cluster = {**HERE, "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
               "sku": {"name": "Base", "tier": "Standard"},
               "properties": {"dnsPrefix": "judge", "networkProfile": {"networkPlugin": "azure", "networkPluginMode": "overlay"},
                              "agentPoolProfiles": [{"name": "main", "mode": "System", "count": 2, "vmSize": SIZE,
                                                     "vnetSubnetID": SUBNET}]}}
    made = call("containerservice", "managed_clusters.begin_create_or_update", GROUP, "judge", cluster)
    assert made["properties"]["provisioningState"] == "Succeeded", made
    # What was read may be sent back, without what only the service writes.
    cluster["tags"] = {"c": "d"}
    cluster["properties"]["aadProfile"] = {"managed": True, "enableAzureRBAC": True}
    call("containerservice", "managed_clusters.begin_create_or_update", GROUP, "judge", cluster)
    call("containerservice", "managed_clusters.begin_update_tags", GROUP, "judge", {"tags": {"e": "f"}})
    call("containerservice", "managed_clusters.get", GROUP, "judge")
    for listed in [call("containerservice", "managed_clusters.list_by_resource_group", GROUP),
                   call("containerservice", "managed_clusters.list")]:
        assert [one["name"] for one in listed] == ["judge"]
    for who in ["user", "admin"]:
        found = call("containerservice", f"managed_clusters.list_cluster_{who}_credentials", GROUP, "judge")
        config = json.loads(base64.b64decode(found["kubeconfigs"][0]["value"]))
        assert config["clusters"][0]["cluster"]["server"].startswith("https://"), config
        # Accounts of the directory get their tokens from kubelogin, administrators from the credentials.
        user = config["users"][0]["user"]
        assert user["exec"]["command"] == "kubelogin" if who == "user" else "token" in user, user
    assert call("containerservice", "maintenance_configurations.list_by_managed_cluster", GROUP, "judge") == []
    refused("NotFound", "containerservice", "maintenance_configurations.get", GROUP, "judge", "default")
    # There are none here, so it is always refused.
    DRIVEN.add(("containerservice", "maintenance_configurations.get"))
    drive_pools()
    for verb, word in [("stop", "Stopped"), ("start", "Running")]:
        call("containerservice", f"managed_clusters.begin_{verb}", GROUP, "judge")
        assert call("containerservice", "managed_clusters.get", GROUP, "judge")["properties"]["powerState"]["code"] == word
    drive_machines(made["properties"]["nodeResourceGroup"])
    call("containerservice", "managed_clusters.begin_delete", GROUP, "judge")
    call("authorization", "role_assignments.delete", SUBNET, ASSIGNMENT)
    call("msi", "user_assigned_identities.delete", GROUP, "judge")


def drive_pools():
    more = {"properties": {"count": 1, "vmSize": SIZE, "mode": "User", "vnetSubnetID": SUBNET}}
    call("containerservice", "agent_pools.begin_create_or_update", GROUP, "judge", "more", more)
    more["properties"]["count"] = 2
    scaled = call("containerservice", "agent_pools.begin_create_or_update", GROUP, "judge", "more", more)
    assert scaled["properties"]["count"] == 2
    call("containerservice", "agent_pools.get", GROUP, "judge", "more")
    assert len(call("containerservice", "agent_pools.list", GROUP, "judge")) == 2
    call("containerservice", "agent_pools.begin_delete", GROUP, "judge", "more")


def drive_machines(group):
    """What the cluster has in its own group."""
    sets = call("compute", "virtual_machine_scale_sets.list", group)
    assert [one["sku"]["capacity"] for one in sets] == [2], sets
    assert call("compute", "virtual_machine_scale_sets.list_all")
    name = call("compute", "virtual_machine_scale_sets.get", group, sets[0]["name"])["name"]
    machines = call("compute", "virtual_machine_scale_set_vms.list", group, name)
    assert len(machines) == 2
    call("compute", "virtual_machine_scale_set_vms.get", group, name, machines[0]["instanceId"])
    assert len(call("compute", "disks.list_by_resource_group", group)) == 2
    for package, listed in [("network", "load_balancers.list"), ("network", "public_ip_addresses.list"),
                            ("network", "network_security_groups.list"), ("msi", "user_assigned_identities.list_by_resource_group"),
                            ("resource", "resources.list_by_resource_group")]:
        assert call(package, listed, group), listed
    # By hand, as some do: the cluster has failed then, and can be deleted all the same.
    call("compute", "virtual_machine_scale_sets.begin_delete", group, name)
