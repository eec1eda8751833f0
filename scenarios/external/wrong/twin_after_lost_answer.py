"""Lets the SDK retry a call without a token: after a lost response there are two VPCs.

Seen as duplicates in skypilot, issues 656 and 779, and in cluster-api-provider-aws, issue 2563.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boto3-eks"))
import eks  # noqa: E402

eks.ONCE = eks.EC2
eks.main()
