"""A GKE cluster with google-api-python-client: `up` creates it or finishes creating it, `down` removes all of it.

It keeps no state. Names are unique in a project and tell what the run made, in `up` as in `down`, so that a process may die
anywhere and another goes on: what is already there under its name and with the run's marks is its own. Nothing in it
knows of a simulator.
"""

import base64
import json
import os
import re
import sys
import time

import google.auth
import google.auth.transport.requests
import requests
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

NAME = os.environ["KUBEPROOF_NAME"]
REGION, ZONE = "us-central1", "us-central1-a"
NODES = 2
# Labels take lower-case letters, digits, dashes and underscores; networks have none, but a description.
LABELS = {key.replace(":", "-"): re.sub("[^a-z0-9_-]", "-", value.lower())[:63]
          for key, value in json.loads(os.environ["KUBEPROOF_TAGS"]).items()}
MARKS = " ".join(f"{key}={value}" for key, value in sorted(LABELS.items()))
CREDENTIALS, PROJECT = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
CLIENTS = {name: build(name, "v1", static_discovery=True, credentials=CREDENTIALS)
           for name in ["compute", "container", "serviceusage"]}
LOCATION = f"projects/{PROJECT}/locations/{ZONE}"
CLUSTER = f"{LOCATION}/clusters/{NAME}"
# How often a call is tried, and how often something is looked at until it is as wished.
TRIES, LOOKS = 12, 1200
# The pauses are short: what takes long here are operations of minutes.
PAUSE = 0.3


class Failed(Exception):
    pass


def reason(error):
    try:
        told = json.loads(error.content)["error"]
        return (told.get("errors") or [{}])[0].get("reason") or told.get("status") or ""
    except (ValueError, KeyError, AttributeError):
        return ""


def status(error):
    return error.resp.status if isinstance(error, HttpError) else 0


def passes(error):
    """Whether a refusal may not be the last word: no answer, too many calls, what is new or busy."""
    if not isinstance(error, HttpError):
        return True
    told = f"{reason(error)} {error.content!r}"
    return status(error) in (408, 429) or status(error) >= 500 or any(
        word in told for word in ["rateLimitExceeded", "accessNotConfigured", "SERVICE_DISABLED", "resourceNotReady",
                                  "resourceInUse", "FAILED_PRECONDITION", "failedPrecondition", "incompatible operation"])


def call(service, path, **parameters):
    """A call, repeated while that may help: names are unique, so a repeated creation is told that it exists."""
    at = CLIENTS[service]
    for part in path.split(".")[:-1]:
        at = getattr(at, part)()
    for attempt in range(TRIES):
        try:
            return getattr(at, path.split(".")[-1])(**parameters).execute(num_retries=0)
        except (HttpError, OSError) as error:
            if attempt == TRIES - 1 or not passes(error):
                raise
            time.sleep(PAUSE * (attempt + 1))


def compute(path, **parameters):
    return call("compute", path, project=PROJECT, **parameters)


def unless(code, function, *arguments, **parameters):
    """The call's reply, or None when it is refused with this status."""
    try:
        return function(*arguments, **parameters)
    except HttpError as error:
        if status(error) != code:
            raise
        return None


def until(look, what):
    for _ in range(LOOKS):
        found = look()
        if found:
            return found
        time.sleep(PAUSE)
    raise Failed(f"{what} took too long")


def done(operation, place):
    """Waits for an operation of Compute Engine; a failed one is answered like any other."""
    if operation is None:
        return
    kind = {"zone": "zoneOperations", "region": "regionOperations"}.get(next(iter(place), ""), "globalOperations")

    def ended():
        seen = compute(f"{kind}.wait", operation=operation["name"], **place)
        return seen if seen["status"] == "DONE" else None

    ended = until(ended, operation["operationType"])
    if "error" in ended:
        raise Failed(f"{operation['operationType']} {operation['targetLink']}: {ended['error']}")


def ensure(collection, body, one, **place):
    """Makes something under its own name, or takes over what is there with the run's marks."""
    def find():
        return unless(404, compute, f"{collection}.get", **one, **place)

    if not find():
        done(unless(409, compute, f"{collection}.insert", body=body, **place), place)
    # One that a call without an answer made may still be on its way.
    found = until(find, body["name"])
    if found.get("description") != MARKS:
        raise Failed(f"{body['name']} is somebody else's")
    return found


def cluster():
    return unless(404, call, "container", "projects.locations.clusters.get", name=CLUSTER)


def finished(operation):
    """Waits for an operation of Kubernetes Engine."""
    name = f"{LOCATION}/operations/{operation['name']}"

    def ended():
        seen = call("container", "projects.locations.operations.get", name=name)
        return seen if seen["status"] == "DONE" else None

    return until(ended, operation["operationType"])


# Making.

def enable_services():
    body = {"serviceIds": [f"{one}.googleapis.com" for one in ["container", "compute", "iam", "cloudresourcemanager"]]}
    operation = call("serviceusage", "services.batchEnable", parent=f"projects/{PROJECT}", body=body)
    while not operation.get("done"):
        time.sleep(PAUSE)
        operation = call("serviceusage", "operations.get", name=operation["name"])
    if "error" in operation:
        raise Failed(f"enable services: {operation['error']}")


def make_network():
    network = ensure("networks", {"name": NAME, "autoCreateSubnetworks": False, "description": MARKS}, {"network": NAME})
    ranges = [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}, {"rangeName": "services", "ipCidrRange": "10.8.0.0/20"}]
    body = {"name": NAME, "network": network["selfLink"], "ipCidrRange": "10.0.0.0/20", "secondaryIpRanges": ranges,
            "privateIpGoogleAccess": True, "description": MARKS}
    ensure("subnetworks", body, {"subnetwork": NAME}, region=REGION)


def create_cluster():
    """Asks for a cluster, and returns the ended operation; none if there is one."""
    pool = {"name": "main", "initialNodeCount": NODES, "management": {"autoRepair": True, "autoUpgrade": True},
            "config": {"machineType": "e2-standard-2", "resourceLabels": LABELS,
                       "oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"]}}
    body = {"cluster": {"name": NAME, "network": NAME, "subnetwork": NAME, "nodePools": [pool],
                        "ipAllocationPolicy": {"useIpAliases": True, "clusterSecondaryRangeName": "pods",
                                               "servicesSecondaryRangeName": "services"},
                        "releaseChannel": {"channel": "REGULAR"}, "resourceLabels": LABELS}}
    begun = unless(409, call, "container", "projects.locations.clusters.create", parent=LOCATION, body=body)
    return finished(begun) if begun else {}


def make_cluster():
    found = cluster()
    if found and found["resourceLabels"].get("kubeproof-run") != LABELS["kubeproof-run"]:
        raise Failed(f"cluster {NAME} is somebody else's")
    if found and found["status"] in ("ERROR", "STOPPING"):
        remove_cluster()
        found = None
    if not found:
        ended = create_cluster()
        if "error" in ended:
            raise Failed(f"the cluster was not made: {ended['error']}")

    def settled():
        seen = cluster()
        return seen if seen and seen["status"] not in ("PROVISIONING", "RECONCILING") else None

    found = until(settled, "the cluster")
    if found["status"] != "RUNNING":
        raise Failed(f"the cluster is {found['status']}: {found.get('statusMessage')}")
    return found


class Kubernetes:
    """The cluster's API, with the token of the environment's credentials."""

    def __init__(self, seen):
        CREDENTIALS.refresh(google.auth.transport.requests.Request())
        self.server, self.session = f"https://{seen['endpoint']}", requests.Session()
        self.authority = os.path.join(os.environ["KUBEPROOF_DIR"], "cluster-ca.pem")
        with open(self.authority, "wb") as file:
            file.write(base64.b64decode(seen["masterAuth"]["clusterCaCertificate"]))
        self.session.headers["authorization"] = f"Bearer {CREDENTIALS.token}"

    def ask(self, method, path, **more):
        for attempt in range(TRIES):
            try:
                # Named here: a variable of the environment for all authorities would win over the session's.
                reply = self.session.request(method, self.server + path, verify=self.authority, timeout=30, **more)
            except OSError:
                if attempt == TRIES - 1:
                    raise
            else:
                if reply.status_code < 500 and reply.status_code != 429:
                    return reply
            time.sleep(PAUSE * (attempt + 1))
        raise Failed(f"{method} {path} of the cluster: {reply.status_code} {reply.text[:200]}")

    def items(self, path):
        reply = self.ask("GET", path)
        if reply.status_code != 200:
            raise Failed(f"list {path} of the cluster: {reply.status_code} {reply.text[:200]}")
        return reply.json()["items"]

    def ready(self):
        conditions = [condition for node in self.items("/api/v1/nodes") for condition in node["status"]["conditions"]]
        return sum(one["type"] == "Ready" and one["status"] == "True" for one in conditions) >= NODES


def kubeconfig(seen):
    """It works without gcloud, for as long as the token does."""
    authority = seen["masterAuth"]["clusterCaCertificate"]
    return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": NAME,
                       "clusters": [{"name": NAME, "cluster": {"server": f"https://{seen['endpoint']}",
                                                               "certificate-authority-data": authority}}],
                       "users": [{"name": NAME, "user": {"token": CREDENTIALS.token}}],
                       "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}]})


def up():
    enable_services()
    make_network()
    seen = make_cluster()
    until(Kubernetes(seen).ready, "the nodes")
    report({"kubeconfig": kubeconfig(seen), "made": {"cluster": NAME, "network": NAME}})


# Removing.

def drain(seen):
    """Removes what the workload made, while there is somebody who knows all of it."""
    kubernetes = Kubernetes(seen)

    def services():
        found = kubernetes.items("/api/v1/services")
        return [one for one in found if one["spec"].get("type") == "LoadBalancer"]

    def claims():
        return kubernetes.items("/api/v1/persistentvolumeclaims")

    def users():
        """Pods keep the claims that they use."""
        found = kubernetes.items("/api/v1/pods")
        return [one for one in found if any("persistentVolumeClaim" in volume for volume in one["spec"].get("volumes", []))]

    for kind, found in [("services", services), ("persistentvolumeclaims", claims), ("pods", users)]:
        for one in found():
            place = one["metadata"]
            kubernetes.ask("DELETE", f"/api/v1/namespaces/{place['namespace']}/{kind}/{place['name']}")
    # The disks go after their claims.
    until(lambda: not services() and not claims() and not kubernetes.items("/api/v1/persistentvolumes"),
          "the removal of what the workload made")


def remove_cluster():
    for _ in range(LOOKS):
        if not cluster():
            return
        try:
            begun = unless(404, call, "container", "projects.locations.clusters.delete", name=CLUSTER)
        except HttpError as error:
            # Something else is being done to it.
            if not passes(error):
                raise
            begun = None
        if begun:
            finished(begun)
        time.sleep(PAUSE)
    raise Failed(f"cluster {NAME} was not removed")


def remove(collection, one, **place):
    """Deletes something, again while something else still uses it."""
    for attempt in range(TRIES):
        try:
            return done(unless(404, compute, f"{collection}.delete", **one, **place), place)
        except Failed:
            if attempt == TRIES - 1:
                raise
            time.sleep(PAUSE * (attempt + 1))


def listed(collection, **place):
    found, page = [], None
    for _ in range(LOOKS):
        reply = compute(f"{collection}.list", pageToken=page, **place)
        found, page = found + reply.get("items", []), reply.get("nextPageToken")
        if not page:
            return found
    raise Failed(f"{collection} has too many pages")


def remove_leftovers():
    """What the cluster's controllers made and the cluster's removal left: parts of load balancers are known by their
    firewall rule in the run's network, disks by their label."""
    rules = [one for one in listed("firewalls") if one["network"].endswith(f"/networks/{NAME}")]
    for rule in rules:
        name = rule["name"]
        if name.startswith("k8s-fw-"):
            balancer = name.removeprefix("k8s-fw-")
            remove("forwardingRules", {"forwardingRule": balancer}, region=REGION)
            remove("targetPools", {"targetPool": balancer}, region=REGION)
    for rule in rules:
        if rule["name"].endswith("-http-hc"):
            remove("httpHealthChecks", {"httpHealthCheck": rule["name"].removesuffix("-http-hc")})
        remove("firewalls", {"firewall": rule["name"]})
    for disk in listed("disks", zone=ZONE):
        if disk.get("labels", {}).get("goog-k8s-cluster-name") == NAME:
            remove("disks", {"disk": disk["name"]}, zone=ZONE)


def own(collection, one, **place):
    found = unless(404, compute, f"{collection}.get", **one, **place)
    return found is not None and found.get("description") == MARKS


def down():
    seen = cluster()
    if seen and seen["resourceLabels"].get("kubeproof-run") != LABELS["kubeproof-run"]:
        raise Failed(f"cluster {NAME} is somebody else's")
    if seen and seen["status"] in ("RUNNING", "RECONCILING"):
        drain(seen)
    if seen:
        remove_cluster()
    remove_leftovers()
    if own("subnetworks", {"subnetwork": NAME}, region=REGION):
        remove("subnetworks", {"subnetwork": NAME}, region=REGION)
    if own("networks", {"network": NAME}):
        remove("networks", {"network": NAME})


def report(told):
    with open(os.environ["KUBEPROOF_OUTPUT"], "w", encoding="utf-8") as file:
        json.dump(told, file)


def main():
    try:
        {"up": up, "down": down}[sys.argv[1]]()
    except Failed as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
