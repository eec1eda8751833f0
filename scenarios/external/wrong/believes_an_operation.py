"""Takes an operation that is DONE for one that has worked, and reports success.

A failed operation is answered with 200 and its error inside, also by the real services.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python-gke"))
import gke  # noqa: E402


def done(operation, place):
    if operation:
        kind = {"zone": "zoneOperations", "region": "regionOperations"}.get(next(iter(place), ""), "globalOperations")
        gke.until(lambda: gke.compute(f"{kind}.wait", operation=operation["name"], **place)["status"] == "DONE", "it")


def ensure(collection, body, one, **place):
    done(gke.unless(409, gke.compute, f"{collection}.insert", body=body, **place), place)
    return {"selfLink": f"projects/{gke.PROJECT}/global/{collection}/{gke.NAME}"}


def make_cluster():
    """It has an address early, and that is all that is looked at."""
    pool = {"name": "main", "initialNodeCount": gke.NODES, "config": {"machineType": "e2-standard-2"}}
    body = {"cluster": {"name": gke.NAME, "network": gke.NAME, "subnetwork": gke.NAME, "nodePools": [pool],
                        "resourceLabels": gke.LABELS}}
    begun = gke.unless(409, gke.call, "container", "projects.locations.clusters.create", parent=gke.LOCATION, body=body)
    if begun:
        gke.finished(begun)
    return gke.cluster()


def up():
    gke.enable_services()
    gke.make_network()
    make_cluster()
    gke.report({"made": {"cluster": gke.NAME, "network": gke.NAME}})


gke.ensure, gke.done, gke.up = ensure, done, up
gke.main()
