"""Replies held against botocore's service models, stricter than botocore: it drops what it does not know.

`watch(session)` looks at the raw body of each reply before it is parsed. A problem is a member that the model
does not have, one that it requires and that is missing, a value of another type or outside of its enumeration,
an error whose code the model does not have. Nothing here knows a simulator.
"""

import json
import re
import xml.etree.ElementTree as ET

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$")
INTEGER = re.compile(r"-?\d+$")
# Codes that every operation of the protocol may answer with: the services' "Common errors" pages.
COMMON = {
    "AccessDenied", "AccessDeniedException", "AuthFailure", "DryRunOperation", "InvalidClientTokenId",
    "InvalidSignatureException", "MissingAuthenticationToken", "NotImplemented", "SignatureDoesNotMatch",
    "ThrottlingException", "Throttling", "UnrecognizedClientException", "ValidationError", "ValidationException",
    "MissingParameter", "InvalidParameterValue",
}
# What AWS answers beyond its model. EC2 API reference, "Response Elements" of both: `return`, true on success.
BEYOND_MODEL = {("ec2:AssociateAddress", "return"), ("ec2:CreateSecurityGroup", "return")}
# What the model's enumeration lacks and its text has: "For an internet gateway, the state is `available` when
# attached to a VPC".
BEYOND_ENUMERATION = {
    # The model's states of VPC endpoints are capitalized; the API reference's examples and terraform-provider-aws have
    # them in lower case.
    *((f"ec2:{call}.state", state)
      for call in ("CreateVpcEndpoint.vpcEndpoint", "DescribeVpcEndpoints.vpcEndpointSet[]")
      for state in ("available", "deleting", "pending")),
    ("ec2:DescribeInternetGateways.internetGatewaySet[].attachmentSet[].state", "available"),
    ("ec2:CreateInternetGateway.internetGateway.attachmentSet[].state", "available"),
}


class Watch:
    """What was seen: problems as text, and each call with the code of its outcome."""

    def __init__(self):
        self.problems, self.calls = set(), {}

    def say(self, place, words):
        self.problems.add(f"{place}: {words}")


def watch(session):
    seen = Watch()

    def before_parse(operation_model, response_dict, **_):
        look(seen, operation_model, response_dict)

    session.register("before-parse", before_parse)
    return seen


def look(seen, model, reply):
    service = model.service_model
    place = f"{service.service_name}:{model.name}"
    status, body = reply["status_code"], reply["body"]
    protocol = service.resolved_protocol
    content = {key.lower(): value for key, value in reply["headers"].items()}.get("content-type", "")
    if protocol in ("ec2", "query"):
        code = xml_reply(seen, place, model, protocol, status, body)
        wanted = "text/xml"
    else:
        code = json_reply(seen, place, model, protocol, status, body, reply["headers"])
        version = service.metadata.get("jsonVersion", "")
        wanted = f"application/x-amz-json-{version}" if protocol == "json" else "application/json"
    if content.split(";")[0] != wanted:
        seen.say(place, f"its content type is `{content}`, not `{wanted}`")
    seen.calls.setdefault((service.service_name, model.name), set()).add(code)


def known_error(seen, place, model, code):
    """EC2 models no errors: its codes are in a table of its documentation."""
    modelled = {shape.error_code for shape in model.error_shapes} | {shape.name for shape in model.error_shapes}
    if model.service_model.resolved_protocol != "ec2" and code not in modelled | COMMON:
        seen.say(place, f"error code `{code}` is not one of {sorted(modelled)}")


# JSON.

def json_reply(seen, place, model, protocol, status, body, headers):
    value = json.loads(body) if body else {}
    if status >= 300:
        code = headers.get("x-amzn-errortype") or value.get("__type", "")
        known_error(seen, place, model, code)
        shapes = [shape for shape in model.error_shapes if code in (shape.error_code, shape.name)]
        members = {name.lower() for shape in shapes for name in shape.members} | {"message", "__type"}
        for name in value:
            if name.lower() not in members:
                seen.say(place, f"error {code} has an unknown member `{name}`")
        return code
    if model.output_shape is None:
        if value:
            seen.say(place, f"a body, where the model has none: {body[:80]!r}")
    else:
        json_value(seen, place, model.output_shape, value)
    return ""


def json_value(seen, place, shape, value):
    kind = shape.type_name
    types = {"structure": dict, "map": dict, "list": list, "string": str, "character": str, "blob": str,
             "integer": int, "long": int, "float": (int, float), "double": (int, float), "boolean": bool,
             "timestamp": (int, float, str)}
    if not isinstance(value, types[kind]) or isinstance(value, bool) and kind != "boolean":
        seen.say(place, f"{value!r} is no {kind}")
    elif kind == "structure":
        members = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()
                   if "location" not in member.serialization}
        for name, inner in value.items():
            if name not in members:
                seen.say(place, f"unknown member `{name}`")
            else:
                json_value(seen, f"{place}.{name}", members[name][1], inner)
        missing(seen, place, shape, {members[name][0] for name in value if name in members})
    elif kind == "map":
        for inner in value.values():
            json_value(seen, f"{place}.*", shape.value, inner)
    elif kind == "list":
        for inner in value:
            json_value(seen, f"{place}[]", shape.member, inner)
    else:
        enumeration(seen, place, shape, value)


def missing(seen, place, shape, there):
    for name in shape.required_members:
        if name not in there and "location" not in shape.members[name].serialization:
            seen.say(place, f"no member `{name}`, which the model requires")


def enumeration(seen, place, shape, value):
    known = getattr(shape, "enum", None)
    if known and value not in known and (place, value) not in BEYOND_ENUMERATION:
        seen.say(place, f"`{value}` is none of {known}")


# XML.

def local(element):
    return element.tag.rsplit("}", 1)[-1]


def xml_reply(seen, place, model, protocol, status, body):
    root = ET.fromstring(body)
    if status >= 300:
        code = next((one.text for one in root.iter() if local(one) == "Code"), "")
        known_error(seen, place, model, code)
        return code
    if local(root) != f"{model.name}Response":
        seen.say(place, f"the reply is a `{local(root)}`")
    if protocol == "ec2":
        extra = {"requestId"} if model.output_shape else {"requestId", "return"}
        xml_structure(seen, place, model.output_shape, root, extra)
        return ""
    namespace = model.service_model.metadata.get("xmlNamespace")
    if namespace and root.tag != f"{{{namespace}}}{local(root)}":
        seen.say(place, f"the namespace is in `{root.tag}`, not `{namespace}`")
    wrapper = model.output_shape and model.output_shape.serialization.get("resultWrapper")
    for child in root:
        if local(child) == wrapper:
            xml_structure(seen, place, model.output_shape, child, set())
        elif local(child) == f"{model.name}Result" and not len(child):
            pass  # Nothing in it: no client reads it.
        elif local(child) != "ResponseMetadata":
            seen.say(place, f"`{local(child)}` beside the result")
    return ""


def xml_structure(seen, place, shape, element, extra):
    members, there, flat = {}, set(), {}
    for name, member in (shape.members if shape else {}).items():
        word = member.serialization.get("name", name)
        if member.type_name == "list" and member.serialization.get("flattened"):
            word = member.member.serialization.get("name", word)
            flat[word] = member.member
        members[word] = (name, member)
    words = [local(child) for child in element]
    for child in element:
        word = local(child)
        if word in members:
            name, member = members[word]
            there.add(name)
            if word in flat:
                xml_value(seen, f"{place}.{word}", flat[word], child)
                continue
            if words.count(word) > 1:
                seen.say(place, f"`{word}` twice")
            xml_value(seen, f"{place}.{word}", member, child)
        elif word not in extra and (place, word) not in BEYOND_MODEL:
            seen.say(place, f"unknown member `{word}`")
    if shape:
        missing(seen, place, shape, there)


def xml_value(seen, place, shape, element):
    kind, text = shape.type_name, element.text or ""
    if kind == "structure":
        xml_structure(seen, place, shape, element, set())
    elif kind == "list":
        word = shape.member.serialization.get("name", "member")
        for child in element:
            if local(child) != word:
                seen.say(place, f"`{local(child)}` in a list of `{word}`")
            xml_value(seen, f"{place}[]", shape.member, child)
    elif kind == "map":
        key, value = (part.serialization.get("name", usual)
                      for part, usual in [(shape.key, "key"), (shape.value, "value")])
        for entry in element:
            parts = {local(part): part for part in entry}
            if set(parts) != {key, value}:
                seen.say(place, f"a map's entry has {sorted(parts)}")
            else:
                xml_value(seen, f"{place}.*", shape.value, parts[value])
    elif len(element):
        seen.say(place, f"a {kind} with children")
    elif kind == "boolean" and text not in ("true", "false"):
        seen.say(place, f"`{text}` is no boolean")
    elif kind in ("integer", "long") and not INTEGER.match(text):
        seen.say(place, f"`{text}` is no {kind}")
    elif kind == "timestamp" and not ISO.match(text):
        seen.say(place, f"`{text}` is no time stamp")
    elif kind in ("float", "double"):
        float(text)
    elif kind == "string":
        enumeration(seen, place, shape, text)


# What it is worth: replies with a mistake each, which it must object to.

def self_check():
    from botocore.session import get_session

    session = get_session()
    session.set_config_variable("region", "us-east-1")

    def check(service, operation, body, expected, status=200):
        model = session.get_service_model(service).operation_model(operation)
        protocol = model.service_model.resolved_protocol
        kind = {"json": "application/x-amz-json-1.1", "rest-json": "application/json"}.get(protocol, "text/xml")
        seen = Watch()
        look(seen, model, {"status_code": status, "body": body, "headers": {"content-type": kind}})
        assert (not seen.problems) if expected is None else any(expected in one for one in seen.problems), (
            operation, body, expected, seen.problems)

    def vpcs(inner):
        return f"<DescribeVpcsResponse><vpcSet><item>{inner}</item></vpcSet></DescribeVpcsResponse>".encode()

    check("ec2", "DescribeVpcs", vpcs("<vpcId>v</vpcId><isDefault>true</isDefault>"), None)
    check("ec2", "DescribeVpcs", vpcs("<vpcID>v</vpcID>"), "unknown member `vpcID`")
    check("ec2", "DescribeVpcs", vpcs("<isDefault>yes</isDefault>"), "no boolean")
    check("ec2", "DescribeVpcs", vpcs("<state>ready</state>"), "none of")
    check("ec2", "DescribeVpcs", vpcs("<vpcId>a</vpcId><vpcId>b</vpcId>"), "twice")
    check("ec2", "DescribeVpcs", vpcs("").replace(b"item>", b"member>"), "in a list of `item`")
    check("ec2", "DescribeVpcs", vpcs("").replace(b"DescribeVpcs", b"Vpcs"), "the reply is a")
    check("ec2", "DeleteVpc", b"<DeleteVpcResponse><return>true</return></DeleteVpcResponse>", None)
    check("sts", "GetCallerIdentity", b"<GetCallerIdentityResponse/>", "the namespace")
    check("eks", "ListClusters", b'{"clusters": ["a"]}', None)
    check("eks", "ListClusters", b'{"Clusters": ["a"]}', "unknown member `Clusters`")
    check("eks", "ListClusters", b'{"clusters": [1]}', "is no string")
    check("eks", "DescribeCluster", b'{"cluster": {"status": "READY"}}', "none of")
    check("eks", "DescribeCluster", b'{"__type": "NotFound"}', "error code `NotFound`", 404)
    check("ce", "ListCostAllocationTags", b'{"CostAllocationTags": [{"TagKey": "a"}]}', "the model requires")
    print("the check objects to every mistake")


if __name__ == "__main__":
    self_check()
