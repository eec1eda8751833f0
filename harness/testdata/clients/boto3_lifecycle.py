"""A whole EKS lifecycle as boto3 users write it: waiters for every wait, paginators for every list.

It knows no simulator: the environment redirects it. `up`, `look`, `down`, or all of them.
"""

import json
import sys
import time

import boto3
from botocore.exceptions import ClientError, WaiterError

NAME = "boto3-eks"
EC2, EKS, IAM = boto3.client("ec2"), boto3.client("eks"), boto3.client("iam")
# Waiters sleep in real time between two looks; the simulated clock may run faster than that.
QUICK = {"Delay": 1, "MaxAttempts": 120}
POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"]


def tags(kind):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": NAME}]}]


def named():
    return [{"Name": "tag:Name", "Values": [NAME]}]


def every(client, operation, key, **arguments):
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


def wait(client, waiter, **arguments):
    """A waiter, asked again while EC2 does not see yet what it has just made: its reads lag behind."""
    for attempt in range(30):
        try:
            return client.get_waiter(waiter).wait(WaiterConfig=QUICK, **arguments)
        except WaiterError as error:
            if attempt == 29 or "NotFound" not in str(error):
                raise
            time.sleep(0.2)


def again(call, **arguments):
    """A call, made again for the same reason."""
    for attempt in range(30):
        try:
            return call(**arguments)
        except ClientError as error:
            if attempt == 29 or not error.response["Error"]["Code"].endswith(".NotFound"):
                raise
            time.sleep(0.2)


def role(name, service, policies):
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    arn = IAM.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    for policy in policies:
        IAM.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    wait(IAM, "role_exists", RoleName=name)
    return arn


def network():
    vpc = EC2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=tags("vpc"))["Vpc"]["VpcId"]
    wait(EC2, "vpc_available", VpcIds=[vpc])
    again(EC2.modify_vpc_attribute, VpcId=vpc, EnableDnsHostnames={"Value": True})
    gateway = EC2.create_internet_gateway(TagSpecifications=tags("internet-gateway"))
    gateway = gateway["InternetGateway"]["InternetGatewayId"]
    again(EC2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
    zones = EC2.describe_availability_zones(Filters=[{"Name": "state", "Values": ["available"]}])
    zones = [zone["ZoneName"] for zone in zones["AvailabilityZones"]][:2]

    def subnet(block, zone):
        made = EC2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone,
                                 TagSpecifications=tags("subnet"))["Subnet"]["SubnetId"]
        wait(EC2, "subnet_available", SubnetIds=[made])
        return made

    def table(subnets, **target):
        made = EC2.create_route_table(VpcId=vpc, TagSpecifications=tags("route-table"))
        made = made["RouteTable"]["RouteTableId"]
        again(EC2.create_route, RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", **target)
        for one in subnets:
            again(EC2.associate_route_table, RouteTableId=made, SubnetId=one)

    public = subnet("10.1.0.0/24", zones[0])
    private = [subnet(f"10.1.{n + 1}.0/24", zone) for n, zone in enumerate(zones)]
    address = EC2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip"))["AllocationId"]
    table([public], GatewayId=gateway)
    nat = EC2.create_nat_gateway(SubnetId=public, AllocationId=address, TagSpecifications=tags("natgateway"))
    nat = nat["NatGateway"]["NatGatewayId"]
    wait(EC2, "nat_gateway_available", NatGatewayIds=[nat])
    table(private, NatGatewayId=nat)
    return private


def create_cluster(role_arn, subnets):
    """IAM's roles are known to other services some seconds later: until then EKS says so."""
    for attempt in range(60):
        try:
            return EKS.create_cluster(name=NAME, version="1.34", roleArn=role_arn,
                                      resourcesVpcConfig={"subnetIds": subnets})
        except EKS.exceptions.InvalidParameterException as error:
            if attempt == 59 or "role" not in str(error).lower():
                raise
            time.sleep(0.5)


def up():
    cluster_role = role(f"{NAME}-cluster", "eks.amazonaws.com", ["AmazonEKSClusterPolicy"])
    node_role = role(f"{NAME}-node", "ec2.amazonaws.com", POLICIES)
    subnets = network()
    create_cluster(cluster_role, subnets)
    wait(EKS, "cluster_active", name=NAME)
    EKS.create_nodegroup(clusterName=NAME, nodegroupName="main", nodeRole=node_role, subnets=subnets,
                         instanceTypes=["t3.medium"],
                         scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 2})
    wait(EKS, "nodegroup_active", clusterName=NAME, nodegroupName="main")


def look():
    assert NAME in every(EKS, "list_clusters", "clusters", PaginationConfig={"PageSize": 1})
    reservations = every(EC2, "describe_instances", "Reservations",
                         Filters=[{"Name": "instance-state-name", "Values": ["running"]}])
    assert len([one for some in reservations for one in some["Instances"]]) == 2, reservations


def down():
    EKS.delete_nodegroup(clusterName=NAME, nodegroupName="main")
    wait(EKS, "nodegroup_deleted", clusterName=NAME, nodegroupName="main")
    EKS.delete_cluster(name=NAME)
    wait(EKS, "cluster_deleted", name=NAME)
    nats = [one["NatGatewayId"] for one in every(EC2, "describe_nat_gateways", "NatGateways", Filters=named())]
    for nat in nats:
        EC2.delete_nat_gateway(NatGatewayId=nat)
    if nats:
        wait(EC2, "nat_gateway_deleted", NatGatewayIds=nats)
    for address in EC2.describe_addresses(Filters=named())["Addresses"]:
        EC2.release_address(AllocationId=address["AllocationId"])
    vpc = every(EC2, "describe_vpcs", "Vpcs", Filters=named())[0]["VpcId"]
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    for _ in range(120):
        # Interfaces of the cluster outlive it by minutes; there is no waiter for that.
        left = every(EC2, "describe_network_interfaces", "NetworkInterfaces", Filters=inside)
        if not left:
            break
        for one in left:
            if one["Status"] == "available":
                EC2.delete_network_interface(NetworkInterfaceId=one["NetworkInterfaceId"])
        time.sleep(0.5)
    for table in every(EC2, "describe_route_tables", "RouteTables", Filters=named()):
        for association in table["Associations"]:
            EC2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
        EC2.delete_route_table(RouteTableId=table["RouteTableId"])
    for gateway in every(EC2, "describe_internet_gateways", "InternetGateways", Filters=named()):
        EC2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
        EC2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
    for subnet in every(EC2, "describe_subnets", "Subnets", Filters=named()):
        EC2.delete_subnet(SubnetId=subnet["SubnetId"])
    EC2.delete_vpc(VpcId=vpc)
    for name in [f"{NAME}-cluster", f"{NAME}-node"]:
        for policy in every(IAM, "list_attached_role_policies", "AttachedPolicies", RoleName=name):
            IAM.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        IAM.delete_role(RoleName=name)


if __name__ == "__main__":
    for step in sys.argv[1:] or ["up", "look", "down"]:
        {"up": up, "look": look, "down": down}[step]()
        print(step, "done")
