"""What guards a network, for `boto3_every_action.py`: network ACLs, endpoints, further ranges, egress-only gateways."""

from boto3_every_action import EC2, again, refused, spec, until


def acls(place):
    acl = EC2.create_network_acl(VpcId=place["vpc"], TagSpecifications=spec("network-acl"))
    acl = {"NetworkAclId": acl["NetworkAcl"]["NetworkAclId"]}
    again(EC2.describe_network_acls, NetworkAclIds=[acl["NetworkAclId"]])
    rule = {"RuleNumber": 100, "Egress": False, **acl}
    https = {"Protocol": "6", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 443, "To": 443}}
    EC2.create_network_acl_entry(**https, **rule)
    refused("NetworkAclEntryAlreadyExists", EC2.create_network_acl_entry, **https, **rule)
    EC2.replace_network_acl_entry(**{**https, "RuleAction": "deny"}, **rule)
    EC2.create_network_acl_entry(RuleNumber=101, Egress=True, Protocol="1", RuleAction="allow", CidrBlock="10.0.0.0/8",
                                 IcmpTypeCode={"Type": 8, "Code": -1}, **acl)
    subnet = [{"Name": "association.subnet-id", "Values": [place["subnets"][0]]}]

    def joined(to):
        found = again(EC2.describe_network_acls, Filters=subnet)["NetworkAcls"][0]
        of_subnet = [one for one in found["Associations"] if one["SubnetId"] == place["subnets"][0]]
        EC2.replace_network_acl_association(AssociationId=of_subnet[0]["NetworkAclAssociationId"], NetworkAclId=to)
        return found["NetworkAclId"]

    before = joined(acl["NetworkAclId"])
    refused("DependencyViolation", EC2.delete_network_acl, **acl)
    joined(before)
    EC2.delete_network_acl_entry(**rule)
    EC2.delete_network_acl(**acl)
    refused("InvalidParameterValue", EC2.delete_network_acl, NetworkAclId=before)


def ranges(vpc):
    made = EC2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="100.64.0.0/16")["CidrBlockAssociation"]
    seen = again(EC2.describe_vpcs, VpcIds=[vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
    assert [one["CidrBlock"] for one in seen] == ["10.9.0.0/16", "100.64.0.0/16"], seen
    EC2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])
    gateway = EC2.create_egress_only_internet_gateway(VpcId=vpc, TagSpecifications=spec("egress-only-internet-gateway"))
    gateway = gateway["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    again(EC2.describe_egress_only_internet_gateways, EgressOnlyInternetGatewayIds=[gateway])
    EC2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=gateway)


def endpoints(place):
    services = EC2.describe_vpc_endpoint_services(Filters=[{"Name": "service-type", "Values": ["Gateway"]}])
    assert "com.amazonaws.us-east-1.s3" in services["ServiceNames"], services
    assert EC2.describe_prefix_lists()["PrefixLists"]
    s3 = EC2.create_vpc_endpoint(VpcId=place["vpc"], ServiceName="com.amazonaws.us-east-1.s3",
                                 RouteTableIds=[place["table"]], TagSpecifications=spec("vpc-endpoint"))
    s3 = s3["VpcEndpoint"]["VpcEndpointId"]
    sts = EC2.create_vpc_endpoint(VpcId=place["vpc"], ServiceName="com.amazonaws.us-east-1.sts",
                                  VpcEndpointType="Interface", SubnetIds=place["subnets"][:1],
                                  SecurityGroupIds=[place["group"]])["VpcEndpoint"]["VpcEndpointId"]
    until(EC2.describe_vpc_endpoints, lambda reply: reply["VpcEndpoints"][0]["State"] == "available",
          VpcEndpointIds=[sts])
    EC2.modify_vpc_endpoint(VpcEndpointId=sts, AddSubnetIds=place["subnets"][1:])
    seen = EC2.describe_vpc_endpoints(VpcEndpointIds=[sts])["VpcEndpoints"][0]
    assert seen["SubnetIds"] == place["subnets"], seen
    assert not EC2.delete_vpc_endpoints(VpcEndpointIds=[s3, sts])["Unsuccessful"]
    inside = [{"Name": "vpc-id", "Values": [place["vpc"]]}]
    until(EC2.describe_vpc_endpoints, lambda reply: not reply["VpcEndpoints"], Filters=inside)
