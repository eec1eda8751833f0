"""The members of Hugging Face's replies, and a judge that holds raw replies against them.

There is no document of the service in any package: the lists are those of the service's OpenAPI as far as it is public
(Inference Endpoints), and of what huggingface_hub 2.4.0 reads without a default (must) and with one (may).
"""

import json
import re
import sys

from huggingface_hub.utils import _http

TIME = re.compile(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}(\.\d{1,9})?Z")
STATES = ["pending", "initializing", "updating", "updateFailed", "running", "paused", "failed", "scaledToZero"]
JOB_STAGES = ["COMPLETED", "CANCELED", "ERROR", "DELETED", "SCHEDULING", "RUNNING"]
SPACE_STAGES = ["NO_APP_FILE", "CONFIG_ERROR", "BUILDING", "BUILD_ERROR", "RUNNING", "RUNNING_BUILDING", "RUNTIME_ERROR",
                "DELETING", "STOPPED", "PAUSED", "SLEEPING", "APP_STARTING", "RUNNING_APP_STARTING"]


class Null:
    """A value that may be null."""

    def __init__(self, inner):
        self.inner = inner


# A type is a Python type, a list of words, "time", [type] in a one-element tuple for a list, or the name of an object.
OBJECTS = {
    # Inference Endpoints: required and optional members of the service's own document.
    "Endpoint": ({"compute": "Compute", "experimentalFeatures": dict, "healthRoute": str, "model": "Model", "name": str,
                  "notifications": dict, "provider": "Place", "status": "Status", "tags": (str,),
                  "type": ["public", "authenticated", "private"]},
                 {"accountId": Null(str), "network": dict, "privateService": dict, "route": dict, "cacheHttpResponses": bool}),
    "Compute": ({"accelerator": str, "instanceSize": str, "instanceType": str, "scaling": "Scaling"}, {"id": str}),
    "Scaling": ({"minReplica": int, "maxReplica": int},
                {"scaleToZeroTimeout": Null(int), "measure": dict, "metric": str, "threshold": float}),
    "Model": ({"repository": str, "framework": str, "revision": str, "task": str, "image": dict},
              {"command": (str,), "args": (str,), "env": dict, "secrets": dict}),
    "Place": ({"vendor": ["aws", "azure", "gcp"], "region": str}, {}),
    "Status": ({"createdAt": "time", "createdBy": "By", "updatedAt": "time", "updatedBy": "By", "state": STATES,
                "message": str, "readyReplica": int, "targetReplica": int},
               {"url": str, "private": dict, "errorMessage": str, "lastUsedAt": "time"}),
    "By": ({"id": str, "name": str}, {}),
    "Endpoints": ({"items": ("Endpoint",)}, {"nextCursor": str, "prevCursor": str}),
    "Catalogue": ({"vendors": ("Vendor",)}, {}),
    "Vendor": ({"name": str, "regions": ("Region",)}, {}),
    "Region": ({"name": str, "computes": ("Hardware",)}, {}),
    "Hardware": ({"id": str, "accelerator": ["cpu", "gpu", "neuron", "tpu"], "instanceType": str, "instanceSize": str,
                  "architecture": str, "numAccelerators": int, "memoryGb": float, "pricePerHour": float,
                  "status": ["available", "low_availability", "not_available", "reserved", "deprecated"]},
                 {"numCpus": Null(int), "gpuMemoryGb": Null(int), "quota": "Quota"}),
    "Quota": ({"maxAccelerators": int, "usedAccelerators": int}, {}),
    "EndpointError": ({"error": str}, {"code": str}),
    "HubError": ({"error": str}, {"url": str}),
    # The Hub.
    "Whoami": ({"type": ["user"], "id": str, "name": str, "orgs": ("Organisation",), "canPay": bool, "auth": "Auth"},
               {"fullname": str, "isPro": bool, "periodEnd": Null(str), "avatarUrl": str, "email": str}),
    "Organisation": ({"name": str}, {"type": ["org"], "id": str, "fullname": str, "canPay": bool, "periodEnd": Null(str),
                                     "roleInOrg": str, "isEnterprise": bool, "avatarUrl": str, "email": str}),
    "Auth": ({"accessToken": "Token"}, {"type": str}),
    "Token": ({"displayName": str, "role": ["read", "write", "fineGrained"]}, {"createdAt": "time", "fineGrained": dict}),
    "Job": ({"id": str, "createdAt": "time", "status": "JobStatus", "owner": "Owner"},
            {"startedAt": Null("time"), "finishedAt": Null("time"), "dockerImage": str, "spaceId": str, "command": (str,),
             "arguments": (str,), "environment": dict, "secrets": dict, "flavor": str, "labels": dict, "retry": int,
             "durations": "Durations", "initiator": "Initiator", "expose": dict}),
    "JobStatus": ({"stage": JOB_STAGES}, {"message": Null(str), "exposeUrls": (str,), "sshUrl": str}),
    "Owner": ({"id": str, "name": str, "type": ["user", "org"]}, {}),
    "Initiator": ({"type": str, "id": str}, {"name": Null(str)}),
    "Durations": ({}, {"schedulingSecs": Null(int), "runningSecs": Null(int), "totalSecs": int}),
    "Flavor": ({"name": str, "prettyName": str, "cpu": str, "ram": str, "unitCostMicroUSD": int, "unitCostUSD": float,
                "unitLabel": str}, {"ephemeralStorage": str, "accelerator": Null("Accelerator")}),
    "Accelerator": ({"type": str, "model": str, "quantity": str, "vram": str, "manufacturer": str}, {}),
    "Scheduled": ({"id": str, "status": "ScheduledStatus", "owner": "Owner", "jobSpec": "JobSpec"},
                  {"createdAt": "time", "schedule": str, "suspend": bool, "concurrency": bool}),
    "ScheduledStatus": ({}, {"lastJob": Null("LastJob"), "nextJobRunAt": Null("time")}),
    "LastJob": ({"id": str, "at": "time"}, {}),
    "JobSpec": ({}, {"dockerImage": str, "spaceId": str, "command": (str,), "arguments": (str,), "environment": dict,
                     "secrets": dict, "flavor": str, "timeout": int, "labels": dict, "retry": int, "expose": dict}),
    "Runtime": ({"stage": SPACE_STAGES},
                {"hardware": "Machines", "gcTimeout": Null(int), "storage": Null(str), "replicas": dict, "devMode": bool}),
    "Machines": ({"current": Null(str), "requested": Null(str)}, {}),
    "Made": ({"url": str}, {"name": str, "id": str}),
    "Info": ({"id": str},
             {"_id": str, "author": Null(str), "sha": str, "private": bool, "gated": object, "disabled": bool, "likes": int,
              "downloads": int, "tags": (str,), "createdAt": "time", "lastModified": "time", "siblings": ("Sibling",),
              "modelId": str, "pipeline_tag": str, "sdk": str, "runtime": "Runtime", "host": str, "subdomain": str}),
    "Sibling": ({"rfilename": str}, {}),
    "Webhook": ({"id": str, "watched": (dict,), "domains": (str,), "disabled": bool}, {"url": str, "secret": Null(str)}),
    "OneWebhook": ({"webhook": "Webhook"}, {}),
}

ENDPOINT, JOB, SCHEDULED, SPACE = r"/v2/endpoint/[^/]+", r"/api/jobs/[^/]+", r"/api/scheduled-jobs/[^/]+", r"/api/spaces/[^/]+/[^/]+"
# What a route answers, the first that fits. None: no document, or one without a list of members.
ROUTES = [
    (r"GET /v2/provider(/[^/]+)?", "Catalogue"),
    (f"GET {ENDPOINT}", "Endpoints"),
    (f"GET {ENDPOINT}/[^/]+/(logs|replica)", None),
    (f"DELETE {ENDPOINT}/[^/]+", None),
    (f"(GET|PUT|POST) {ENDPOINT}(/[^/]+(/(pause|resume|scale-to-zero))?)?", "Endpoint"),
    (r"GET /api/whoami-v2", "Whoami"),
    (r"GET /api/(jobs|spaces)/hardware", ("Flavor",)),
    (f"GET {JOB}/[^/]+/logs", None),
    (f"GET {JOB}", ("Job",)),
    (f"(GET|POST|PUT) {JOB}(/[^/]+(/(cancel|duplicate|labels))?)?", "Job"),
    (f"GET {SCHEDULED}", ("Scheduled",)),
    (f"POST {SCHEDULED}/[^/]+/run", "Job"),
    (f"DELETE {SCHEDULED}/[^/]+", None),
    (f"(GET|POST|PUT) {SCHEDULED}(/[^/]+(/(suspend|resume|schedule|labels))?)?", "Scheduled"),
    (f"(GET|POST) {SPACE}/(runtime|hardware|sleeptime|pause|restart)", "Runtime"),
    (f"(GET|POST|DELETE) {SPACE}/(secrets|variables)", None),
    (f"POST {SPACE}/(preupload|commit)/main", None),
    (f"GET {SPACE}", "Info"),
    (r"POST /api/repos/create", "Made"),
    (r"DELETE /api/repos/delete", None),
    (r"GET /api/(models|datasets|spaces)", ("Info",)),
    (r"GET /api/(models|datasets)/.*", "Info"),
    (r"GET /api/settings/webhooks", ("Webhook",)),
    (r"DELETE /api/settings/webhooks/.*", None),
    (r"(GET|POST) /api/settings/webhooks.*", "OneWebhook"),
]
UNKNOWN = object()


def schema(line):
    """What the reply to a line such as `GET /api/whoami-v2` is to be."""
    return next((kind for route, kind in ROUTES if re.fullmatch(route, line)), UNKNOWN)


def objections(kind, value, where):
    """What is wrong with a value, as texts."""
    if isinstance(kind, Null):
        if value is not None:
            yield from objections(kind.inner, value, where)
    elif isinstance(kind, tuple):
        if not isinstance(value, list):
            yield f"{where} is no list: {value!r:.60}"
            return
        for index, one in enumerate(value):
            yield from objections(kind[0], one, f"{where}[{index}]")
    elif isinstance(kind, list):
        if value not in kind:
            yield f"{where} is no word of the list: {value!r:.60}"
    elif kind == "time":
        if not (isinstance(value, str) and TIME.fullmatch(value)):
            yield f"{where} is no time: {value!r:.60}"
    elif isinstance(kind, str):
        yield from of_object(kind, value, where)
    elif kind is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{where} is no number: {value!r:.60}"
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield f"{where} is no {kind.__name__}: {value!r:.60}"


def of_object(name, value, where):
    must, may = OBJECTS[name]
    if not isinstance(value, dict):
        yield f"{where} is no object: {value!r:.60}"
        return
    yield from (f"{where} lacks {member}" for member in must if member not in value)
    for member, inner in value.items():
        kind = must.get(member, may.get(member, UNKNOWN))
        if kind is UNKNOWN:
            yield f"{where} has the unknown member {member}"
        else:
            yield from objections(kind, inner, f"{where}.{member}")


def of_reply(method, path, status, content, host):
    """What is wrong with a reply to a call."""
    line = f"{method} {path}"
    if status >= 400:
        yield from objections("EndpointError" if "endpoints" in host else "HubError", json.loads(content), f"{line} {status}")
        return
    kind = schema(line)
    if kind is UNKNOWN:
        yield f"{line} has no list of members here"
    elif kind is not None:
        yield from objections(kind, json.loads(content), line)


# What the judge objects to in this process.
OBJECTIONS = []


def watch():
    """Lets the client's own session show its raw replies to the judge."""
    def hook(response):
        url = response.request.url
        is_api = url.path.startswith(("/v2/", "/api/"))
        if not is_api or "event-stream" in response.headers.get("content-type", ""):
            return
        response.read()
        OBJECTIONS.extend(of_reply(response.request.method, url.path, response.status_code, response.content, url.host))

    def factory():
        client = _http.default_client_factory()
        client.event_hooks = {**client.event_hooks, "response": [*client.event_hooks["response"], hook]}
        return client

    _http.set_client_factory(factory)


def self_check():
    """What the judge is worth: values with a mistake each, which it must object to."""
    owner = {"id": "1", "name": "a", "type": "user"}
    job = {"id": "1", "createdAt": "2026-11-18T11:07:00.000Z", "status": {"stage": "RUNNING"}, "owner": owner}

    def check(kind, value, expected):
        told = list(objections(kind, value, "reply"))
        assert (not told) if expected is None else any(expected in one for one in told), (kind, value, expected, told)

    check("Job", job, None)
    check("Job", {**job, "startedAt": None}, None)
    check("Job", {**job, "createdAt": "yesterday"}, "no time")
    check("Job", {**job, "colour": 1}, "unknown member colour")
    check("Job", {key: job[key] for key in ("id", "createdAt", "status")}, "lacks owner")
    check("Job", {**job, "status": {"stage": "FAILED"}}, "no word")
    check("Job", {**job, "labels": []}, "no dict")
    check("Job", {**job, "command": ["a", 1]}, "no str")
    check("Job", {**job, "retry": True}, "no int")
    check(("Job",), job, "no list")
    check("Quota", {"maxAccelerators": "1", "usedAccelerators": 0}, "no int")
    check("Hardware", {"pricePerHour": "0.8"}, "no number")
    check("Endpoint", {}, "lacks healthRoute")
    assert list(of_reply("GET", "/v2/nothing", 200, b"{}", "x")) == ["GET /v2/nothing has no list of members here"]
    assert list(of_reply("GET", "/api/x", 404, b'{"message": 1}', "huggingface.co"))
    print("the judge objects to every mistake")


if __name__ == "__main__":
    self_check()
    sys.exit(0)
