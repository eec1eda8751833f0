"""Clusters and node pools, by locations and in the older form by zones, for `google_every_method.py`."""

import time

from google_calls import PROJECT, REFUSED, ZONE, call

LOCATION = f"projects/{PROJECT}/locations/{ZONE}"
CLUSTER = f"{LOCATION}/clusters/every"
POOL = f"{CLUSTER}/nodePools/more"


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
