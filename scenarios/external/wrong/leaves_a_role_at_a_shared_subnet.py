"""Puts the cluster into the network of others, gives its identity the role that it needs there, and believes that deleting its
own groups removes all of it.

`az aks create` gives such a role by itself, and `az aks delete` does not take it back (seen with az 2.91.0).
"""

import os
import sys
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python-aks"))
import aks  # noqa: E402

NETWORK = "/resourceGroups/kp-legacy/providers/Microsoft.Network/virtualNetworks/kp-legacy"
aks.SUBNET = f"/subscriptions/{aks.SUBSCRIPTION}{NETWORK}/subnets/build"
aks.ASSIGNMENT = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{aks.NAME} {aks.SUBNET}"))
aks.make_network = lambda azure: None
aks.remove_assignment = lambda azure: None
aks.main()
