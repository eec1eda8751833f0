"""Its teardown asks for the group's deletion, and takes the 202 for the end: what is in the group is there for minutes more,
and stays when the deletion fails.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python-aks"))
import aks  # noqa: E402


def down(azure):
    if aks.own_group(azure):
        azure.groups.begin_delete(aks.NAME, polling=False)


aks.down = down
aks.main()
