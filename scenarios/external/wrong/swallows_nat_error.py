"""Swallows the error of a NAT gateway: it reports a ready cluster, but one zone has neither egress nor nodes.

Seen in cluster-api-provider-aws, pull 5856.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boto3-eks"))
import eks  # noqa: E402

right = eks.nat_gateway


def nat_gateway(part, inside):
    try:
        return right(part, inside)
    except eks.ClientError as error:
        print("ignored:", error)
        return None


def network():
    """As the right one does, with those zones whose NAT gateway came."""
    inside = eks.vpc()
    gateway = eks.internet_gateway(inside)
    zones = sorted(zone["ZoneName"] for zone in eks.EC2.describe_availability_zones()["AvailabilityZones"])[:2]
    public = [eks.subnet(inside, f"public-{n}", f"10.0.{n}.0/24", zone, True) for n, zone in enumerate(zones)]
    private = [eks.subnet(inside, f"private-{n}", f"10.0.{100 + n}.0/24", zone, False)
               for n, zone in enumerate(zones)]
    eks.route_table(inside, "public", public, GatewayId=gateway)
    ways_out = []
    for n, one in enumerate(public):
        nat = nat_gateway(f"nat-{n}", one)
        if nat:
            eks.wait(eks.EC2, "nat_gateway_available", NatGatewayIds=[nat])
            eks.route_table(inside, f"private-{n}", [private[n]], NatGatewayId=nat)
            ways_out.append(private[n])
    return inside, public, ways_out


eks.network = network
eks.main()
