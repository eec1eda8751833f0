"""Calls of Google's services by the ids of their methods, each raw request and reply held against the documents.

The clients are made as in any program: with the credentials of the environment, and without an address. Where they lead
is decided outside (`HTTPS_PROXY`, or the real hosts).
"""

import os

import google.auth
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from google_strict import Judge

CREDENTIALS, PROJECT = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
PROJECT = PROJECT or os.environ["GOOGLE_CLOUD_PROJECT"]
REGION, ZONE = "us-central1", "us-central1-a"
# The services by the beginnings of their methods' ids, and the version of each; a service with two is there twice.
SERVICES = {"bigquery": "v2", "cloudasset": "v1", "cloudbilling": "v1", "cloudkms": "v1", "cloudresourcemanager": "v1",
            "cloudresourcemanager@v3": "v3", "compute": "v1", "container": "v1", "dns": "v1", "file": "v1", "gkehub": "v1",
            "iam": "v1", "logging": "v2", "serviceusage": "v1"}
JUDGES = {name: Judge(name.split("@")[0], version) for name, version in SERVICES.items()}
CLIENTS = {name: build(name.split("@")[0], version, static_discovery=True, credentials=CREDENTIALS)
           for name, version in SERVICES.items()}
# The methods that were driven (with the service they are of), what the judge objects to, and what was refused.
DRIVEN, OBJECTIONS, REFUSED = set(), [], []


def call(method, body=None, of=None, **parameters):
    """Calls a method by its id (of one version of a service), and holds request and reply against the document."""
    service = of or method.split(".")[0]
    judge = JUDGES[service]
    at, path = CLIENTS[service], judge.paths[method]
    for part in path[:-1]:
        at = getattr(at, part)()
    request = getattr(at, path[-1])(**parameters, **({"body": body} if body is not None else {}))
    described = judge.methods[method]
    if body is not None:
        OBJECTIONS.extend(judge.objections(described["request"], body, f"{method}: the request", False))
    try:
        reply = request.execute(num_retries=0)
    except HttpError as error:
        REFUSED.append(f"{method}: {error.resp.status} {error.content[:300]}")
        raise
    if "response" in described:
        OBJECTIONS.extend(judge.objections(described["response"], reply, method))
    elif reply:
        OBJECTIONS.append(f"{method} has a body, and its document none: {reply[:100]}")
    DRIVEN.add((service, method))
    return reply


def refused(status, method, body=None, of=None, **parameters):
    """A call that can only be refused here, with this status: it counts as driven."""
    try:
        call(method, body, of, **parameters)
    except HttpError as error:
        if error.resp.status == status:
            REFUSED.pop()
            DRIVEN.add((of or method.split(".")[0], method))


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


def labels_of(service, here):
    return compute(f"{service}.get", **here)["labelFingerprint"]
