"""The public client of Lambda Cloud drives every route that the simulator knows, and parses each reply.

Its models were generated from the cloud's own OpenAPI document: they raise on a member that is missing, and
keep what they do not know in `additional_properties`, which must be empty here.
"""

import base64
import os
import struct
import time
from importlib import import_module

from lambda_ai_cloud_api_client import models
from lambda_ai_cloud_api_client.client import AuthenticatedClient
from lambda_ai_cloud_api_client.models import (
    AddSSHKeyRequest, FilesystemCreateRequest, FirewallRule, FirewallRulesetCreateRequest, FirewallRulesetEntry,
    FirewallRulesetPatchRequest, FirewallRulesPutRequest, GlobalFirewallRulesetPatchRequest, InstanceLaunchRequest,
    InstanceModificationRequest, InstanceRestartRequest, InstanceTerminateRequest, NetworkProtocol,
    PublicRegionCode, RequestedTagEntry)

BASE, KEY = os.environ["LAMBDA_CLOUD_BASE_URL"], os.environ["LAMBDA_CLOUD_TOKEN"]
GROUPS = ["audit_events", "filesystems", "firewalls", "images", "instances", "ssh_keys"]
PACKAGE = "lambda_ai_cloud_api_client.api"
DONE = set()
# The cloud takes one request a second. Its limits are in real time, whatever its clock does.
PAUSE = 1
LAST = {"answer": 0}


def client(key=KEY):
    return AuthenticatedClient(base_url=BASE, token=key, raise_on_unexpected_status=True)


def strict(value, path):
    """No member that the cloud's own document does not have."""
    if isinstance(value, list):
        for one in value:
            strict(one, path)
    elif hasattr(value, "__attrs_attrs__"):
        extra = getattr(value, "additional_properties", None)
        # A map of names is its own members; of anything else they are unknown.
        names = [one.name for one in value.__attrs_attrs__ if one.name != "additional_properties"]
        if names and extra:
            raise SystemExit(f"{path}: {type(value).__name__} has no {sorted(extra)}")
        for key, one in (extra or {}).items():
            strict(one, f"{path}.{key}")
        for name in names:
            strict(getattr(value, name), f"{path}.{name}")


def call(group, operation, *arguments, status=200, by=None, **named):
    function = import_module(f"{PACKAGE}.{group}.{operation}").sync_detailed
    time.sleep(max(0, LAST["answer"] + PAUSE - time.monotonic()))
    reply = function(*arguments, client=by or client(), **named)
    LAST["answer"] = time.monotonic()
    if reply.status_code != status or reply.parsed is None:
        raise SystemExit(f"{operation}: {reply.status_code}, expected {status}: {reply.content[:300]}")
    strict(reply.parsed, operation)
    if status == 200:
        DONE.add(f"{group}.{operation}")
    return reply.parsed if status != 200 else getattr(reply.parsed, "data", reply.parsed)


def code(parsed):
    return parsed.error.code


def until(what, done):
    """At the simulator's scale a second, which each call waits, is ten minutes."""
    for _ in range(60):
        if done():
            return
    raise SystemExit(f"{what} did not come")


def same(found, expected, what):
    if found != expected:
        raise SystemExit(f"{what}: {found!r}, expected {expected!r}")


def capacity(name):
    types = call("instances", "list_instance_types").additional_properties
    offered = types[name]
    same(offered.instance_type.name, name, "the type's name")
    return offered.regions_with_capacity_available[0].name


def public_key():
    """A key as OpenSSH writes it. No one has its private half."""
    blob = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", bytes(range(32))))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} conformance"


def main():
    region = PublicRegionCode(capacity("gpu_1x_a10"))
    call("images", "list_images")
    rule = FirewallRule(protocol=NetworkProtocol.TCP, source_network="0.0.0.0/0", description="ssh", port_range=[22, 22])

    key = call("ssh_keys", "add_ssh_key", body=AddSSHKeyRequest(name="conformance", public_key=public_key()))
    same(key.name, "conformance", "the key's name")
    same([one.name for one in call("ssh_keys", "list_ssh_keys") if one.id == key.id], ["conformance"], "listed keys")
    disk = call("filesystems", "create_filesystem", body=FilesystemCreateRequest(name="conformance", region=region))
    second = call("filesystems", "create_filesystem", status=400,
                  body=FilesystemCreateRequest(name="conformance", region=region))
    same(code(second), "global/duplicate", "a second filesystem of the name")

    same([one.id for one in call("filesystems", "list_filesystems") if one.name == disk.name], [disk.id], "filesystems")

    rules = call("firewalls", "create_firewall_ruleset",
                 body=FirewallRulesetCreateRequest(name="conformance", region=region, rules=[rule]))
    call("firewalls", "firewall_rulesets_list")
    call("firewalls", "update_firewall_ruleset", rules.id, body=FirewallRulesetPatchRequest(name="renamed"))
    same(call("firewalls", "get_firewall_ruleset", rules.id).name, "renamed", "the rule set's name")
    before = call("firewalls", "get_global_firewall_ruleset").rules
    call("firewalls", "update_global_firewall_ruleset", body=GlobalFirewallRulesetPatchRequest(rules=[rule]))
    call("firewalls", "firewall_rules_list")
    call("firewalls", "firewall_rules_set", body=FirewallRulesPutRequest(data=before))

    made = call("instances", "launch_instance", body=InstanceLaunchRequest(
        region_name=region, instance_type_name="gpu_1x_a10", ssh_key_names=["conformance"], name="conformance",
        file_system_names=["conformance"], tags=[RequestedTagEntry(key="owner", value="conformance")],
        firewall_rulesets=[FirewallRulesetEntry(id=rules.id)])).instance_ids[0]
    until("an active instance", lambda: call("instances", "get_instance", made).status == models.InstanceStatus.ACTIVE)
    call("instances", "post_instance", made, body=InstanceModificationRequest(name="renamed"))
    found = [one for one in call("instances", "list_instances") if one.id == made]
    same([one.name for one in found], ["renamed"], "listed instances")
    same([(tag.key, tag.value) for tag in found[0].tags], [("owner", "conformance")], "its tags")
    call("instances", "restart_instance", body=InstanceRestartRequest(instance_ids=[made]))

    busy = call("filesystems", "filesystem_delete", disk.id, status=400)
    same(code(busy), "filesystems/filesystem-in-use", "a filesystem in use")
    gone = call("instances", "terminate_instance", body=InstanceTerminateRequest(instance_ids=[made]))
    same([one.id for one in gone.terminated_instances], [made], "what was terminated")
    ended = {models.InstanceStatus.TERMINATED}
    until("its end", lambda: all(one.id != made or one.status in ended for one in call("instances", "list_instances")))
    call("firewalls", "delete_firewall_ruleset", rules.id)
    call("filesystems", "filesystem_delete", disk.id)
    call("ssh_keys", "delete_ssh_key", key.id)
    same(len(call("audit_events", "get_audit_events").events) > 0, True, "audit events")

    same(code(call("instances", "list_instances", status=401, by=client("wrong"))), "global/invalid-api-key", "a key")
    lost = call("instances", "get_instance", "0" * 32, status=404)
    same(code(lost), "global/object-does-not-exist", "an unknown instance")
    every()


def every():
    """The client has no call that was left out."""
    names = set()
    for group in GROUPS:
        folder = os.path.dirname(import_module(f"{PACKAGE}.{group}").__file__)
        files = [file for file in os.listdir(folder) if file.endswith(".py") and file != "__init__.py"]
        names |= {f"{group}.{file[:-3]}" for file in files}
    same(sorted(names - DONE), [], "calls left out")
    print(len(DONE), "calls, each parsed")


main()
