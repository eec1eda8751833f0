"""What is registered in a project (fleet, sinks and buckets of logs, identity pools, keys), for `google_every_method.py`."""

import time

from google_calls import PROJECT, REGION, ZONE, call

NAME = f"projects/{PROJECT}"
GLOBAL = f"{NAME}/locations/global"


def drive_fleet():
    memberships = "gkehub.projects.locations.memberships"
    cluster = f"//container.googleapis.com/{NAME}/locations/{ZONE}/clusters/gone"
    asked = {"endpoint": {"gkeCluster": {"resourceLink": cluster}}, "labels": {"a": "b"}}
    operation = call(f"{memberships}.create", asked, parent=GLOBAL, membershipId="every")
    call("gkehub.projects.locations.operations.get", name=operation["name"])
    here = {"name": f"{GLOBAL}/memberships/every"}
    assert call(f"{memberships}.get", **here)["endpoint"]["gkeCluster"]["clusterMissing"]
    assert len(call(f"{memberships}.list", parent=f"{NAME}/locations/-", pageSize=10)["resources"]) == 1
    call(f"{memberships}.delete", **here)


def drive_logs():
    buckets, sinks = "logging.projects.locations.buckets", "logging.projects.sinks"
    call(f"{buckets}.create", {"description": "x", "retentionDays": 3}, parent=GLOBAL, bucketId="every")
    bucket = f"{GLOBAL}/buckets/every"
    asked = {"name": "every", "destination": f"logging.googleapis.com/{bucket}", "filter": "severity>=ERROR"}
    call(f"{sinks}.create", asked, parent=NAME)
    call(f"{sinks}.get", sinkName=f"{NAME}/sinks/every")
    call(f"{sinks}.list", parent=NAME, pageSize=10)
    call(f"{sinks}.delete", sinkName=f"{NAME}/sinks/every")
    call(f"{buckets}.delete", name=bucket)
    assert call(f"{buckets}.get", name=bucket)["lifecycleState"] == "DELETE_REQUESTED"
    call(f"{buckets}.list", parent=f"{NAME}/locations/-", pageSize=10)


def drive_pools():
    pools = "iam.projects.locations.workloadIdentityPools"
    # The name of a deleted one is taken for a month, so each run has its own.
    pool = f"every-{int(time.time())}"
    operation = call(f"{pools}.create", {"displayName": "every"}, parent=GLOBAL, workloadIdentityPoolId=pool)
    call(f"{pools}.operations.get", name=operation["name"])
    path = f"{GLOBAL}/workloadIdentityPools/{pool}"
    asked = {"oidc": {"issuerUri": "https://token.example.com"}, "attributeMapping": {"google.subject": "assertion.sub"}}
    operation = call(f"{pools}.providers.create", asked, parent=path, workloadIdentityPoolProviderId="ci-every")
    call(f"{pools}.providers.operations.get", name=operation["name"])
    call(f"{pools}.providers.get", name=f"{path}/providers/ci-every")
    call(f"{pools}.providers.list", parent=path)
    call(f"{pools}.providers.delete", name=f"{path}/providers/ci-every")
    call(f"{pools}.get", name=path)
    call(f"{pools}.delete", name=path)
    call(f"{pools}.list", parent=GLOBAL, showDeleted=True)


def drive_keys():
    rings = "cloudkms.projects.locations.keyRings"
    keys, versions = f"{rings}.cryptoKeys", f"{rings}.cryptoKeys.cryptoKeyVersions"
    call("cloudkms.projects.locations.list", name=NAME)
    location, ring = f"{NAME}/locations/{REGION}", f"{NAME}/locations/{REGION}/keyRings/every"
    call(f"{rings}.create", {}, parent=location, keyRingId="every")
    call(f"{rings}.get", name=ring)
    call(f"{rings}.list", parent=location)
    key = f"{ring}/cryptoKeys/every"
    asked = {"purpose": "ENCRYPT_DECRYPT", "labels": {"a": "b"}}
    call(f"{keys}.create", asked, parent=ring, cryptoKeyId="every")
    call(f"{keys}.get", name=key)
    call(f"{keys}.list", parent=ring)
    second = call(f"{versions}.create", {}, parent=key)["name"]
    call(f"{versions}.get", name=second)
    for version in call(f"{versions}.list", parent=key)["cryptoKeyVersions"]:
        call(f"{versions}.destroy", {}, name=version["name"])
