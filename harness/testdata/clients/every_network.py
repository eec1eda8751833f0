"""The network's part of `boto3_every_action.py`: VPC, subnets, routes, gateways, groups, interfaces, volumes."""

from boto3_every_action import EC2, TAGS, again, refused, spec, until

ANYWHERE = {"DestinationCidrBlock": "0.0.0.0/0"}


def network():
    vpc = EC2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=spec("vpc"))["Vpc"]["VpcId"]
    again(EC2.describe_vpcs, VpcIds=[vpc])
    again(EC2.modify_vpc_attribute, VpcId=vpc, EnableDnsHostnames={"Value": True})
    for attribute in ["enableDnsSupport", "enableDnsHostnames"]:
        EC2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
    gateway = EC2.create_internet_gateway(TagSpecifications=spec("internet-gateway"))
    gateway = gateway["InternetGateway"]["InternetGatewayId"]
    again(EC2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
    EC2.describe_internet_gateways()
    subnets = []
    for n, zone in enumerate(["us-east-1a", "us-east-1b"]):
        subnet = EC2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=zone,
                                   TagSpecifications=spec("subnet"))["Subnet"]["SubnetId"]
        again(EC2.describe_subnets, SubnetIds=[subnet])
        again(EC2.modify_subnet_attribute, SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
        subnets.append(subnet)
    place = {"vpc": vpc, "gateway": gateway, "subnets": subnets}
    tags(vpc)
    routes(place)
    nat(place)
    groups(place)
    interfaces(place)
    return place


def tags(vpc):
    EC2.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "b"}])
    EC2.describe_tags(Filters=[{"Name": "resource-id", "Values": [vpc]}])
    EC2.delete_tags(Resources=[vpc], Tags=[{"Key": "a"}])


def routes(place):
    tables = [EC2.create_route_table(VpcId=place["vpc"], TagSpecifications=spec("route-table"))
              ["RouteTable"]["RouteTableId"] for _ in range(2)]
    gateway = {"GatewayId": place["gateway"]}
    for table in tables:
        again(EC2.create_route, RouteTableId=table, **ANYWHERE, **gateway)
    EC2.replace_route(RouteTableId=tables[0], **ANYWHERE, **gateway)
    joined = again(EC2.associate_route_table, RouteTableId=tables[1], SubnetId=place["subnets"][0])
    joined = EC2.replace_route_table_association(AssociationId=joined["AssociationId"], RouteTableId=tables[0])
    EC2.describe_route_tables()
    EC2.disassociate_route_table(AssociationId=joined["NewAssociationId"])
    again(EC2.associate_route_table, RouteTableId=tables[0], SubnetId=place["subnets"][0])
    again(EC2.associate_route_table, RouteTableId=tables[0], SubnetId=place["subnets"][1])
    EC2.delete_route(RouteTableId=tables[1], **ANYWHERE)
    EC2.delete_route_table(RouteTableId=tables[1])
    place["table"] = tables[0]


def nat(place):
    address = EC2.allocate_address(Domain="vpc", TagSpecifications=spec("elastic-ip"))["AllocationId"]
    made = again(EC2.create_nat_gateway, SubnetId=place["subnets"][0], AllocationId=address,
                 TagSpecifications=spec("natgateway"))["NatGateway"]["NatGatewayId"]

    def now(state):
        return lambda reply: reply["NatGateways"][0]["State"] == state

    until(EC2.describe_nat_gateways, now("available"), NatGatewayIds=[made])
    EC2.delete_nat_gateway(NatGatewayId=made)
    until(EC2.describe_nat_gateways, now("deleted"), NatGatewayIds=[made])
    EC2.describe_addresses(AllocationIds=[address])
    EC2.describe_addresses_attribute(Attribute="domain-name", AllocationIds=[address])
    place["address"] = address


def groups(place):
    group = EC2.create_security_group(GroupName="every", Description="d", VpcId=place["vpc"],
                                      TagSpecifications=spec("security-group"))["GroupId"]
    again(EC2.describe_security_groups, GroupIds=[group])
    https = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    again(EC2.authorize_security_group_ingress, GroupId=group, IpPermissions=https)
    EC2.authorize_security_group_egress(GroupId=group, IpPermissions=https)
    EC2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    EC2.describe_security_groups(GroupIds=[group])
    EC2.revoke_security_group_ingress(GroupId=group, IpPermissions=https)
    EC2.revoke_security_group_egress(GroupId=group, IpPermissions=https)
    place["group"] = group


def interfaces(place):
    made = again(EC2.create_network_interface, SubnetId=place["subnets"][0], Groups=[place["group"]],
                 Description="d", TagSpecifications=spec("network-interface"))
    made = made["NetworkInterface"]["NetworkInterfaceId"]
    again(EC2.describe_network_interfaces, NetworkInterfaceIds=[made])
    joined = EC2.associate_address(AllocationId=place["address"], NetworkInterfaceId=made)["AssociationId"]
    EC2.describe_network_interfaces(NetworkInterfaceIds=[made])
    EC2.describe_addresses(AllocationIds=[place["address"]])
    EC2.disassociate_address(AssociationId=joined)
    EC2.release_address(AllocationId=place["address"])
    EC2.delete_network_interface(NetworkInterfaceId=made)


def volumes():
    made = EC2.create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=spec("volume"))["VolumeId"]
    until(EC2.describe_volumes, lambda reply: reply["Volumes"][0]["State"] == "available", VolumeIds=[made])
    refused("IncorrectState", EC2.detach_volume, VolumeId=made)
    EC2.delete_volume(VolumeId=made)


def network_down(place):
    inside = [{"Name": "vpc-id", "Values": [place["vpc"]]}]
    until(EC2.describe_network_interfaces, lambda reply: not reply["NetworkInterfaces"], Filters=inside)
    for subnet in place["subnets"]:
        EC2.delete_subnet(SubnetId=subnet)
    EC2.delete_route_table(RouteTableId=place["table"])
    EC2.detach_internet_gateway(InternetGatewayId=place["gateway"], VpcId=place["vpc"])
    EC2.delete_internet_gateway(InternetGatewayId=place["gateway"])
    again(EC2.delete_security_group, "DependencyViolation", GroupId=place["group"])
    again(EC2.delete_vpc, "DependencyViolation", VpcId=place["vpc"])
