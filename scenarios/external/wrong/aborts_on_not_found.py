"""Its teardown aborts on the first resource that is already gone, so that a second one never succeeds.

Seen in kops, issue 592.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boto3-eks"))
import eks  # noqa: E402

def remove(call, *codes, **arguments):
    eks.again(call, "DependencyViolation", "ResourceInUseException", *codes, **arguments)


eks.remove = remove
eks.main()
