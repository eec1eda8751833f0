"""Instances of a caller's own for `boto3_every_action.py`: images, RunInstances, their attributes, an instant fleet."""

from boto3_every_action import EC2, NAME, again, refused, spec


def machines(place):
    name = [{"Name": "name", "Values": ["amazon-eks-node-al2023-x86_64-standard-1.34-*"]}]
    image = EC2.describe_images(Owners=["amazon"], Filters=name)["Images"][0]["ImageId"]
    order = {"ImageId": image, "InstanceType": "t3.medium", "MinCount": 1, "MaxCount": 1, "ClientToken": "every",
             "SubnetId": place["subnets"][0], "TagSpecifications": spec("instance"),
             "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
             "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "VolumeType": "gp3"}}]}
    made = again(EC2.run_instances, **order)["Instances"][0]
    machine = {"InstanceId": made["InstanceId"]}
    assert EC2.run_instances(**order)["Instances"][0]["InstanceId"] == made["InstanceId"]
    again(EC2.describe_instances, InstanceIds=[made["InstanceId"]])
    refused("DependencyViolation", EC2.delete_subnet, SubnetId=place["subnets"][0])
    EC2.modify_instance_attribute(DisableApiTermination={"Value": True}, **machine)
    read = EC2.describe_instance_attribute(Attribute="disableApiTermination", **machine)
    assert read["DisableApiTermination"]["Value"], read
    refused("OperationNotPermitted", EC2.terminate_instances, InstanceIds=[made["InstanceId"]])
    EC2.modify_instance_attribute(DisableApiTermination={"Value": False}, **machine)
    credits = EC2.describe_instance_credit_specifications(InstanceIds=[made["InstanceId"]])
    assert credits["InstanceCreditSpecifications"][0]["CpuCredits"] == "unlimited", credits
    EC2.terminate_instances(InstanceIds=[made["InstanceId"]] + fleet(image, place))


def fleet(image, place):
    template = {"LaunchTemplateName": f"{NAME}-fleet"}
    EC2.create_launch_template(LaunchTemplateData={"ImageId": image}, **template)
    overrides = [{"InstanceType": kind, "SubnetId": place["subnets"][0]} for kind in ["m5.large", "t3.medium"]]
    made = EC2.create_fleet(
        Type="instant", TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "spot"},
        LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {"Version": "$Latest", **template},
                                "Overrides": overrides}])
    assert made["Instances"][0]["Lifecycle"] == "spot", made
    EC2.delete_launch_template(**template)
    return made["Instances"][0]["InstanceIds"]
