"""Deletes the network only once and immediately, while interfaces of the cluster are still in it.

Seen in eksctl, issue 1849, and terraform-provider-aws, issues 20405 and 30640.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boto3-eks"))
import eks  # noqa: E402

def once(call, **arguments):
    try:
        call(**arguments)
    except eks.ClientError as error:
        if not eks.gone(error):
            raise


eks.remove_interfaces = lambda inside: None
eks.remove = lambda call, *codes, **arguments: once(call, **arguments)
eks.main()
