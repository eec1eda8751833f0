"""KMS and CloudWatch Logs for `boto3_every_action.py`: keys, aliases, grants, groups and their retention."""

import json

from boto3_every_action import EC2, KMS, LOGS, NAME, again, refused


def keys():
    key = KMS.create_key(Description=NAME, Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]["KeyId"]
    of = {"KeyId": key}
    arn = KMS.describe_key(**of)["KeyMetadata"]["Arn"]
    assert key in [one["KeyId"] for one in KMS.list_keys()["Keys"]]
    KMS.update_key_description(Description="d", **of)
    KMS.enable_key_rotation(RotationPeriodInDays=90, **of)
    assert KMS.get_key_rotation_status(**of)["KeyRotationEnabled"]
    KMS.disable_key_rotation(**of)
    KMS.disable_key(**of)
    KMS.enable_key(**of)
    KMS.tag_resource(Tags=[{"TagKey": "c", "TagValue": "d"}], **of)
    KMS.untag_resource(TagKeys=["a"], **of)
    assert KMS.list_resource_tags(**of)["Tags"] == [{"TagKey": "c", "TagValue": "d"}]
    policy = KMS.get_key_policy(PolicyName="default", **of)["Policy"]
    assert KMS.list_key_policies(**of)["PolicyNames"] == ["default"]
    KMS.put_key_policy(PolicyName="default", Policy=policy, **of)
    locked = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Encrypt", "Resource": "*"}]})
    refused("MalformedPolicyDocumentException", KMS.put_key_policy, PolicyName="default", Policy=locked, **of)
    aliases(key)
    grants = [KMS.create_grant(GranteePrincipal="arn:aws:iam::123456789012:root", Operations=["Encrypt"],
                               **of)["GrantId"] for _ in range(2)]
    assert len(KMS.list_grants(**of)["Grants"]) == 2
    KMS.revoke_grant(GrantId=grants[0], **of)
    KMS.retire_grant(GrantId=grants[1], KeyId=arn)
    assert KMS.schedule_key_deletion(PendingWindowInDays=7, **of)["KeyState"] == "PendingDeletion"
    refused("KMSInvalidStateException", KMS.enable_key, **of)
    KMS.cancel_key_deletion(**of)
    assert KMS.describe_key(**of)["KeyMetadata"]["KeyState"] == "Disabled"
    KMS.schedule_key_deletion(**of)


def aliases(key):
    name = {"AliasName": f"alias/{NAME}"}
    KMS.create_alias(TargetKeyId=key, **name)
    refused("AlreadyExistsException", KMS.create_alias, TargetKeyId=key, **name)
    KMS.update_alias(TargetKeyId=key, **name)
    assert [one["AliasName"] for one in KMS.list_aliases(KeyId=key)["Aliases"]] == [f"alias/{NAME}"]
    KMS.describe_key(KeyId=f"alias/{NAME}")
    KMS.delete_alias(**name)


def logs():
    key = KMS.create_key()["KeyMetadata"]["Arn"]
    group = {"logGroupName": "/every"}
    LOGS.create_log_group(tags={"a": "b"}, **group)
    LOGS.put_retention_policy(retentionInDays=90, **group)
    refused("InvalidParameterException", LOGS.put_retention_policy, retentionInDays=91, **group)
    LOGS.associate_kms_key(kmsKeyId=key, **group)
    seen = LOGS.describe_log_groups(logGroupNamePrefix="/every")["logGroups"][0]
    assert (seen["retentionInDays"], seen["kmsKeyId"]) == (90, key), seen
    LOGS.disassociate_kms_key(**group)
    LOGS.delete_retention_policy(**group)
    LOGS.create_log_stream(logStreamName="s", **group)
    assert LOGS.describe_log_streams(**group)["logStreams"][0]["logStreamName"] == "s"
    LOGS.delete_log_stream(logStreamName="s", **group)
    arn = seen["logGroupArn"]
    LOGS.tag_resource(resourceArn=arn, tags={"c": "d"})
    LOGS.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert LOGS.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "d"}
    KMS.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    for group in LOGS.describe_log_groups()["logGroups"]:
        if NAME in group["logGroupName"]:
            LOGS.delete_log_group(logGroupName=group["logGroupName"])


def flow_logs(vpc, role):
    made = EC2.create_flow_logs(ResourceType="VPC", ResourceIds=[vpc], TrafficType="ALL", LogGroupName="/flow",
                                DeliverLogsPermissionArn=role)["FlowLogIds"]
    again(EC2.describe_flow_logs, FlowLogIds=made)
    assert not EC2.delete_flow_logs(FlowLogIds=made)["Unsuccessful"]
    assert EC2.delete_flow_logs(FlowLogIds=made)["Unsuccessful"]
