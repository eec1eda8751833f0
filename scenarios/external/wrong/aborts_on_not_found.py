"""Its teardown aborts on the first thing that is gone already, so that a second one never ends well.

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
