"""An AKS cluster with Microsoft's management clients: `up` creates it or finishes creating it, `down` removes all of it.

It keeps no state. Everything is in one resource group under the run's name, and each PUT may be repeated, so that a process
may die anywhere and another goes on: a group with the run's tags is its own. Nothing in it knows of a simulator; a cloud that
is not the public one says what it is at ARM_METADATA_HOSTNAME, as for terraform.
"""

import base64
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
import uuid

import yaml
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

NAME, TAGS = os.environ["KUBEPROOF_NAME"], json.loads(os.environ["KUBEPROOF_TAGS"])
SUBSCRIPTION, LOCATION, NODES = os.environ["AZURE_SUBSCRIPTION_ID"], "eastus", 2
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{NAME}"
NODE_GROUP = f"MC_{NAME}_{NAME}_{LOCATION}"[:80]
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
# The same name at each try: with another one a repeated call would make a second assignment.
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/{NAME}/subnets/nodes"
ASSIGNMENT = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{SUBNET} {NETWORK_CONTRIBUTOR}"))
# How often something is tried, and how often it is looked at until it is as wished.
TRIES, LOOKS, PAUSE = 5, 600, 0.5


class Failed(Exception):
    pass


def where():
    """The addresses of the authority and of Resource Manager; none for the public cloud."""
    host = os.environ.get("ARM_METADATA_HOSTNAME")
    if not host:
        return {}, {}
    with urllib.request.urlopen(f"https://{host}/metadata/endpoints?api-version=2022-09-01") as answer:
        told = json.load(answer)
    authority, base = told["authentication"]["loginEndpoint"], told["resourceManager"].rstrip("/")
    return ({"authority": authority, "disable_instance_discovery": True},
            {"base_url": base, "credential_scopes": [base + "/.default"]})


class Azure:
    """The clients of one process. They repeat by themselves what was refused for a while, or got no answer."""

    def __init__(self):
        authority, base = where()
        credential = ClientSecretCredential(os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"],
                                            os.environ["AZURE_CLIENT_SECRET"], **authority)
        make = lambda kind: kind(credential, SUBSCRIPTION, **base)
        self.groups = make(ResourceManagementClient).resource_groups
        self.networks = make(NetworkManagementClient).virtual_networks
        self.identities = make(ManagedServiceIdentityClient).user_assigned_identities
        self.assignments = make(AuthorizationManagementClient).role_assignments
        self.clusters = make(ContainerServiceClient).managed_clusters


def code(error):
    return error.error.code if isinstance(error, HttpResponseError) and error.error else ""


def found(get, *names):
    try:
        return get(*names)
    except ResourceNotFoundError:
        return None


def again(action, *codes):
    """An action, tried again for a while when it is refused with one of these codes."""
    for attempt in range(LOOKS):
        try:
            return action()
        except HttpResponseError as error:
            if attempt == LOOKS - 1 or code(error) not in codes:
                raise
            time.sleep(PAUSE)


def own_group(azure, name=NAME):
    """The group, if it is there and the run's own."""
    group = found(azure.groups.get, name)
    if group and (group.tags or {}).get("kubeproof:run") != TAGS["kubeproof:run"]:
        raise Failed(f"the resource group {name} is somebody else's")
    return group


# Making.

def make_group(azure):
    own_group(azure)
    # One that is still being deleted cannot be made again.
    again(lambda: azure.groups.create_or_update(NAME, {"location": LOCATION, "tags": TAGS}), "ResourceGroupBeingDeleted")


def make_network(azure):
    body = {"location": LOCATION, "tags": TAGS, "properties": {
        "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        "subnets": [{"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/18"}}]}}
    again(lambda: azure.networks.begin_create_or_update(NAME, NAME, body).result(), "AnotherOperationInProgress")


def make_identity(azure):
    """The identity of the control plane, with the one role that it needs: where it joins nodes and addresses."""
    identity = azure.identities.create_or_update(NAME, NAME, {"location": LOCATION, "tags": TAGS})
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{NETWORK_CONTRIBUTOR}"
    # With its type, a principal is accepted that is not known everywhere yet.
    body = {"properties": {"roleDefinitionId": role, "principalId": identity.principal_id,
                           "principalType": "ServicePrincipal"}}
    again(lambda: azure.assignments.create(SUBNET, ASSIGNMENT, body), "PrincipalNotFound")
    return identity.id


def make_cluster(azure, identity):
    """A failed cluster is mended by the same PUT; what an operation says at its end is not the last word."""
    body = {"location": LOCATION, "tags": TAGS, "sku": {"name": "Base", "tier": "Standard"},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
            "properties": {"dnsPrefix": NAME, "agentPoolProfiles": [
                {"name": "main", "mode": "System", "count": NODES, "vmSize": "Standard_D2s_v3", "vnetSubnetID": SUBNET}],
                "networkProfile": {"networkPlugin": "azure", "networkPluginMode": "overlay"}}}
    for attempt in range(TRIES):
        try:
            put = lambda: azure.clusters.begin_create_or_update(NAME, NAME, body)
            again(put, "OperationNotAllowed", "Conflict").result()
        except HttpResponseError as error:
            if attempt == TRIES - 1:
                raise
            print(f"attempt {attempt + 1}: {code(error)}", file=sys.stderr)
        cluster = found(azure.clusters.get, NAME, NAME)
        if cluster and cluster.provisioning_state == "Succeeded":
            return
        time.sleep(PAUSE)
    raise Failed(f"the cluster {NAME} was not made")


def kubeconfig(azure):
    return azure.clusters.list_cluster_user_credentials(NAME, NAME).kubeconfigs[0].value.decode()


class Kubernetes:
    """The cluster's API, by its kubeconfig."""

    def __init__(self, text):
        config = yaml.safe_load(text)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server, self.token = cluster["server"], user["token"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.context = ssl.create_default_context(cadata=authority)

    def ready(self):
        request = urllib.request.Request(f"{self.server}/api/v1/nodes", headers={"authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
                nodes = json.load(answer)["items"]
        except (urllib.error.URLError, OSError):
            return False
        conditions = [condition for node in nodes for condition in node["status"]["conditions"]]
        return sum(one["type"] == "Ready" and one["status"] == "True" for one in conditions) >= NODES


def wait_for(look, what):
    for _ in range(LOOKS):
        if look():
            return
        time.sleep(PAUSE)
    raise Failed(f"{what} took too long")


def up(azure):
    make_group(azure)
    make_network(azure)
    make_cluster(azure, make_identity(azure))
    config = kubeconfig(azure)
    wait_for(Kubernetes(config).ready, "the nodes")
    report({"kubeconfig": config, "made": {"cluster": NAME, "group": NAME}})


# Removing. What the workload made is in the group of nodes, and goes with it.

def remove_cluster(azure):
    if found(azure.clusters.get, NAME, NAME):
        again(lambda: azure.clusters.begin_delete(NAME, NAME), "OperationNotAllowed", "Conflict").result()


def remove_group(azure, name):
    """Deletes a group, and looks whether it is gone: the end of an operation is not the group's."""
    for _ in range(TRIES):
        if not own_group(azure, name):
            return
        try:
            azure.groups.begin_delete(name).result()
        except HttpResponseError as error:
            print(f"delete {name}: {code(error)}", file=sys.stderr)
            time.sleep(PAUSE)
    if own_group(azure, name):
        raise Failed(f"the resource group {name} was not removed")


def remove_assignment(azure):
    """It would go with the subnet, which may stay for other reasons."""
    azure.assignments.delete(SUBNET, ASSIGNMENT)


def down(azure):
    if own_group(azure):
        remove_cluster(azure)
        remove_assignment(azure)
    # It goes with the cluster, as a rule.
    remove_group(azure, NODE_GROUP)
    remove_group(azure, NAME)


def report(told):
    with open(os.environ["KUBEPROOF_OUTPUT"], "w", encoding="utf-8") as file:
        json.dump(told, file)


def main():
    try:
        {"up": up, "down": down}[sys.argv[1]](Azure())
    except (Failed, HttpResponseError) as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
