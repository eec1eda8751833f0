"""An EKS cluster with boto3: `up` creates it or finishes creating it, `down` removes all of it.

It keeps no state. What it made is found by the run's tag and by its names, in `up` as in `down`, so that a
process may die anywhere and another goes on. Calls that make something without a token are never repeated
blindly: after a lost answer it looks first. Nothing in it knows of a simulator.
"""

import base64
import json
import os
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, WaiterError
from botocore.signers import RequestSigner

NAME = os.environ["KUBEPROOF_NAME"]
TAGS = json.loads(os.environ["KUBEPROOF_TAGS"])
RUN = TAGS["kubeproof:run"]
SESSION = boto3.session.Session()
REGION = SESSION.region_name
# The SDK retries reads, deletions, and calls with a token or a unique name.
EC2, EKS, IAM = SESSION.client("ec2"), SESSION.client("eks"), SESSION.client("iam")
# The SDK tries calls that create something without either only once.
ONCE = SESSION.client("ec2", config=Config(retries={"total_max_attempts": 1}))
# An hour at most, where a cluster takes ten minutes.
PATIENT = {"Delay": 30, "MaxAttempts": 120}
NODE_POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"]
# How often, and after how many seconds, what is not visible or still in use is tried again: ten minutes at most.
TRIES, PAUSE = 60, 10


def tags(**more):
    return [{"Key": key, "Value": value} for key, value in {**TAGS, **more}.items()]


def specification(kind, name):
    return [{"ResourceType": kind, "Tags": tags(Name=name)}]


def ours(**more):
    filters = {"tag:kubeproof:run": RUN, **{f"tag:{key}": value for key, value in more.items()}}
    return [{"Name": key, "Values": [value]} for key, value in filters.items()]


def every(client, operation, key, **arguments):
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


def code(error):
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def gone(error):
    return code(error).endswith(("NotFound", "NotFoundException", ".Malformed")) or code(error) == "NoSuchEntity"


def again(call, *codes, **arguments):
    """A call, retried while it returns one of these codes, or while a new resource is not visible yet."""
    for attempt in range(TRIES):
        try:
            return call(**arguments)
        except ClientError as error:
            passing = code(error).endswith(".NotFound") or any(code(error).endswith(one) for one in codes)
            if attempt == TRIES - 1 or not passing:
                raise
            time.sleep(PAUSE)


def wait(client, waiter, **arguments):
    for attempt in range(TRIES):
        try:
            return client.get_waiter(waiter).wait(WaiterConfig=PATIENT, **arguments)
        except WaiterError as error:
            if attempt == TRIES - 1 or "NotFound" not in str(error):
                raise
            time.sleep(PAUSE)


def ensure(find, make):
    """Finds or creates a resource: after a lost response it searches before it creates again."""
    for attempt in range(5):
        found = find()
        if found:
            return found
        try:
            return make()
        except (ConnectionError, HTTPClientError):
            if attempt == 4:
                raise
        except ClientError as error:
            if attempt == 4 or error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
        # Until the new resource is visible.
        time.sleep(PAUSE)


def first(items, key):
    return items[0][key] if items else None


# Making.

def role(part, service, policies):
    name = f"{NAME}-{part}"
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    try:
        IAM.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=tags())
    except IAM.exceptions.EntityAlreadyExistsException:
        pass
    for policy in policies:
        again(IAM.attach_role_policy, "NoSuchEntity", RoleName=name,
              PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    wait(IAM, "role_exists", RoleName=name)
    return again(IAM.get_role, "NoSuchEntity", RoleName=name)["Role"]["Arn"]


def vpc():
    made = ensure(
        lambda: first(every(EC2, "describe_vpcs", "Vpcs", Filters=ours()), "VpcId"),
        lambda: ONCE.create_vpc(CidrBlock="10.0.0.0/16",
                                TagSpecifications=specification("vpc", NAME))["Vpc"]["VpcId"])
    wait(EC2, "vpc_available", VpcIds=[made])
    again(EC2.modify_vpc_attribute, VpcId=made, EnableDnsHostnames={"Value": True})
    return made


def internet_gateway(inside):
    made = ensure(
        lambda: first(every(EC2, "describe_internet_gateways", "InternetGateways", Filters=ours()),
                      "InternetGatewayId"),
        lambda: ONCE.create_internet_gateway(
            TagSpecifications=specification("internet-gateway", NAME))["InternetGateway"]["InternetGatewayId"])
    try:
        again(EC2.attach_internet_gateway, InternetGatewayId=made, VpcId=inside)
    except ClientError as error:
        if code(error) != "Resource.AlreadyAssociated":
            raise
    return made


def subnet(inside, part, block, zone, public):
    name = f"{NAME}-{part}"
    made = ensure(
        lambda: first(every(EC2, "describe_subnets", "Subnets", Filters=ours(Name=name)), "SubnetId"),
        lambda: again(ONCE.create_subnet, VpcId=inside, CidrBlock=block, AvailabilityZone=zone,
                      TagSpecifications=specification("subnet", name))["Subnet"]["SubnetId"])
    wait(EC2, "subnet_available", SubnetIds=[made])
    if public:
        again(EC2.modify_subnet_attribute, SubnetId=made, MapPublicIpOnLaunch={"Value": True})
    return made


def address(part):
    name = f"{NAME}-{part}"
    return ensure(
        lambda: first(EC2.describe_addresses(Filters=ours(Name=name))["Addresses"], "AllocationId"),
        lambda: ONCE.allocate_address(
            Domain="vpc", TagSpecifications=specification("elastic-ip", name))["AllocationId"])


def nat_gateways(*states, **more):
    filters = ours(**more) + [{"Name": "state", "Values": list(states)}]
    return every(EC2, "describe_nat_gateways", "NatGateways", Filters=filters)


def nat_gateway(part, inside):
    name, allocation = f"{NAME}-{part}", address(part)
    for failed in nat_gateways("failed", Name=name):
        EC2.delete_nat_gateway(NatGatewayId=failed["NatGatewayId"])
        wait(EC2, "nat_gateway_deleted", NatGatewayIds=[failed["NatGatewayId"]])
    # The token makes a retry safe.
    made = ensure(
        lambda: first(nat_gateways("pending", "available", Name=name), "NatGatewayId"),
        lambda: again(ONCE.create_nat_gateway, SubnetId=inside, AllocationId=allocation,
                      TagSpecifications=specification("natgateway", name))["NatGateway"]["NatGatewayId"])
    return made


def route_table(inside, part, subnets, **target):
    name = f"{NAME}-{part}"
    made = ensure(
        lambda: first(every(EC2, "describe_route_tables", "RouteTables", Filters=ours(Name=name)),
                      "RouteTableId"),
        lambda: again(ONCE.create_route_table, VpcId=inside,
                      TagSpecifications=specification("route-table", name))["RouteTable"]["RouteTableId"])
    try:
        again(EC2.create_route, RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", **target)
    except ClientError as error:
        if code(error) != "RouteAlreadyExists":
            raise
        again(EC2.replace_route, RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", **target)
    for one in subnets:
        associate(made, one)
    return made


def associate(table, inside):
    # A subnet has one association, and a second call is refused: so it checks first.
    ensure(
        lambda: every(EC2, "describe_route_tables", "RouteTables",
                      Filters=[{"Name": "route-table-id", "Values": [table]},
                               {"Name": "association.subnet-id", "Values": [inside]}]),
        lambda: again(ONCE.associate_route_table, RouteTableId=table, SubnetId=inside))


def network():
    inside = vpc()
    gateway = internet_gateway(inside)
    zones = EC2.describe_availability_zones(Filters=[{"Name": "state", "Values": ["available"]}])
    zones = sorted(zone["ZoneName"] for zone in zones["AvailabilityZones"])[:2]
    public = [subnet(inside, f"public-{n}", f"10.0.{n}.0/24", zone, True) for n, zone in enumerate(zones)]
    private = [subnet(inside, f"private-{n}", f"10.0.{100 + n}.0/24", zone, False)
               for n, zone in enumerate(zones)]
    route_table(inside, "public", public, GatewayId=gateway)
    nats = [nat_gateway(f"nat-{n}", one) for n, one in enumerate(public)]
    for n, nat in enumerate(nats):
        wait(EC2, "nat_gateway_available", NatGatewayIds=[nat])
        route_table(inside, f"private-{n}", [private[n]], NatGatewayId=nat)
    return inside, public, private


def cluster(role_arn, subnets):
    try:
        # EKS knows a new role only some seconds later.
        for attempt in range(TRIES):
            try:
                EKS.create_cluster(name=NAME, version="1.34", roleArn=role_arn, tags=TAGS,
                                   resourcesVpcConfig={"subnetIds": subnets})
                break
            except EKS.exceptions.InvalidParameterException as error:
                if attempt == TRIES - 1 or "role" not in str(error).lower():
                    raise
                time.sleep(PAUSE)
    except EKS.exceptions.ResourceInUseException:
        pass
    wait(EKS, "cluster_active", name=NAME)


def node_group(role_arn, subnets):
    group = {"clusterName": NAME, "nodegroupName": "workers"}
    try:
        found = EKS.describe_nodegroup(**group)["nodegroup"]
        if found["status"] == "CREATE_FAILED":
            EKS.delete_nodegroup(**group)
            wait(EKS, "nodegroup_deleted", **group)
            found = None
    except EKS.exceptions.ResourceNotFoundException:
        found = None
    if not found:
        EKS.create_nodegroup(nodeRole=role_arn, subnets=subnets, instanceTypes=["t3.medium"], tags=TAGS,
                             scalingConfig={"minSize": 2, "maxSize": 2, "desiredSize": 2}, **group)
    wait(EKS, "nodegroup_active", **group)


def token():
    """The token of `aws eks get-token`: a presigned call that proves our identity."""
    sts = SESSION.client("sts")
    signer = RequestSigner(sts.meta.service_model.service_id, REGION, "sts", "v4",
                           SESSION.get_credentials(), SESSION.events)
    url = f"https://sts.{REGION}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"
    call = {"method": "GET", "url": url, "body": {}, "headers": {"x-k8s-aws-id": NAME}, "context": {}}
    signed = signer.generate_presigned_url(call, region_name=REGION, expires_in=60, operation_name="")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(signed.encode()).decode().rstrip("=")


def kubeconfig():
    found = EKS.describe_cluster(name=NAME)["cluster"]
    return json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": NAME,
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        "clusters": [{"name": NAME, "cluster": {
            "server": found["endpoint"],
            "certificate-authority-data": found["certificateAuthority"]["data"]}}],
        "users": [{"name": NAME, "user": {"token": token()}}]})


def up():
    cluster_role = role("cluster", "eks.amazonaws.com", ["AmazonEKSClusterPolicy"])
    node_role = role("node", "ec2.amazonaws.com", NODE_POLICIES)
    inside, public, private = network()
    cluster(cluster_role, public + private)
    node_group(node_role, private)
    say(kubeconfig=kubeconfig(), claimed_usd_per_hour=0.2876,
        made={"cluster": NAME, "vpc": inside, "node group": f"{NAME}/workers"})


def say(**what):
    with open(os.environ["KUBEPROOF_OUTPUT"], "w") as file:
        json.dump(what, file)


# Removing.

def remove(call, *codes, **arguments):
    """A deletion: already gone is fine, and still in use is retried."""
    try:
        again(call, "DependencyViolation", "ResourceInUseException", *codes, **arguments)
    except ClientError as error:
        if not gone(error):
            raise


def remove_node_groups():
    try:
        groups = every(EKS, "list_nodegroups", "nodegroups", clusterName=NAME)
    except EKS.exceptions.ResourceNotFoundException:
        return
    for group in groups:
        remove(EKS.delete_nodegroup, clusterName=NAME, nodegroupName=group)
    for group in groups:
        wait_gone(EKS, "nodegroup_deleted", clusterName=NAME, nodegroupName=group)


def remove_cluster():
    remove(EKS.delete_cluster, name=NAME)
    wait_gone(EKS, "cluster_deleted", name=NAME)


def wait_gone(client, waiter, **arguments):
    client.get_waiter(waiter).wait(WaiterConfig=PATIENT, **arguments)


def remove_leftovers(inside):
    """What the cluster created for its workload and does not remove itself: load balancers, their groups, volumes."""
    classic, v2 = SESSION.client("elb"), SESSION.client("elbv2")
    for one in every(classic, "describe_load_balancers", "LoadBalancerDescriptions"):
        if one["VPCId"] == inside:
            classic.delete_load_balancer(LoadBalancerName=one["LoadBalancerName"])
    for one in every(v2, "describe_load_balancers", "LoadBalancers"):
        if one["VpcId"] == inside:
            v2.delete_load_balancer(LoadBalancerArn=one["LoadBalancerArn"])
    for one in every(v2, "describe_target_groups", "TargetGroups"):
        if one.get("VpcId") == inside:
            again(v2.delete_target_group, "ResourceInUse", TargetGroupArn=one["TargetGroupArn"])
    owned = [{"Name": "tag-key", "Values": [f"kubernetes.io/cluster/{NAME}"]}]
    for one in every(EC2, "describe_volumes", "Volumes", Filters=owned):
        remove(EC2.delete_volume, "VolumeInUse", VolumeId=one["VolumeId"])


def remove_nat_gateways():
    nats = [one["NatGatewayId"] for one in nat_gateways("pending", "available", "failed", "deleting")]
    for nat in nats:
        remove(EC2.delete_nat_gateway, NatGatewayId=nat)
    if nats:
        wait_gone(EC2, "nat_gateway_deleted", NatGatewayIds=nats)
    for one in EC2.describe_addresses(Filters=ours())["Addresses"]:
        remove(EC2.release_address, "InUse", AllocationId=one["AllocationId"])


def remove_interfaces(inside):
    """Interfaces of a cluster outlive it by minutes; those no longer in use may be removed."""
    filters = [{"Name": "vpc-id", "Values": [inside]}]
    for _ in range(120):
        left = every(EC2, "describe_network_interfaces", "NetworkInterfaces", Filters=filters)
        for one in left:
            if one["Status"] == "available":
                remove(EC2.delete_network_interface, NetworkInterfaceId=one["NetworkInterfaceId"])
        if not left:
            return
        time.sleep(PAUSE)


def remove_network(inside):
    filters = [{"Name": "vpc-id", "Values": [inside]}]
    remove_interfaces(inside)
    for one in every(EC2, "describe_subnets", "Subnets", Filters=filters):
        remove(EC2.delete_subnet, SubnetId=one["SubnetId"])
    for one in every(EC2, "describe_route_tables", "RouteTables", Filters=filters):
        if not any(to.get("Main") for to in one["Associations"]):
            remove(EC2.delete_route_table, RouteTableId=one["RouteTableId"])
    for one in every(EC2, "describe_internet_gateways", "InternetGateways", Filters=ours()):
        for to in one["Attachments"]:
            remove(EC2.detach_internet_gateway, InternetGatewayId=one["InternetGatewayId"], VpcId=to["VpcId"])
        remove(EC2.delete_internet_gateway, InternetGatewayId=one["InternetGatewayId"])
    groups = every(EC2, "describe_security_groups", "SecurityGroups", Filters=filters)
    groups = [one for one in groups if one["GroupName"] != "default"]
    for one in groups:
        if one["IpPermissions"]:
            # Groups that reference each other block each other.
            EC2.revoke_security_group_ingress(GroupId=one["GroupId"], IpPermissions=one["IpPermissions"])
    for one in groups:
        remove(EC2.delete_security_group, GroupId=one["GroupId"])
    remove(EC2.delete_vpc, VpcId=inside)


def remove_roles():
    for name in [f"{NAME}-cluster", f"{NAME}-node"]:
        try:
            for policy in every(IAM, "list_attached_role_policies", "AttachedPolicies", RoleName=name):
                # Repeated after a lost answer it finds the policy gone, which is not the role.
                remove(IAM.detach_role_policy, RoleName=name, PolicyArn=policy["PolicyArn"])
            remove(IAM.delete_role, RoleName=name)
        except ClientError as error:
            if not gone(error):
                raise


def down():
    remove_node_groups()
    inside = [one["VpcId"] for one in every(EC2, "describe_vpcs", "Vpcs", Filters=ours())]
    remove_cluster()
    for one in inside:
        remove_leftovers(one)
    remove_nat_gateways()
    for one in inside:
        remove_network(one)
    for one in every(EC2, "describe_internet_gateways", "InternetGateways", Filters=ours()):
        remove(EC2.delete_internet_gateway, InternetGatewayId=one["InternetGatewayId"])
    remove_roles()


def main():
    for step in sys.argv[1:]:
        {"up": up, "down": down}[step]()
        print(step, "done")


if __name__ == "__main__":
    main()
