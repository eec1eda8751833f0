"""Tags addresses in a second call. If that call fails, teardown, which searches by tag, never finds them.

Seen in kops, issue 597.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boto3-eks"))
import eks  # noqa: E402

def address(part):
    name = f"{eks.NAME}-{part}"
    found = eks.EC2.describe_addresses(Filters=eks.ours(Name=name))["Addresses"]
    if found:
        return found[0]["AllocationId"]
    made = eks.ONCE.allocate_address(Domain="vpc")["AllocationId"]
    eks.ONCE.create_tags(Resources=[made], Tags=eks.tags(Name=name))
    return made


eks.address = address
eks.main()
