"""A whole life of a cluster by Microsoft's own clients for Python (azure-mgmt-*), against a simulated subscription.

Usage: azure_lifecycle.py https://127.0.0.1:PORT CA.pem [TRAFFIC.jsonl]. Each raw call goes into the file as a line of JSON: what
was sent, the status, the headers that matter and the reply. Ends with 1 when anything is left.
"""

import json
import sys
import time
import urllib.parse
import urllib.request
import ssl

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

BASE, CA = sys.argv[1].rstrip("/"), sys.argv[2]
TRAFFIC = open(sys.argv[3], "w") if len(sys.argv) > 3 else None
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT, CLIENT = "11111111-1111-1111-1111-111111111111", "33333333-3333-3333-3333-333333333333"
SECRET = "kubeproof~rehearsal~0000000000000000000000"
KEPT = ("Azure-AsyncOperation", "Location", "Retry-After", "ETag")
CALLS = 0


class Credential:
    """Signs in as the simulated authority has it."""

    def get_token(self, *scopes, **_):
        form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": scopes[0]}
        request = urllib.request.Request(f"{BASE}/{TENANT}/oauth2/v2.0/token", urllib.parse.urlencode(form).encode())
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=CA)) as answer:
            token = json.load(answer)
        # The simulated hour may be a real minute.
        return AccessToken(token["access_token"], int(time.time()) + 301)


class Recorder(SansIOHTTPPolicy):
    def on_response(self, request, response):
        global CALLS
        CALLS += 1
        sent, got = request.http_request, response.http_response
        if hasattr(got, "read"):
            got.read()  # the first answer of a long-running operation comes as a stream
        text = got.text()
        line = {"method": sent.method, "path": "/" + sent.url.split("/", 3)[3], "status": got.status_code,
                "request": json.loads(sent.body) if isinstance(sent.body, (str, bytes)) and sent.body else None,
                "headers": {name: got.headers[name] for name in KEPT if name in got.headers},
                "reply": json.loads(text) if text else None}
        if TRAFFIC:
            TRAFFIC.write(json.dumps(line) + "\n")


def client(kind):
    return kind(Credential(), SUBSCRIPTION, base_url=BASE, credential_scopes=[BASE + "/.default"], connection_verify=CA,
                per_retry_policies=[Recorder()], retry_total=0, polling_interval=1)


def refused(call, code):
    try:
        call()
    except HttpResponseError as error:
        assert error.error.code == code, error
    else:
        raise AssertionError(f"not refused with {code}")


groups, networks, machines = client(ResourceManagementClient), client(NetworkManagementClient), client(ComputeManagementClient)
identities, roles, clusters = client(ManagedServiceIdentityClient), client(AuthorizationManagementClient), client(ContainerServiceClient)

before = sorted(one.id for one in groups.resources.list())
groups.resource_groups.create_or_update("judge", {"location": "eastus", "tags": {"a": "b"}})
assert groups.resource_groups.check_existence("judge")
networks.network_security_groups.begin_create_or_update("judge", "nsg", {"location": "eastus"}).result()
networks.route_tables.begin_create_or_update("judge", "routes", {"location": "eastus"}).result()
address = networks.public_ip_addresses.begin_create_or_update(
    "judge", "address", {"location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}).result()
networks.nat_gateways.begin_create_or_update(
    "judge", "nat", {"location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": address.id}]}}).result()
networks.virtual_networks.begin_create_or_update(
    "judge", "net", {"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}).result()
subnet = networks.subnets.begin_create_or_update("judge", "net", "nodes", {"properties": {"addressPrefix": "10.1.0.0/18"}}).result()
identity = identities.user_assigned_identities.create_or_update("judge", "identity", {"location": "eastus"})
role = next(iter(roles.role_definitions.list(subnet.id, filter="roleName eq 'Network Contributor'")))
assignment = roles.role_assignments.create(subnet.id, "eb7f4194-f509-4202-aadb-72fabfe5ba59", {
    "properties": {"roleDefinitionId": role.id, "principalId": identity.principal_id, "principalType": "ServicePrincipal"}})
assert any(one.id == assignment.id for one in roles.role_assignments.list_for_scope(subnet.id, filter="atScope()"))
cluster = clusters.managed_clusters.begin_create_or_update("judge", "cluster", {
    "location": "eastus", "tags": {"a": "b"},
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}},
    "sku": {"name": "Base", "tier": "Standard"},
    "properties": {"dnsPrefix": "judge", "agentPoolProfiles": [
        {"name": "main", "mode": "System", "count": 2, "vmSize": "Standard_D2s_v3", "vnetSubnetID": subnet.id}],
        "networkProfile": {"networkPlugin": "azure", "networkPluginMode": "overlay"}}}).result()
assert cluster.provisioning_state == "Succeeded", cluster
more = {"properties": {"count": 1, "vmSize": "Standard_D2s_v3", "mode": "User", "vnetSubnetID": subnet.id}}
clusters.agent_pools.begin_create_or_update("judge", "cluster", "more", more).result()
more["properties"]["count"] = 2
assert clusters.agent_pools.begin_create_or_update("judge", "cluster", "more", more).result().count == 2
assert len(list(clusters.agent_pools.list("judge", "cluster"))) == 2
assert clusters.managed_clusters.list_cluster_user_credentials("judge", "cluster").kubeconfigs
node_group = cluster.node_resource_group
assert [one.sku.capacity for one in machines.virtual_machine_scale_sets.list(node_group)] == [2, 2]
for scale_set in machines.virtual_machine_scale_sets.list(node_group):
    assert len(list(machines.virtual_machine_scale_set_vms.list(node_group, scale_set.name))) == 2
assert len(list(machines.disks.list_by_resource_group(node_group))) == 4
for listed in (networks.load_balancers.list(node_group), networks.public_ip_addresses.list_all(), networks.virtual_networks.list_all(),
               machines.usage.list("eastus"), groups.resources.list_by_resource_group(node_group), groups.resource_groups.list(),
               clusters.managed_clusters.list(), identities.user_assigned_identities.list_by_subscription(),
               machines.resource_skus.list(filter="location eq 'eastus'"), groups.providers.list()):
    assert list(listed)
refused(lambda: networks.subnets.begin_delete("judge", "net", "nodes").result(), "InUseSubnetCannotBeDeleted")
clusters.agent_pools.begin_delete("judge", "cluster", "more").result()
clusters.managed_clusters.begin_delete("judge", "cluster").result()
assert not groups.resource_groups.check_existence(node_group)
roles.role_assignments.delete(subnet.id, assignment.name)
identities.user_assigned_identities.delete("judge", "identity")
groups.resource_groups.begin_delete("judge").result()
try:
    groups.resource_groups.get("judge")
    sys.exit("the group is still there")
except ResourceNotFoundError:
    pass
after = sorted(one.id for one in groups.resources.list())
print(f"{CALLS} calls; left: {sorted(set(after) - set(before))}")
sys.exit(0 if after == before else 1)
