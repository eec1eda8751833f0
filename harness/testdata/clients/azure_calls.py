"""Calls of Azure's services by Microsoft's own clients, each raw request and reply held against their own models.

The clients are made as for any cloud that is not the public one: with the principal of the environment, and with what
the cloud's metadata (at `ARM_METADATA_HOSTNAME`, as for terraform) say of it.
"""

import json
import os
import time
import urllib.request

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientSecretCredential

import azure_strict
from azure_operations import PACKAGES, make_client, operations

SUBSCRIPTION, TENANT = os.environ["AZURE_SUBSCRIPTION_ID"], os.environ["AZURE_TENANT_ID"]
LOCATION = "eastus"
# The operations that were driven, what the judge objects to, and what was refused.
DRIVEN, OBJECTIONS, REFUSED = set(), [], []
# What the judge objects to and is right all the same: the beginning of an operation's name, a part of the objection, and why.
ALLOWED = []
USED = set()
# How many calls were made.
COUNT = [0]
# The cloud's clock runs many times as fast as this one, so clients need not wait for as long as they are asked to.
HASTE = 10


def metadata():
    url = f"https://{os.environ['ARM_METADATA_HOSTNAME']}/metadata/endpoints?api-version=2022-09-01"
    with urllib.request.urlopen(url) as reply:
        return json.load(reply)


CLOUD = metadata()
BASE = CLOUD["resourceManager"].rstrip("/")
CREDENTIAL = ClientSecretCredential(
    TENANT, os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"],
    authority=CLOUD["authentication"]["loginEndpoint"], disable_instance_discovery=True)


def json_of(text):
    return json.loads(text) if text else None


class Recorder(SansIOHTTPPolicy):
    """Keeps each call as it was sent and answered."""

    def __init__(self):
        self.calls = []

    def on_response(self, request, response):
        sent, got = request.http_request, response.http_response
        if hasattr(got, "read"):
            got.read()  # The first reply of a long-running operation comes as a stream.
        body = sent.body if isinstance(sent.body, (str, bytes)) else None
        headers = {name.lower(): value for name, value in got.headers.items()}
        COUNT[0] += 1
        self.calls.append((sent.method, sent.url, json_of(body), got.status_code, headers, json_of(got.text())))


class Transport(RequestsTransport):
    """Waits between polls for a part of what Retry-After says."""

    def sleep(self, duration):
        super().sleep(duration / HASTE)


def pause():
    time.sleep(1 / HASTE)


RECORDER = Recorder()
# The clients make no retries of their own.
CLIENTS = {name: make_client(name, CREDENTIAL, SUBSCRIPTION, base_url=BASE, credential_scopes=[BASE + "/.default"],
                             per_retry_policies=[RECORDER], retry_total=0, transport=Transport())
           for name in PACKAGES}


def object_to(told):
    """Keeps an objection, unless it is allowed."""
    for index, (name, part, _) in enumerate(ALLOWED):
        if told.startswith(name) and part in told:
            USED.add(index)
            return
    OBJECTIONS.append(told)


def judge(operation, calls):
    """Holds the calls that one operation made: the first is its own, then come pages, or polls and the resource."""
    where = f"{operation.package} {operation.name}"
    first, *further = calls
    method, url, sent, status, headers, reply = first
    if method != operation.method:
        object_to(f"{where}: {method} was sent, and not {operation.method}")
    begun = reply if operation.is_long and status in (200, 201) else None
    # A long-running operation's reply is the resource already.
    told = azure_strict.of_call(operation, sent, status, headers, reply if begun is None else begun, where)
    for one in told:
        object_to(one)
    for method, url, sent, status, headers, reply in further:
        if operation.is_long and url.split("?")[0] != first[1].split("?")[0]:
            told = azure_strict.of_poll(status, headers, reply, f"{where}: a poll")
        else:
            # A further page, or the resource at the end: both are replies as the first one.
            told = azure_strict.of_call(operation._replace(statuses=(200,), headers={}), None, status, headers, reply, where)
        for one in told:
            object_to(one)


def call(package, name, *arguments, **options):
    """Calls an operation by its name, to its end, and returns the last reply as JSON; of a list all items."""
    operation = operations(package)[name]
    function = CLIENTS[package]
    for part in name.split("."):
        function = getattr(function, part)
    RECORDER.calls.clear()
    try:
        result = function(*arguments, **options)
        if operation.is_long:
            result = result.result()
        elif hasattr(result, "by_page"):
            result = list(result)
    except HttpResponseError as error:
        REFUSED.append(f"{package} {name}: {error.status_code} {str(error)[:300]}")
        raise
    finally:
        calls = list(RECORDER.calls)
        if calls:
            judge(operation, calls)
    DRIVEN.add((package, name))
    if isinstance(result, list):
        return [one for *_, reply in calls for one in (reply or {}).get(operation.items or "value", [])]
    bodies = [reply for *_, reply in calls if reply is not None]
    return bodies[-1] if bodies else result


def refused(code, package, name, *arguments, **options):
    """A call that is refused, with this code."""
    try:
        call(package, name, *arguments, **options)
    except HttpResponseError as error:
        found = error.error.code if error.error else str(error.status_code)
        if found == code:
            REFUSED.pop()
        return
    REFUSED.append(f"{package} {name}: it was not refused")
