"""Microsoft's management clients as judges: what a raw request or reply has that their own models do not know.

Both generations of generated models are read: those with `rest_field`, whose annotations tell types and words, and those
with `_attribute_map`, which tell no words. Words are held exactly, although the real services may add some.
"""

import base64
import binascii
import datetime
import enum
import functools
import re
import sys
import typing

from azure_operations import models, operations

# A member of a JSON object: its type, whether it must be there, and whether only the service writes it.
Member = typing.NamedTuple("Member", [("kind", object), ("is_required", bool), ("is_read_only", bool)])
TIME = re.compile(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
DURATION = re.compile(r"P(\d+[YMWD])*(T(\d+(\.\d+)?[HMS])+)?")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Types as the older generation names them.
NAMED = {"str": str, "int": int, "long": int, "bool": bool, "float": float, "object": typing.Any, "iso-8601": datetime.datetime,
         "duration": datetime.timedelta, "bytearray": bytes, "date": datetime.date}
# What every resource has, by the rules of Resource Manager; the models leave it open.
OF_RESOURCES = ["id", "name", "type"]
# Further members without which clients break or mislead, by model: what az, terraform and the scripts here read.
MUST = {
    "ManagedCluster": ["properties.fqdn", "properties.nodeResourceGroup", "properties.powerState", "properties.agentPoolProfiles",
                       "properties.currentKubernetesVersion", "properties.networkProfile", "sku", "eTag", "properties.maxAgentPools"],
    "AgentPool": ["properties.count", "properties.vmSize", "properties.powerState", "properties.mode", "properties.eTag",
                  "properties.currentOrchestratorVersion", "properties.nodeImageVersion"],
    "VirtualNetwork": ["etag", "properties.addressSpace", "properties.subnets", "properties.resourceGuid"],
    "Subnet": ["etag", "properties.provisioningState"],
    "PublicIPAddress": ["etag", "sku", "properties.publicIPAllocationMethod", "properties.resourceGuid"],
    "LoadBalancer": ["etag", "sku", "properties.frontendIPConfigurations"],
    "Identity": ["location", "properties.tenantId", "properties.principalId", "properties.clientId"],
    "RoleAssignment": ["properties.scope", "properties.roleDefinitionId", "properties.principalId", "properties.principalType"],
    "RoleDefinition": ["properties.roleName", "properties.permissions", "properties.assignableScopes"],
    "Disk": ["location", "sku", "properties.diskState", "properties.diskSizeGB", "properties.timeCreated"],
    "VirtualMachineScaleSet": ["location", "sku", "properties.uniqueId"],
    "ResourceGroup": ["location", "properties.provisioningState"],
    "GenericResourceExpanded": ["location"],
    "Provider": ["id", "namespace", "registrationState", "resourceTypes"],
    "Subscription": ["id", "subscriptionId", "tenantId", "displayName", "state"],
    "Usage": ["name", "currentValue", "limit", "unit"],
}


def is_model(kind):
    return isinstance(kind, type) and (hasattr(kind, "_attribute_map") or getattr(kind, "_is_model", False))


@functools.cache
def members(model):
    """The members of a model's objects by their names in JSON; those of a path through objects are nested."""
    return older(model) if hasattr(model, "_attribute_map") else newer(model)


def older(model):
    found = {}
    for name, entry in model._attribute_map.items():
        rules = model._validation.get(name, {})
        *outer, last = [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", entry["key"])]
        at = found
        for part in outer:
            at = at.setdefault(part, Member({}, False, False)).kind
        at[last] = Member(entry["type"], bool(rules.get("required")), bool(rules.get("readonly")))
    return found


def newer(model):
    model.__new__(model)  # The first object of a class sets the names of its fields.
    package = sys.modules[model.__module__.rsplit(".", 1)[0]]
    hints = typing.get_type_hints(model, localns={**vars(package), "_models": package})
    found = {}
    for name, field in model._attr_to_rest_field.items():
        kind = hints.get(name, typing.Any)
        is_read_only = field._visibility == ["read"]
        is_optional = type(None) in typing.get_args(kind)
        found[field._rest_name] = Member(kind, not is_optional, is_read_only)
    return found


def named(package, kind):
    """The type that the older generation means by a text such as `[Permission]`."""
    if kind.startswith("["):
        return list[named(package, kind[1:-1])]
    if kind.startswith("{"):
        return dict[str, named(package, kind[1:-1])]
    return NAMED.get(kind) or getattr(models(package), kind)


def of_text(package, text):
    """The type that the code of an operation means: `List[_models.AgentPool]`, or a model's name."""
    name = re.search(r"(\w+)\]?$", text).group(1)
    kind = getattr(models(package), name)
    return list[kind] if text.lower().startswith("list[") else kind


def discriminated(model, value):
    """The more special model of a value, when one of its members tells."""
    for word, kind in (getattr(model, "__mapping__", None) or {}).items():
        if word in [one for one in value.values() if isinstance(one, str)]:
            return kind
    return model


class Judge:
    """Holds values against the models of one package."""

    def __init__(self, package):
        self.package = package

    def objections(self, kind, value, where, is_reply=True):
        """What is wrong with a value, as texts."""
        if isinstance(kind, str):
            # The older generation does not say what may be null: its clients take all of it.
            if value is None:
                return
            kind = named(self.package, kind)
        if kind in (typing.Any, object):
            return
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin is typing.Union:
            yield from self._union(inner, value, where, is_reply)
        elif origin is list:
            yield from self._list(inner[0], value, where, is_reply)
        elif isinstance(kind, dict) or origin is dict or is_model(kind):
            yield from self._object(kind, value, where, is_reply)
        elif origin is typing.Literal:
            if value not in [getattr(one, "value", one) for one in inner]:
                yield f"{where} is no word of the model: {value!r:.50}"
        elif isinstance(kind, type) and issubclass(kind, enum.Enum):
            yield from words([kind], value, where)
        else:
            yield from (f"{where} {what}: {value!r:.60}" for what in scalar(kind, value))

    def _union(self, kinds, value, where, is_reply):
        kinds = [kind for kind in kinds if kind is not type(None)]
        if value is None:
            return
        enums = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, enum.Enum)]
        if enums:
            yield from words(enums, value, where)
        else:
            # Of several types one has to fit.
            all_told = [list(self.objections(kind, value, where, is_reply)) for kind in kinds]
            yield from min(all_told, key=len)

    def _list(self, kind, value, where, is_reply):
        if not isinstance(value, list):
            yield f"{where} is no array: {value!r:.60}"
            return
        for index, one in enumerate(value):
            yield from self.objections(kind, one, f"{where}[{index}]", is_reply)

    def _object(self, kind, value, where, is_reply):
        if value is None:
            return
        if not isinstance(value, dict):
            yield f"{where} is no object: {value!r:.60}"
            return
        if typing.get_origin(kind) is dict:
            for name, one in value.items():
                yield from self.objections(typing.get_args(kind)[1], one, f"{where}[{name}]", is_reply)
            return
        known = kind if isinstance(kind, dict) else members(discriminated(kind, value))
        for name, one in value.items():
            if name not in known:
                near = [other for other in known if other.lower() == name.lower()]
                yield f"{where} has the unknown member {name}" + (f" ({near[0]}?)" if near else "")
            elif known[name].is_read_only and not is_reply:
                yield f"{where}.{name} is read-only, and in a request"
            else:
                yield from self.objections(known[name].kind, one, f"{where}.{name}", is_reply)
        for name, member in known.items():
            if member.is_required and name not in value and (is_reply or not member.is_read_only):
                yield f"{where} lacks {name}"

    def resource(self, kind, value, where):
        """What a reply with one resource lacks, besides what its model says."""
        known = members(kind) if is_model(kind) else {}
        must = OF_RESOURCES if set(OF_RESOURCES) <= set(known) and known["id"].is_read_only else []
        if "provisioningState" in _inner(known):
            must = [*must, "properties.provisioningState"]
        for path in [*must, *MUST.get(kind.__name__, [])]:
            at = value
            for part in path.split("."):
                at = at.get(part) if isinstance(at, dict) else None
            if at is None:
                yield f"{where} lacks {path}"


def _inner(known):
    """The members of `properties`."""
    kind = known["properties"].kind if "properties" in known else {}
    if isinstance(kind, dict):
        return kind
    models_of = [one for one in (typing.get_args(kind) or (kind,)) if is_model(one)]
    return members(models_of[0]) if models_of else {}


def words(enums, value, where):
    known = [one.value for kind in enums for one in kind]
    if value not in known:
        yield f"{where} is no word of the model: {value!r:.50}"


def scalar(kind, value):
    """What is wrong with a value that is neither an object nor an array."""
    if kind is bool and not isinstance(value, bool):
        yield "is no boolean"
    elif kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        yield "is no integer"
    elif kind is float and (isinstance(value, bool) or not isinstance(value, (int, float))):
        yield "is no number"
    elif kind in (str, bytes, datetime.datetime, datetime.timedelta, datetime.date) and not isinstance(value, str):
        yield "is no string"
    elif kind is datetime.datetime and not TIME.fullmatch(value):
        yield "is no time"
    elif kind is datetime.timedelta and not DURATION.fullmatch(value):
        yield "is no duration"
    elif kind is bytes and not is_base64(value):
        yield "is no base64"


def is_base64(text):
    try:
        base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return False
    return True


def of_call(operation, sent, status, headers, reply, where=None):
    """What is wrong with one call of an operation: `sent` and `reply` are JSON, headers have names in lower case."""
    judge, where = Judge(operation.package), where or f"{operation.package} {operation.name}"
    if operation.request and sent is not None:
        kind = of_text(operation.package, operation.request)
        yield from judge.objections(kind, sent, f"{where}: the request", False)
    if status >= 400:
        yield from _error(operation, reply, where)
        return
    if operation.statuses and status not in operation.statuses:
        yield f"{where}: status {status} is none of {operation.statuses}"
    for name in sorted(operation.headers.get(status, set()) | operation.headers.get(0, set())):
        if name.lower() not in headers:
            yield f"{where}: {status} lacks the header {name}"
    if not (reply is None or operation.reply is None):
        yield from _reply(judge, operation, reply, where)
    if reply is not None and not headers.get("content-type", "").startswith("application/json"):
        yield f"{where}: the reply is not said to be JSON"
    if reply is None and operation.reply and not operation.is_long and status == 200:
        yield f"{where}: there is no reply"


def _reply(judge, operation, reply, where):
    kind = of_text(operation.package, operation.reply)
    if typing.get_origin(kind) is list and operation.items:
        unknown = set(reply) - {operation.items, "nextLink"} if isinstance(reply, dict) else {"no object"}
        yield from (f"{where} has the unknown member {name}" for name in sorted(unknown))
        reply = reply.get(operation.items) if isinstance(reply, dict) else None
        if not isinstance(reply, list):
            yield f"{where}: the list {operation.items} is missing"
            return
    yield from judge.objections(kind, reply, where)
    inner = typing.get_args(kind)[0] if typing.get_origin(kind) is list else kind
    if isinstance(reply, list):
        for index, one in enumerate(reply):
            yield from judge.resource(inner, one, f"{where}[{index}]")
    elif isinstance(reply, dict) and "value" in reply and hasattr(kind, "_attribute_map"):
        item = members(kind).get("value")
        one_of = named(operation.package, item.kind[1:-1]) if item and item.kind.startswith("[") else None
        for index, one in enumerate(reply["value"] if one_of else []):
            yield from judge.resource(one_of, one, f"{where}[{index}]")
    elif not (operation.is_long and not reply):
        yield from judge.resource(kind, reply, where)


def _error(operation, reply, where):
    """Resource Manager writes all errors alike; where the client has a model for them, it is held, too."""
    if reply is None and operation.method == "HEAD":
        return
    told = reply.get("error") if isinstance(reply, dict) else None
    if not isinstance(told, dict) or not all(isinstance(told.get(one), str) and told[one] for one in ["code", "message"]):
        yield f"{where}: no error as Resource Manager writes it: {reply!r:.80}"


def of_poll(status, headers, reply, where):
    """What is wrong with a reply on how far an operation is: azure-core reads it, and no package has a model of it."""
    if reply is None:
        if status == 202 and not ("location" in headers and "retry-after" in headers):
            yield f"{where}: 202 without Location and Retry-After"
        elif status not in (200, 202, 204):
            yield f"{where}: status {status}"
        return
    word = reply.get("status")
    if word is None:
        return  # The resource itself, as a Location may be answered at the end.
    if word not in ("InProgress", "Succeeded", "Failed", "Canceled"):
        yield f"{where}: the status is {word!r}"
    is_over = word != "InProgress"
    unknown = set(reply) - {"id", "name", "status", "startTime", "endTime", "percentComplete", "properties", "error"}
    yield from (f"{where} has the unknown member {name}" for name in sorted(unknown))
    lacking = ["id", "name", "startTime", *(["endTime"] if is_over else [])]
    yield from (f"{where} lacks {name}" for name in lacking if not reply.get(name))
    for name in ["startTime", "endTime"]:
        if name in reply and not TIME.fullmatch(reply[name]):
            yield f"{where}.{name} is no time"
    if ("error" in reply) != (word in ("Failed", "Canceled")):
        yield f"{where}: an error belongs to what failed, and to nothing else"
    if not is_over and headers.get("retry-after", "0") == "0":
        # Microsoft's clients wait half a minute then.
        yield f"{where}: it goes on, and Retry-After is not at least 1"


# What it is worth: values with a mistake each, which it must object to.

def self_check():
    def check(package, model, value, expected, is_reply=True):
        kind = getattr(models(package), model)
        judge = Judge(package)
        told = [*judge.objections(kind, value, model, is_reply), *(judge.resource(kind, value, model) if is_reply else [])]
        assert (not told) if expected is None else any(expected in one for one in told), (model, value, expected, told)

    pool = {"id": "i", "name": "n", "type": "t", "properties": {
        "count": 1, "vmSize": "s", "mode": "User", "powerState": {"code": "Running"}, "eTag": "e", "provisioningState": "Succeeded",
        "currentOrchestratorVersion": "1.33.5", "nodeImageVersion": "x"}}

    def changed(**properties):
        return {**pool, "properties": {**pool["properties"], **properties}}

    check("containerservice", "AgentPool", pool, None)
    check("containerservice", "AgentPool", changed(count="1"), "no integer")
    check("containerservice", "AgentPool", changed(count=True), "no integer")
    check("containerservice", "AgentPool", changed(mode="user"), "no word of the model")
    check("containerservice", "AgentPool", changed(mode=1), "no word of the model")
    check("containerservice", "AgentPool", changed(VMSize="s"), "unknown member VMSize (vmSize?)")
    check("containerservice", "AgentPool", changed(enableAutoScaling="true"), "no boolean")
    check("containerservice", "AgentPool", changed(nodeTaints={}), "no array")
    check("containerservice", "AgentPool", changed(nodeTaints=[1]), "no string")
    check("containerservice", "AgentPool", changed(powerState="Running"), "no object")
    check("containerservice", "AgentPool", changed(powerState=None), "lacks properties.powerState")
    check("containerservice", "AgentPool", {**pool, "id": None}, "lacks id")
    check("containerservice", "AgentPool", {"properties": {"eTag": "e"}}, "eTag is read-only", False)
    check("containerservice", "ManagedCluster", {"properties": {}}, "lacks location", False)
    check("containerservice", "CredentialResults", {"kubeconfigs": [{"name": "a", "value": "!"}]}, "no base64")
    check("network", "VirtualNetwork", {"properties": {"addressSpace": {"addressPrefixes": "10.0.0.0/8"}}}, "no array")
    check("compute", "Disk", {"properties": {"timeCreated": "yesterday"}}, "no time")
    check("authorization", "RoleAssignmentCreateParameters", {"properties": {"principalId": "p"}}, "lacks roleDefinitionId", False)
    check("authorization", "RoleAssignment", {"properties": {"createdOn": "now"}}, "no time")
    check("authorization", "RoleAssignment", {"properties": {"scope": None}}, "lacks properties.scope")
    check("authorization", "RoleAssignment", {"properties": {"Scope": "/"}}, "unknown member Scope (scope?)")
    check("msi", "Identity", {"id": "i", "name": "n", "type": "t", "location": "l", "tags": {"a": 1}}, "no string")
    self_check_calls()
    print("the judge objects to every mistake")


def self_check_calls():
    delete = operations("containerservice")["managed_clusters.begin_delete"]
    usual = {"azure-asyncoperation": "u", "location": "u", "retry-after": "1"}

    def check(status, headers, reply, expected):
        told = list(of_call(delete, None, status, headers, reply))
        assert (not told) if expected is None else any(expected in one for one in told), (status, told)

    check(202, usual, None, None)
    check(200, usual, None, "status 200 is none of")
    check(202, {"location": "u"}, None, "lacks the header Azure-AsyncOperation")
    check(409, {}, {"error": {"code": "C", "message": "m"}}, None)
    check(409, {}, {"code": "C"}, "no error as Resource Manager writes it")
    listed = operations("containerservice")["agent_pools.list"]
    json_type = {"content-type": "application/json"}
    for reply, expected in [({"value": {}}, "the list value is missing"), ({"value": [], "next": ""}, "unknown member next"),
                            ({"value": [{"name": 1}]}, "no string")]:
        told = list(of_call(listed, None, 200, json_type, reply))
        assert any(expected in one for one in told), (reply, told)
    running = {"id": "i", "name": "n", "status": "InProgress", "startTime": "2026-11-30T00:00:00Z"}
    for headers, reply, expected in [({"retry-after": "1"}, running, None), ({}, running, "Retry-After"),
                                     ({"retry-after": "1"}, {**running, "status": "Running"}, "the status is"),
                                     ({}, {**running, "status": "Succeeded"}, "lacks endTime"),
                                     ({"retry-after": "1"}, {**running, "error": {}}, "an error belongs")]:
        told = list(of_poll(200, headers, reply, "poll"))
        assert (not told) if expected is None else any(expected in one for one in told), (reply, told)


if __name__ == "__main__":
    self_check()
