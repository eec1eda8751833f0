"""Google's discovery documents as judges: what a request or a reply has that its schema does not know.

The documents come with google-api-python-client. They say nothing of members that must be there: those are in MUST.
"""

import base64
import binascii
import json
import os
import re

from googleapiclient import discovery_cache

FOLDER = os.path.join(os.path.dirname(discovery_cache.__file__), "documents")
BITS = {"int32": 32, "uint32": 32, "int64": 64, "uint64": 64}
TIME = re.compile(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
# Members without which clients break, by schema.
MUST = {
    "Cluster": ["name", "status", "location", "selfLink", "nodePools", "id", "etag", "currentMasterVersion"],
    "NodePool": ["name", "status", "selfLink", "config", "version"],
    "Network": ["kind", "id", "name", "selfLink", "autoCreateSubnetworks"],
    "Subnetwork": ["kind", "id", "name", "selfLink", "network", "ipCidrRange", "region", "fingerprint"],
    "Instance": ["kind", "id", "name", "selfLink", "zone", "status", "machineType", "networkInterfaces", "disks"],
    "Disk": ["kind", "id", "name", "selfLink", "status", "sizeGb", "type"],
    "InstanceAggregatedList": ["kind", "id", "items", "selfLink"],
    "DiskAggregatedList": ["kind", "id", "items", "selfLink"],
    "ServerConfig": ["defaultClusterVersion", "validMasterVersions", "channels"],
    # Services have different schemas of these names.
    "compute.Operation": ["kind", "id", "name", "operationType", "status", "targetLink", "selfLink", "progress",
                          "insertTime"],
    "container.Operation": ["name", "operationType", "status", "selfLink", "targetLink", "startTime", "location"],
    "serviceusage.Operation": ["name"],
    "cloudresourcemanager.Policy": ["etag", "bindings", "version"],
    "cloudresourcemanager.Project": ["projectId"],
    "cloudbilling.ProjectBillingInfo": ["name", "projectId", "billingEnabled", "billingAccountName"],
    "iam.ServiceAccount": ["name", "projectId", "uniqueId", "email", "etag", "oauth2ClientId"],
    "iam.ServiceAccountKey": ["name", "validAfterTime", "validBeforeTime", "keyAlgorithm", "keyOrigin", "keyType"],
    "logging.LogEntry": ["logName", "insertId", "timestamp", "receiveTimestamp", "resource", "protoPayload"],
    "cloudasset.ResourceSearchResult": ["name", "assetType", "project", "displayName", "location"],
    "bigquery.QueryResponse": ["kind", "jobComplete", "jobReference"],
    "bigquery.GetQueryResultsResponse": ["kind", "jobComplete", "jobReference"],
    "bigquery.Job": ["kind", "id", "jobReference", "configuration", "status", "statistics"],
    "bigquery.Table": ["kind", "id", "tableReference", "schema", "type"],
    "cloudbilling.Sku": ["name", "skuId", "description", "category", "serviceRegions", "pricingInfo"],
    "dns.ManagedZone": ["kind", "id", "name", "dnsName", "creationTime", "visibility"],
    "dns.ResourceRecordSet": ["kind", "name", "type", "ttl", "rrdatas"],
    "file.Instance": ["name", "state", "createTime", "tier", "fileShares", "networks"],
    "file.Operation": ["name", "done", "metadata"],
    "cloudkms.CryptoKey": ["name", "purpose", "createTime", "versionTemplate"],
    "cloudkms.CryptoKeyVersion": ["name", "state", "protectionLevel", "algorithm", "createTime"],
    "cloudkms.KeyRing": ["name", "createTime"],
    "cloudkms.Location": ["name", "locationId"],
    "gkehub.Membership": ["name", "state", "uniqueId", "createTime"],
    "gkehub.Operation": ["name", "done", "metadata"],
    "iam.Operation": ["name", "done"],
    "iam.WorkloadIdentityPool": ["name", "state"],
    "iam.WorkloadIdentityPoolProvider": ["name", "state"],
    "logging.LogBucket": ["name", "lifecycleState", "retentionDays"],
    "logging.LogSink": ["name", "destination", "writerIdentity"],
    "GoogleApiServiceusageV1Service": ["name", "parent", "config", "state"],
}


def load(name):
    with open(os.path.join(FOLDER, name + ".json"), encoding="utf-8") as file:
        return json.load(file)


class Judge:
    """Holds values against one document."""

    def __init__(self, service, version):
        self.service, self.document = service, load(f"{service}.{version}")
        # The methods by id, and the path to each: an id may leave out a part of it.
        self.methods, self.paths = {}, {}
        self._walk(self.document, [])

    def _walk(self, node, path):
        for name, method in node.get("methods", {}).items():
            self.methods[method["id"]] = method
            self.paths[method["id"]] = [*path, name]
        for name, inner in node.get("resources", {}).items():
            self._walk(inner, [*path, name])

    def objections(self, schema, value, where, is_reply=True):
        """What is wrong with a value, as texts. A request may leave out what the service writes."""
        if "$ref" in schema:
            name = schema["$ref"]
            must = MUST.get(f"{self.service}.{name}", MUST.get(name, []))
            if isinstance(value, dict) and is_reply:
                yield from (f"{where} lacks {member}" for member in must if member not in value)
            schema = self.document["schemas"][name]
        kind = schema.get("type")
        if kind == "object":
            yield from self._object(schema, value, where, is_reply)
        elif kind == "array":
            if not isinstance(value, list):
                yield f"{where} is no array: {value!r:.50}"
                return
            for index, one in enumerate(value):
                yield from self.objections(schema["items"], one, f"{where}[{index}]", is_reply)
        elif kind != "any":
            yield from (f"{where} {what}: {value!r:.50}" for what in scalar(schema, value))

    def _object(self, schema, value, where, is_reply):
        if not isinstance(value, dict):
            yield f"{where} is no object: {value!r:.50}"
            return
        members, others = schema.get("properties", {}), schema.get("additionalProperties")
        wanted = members.get("kind", {}).get("default")
        if wanted and "kind" in value and value["kind"] != wanted:
            yield f"{where} is of kind {value['kind']}, and not {wanted}"
        for name, inner in value.items():
            if name in members:
                yield from self.objections(members[name], inner, f"{where}.{name}", is_reply)
            elif others:
                yield from self.objections(others, inner, f"{where}[{name}]", is_reply)
            else:
                yield f"{where} has the unknown member {name}"


def scalar(schema, value):
    """What is wrong with a value that is neither an object nor an array."""
    kind, form = schema.get("type"), schema.get("format")
    if kind == "boolean" and not isinstance(value, bool):
        yield "is no boolean"
    if kind in ("integer", "number"):
        right = (int,) if kind == "integer" else (int, float)
        if isinstance(value, bool) or not isinstance(value, right):
            yield f"is no {kind}"
        elif form in BITS and not fits(value, form):
            yield f"does not fit {form}"
    if kind == "string":
        if not isinstance(value, str):
            yield "is no string"
        elif "enum" in schema and value not in schema["enum"]:
            yield "is no word of the schema"
        elif form in BITS and not (re.fullmatch(r"-?[0-9]+", value) and fits(int(value), form)):
            yield f"is no {form}"
        elif form in ("date-time", "google-datetime") and not TIME.fullmatch(value):
            yield "is no time"
        elif form == "byte" and not is_base64(value):
            yield "is no base64"


def fits(number, form):
    low = 0 if form.startswith("u") else -(1 << (BITS[form] - 1))
    return low <= number < low + (1 << BITS[form])


def is_base64(text):
    try:
        base64.b64decode(text.replace("-", "+").replace("_", "/") + "==")
    except binascii.Error:
        return False
    return True


# What it is worth: values with a mistake each, which it must object to.

def self_check():
    judges = {name: Judge(name, "v1") for name in ["compute", "container"]}

    def check(service, schema, value, expected, is_reply=False):
        told = list(judges[service].objections({"$ref": schema}, value, schema, is_reply))
        assert (not told) if expected is None else any(expected in one for one in told), (schema, value, expected, told)

    check("container", "Cluster", {"name": "c", "status": "RUNNING", "currentNodeCount": 2}, None)
    check("container", "Cluster", {"status": "ACTIVE"}, "no word of the schema")
    check("container", "Cluster", {"currentNodeCount": "2"}, "no integer")
    check("container", "Cluster", {"currentNodeCount": 1 << 40}, "does not fit int32")
    check("container", "Cluster", {"eTag": "x"}, "unknown member eTag")
    check("container", "Cluster", {"nodePools": {}}, "no array")
    check("container", "Cluster", {"nodePools": ["x"]}, "no object")
    check("container", "Cluster", {"name": "c"}, "lacks status", True)
    check("container", "Cluster", {"masterAuth": {"clusterCaCertificate": 1}}, "no string")
    check("container", "MaxPodsConstraint", {"maxPodsPerNode": 110}, "no string")
    check("container", "MaxPodsConstraint", {"maxPodsPerNode": "110"}, None)
    check("compute", "Network", {"kind": "compute#Network"}, "is of kind")
    check("compute", "Network", {"autoCreateSubnetworks": "true"}, "no boolean")
    check("compute", "DiskAggregatedList", {"items": []}, "no object")
    check("compute", "Operation", {"id": "-1"}, "no uint64")
    check("compute", "Tags", {"fingerprint": "x"}, "no base64")
    print("the judge objects to every mistake")


if __name__ == "__main__":
    self_check()
