"""SQS and EventBridge for `boto3_every_action.py`, as Karpenter's module uses them: a queue, and rules that target it."""

import json

from boto3_every_action import EVENTS, NAME, SQS, refused


def queues():
    url = SQS.create_queue(QueueName=NAME, Attributes={"MessageRetentionPeriod": "300"}, tags={"a": "b"})["QueueUrl"]
    of = {"QueueUrl": url}
    assert SQS.get_queue_url(QueueName=NAME)["QueueUrl"] == url
    assert url in SQS.list_queues(MaxResults=10)["QueueUrls"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    SQS.set_queue_attributes(Attributes={"Policy": policy}, **of)
    seen = SQS.get_queue_attributes(AttributeNames=["All"], **of)["Attributes"]
    assert (seen["MessageRetentionPeriod"], seen["Policy"]) == ("300", policy), seen
    SQS.tag_queue(Tags={"c": "d"}, **of)
    SQS.untag_queue(TagKeys=["a"], **of)
    assert SQS.list_queue_tags(**of)["Tags"] == {"c": "d"}
    rules(seen["QueueArn"])
    SQS.delete_queue(**of)
    # boto3 shows the codes of the protocol that SQS had before.
    refused("AWS.SimpleQueueService.NonExistentQueue", SQS.delete_queue, **of)
    refused("AWS.SimpleQueueService.QueueDeletedRecently", SQS.create_queue, QueueName=NAME)


def rules(queue):
    name = {"Name": NAME}
    pattern = json.dumps({"source": ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"]})
    arn = EVENTS.put_rule(EventPattern=pattern, Tags=[{"Key": "a", "Value": "b"}], **name)["RuleArn"]
    assert EVENTS.describe_rule(**name)["EventPattern"] == pattern
    assert [one["Name"] for one in EVENTS.list_rules(NamePrefix=NAME)["Rules"]] == [NAME]
    EVENTS.disable_rule(**name)
    EVENTS.enable_rule(**name)
    assert not EVENTS.put_targets(Rule=NAME, Targets=[{"Id": "queue", "Arn": queue}])["FailedEntryCount"]
    assert EVENTS.list_targets_by_rule(Rule=NAME)["Targets"] == [{"Id": "queue", "Arn": queue}]
    assert EVENTS.list_rule_names_by_target(TargetArn=queue)["RuleNames"] == [NAME]
    EVENTS.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    EVENTS.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert EVENTS.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    refused("ValidationException", EVENTS.delete_rule, **name)
    EVENTS.remove_targets(Rule=NAME, Ids=["queue"])
    EVENTS.delete_rule(**name)
