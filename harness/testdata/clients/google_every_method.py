"""Every method of Compute Engine and Kubernetes Engine that the endpoint implements, once through
google-api-python-client by its dotted path, with each raw request and reply held against the discovery documents.

Usage: google_every_method.py http://127.0.0.1:PORT. Which methods there are is asked of the endpoint itself: those are
implemented that are not answered with 501. One that is not driven below is a failure, as is an objection of the judge.
"""

import json
import sys
import time
import urllib.error
import urllib.request

import google.oauth2.credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from google_strict import Judge

BASE = sys.argv[1].rstrip("/")
PROJECT, TOKEN = "kubeproof-rehearsal", "ya29.kubeproof-rehearsal-0000000000000000000000000000"
REGION, ZONE = "us-central1", "us-central1-a"
BELOW = {"compute": "/compute/v1/", "container": "/"}
JUDGES = {name: Judge(name, "v1") for name in BELOW}
CREDENTIALS = google.oauth2.credentials.Credentials(token=TOKEN)
CLIENTS = {name: build(name, "v1", static_discovery=True, credentials=CREDENTIALS,
                       client_options={"api_endpoint": BASE + path}) for name, path in BELOW.items()}
DRIVEN, OBJECTIONS, REFUSED = set(), [], []


def call(method, body=None, **parameters):
    """Calls a method by its id, and holds request and reply against the document."""
    service, *path = method.split(".")
    at = CLIENTS[service]
    for part in path[:-1]:
        at = getattr(at, part)()
    request = getattr(at, path[-1])(**parameters, **({"body": body} if body is not None else {}))
    judge = JUDGES[service]
    described = judge.methods[method]
    if body is not None:
        OBJECTIONS.extend(judge.objections(described["request"], body, f"{method}: the request", False))
    try:
        reply = request.execute(num_retries=0)
    except HttpError as error:
        REFUSED.append(f"{method}: {error.resp.status} {error.content[:300]}")
        raise
    OBJECTIONS.extend(judge.objections(described.get("response", {"type": "object"}), reply, method))
    DRIVEN.add(method)
    return reply


def compute(method, body=None, **parameters):
    return call("compute." + method, body, project=PROJECT, **parameters)


def finish(operation):
    """Waits for an operation of Compute Engine, by the call that fits its place."""
    place = {}
    if "zone" in operation:
        kind, place = "zoneOperations", {"zone": operation["zone"].rsplit("/", 1)[1]}
    elif "region" in operation:
        kind, place = "regionOperations", {"region": operation["region"].rsplit("/", 1)[1]}
    else:
        kind = "globalOperations"
    compute(f"{kind}.get", operation=operation["name"], **place)
    compute(f"{kind}.list", **place)
    while operation["status"] != "DONE":
        operation = compute(f"{kind}.wait", operation=operation["name"], **place)
    if "error" in operation:
        REFUSED.append(f"{operation['operationType']} {operation['targetLink']}: {operation['error']}")
    return operation


def change(method, body=None, **parameters):
    return finish(compute(method, body, **parameters))


def container(method, body=None, place="locations", **parameters):
    """By locations, or with the older form of parameters by zones."""
    return call(f"container.projects.{place}.{method}", body, **parameters)


def finish_cluster(operation, place="locations"):
    """Waits for an operation of Kubernetes Engine."""
    where = {"name": f"{LOCATION}/operations/{operation['name']}"}
    if place == "zones":
        where = {"projectId": PROJECT, "zone": ZONE, "operationId": operation["name"]}
    while operation["status"] != "DONE":
        time.sleep(0.3)
        operation = container("operations.get", place=place, **where)
    if "error" in operation:
        REFUSED.append(f"{operation['operationType']}: {operation['error']}")


LOCATION = f"projects/{PROJECT}/locations/{ZONE}"
CLUSTER = f"{LOCATION}/clusters/every"
POOL = f"{CLUSTER}/nodePools/more"


def drive_networks():
    link = f"projects/{PROJECT}/global/networks/every"
    change("networks.insert", {"name": "every", "autoCreateSubnetworks": False})
    change("networks.patch", {"routingConfig": {"routingMode": "GLOBAL"}}, network="every")
    compute("networks.get", network="every")
    compute("networks.list")
    here = {"region": REGION, "subnetwork": "every"}
    ranges = [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}, {"rangeName": "services", "ipCidrRange": "10.8.0.0/20"}]
    change("subnetworks.insert", {"name": "every", "network": link, "ipCidrRange": "10.0.0.0/24",
                                  "secondaryIpRanges": ranges}, region=REGION)
    change("subnetworks.expandIpCidrRange", {"ipCidrRange": "10.0.0.0/20"}, **here)
    change("subnetworks.setPrivateIpGoogleAccess", {"privateIpGoogleAccess": True}, **here)
    fingerprint = compute("subnetworks.get", **here)["fingerprint"]
    change("subnetworks.patch", {"description": "x", "fingerprint": fingerprint}, **here)
    compute("subnetworks.list", region=REGION)
    compute("subnetworks.aggregatedList")
    change("routers.insert", {"name": "every", "network": link}, region=REGION)
    change("routers.patch", {"nats": [{"name": "nat", "natIpAllocateOption": "AUTO_ONLY",
                                       "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"}]},
           region=REGION, router="every")
    compute("routers.get", region=REGION, router="every")
    compute("routers.list", region=REGION)
    compute("routers.aggregatedList")
    allowed = [{"IPProtocol": "tcp", "ports": ["22"]}]
    change("firewalls.insert", {"name": "every", "network": link, "allowed": allowed})
    change("firewalls.patch", {"priority": 900}, firewall="every")
    change("firewalls.update", {"name": "every", "network": link, "allowed": allowed, "priority": 800}, firewall="every")
    compute("firewalls.get", firewall="every")
    compute("firewalls.list")
    change("routes.insert", {"name": "every", "network": link, "destRange": "10.99.0.0/16", "nextHopIp": "10.0.0.9"})
    compute("routes.get", route="every")
    compute("routes.list")
    change("routes.delete", route="every")


def labels_of(service, here, singular_fingerprint="labelFingerprint"):
    return compute(f"{service}.get", **here)[singular_fingerprint]


def drive_machines():
    zone = {"zone": ZONE}
    compute("zones.list")
    compute("zones.get", **zone)
    compute("regions.list")
    compute("regions.get", region=REGION)
    compute("projects.get")
    compute("machineTypes.list", **zone)
    compute("machineTypes.get", machineType="g2-standard-4", **zone)
    compute("machineTypes.aggregatedList")
    for name, place in [("addresses", {"region": REGION}), ("globalAddresses", {})]:
        change(f"{name}.insert", {"name": "every"}, **place)
        here = {"address": "every", **place}
        label = {"labels": {"a": "b"}, "labelFingerprint": labels_of(name, here)}
        change(f"{name}.setLabels", label, resource="every", **place)
        compute(f"{name}.list", **place)
        change(f"{name}.delete", **here)
    compute("addresses.aggregatedList")
    change("disks.insert", {"name": "every", "sizeGb": "10"}, **zone)
    change("disks.resize", {"sizeGb": "20"}, disk="every", **zone)
    label = {"labels": {"a": "b"}, "labelFingerprint": labels_of("disks", {"disk": "every", **zone})}
    change("disks.setLabels", label, resource="every", **zone)
    compute("disks.list", **zone)
    compute("disks.aggregatedList")
    change("disks.delete", disk="every", **zone)
    machine = {"disks": [{"boot": True, "autoDelete": True, "initializeParams": {"diskSizeGb": "10"}}],
               "networkInterfaces": [{"accessConfigs": [{"type": "ONE_TO_ONE_NAT", "name": "External NAT"}]}]}
    change("instances.insert", {"name": "every", "machineType": f"zones/{ZONE}/machineTypes/e2-medium", **machine}, **zone)
    here = {"instance": "every", **zone}
    label = {"labels": {"a": "b"}, "labelFingerprint": labels_of("instances", here)}
    change("instances.setLabels", label, **here)
    for member, verb in [("tags", "setTags"), ("metadata", "setMetadata")]:
        fingerprint = compute("instances.get", **here)[member]["fingerprint"]
        items = ["x"] if member == "tags" else [{"key": "k", "value": "v"}]
        change(f"instances.{verb}", {"items": items, "fingerprint": fingerprint}, **here)
    change("instances.stop", **here)
    change("instances.start", **here)
    compute("instances.list", **zone)
    compute("instances.aggregatedList")
    change("instanceTemplates.insert", {"name": "every", "properties": {"machineType": "e2-medium", **machine}})
    compute("instanceTemplates.get", instanceTemplate="every")
    compute("instanceTemplates.list")
    compute("instanceTemplates.aggregatedList")
    drive_groups(zone)


def drive_groups(zone):
    instance = f"projects/{PROJECT}/zones/{ZONE}/instances/every"
    group = {"instanceGroup": "every", **zone}
    change("instanceGroups.insert", {"name": "every"}, **zone)
    members = {"instances": [{"instance": instance}]}
    change("instanceGroups.addInstances", members, **group)
    compute("instanceGroups.listInstances", {}, **group)
    change("instanceGroups.removeInstances", members, **group)
    change("instanceGroups.setNamedPorts", {"namedPorts": [{"name": "http", "port": 80}]}, **group)
    compute("instanceGroups.get", **group)
    compute("instanceGroups.list", **zone)
    compute("instanceGroups.aggregatedList")
    change("instanceGroups.delete", **group)
    manager = {"instanceGroupManager": "managed", **zone}
    template = f"projects/{PROJECT}/global/instanceTemplates/every"
    change("instanceGroupManagers.insert", {"name": "managed", "instanceTemplate": template, "targetSize": 1,
                                            "baseInstanceName": "managed"}, **zone)
    change("instanceGroupManagers.resize", size=2, **manager)
    managed = compute("instanceGroupManagers.listManagedInstances", **manager)["managedInstances"]
    change("instanceGroupManagers.deleteInstances", {"instances": [managed[0]["instance"]]}, **manager)
    compute("instanceGroupManagers.get", **manager)
    compute("instanceGroupManagers.list", **zone)
    compute("instanceGroupManagers.aggregatedList")
    change("instanceGroupManagers.delete", **manager)
    change("instanceTemplates.delete", instanceTemplate="every")


def drive_balancing():
    region, zone = {"region": REGION}, {"zone": ZONE}
    change("httpHealthChecks.insert", {"name": "every"})
    compute("httpHealthChecks.get", httpHealthCheck="every")
    compute("httpHealthChecks.list")
    pool = {"targetPool": "every", **region}
    change("targetPools.insert", {"name": "every"}, **region)
    member = {"instances": [{"instance": f"projects/{PROJECT}/zones/{ZONE}/instances/every"}]}
    change("targetPools.addInstance", member, **pool)
    compute("targetPools.get", **pool)
    compute("targetPools.list", **region)
    compute("targetPools.aggregatedList")
    change("targetPools.removeInstance", member, **pool)
    target = f"projects/{PROJECT}/regions/{REGION}/targetPools/every"
    rules = {"forwardingRules": (region, {"target": target}), "globalForwardingRules": ({}, {"target": target})}
    for name, (place, to) in rules.items():
        change(f"{name}.insert", {"name": "every", "IPProtocol": "TCP", "portRange": "80", **to}, **place)
        here = {"forwardingRule": "every", **place}
        label = {"labels": {"a": "b"}, "labelFingerprint": labels_of(name, here)}
        change(f"{name}.setLabels", label, resource="every", **place)
        compute(f"{name}.list", **place)
        change(f"{name}.delete", **here)
    compute("forwardingRules.aggregatedList")
    change("targetPools.delete", **pool)
    change("httpHealthChecks.delete", httpHealthCheck="every")
    for name, place in [("healthChecks", {}), ("regionHealthChecks", region)]:
        change(f"{name}.insert", {"name": "every", "type": "TCP", "tcpHealthCheck": {"port": 80}}, **place)
        compute(f"{name}.get", healthCheck="every", **place)
        compute(f"{name}.list", **place)
    change("healthChecks.patch", {"timeoutSec": 3}, healthCheck="every")
    compute("healthChecks.aggregatedList")
    for name, place in [("backendServices", {}), ("regionBackendServices", region)]:
        here = {"backendService": "every", **place}
        change(f"{name}.insert", {"name": "every", "protocol": "TCP"}, **place)
        fingerprint = compute(f"{name}.get", **here)["fingerprint"]
        change(f"{name}.patch", {"timeoutSec": 20, "fingerprint": fingerprint}, **here)
        compute(f"{name}.list", **place)
        change(f"{name}.delete", **here)
    compute("backendServices.aggregatedList")
    change("healthChecks.delete", healthCheck="every")
    change("regionHealthChecks.delete", healthCheck="every", **region)
    endpoints = {"networkEndpointGroup": "every", **zone}
    network = f"projects/{PROJECT}/global/networks/default"
    change("networkEndpointGroups.insert", {"name": "every", "networkEndpointType": "GCE_VM_IP_PORT", "network": network}, **zone)
    one = {"networkEndpoints": [{"ipAddress": "10.0.0.7", "port": 80}]}
    change("networkEndpointGroups.attachNetworkEndpoints", one, **endpoints)
    compute("networkEndpointGroups.listNetworkEndpoints", {}, **endpoints)
    change("networkEndpointGroups.detachNetworkEndpoints", one, **endpoints)
    compute("networkEndpointGroups.get", **endpoints)
    compute("networkEndpointGroups.list", **zone)
    compute("networkEndpointGroups.aggregatedList")
    change("networkEndpointGroups.delete", **endpoints)


def drive_clusters():
    container("getServerConfig", name=LOCATION)
    asked = {"name": "every", "network": "every", "subnetwork": "every", "resourceLabels": {"a": "b"},
             "ipAllocationPolicy": {"useIpAliases": True, "clusterSecondaryRangeName": "pods",
                                    "servicesSecondaryRangeName": "services"},
             "nodePools": [{"name": "first", "initialNodeCount": 1, "config": {"machineType": "e2-standard-2"}}]}
    begun = container("clusters.create", {"parent": LOCATION, "cluster": asked}, parent=LOCATION)
    container("operations.list", parent=LOCATION)
    container("clusters.get", name=CLUSTER)
    finish_cluster(begun)
    cluster = container("clusters.get", name=CLUSTER)
    container("clusters.list", parent=f"projects/{PROJECT}/locations/-")
    body = {"resourceLabels": {"a": "c"}, "labelFingerprint": cluster["labelFingerprint"]}
    finish_cluster(container("clusters.setResourceLabels", body, name=CLUSTER))
    finish_cluster(container("clusters.updateMaster", {"masterVersion": "1.34"}, name=CLUSTER))
    finish_cluster(container("clusters.update", {"update": {"desiredLoggingService": "none"}}, name=CLUSTER))
    finish_cluster(container("clusters.setLogging", {"loggingService": "none"}, name=CLUSTER))
    finish_cluster(container("clusters.setMonitoring", {"monitoringService": "none"}, name=CLUSTER))
    policy = {"maintenancePolicy": {"window": {"dailyMaintenanceWindow": {"startTime": "03:00"}}}}
    finish_cluster(container("clusters.setMaintenancePolicy", policy, name=CLUSTER))
    more = {"nodePool": {"name": "more", "initialNodeCount": 1, "config": {"machineType": "e2-medium"}}}
    finish_cluster(container("clusters.nodePools.create", more, parent=CLUSTER))
    container("clusters.nodePools.list", parent=CLUSTER)
    container("clusters.nodePools.get", name=POOL)
    finish_cluster(container("clusters.nodePools.setSize", {"nodeCount": 2}, name=POOL))
    scaling = {"autoscaling": {"enabled": True, "minNodeCount": 1, "maxNodeCount": 2}}
    finish_cluster(container("clusters.nodePools.setAutoscaling", scaling, name=POOL))
    management = {"management": {"autoRepair": True, "autoUpgrade": False}}
    finish_cluster(container("clusters.nodePools.setManagement", management, name=POOL))
    finish_cluster(container("clusters.nodePools.update", {"nodeVersion": "-"}, name=POOL))
    begun = container("clusters.nodePools.delete", name=POOL)
    container("operations.cancel", {}, name=f"{LOCATION}/operations/{begun['name']}")
    cancelled = len(REFUSED)
    finish_cluster(begun)
    del REFUSED[cancelled:]  # It was cancelled, as asked.
    finish_cluster(container("clusters.delete", name=CLUSTER))
    drive_zones()


def drive_zones():
    """The older form of the same methods."""
    where = {"projectId": PROJECT, "zone": ZONE}
    cluster, old = {**where, "clusterId": "old"}, {"place": "zones"}
    container("getServerconfig", **old, **where)
    asked = {"cluster": {"name": "old", "initialNodeCount": 1}}
    finish_cluster(container("clusters.create", asked, **old, **where), "zones")
    container("clusters.get", **old, **cluster)
    container("clusters.list", **old, **where)
    container("operations.list", **old, **where)
    pool = {"nodePool": {"name": "more", "initialNodeCount": 1}}
    finish_cluster(container("clusters.nodePools.create", pool, **old, **cluster), "zones")
    container("clusters.nodePools.list", **old, **cluster)
    container("clusters.nodePools.get", nodePoolId="more", **old, **cluster)
    finish_cluster(container("clusters.nodePools.setSize", {"nodeCount": 2}, nodePoolId="more", **old, **cluster), "zones")
    begun = container("clusters.nodePools.delete", nodePoolId="more", **old, **cluster)
    container("operations.cancel", {}, operationId=begun["name"], **old, **where)
    cancelled = len(REFUSED)
    finish_cluster(begun, "zones")
    del REFUSED[cancelled:]
    finish_cluster(container("clusters.delete", **old, **cluster), "zones")


def drive_lists():
    """What can only be listed: nothing here makes one, and a made-up name is not found."""
    one = {"urlMaps": "urlMap", "targetHttpProxies": "targetHttpProxy", "targetHttpsProxies": "targetHttpsProxy",
           "sslCertificates": "sslCertificate", "snapshots": "snapshot", "resourcePolicies": "resourcePolicy",
           "reservations": "reservation", "autoscalers": "autoscaler"}
    for plural, singular in one.items():
        place = {"resourcePolicies": {"region": REGION}, "reservations": {"zone": ZONE},
                 "autoscalers": {"zone": ZONE}}.get(plural, {})
        compute(f"{plural}.list", **place)
        if plural != "snapshots":
            compute(f"{plural}.aggregatedList")
        try:
            compute(f"{plural}.get", **{singular: "none"}, **place)
        except HttpError as error:
            if error.resp.status == 404:
                REFUSED.pop()
                DRIVEN.add(f"compute.{plural}.get")


def remove_rest():
    change("instances.delete", instance="every", zone=ZONE)
    change("firewalls.delete", firewall="every")
    change("routers.delete", region=REGION, router="every")
    change("subnetworks.delete", region=REGION, subnetwork="every")
    change("networks.delete", network="every")


def inventory():
    with urllib.request.urlopen(BASE + "/_kubeproof/inventory") as reply:
        return json.load(reply)


def implemented():
    """The methods that are not answered with 501. Nothing is made: bodies are empty, names are made up."""
    found = set()
    for service, judge in JUDGES.items():
        for name, method in judge.methods.items():
            path = method.get("flatPath") or method["path"]
            for parameter, given in [("project", PROJECT), ("projectId", PROJECT), ("projectsId", PROJECT),
                                     ("zone", ZONE), ("zonesId", ZONE), ("region", REGION), ("locationsId", ZONE)]:
                path = path.replace("{" + parameter + "}", given)
            path = "/".join(part if "{" not in part else "x-probe" + part.split("}")[1] for part in path.split("/"))
            url = BASE + "/" + JUDGES[service].document["servicePath"] + path
            request = urllib.request.Request(url, method=method["httpMethod"], headers={"authorization": f"Bearer {TOKEN}"})
            try:
                urllib.request.urlopen(request).read()
            except urllib.error.HTTPError as error:
                if error.code == 501:
                    continue
            found.add(name)
    return found


def main():
    before = inventory()
    known = implemented()
    for drive in [drive_networks, drive_machines, drive_balancing, drive_clusters, drive_lists, remove_rest]:
        drive()
    for title, told in [("not driven", sorted(known - DRIVEN)), ("driven, but not found by the probe", sorted(DRIVEN - known)),
                        ("objections", OBJECTIONS), ("refused or failed", REFUSED)]:
        for line in told:
            print(f"{title}: {line}")
    is_clean = inventory() == before
    print(f"{len(DRIVEN)} of {len(known)} methods driven, {len(OBJECTIONS)} objections, nothing left: {is_clean}")
    sys.exit(0 if is_clean and known == DRIVEN and not OBJECTIONS and not REFUSED else 1)


main()
