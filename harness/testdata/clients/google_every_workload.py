"""Names and shared files, which a workload makes, for `google_every_method.py`."""

import time

from google_calls import PROJECT, REFUSED, ZONE, call

LOCATION = f"projects/{PROJECT}/locations/{ZONE}"
INSTANCE = f"{LOCATION}/instances/every"


def dns(method, body=None, **parameters):
    return call("dns." + method, body, project=PROJECT, **parameters)


def drive_names():
    dns("managedZones.create", {"name": "every", "dnsName": "every.example.", "description": "x", "labels": {"a": "b"}})
    here = {"managedZone": "every"}
    dns("managedZones.get", **here)
    dns("managedZones.list")
    record = {"name": "a.every.example.", "type": "A", "ttl": 60, "rrdatas": ["192.0.2.7"]}
    dns("resourceRecordSets.create", record, **here)
    one = {"name": record["name"], "type": "A", **here}
    dns("resourceRecordSets.get", **one)
    assert len(dns("resourceRecordSets.list", **here)["rrsets"]) == 3
    dns("resourceRecordSets.delete", **one)
    dns("changes.create", {"additions": [record]}, **here)
    dns("changes.create", {"deletions": [record]}, **here)
    dns("managedZones.delete", **here)


def finish_files(operation):
    while not operation.get("done"):
        time.sleep(0.2)
        operation = call("file.projects.locations.operations.get", name=operation["name"])
    if "error" in operation:
        REFUSED.append(f"{operation['metadata']['verb']}: {operation['error']}")


def drive_files():
    instances = "file.projects.locations.instances"
    asked = {"tier": "BASIC_HDD", "fileShares": [{"name": "vol1", "capacityGb": "1024"}], "labels": {"a": "b"},
             "networks": [{"network": f"projects/{PROJECT}/global/networks/default", "modes": ["MODE_IPV4"]}]}
    finish_files(call(f"{instances}.create", asked, parent=LOCATION, instanceId="every"))
    assert call(f"{instances}.get", name=INSTANCE)["state"] == "READY"
    call(f"{instances}.list", parent=f"projects/{PROJECT}/locations/-", pageSize=10)
    finish_files(call(f"{instances}.delete", name=INSTANCE))
