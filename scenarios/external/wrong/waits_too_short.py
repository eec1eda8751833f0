"""Stops waiting for its nodes too early, and reports success all the same.

Seen in eksctl, issue 185: the wait of the client was shorter than the operation.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boto3-eks"))
import eks  # noqa: E402

right = eks.wait


def wait(client, waiter, **arguments):
    if waiter == "nodegroup_active":
        return print("that will do")
    right(client, waiter, **arguments)


eks.wait = wait
eks.main()
