"""Its teardown deletes cluster and network alone: a load balancer of the workload and its disk stay.

Seen in ingress-gce issues 136 and 1195: deleting a cluster does not promise to remove what its controllers made. It
takes the firewall rules with it, or the network could not go; after that nothing tells whose the balancer was.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python-gke"))
import gke  # noqa: E402


def remove_leftovers():
    for rule in gke.listed("firewalls"):
        if rule["network"].endswith(f"/networks/{gke.NAME}"):
            gke.remove("firewalls", {"firewall": rule["name"]})


gke.drain = lambda seen: None
gke.remove_leftovers = remove_leftovers
gke.main()
