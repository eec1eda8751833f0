"""Records a node group in its state only once it works: teardown does not know about one that failed.

Seen in terraform-provider-aws, issue 20268.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boto3-eks"))
import eks  # noqa: E402

STATE = os.path.join(os.environ["KUBEPROOF_DIR"], "state")
make, remove = eks.node_group, eks.remove_node_groups


def node_group(role_arn, subnets):
    make(role_arn, subnets)
    open(STATE, "w").close()


def remove_node_groups():
    if os.path.exists(STATE):
        remove()


def remove_cluster():
    try:
        eks.EKS.delete_cluster(name=eks.NAME)
    except eks.EKS.exceptions.ResourceNotFoundException:
        return
    eks.wait_gone(eks.EKS, "cluster_deleted", name=eks.NAME)


eks.node_group, eks.remove_node_groups, eks.remove_cluster = node_group, remove_node_groups, remove_cluster
eks.main()
