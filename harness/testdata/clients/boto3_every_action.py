"""Every AWS operation that the endpoint implements, once through boto3, with every reply held against its model.

Which operations there are is asked of the endpoint itself: each operation of each service model is tried, and
those are implemented that are not answered with 501. One that is not driven below is a failure, as is a reply
that `strict.py` objects to. Afterwards nothing is left.
"""

import http.client
import json
import os
import re
import sys
import time
import urllib.parse
from datetime import date, timedelta

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from strict import watch

# By boto3's names; what they are called in signatures is another thing.
SERVICES = ["autoscaling", "ce", "cloudtrail", "ec2", "eks", "elb", "elbv2", "events", "iam", "kms", "logs", "pricing",
            "resourcegroupstaggingapi", "service-quotas", "sqs", "sts"]
# Operations that can only be refused here, with the code that the documentation names for it.
ONLY_REFUSED = {
    # No instance has an interface but the first one.
    ("ec2", "DetachNetworkInterface"): "OperationNotPermitted",
}
# No host prefix (`stream-…`) goes before a loopback address; what is refused is not tried again.
CONFIG = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
NAME = "every"
TAGS = [{"Key": "Name", "Value": NAME}]
SESSION = boto3.Session()
SEEN = watch(SESSION._session)


def client(service):
    return SESSION.client(service, config=CONFIG)


EC2, EKS, IAM, ELB, V2 = (client(name) for name in ["ec2", "eks", "iam", "elb", "elbv2"])
GROUPS, LOGS, COSTS, PRICES = (client(name) for name in ["autoscaling", "logs", "ce", "pricing"])
KMS, SQS, EVENTS = (client(name) for name in ["kms", "sqs", "events"])


# What the endpoint implements.

def is_unknown(error, name):
    """Of an operation that is known in part, the message names the part; REST's have no name, but a path."""
    known_not = re.search(r"does not know [a-z0-9]+:(.*)", error["Message"])
    return error["Code"] == "NotImplemented" and bool(known_not) and (
        known_not[1] == name or bool(re.match(r"[A-Z]+ /", known_not[1])))


def implemented():
    """The operations that are not answered with 501. Nothing is made: parameters are left out, DryRun is asked for."""
    found, session = set(), boto3.Session()
    config = CONFIG.merge(Config(parameter_validation=False))
    for service in SERVICES:
        probe = session.client(service, config=config)
        for name in probe.meta.service_model.operation_names:
            model = probe.meta.service_model.operation_model(name)
            if model.auth_type == "none" or model.has_event_stream_output:
                continue  # Unsigned calls name no service; streams are no calls.
            members = model.input_shape.members if model.input_shape else {}
            given = {key: "x" for key, shape in members.items() if shape.serialization.get("location") == "uri"}
            if service == "ec2" and "DryRun" in members:
                given["DryRun"] = True
            if (service, name) == ("ec2", "CopySnapshot"):
                given["SourceRegion"] = "us-east-1"  # botocore presigns a URL of it.
            if (service, name) == ("kms", "CreateKey"):
                given["KeySpec"] = "x"  # It needs nothing, and would be made.
            try:
                probe._make_api_call(name, given)
            except ClientError as error:
                if is_unknown(error.response["Error"], name):
                    continue
            found.add((service, name))
    return found


def strangers():
    """Services beyond SERVICES that the endpoint knows: it says of others that it does not know the service."""
    ours = {"elasticloadbalancing", "servicequotas", "tagging"} | set(SERVICES)
    place = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
    credentials = SESSION.get_credentials()
    connection, found = http.client.HTTPConnection(place.hostname, place.port, timeout=30), []
    for service in get_session().get_available_services():
        if service in ours:
            continue
        request = AWSRequest("POST", place.geturl() + "/", data="Action=Any&Version=1")
        SigV4Auth(credentials, service, "us-east-1").add_auth(request)
        connection.request("POST", "/", "Action=Any&Version=1", dict(request.headers))
        reply = connection.getresponse()
        text = reply.read().decode()
        if reply.status != 501 or f"does not know the service {service}" not in text:
            found.append(f"{service}: {reply.status} {text}")
    return found


# Driving them.

def again(call, *codes, **arguments):
    """A call, made again while one thing or another is not seen yet: reads lag behind writes."""
    for attempt in range(200):
        try:
            return call(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if attempt == 199 or not (code.endswith("NotFound") or code in codes):
                raise
            time.sleep(0.05)


def until(call, done, **arguments):
    for _ in range(600):
        reply = again(call, **arguments)
        if done(reply):
            return reply
        time.sleep(0.05)
    raise TimeoutError(f"{call.__name__}: {reply}")


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{call.__name__} was not refused with {code}")


def spec(kind):
    return [{"ResourceType": kind, "Tags": TAGS}]


def trust(service):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})


def lists():
    """What can be listed without having made anything."""
    for name in ["account_attributes", "addresses", "availability_zones", "capacity_reservations", "dhcp_options",
                 "fleets", "instance_type_offerings", "key_pairs",
                 "managed_prefix_lists", "network_acls", "placement_groups", "regions", "snapshots",
                 "spot_fleet_requests", "spot_instance_requests", "transit_gateway_vpc_attachments",
                 "vpc_peering_connections", "vpn_connections", "vpn_gateways"]:
        getattr(EC2, f"describe_{name}")()
    EC2.describe_instance_types(InstanceTypes=["t3.medium"])
    EKS.describe_cluster_versions()
    EKS.list_access_policies()
    IAM.get_user()
    IAM.list_policies(Scope="Local")
    client("resourcegroupstaggingapi").get_resources()
    quotas, vpcs = client("service-quotas"), {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    quotas.list_service_quotas(ServiceCode="vpc")
    quotas.list_aws_default_service_quotas(ServiceCode="vpc")
    quotas.get_service_quota(**vpcs)
    quotas.get_aws_default_service_quota(**vpcs)
    PRICES.describe_services(ServiceCode="AmazonEKS")
    PRICES.get_attribute_values(ServiceCode="AmazonEC2", AttributeName="instanceType")
    PRICES.get_products(ServiceCode="AmazonEKS", Filters=[
        {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"}])


def bills():
    # Bills are published a day late, on the clock of the account.
    today = date.today()
    period = {"Start": str(today - timedelta(days=1)), "End": str(today + timedelta(days=1))}
    asked = {"TimePeriod": period, "Granularity": "DAILY", "Metrics": ["UnblendedCost", "UsageQuantity"]}
    again(COSTS.get_cost_and_usage, "DataUnavailableException", **asked)
    COSTS.get_cost_and_usage(GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}, {"Type": "TAG", "Key": "Name"}],
                             Filter={"Dimensions": {"Key": "REGION", "Values": ["us-east-1"]}}, **asked)
    COSTS.get_dimension_values(TimePeriod=period, Dimension="SERVICE")
    COSTS.get_tags(TimePeriod=period)
    tags = COSTS.list_cost_allocation_tags()["CostAllocationTags"]
    COSTS.update_cost_allocation_tags_status(CostAllocationTagsStatus=[
        {"TagKey": tags[0]["TagKey"], "Status": "Active"}])
    client("cloudtrail").lookup_events()
    assert until(client("cloudtrail").lookup_events, lambda reply: reply["Events"])


def identities():
    role = {"RoleName": NAME}
    made = IAM.create_role(AssumeRolePolicyDocument=trust("eks.amazonaws.com"), Tags=TAGS, **role)["Role"]["Arn"]
    node = IAM.create_role(RoleName="node", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]["Arn"]
    IAM.get_role(**role)
    IAM.list_roles()
    IAM.tag_role(Tags=[{"Key": "a", "Value": "b"}], **role)
    IAM.list_role_tags(**role)
    IAM.untag_role(TagKeys=["a"], **role)
    IAM.attach_role_policy(PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy", **role)
    for policy in ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"]:
        IAM.attach_role_policy(RoleName="node", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    IAM.list_attached_role_policies(**role)
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
    IAM.put_role_policy(PolicyName="inline", PolicyDocument=document, **role)
    inline = IAM.get_role_policy(PolicyName="inline", **role)
    assert inline["PolicyDocument"]["Statement"][0]["Action"] == "s3:GetObject", inline
    IAM.list_role_policies(**role)
    IAM.delete_role_policy(PolicyName="inline", **role)
    policy = IAM.create_policy(PolicyName=NAME, PolicyDocument=document, Description="d", Tags=TAGS)["Policy"]["Arn"]
    IAM.get_policy(PolicyArn=policy)
    IAM.list_policies(Scope="Local")
    IAM.list_policy_tags(PolicyArn=policy)
    versions(policy, document)
    IAM.update_assume_role_policy(PolicyDocument=trust("eks.amazonaws.com"), **role)
    IAM.update_role(MaxSessionDuration=7200, **role)
    IAM.update_role_description(Description="d", **role)
    IAM.attach_role_policy(PolicyArn=policy, **role)
    assert IAM.list_entities_for_policy(PolicyArn=policy)["PolicyRoles"][0]["RoleName"] == NAME
    IAM.detach_role_policy(PolicyArn=policy, **role)
    assumed()
    caller = client("sts").get_caller_identity()["Arn"]
    IAM.simulate_principal_policy(PolicySourceArn=caller, ActionNames=["ec2:CreateVpc"])
    IAM.delete_policy(PolicyArn=policy)
    profile = {"InstanceProfileName": NAME}
    IAM.create_instance_profile(Tags=TAGS, **profile)
    IAM.add_role_to_instance_profile(RoleName="node", **profile)
    IAM.get_instance_profile(**profile)
    IAM.list_instance_profiles()
    IAM.list_instance_profiles_for_role(RoleName="node")
    IAM.tag_instance_profile(Tags=[{"Key": "a", "Value": "b"}], **profile)
    IAM.untag_instance_profile(TagKeys=["a"], **profile)
    IAM.list_instance_profile_tags(**profile)
    IAM.remove_role_from_instance_profile(RoleName="node", **profile)
    IAM.delete_instance_profile(**profile)
    IAM.create_service_linked_role(AWSServiceName="elasticloadbalancing.amazonaws.com")
    return made, node


def assumed():
    """A session of a role that trusts the account."""
    account = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}]})
    arn = IAM.create_role(RoleName="assumed", AssumeRolePolicyDocument=account)["Role"]["Arn"]
    given = again(client("sts").assume_role, "AccessDenied", RoleArn=arn, RoleSessionName="it")["Credentials"]
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert session.client("sts", config=CONFIG).get_caller_identity()["Arn"].endswith("assumed-role/assumed/it")
    refused("UnauthorizedOperation", session.client("ec2", config=CONFIG).describe_vpcs)
    IAM.delete_role(RoleName="assumed")


def versions(policy, document):
    """A policy's versions, and its tags."""
    of = {"PolicyArn": policy}
    assert IAM.list_policy_versions(**of)["Versions"][0]["IsDefaultVersion"]
    second = IAM.create_policy_version(PolicyDocument=document, **of)["PolicyVersion"]["VersionId"]
    IAM.set_default_policy_version(VersionId=second, **of)
    read = IAM.get_policy_version(VersionId=second, **of)["PolicyVersion"]
    assert read["Document"]["Statement"][0]["Action"] == "s3:GetObject", read
    refused("DeleteConflict", IAM.delete_policy_version, VersionId=second, **of)
    IAM.delete_policy_version(VersionId="v1", **of)
    IAM.tag_policy(Tags=[{"Key": "a", "Value": "b"}], **of)
    IAM.untag_policy(TagKeys=["a"], **of)


def identity_provider(url):
    provider = IAM.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"], Tags=TAGS,
                                                   ThumbprintList=["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"])
    provider = provider["OpenIDConnectProviderArn"]
    IAM.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    IAM.list_open_id_connect_providers()
    assert IAM.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=provider)["Tags"] == TAGS
    of = {"OpenIDConnectProviderArn": provider}
    IAM.tag_open_id_connect_provider(Tags=[{"Key": "a", "Value": "b"}], **of)
    IAM.untag_open_id_connect_provider(TagKeys=["a"], **of)
    IAM.add_client_id_to_open_id_connect_provider(ClientID="other", **of)
    IAM.remove_client_id_from_open_id_connect_provider(ClientID="other", **of)
    IAM.update_open_id_connect_provider_thumbprint(ThumbprintList=["0" * 40], **of)
    IAM.delete_open_id_connect_provider(**of)


def main():
    from every_network import network, network_down, volumes
    from every_boundary import acls, endpoints, ranges
    from every_cluster import balancers, cluster, cluster_down
    from every_key import flow_logs, keys, logs
    from every_machine import machines
    from every_queue import queues

    began = time.time()
    known = implemented()
    problems = strangers()
    lists()
    roles = identities()
    place = network()
    volumes()
    acls(place)
    ranges(place["vpc"])
    endpoints(place)
    flow_logs(place["vpc"], roles[0])
    keys()
    queues()
    balancers(place)
    issuer = cluster(roles, place)
    machines(place)
    identity_provider(issuer)
    cluster_down()
    logs()
    network_down(place)
    bills()
    for role in [NAME, "node"]:
        for policy in IAM.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            IAM.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        IAM.delete_role(RoleName=role)

    succeeded = {call for call, codes in SEEN.calls.items() if "" in codes}
    succeeded |= {call for call, code in ONLY_REFUSED.items() if code in SEEN.calls.get(call, ())}
    problems += [f"{service}:{name}: implemented, and never seen to succeed here"
                 for service, name in sorted(known - succeeded)]
    problems += [f"{service}:{name}: driven, and not found by asking" for service, name in sorted(succeeded - known)]
    problems += sorted(SEEN.problems)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(succeeded)} operations of {len(known)}, {len(problems)} problems, {time.time() - began:.1f} s")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    # The parts import what is above by this name.
    sys.modules["boto3_every_action"] = sys.modules["__main__"]
    main()
