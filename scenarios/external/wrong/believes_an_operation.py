"""Takes an operation that is DONE for one that has worked, and reports success.

A failed operation is answered with 200 and its error inside, also by the real services.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python-gke"))
import gke  # noqa: E402


def up():
    gke.enable_services()
    gke.make_network()
    if not gke.cluster():
        gke.create_cluster()
    gke.report({"made": {"cluster": gke.NAME, "network": gke.NAME}})


gke.up = up
gke.main()
