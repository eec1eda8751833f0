"""The cluster's part of `boto3_every_action.py`: EKS, what it makes in other services, load balancers, logs."""

from boto3_every_action import EC2, EKS, ELB, GROUPS, IAM, KMS, NAME, TAGS, V2, again, refused, spec, trust, until

CLUSTER, GROUP = {"name": NAME}, {"clusterName": NAME, "nodegroupName": "main"}
OF = {"clusterName": NAME}


def balancers(place):
    listener = [{"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 80}]
    ELB.create_load_balancer(LoadBalancerName=NAME, Listeners=listener, Subnets=place["subnets"], Tags=TAGS)
    ELB.describe_load_balancers()
    ELB.describe_tags(LoadBalancerNames=[NAME])
    ELB.delete_load_balancer(LoadBalancerName=NAME)
    for kind in ["application", "network"]:
        made = V2.create_load_balancer(Name=f"{NAME}-{kind}", Type=kind, Subnets=place["subnets"], Tags=TAGS)
        made = made["LoadBalancers"][0]["LoadBalancerArn"]
        until(V2.describe_load_balancers, lambda reply: reply["LoadBalancers"][0]["State"]["Code"] == "active",
              LoadBalancerArns=[made])
        V2.describe_tags(ResourceArns=[made])
        V2.delete_load_balancer(LoadBalancerArn=made)
    target = V2.create_target_group(Name=NAME, Protocol="HTTP", Port=80, VpcId=place["vpc"], Tags=TAGS)
    target = target["TargetGroups"][0]["TargetGroupArn"]
    V2.describe_target_groups(TargetGroupArns=[target])
    V2.delete_target_group(TargetGroupArn=target)


def cluster(roles, place):
    role, node_role = roles
    made = again(EKS.create_cluster, "InvalidParameterException", version="1.33", roleArn=role, tags={"Name": NAME},
                 resourcesVpcConfig={"subnetIds": place["subnets"]}, accessConfig={"authenticationMode": "API"},
                 logging={"clusterLogging": [{"types": ["api"], "enabled": True}]}, **CLUSTER)["cluster"]
    assert made["status"] == "CREATING", made
    ready = until(EKS.describe_cluster, lambda reply: reply["cluster"]["status"] == "ACTIVE", **CLUSTER)["cluster"]
    EKS.list_clusters()
    EKS.list_identity_provider_configs(**OF)
    EKS.tag_resource(resourceArn=ready["arn"], tags={"a": "b"})
    EKS.list_tags_for_resource(resourceArn=ready["arn"])
    EKS.untag_resource(resourceArn=ready["arn"], tagKeys=["a"])
    access(node_role)
    updates(place)
    encryption()
    addons()
    fargate(place)
    node_group(node_role, place)
    return ready["identity"]["oidc"]["issuer"]


def ended(update, **more):
    until(EKS.describe_update, lambda reply: reply["update"]["status"] == "Successful",
          name=NAME, updateId=update["update"]["id"], **more)


def encryption():
    key = KMS.create_key()["KeyMetadata"]["Arn"]
    wanted = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    ended(EKS.associate_encryption_config(encryptionConfig=wanted, **OF))
    assert EKS.describe_cluster(**CLUSTER)["cluster"]["encryptionConfig"] == wanted
    KMS.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    issues = EKS.describe_cluster(**CLUSTER)["cluster"]["health"]["issues"]
    assert issues[0]["code"] == "KmsKeyMarkedForDeletion", issues


def addons():
    offered = EKS.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.34")["addons"][0]
    newest, oldest = (offered["addonVersions"][n]["addonVersion"] for n in (0, -1))
    addon = {"addonName": "kube-proxy", **OF}
    refused("ResourceNotFoundException", EKS.describe_addon, **addon)
    EKS.create_addon(addonVersion=oldest, tags={"a": "b"}, **addon)
    until(EKS.describe_addon, lambda reply: reply["addon"]["status"] == "ACTIVE", **addon)
    assert EKS.list_addons(**OF)["addons"] == ["kube-proxy"]
    ended(EKS.update_addon(addonVersion=newest, resolveConflicts="OVERWRITE", **addon), addonName="kube-proxy")
    assert EKS.describe_addon(**addon)["addon"]["addonVersion"] == newest
    EKS.delete_addon(**addon)
    until(lambda: gone(EKS.describe_addon, **addon), bool)


def fargate(place):
    """A profile in a private subnet of its own; the cluster's are public."""
    private = EC2.create_subnet(VpcId=place["vpc"], CidrBlock="10.9.9.0/24")["Subnet"]["SubnetId"]
    role = {"RoleName": f"{NAME}-pods"}
    arn = IAM.create_role(AssumeRolePolicyDocument=trust("eks-fargate-pods.amazonaws.com"), **role)["Role"]["Arn"]
    profile = {"fargateProfileName": "pods", **OF}
    selectors = [{"namespace": "serverless", "labels": {"a": "b"}}]
    refused("ResourceNotFoundException", EKS.describe_fargate_profile, **profile)
    refused("InvalidParameterException", EKS.create_fargate_profile, podExecutionRoleArn=arn, selectors=selectors,
            subnets=place["subnets"], **profile)
    again(EKS.create_fargate_profile, "InvalidParameterException", podExecutionRoleArn=arn, selectors=selectors,
          subnets=[private], tags={"Name": NAME}, **profile)
    # Deleting it now is refused by a code that its model does not have: the simulator's own tests hold that.
    made = until(EKS.describe_fargate_profile, lambda reply: reply["fargateProfile"]["status"] == "ACTIVE", **profile)
    assert made["fargateProfile"]["selectors"] == selectors, made
    assert EKS.list_fargate_profiles(**OF)["fargateProfileNames"] == ["pods"]
    refused("ResourceInUseException", EKS.delete_cluster, **CLUSTER)
    EKS.delete_fargate_profile(**profile)
    until(lambda: gone(EKS.describe_fargate_profile, **profile), bool)
    EC2.delete_subnet(SubnetId=private)
    IAM.delete_role(**role)


def access(role):
    entry = {"principalArn": role, **OF}
    EKS.create_access_entry(kubernetesGroups=["readers"], tags={"a": "b"}, **entry)
    EKS.describe_access_entry(**entry)
    EKS.list_access_entries(**OF)
    EKS.update_access_entry(kubernetesGroups=["writers"], username="u", **entry)
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    EKS.associate_access_policy(policyArn=policy, accessScope={"type": "cluster"}, **entry)
    EKS.list_associated_access_policies(**entry)
    EKS.disassociate_access_policy(policyArn=policy, **entry)
    EKS.delete_access_entry(**entry)
    made = EKS.create_pod_identity_association(namespace="default", serviceAccount="default", roleArn=role, **OF)
    made = {"associationId": made["association"]["associationId"], **OF}
    EKS.describe_pod_identity_association(**made)
    EKS.list_pod_identity_associations(**OF)
    EKS.update_pod_identity_association(roleArn=role, **made)
    EKS.delete_pod_identity_association(**made)


def updates(place):
    ended(EKS.update_cluster_config(resourcesVpcConfig={"endpointPrivateAccess": True}, **CLUSTER))
    ended(EKS.update_cluster_version(version="1.34", **CLUSTER))
    assert EKS.list_updates(**CLUSTER)["updateIds"]


def node_group(role, place):
    template = EC2.create_launch_template(
        LaunchTemplateName=NAME, TagSpecifications=spec("launch-template"), LaunchTemplateData={
            "InstanceType": "t3.medium", "SecurityGroupIds": [place["group"]], "TagSpecifications": spec("instance")})
    template = {"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"]}
    again(EC2.describe_launch_templates, LaunchTemplateIds=[template["LaunchTemplateId"]])
    again(EC2.describe_launch_template_versions, **template)
    EC2.create_launch_template_version(SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.large"}, **template)
    EC2.modify_launch_template(DefaultVersion="2", **template)
    EC2.delete_launch_template_versions(Versions=["1"], **template)
    EC2.delete_launch_template(**template)
    EKS.create_nodegroup(nodeRole=role, subnets=place["subnets"], instanceTypes=["t3.medium"], labels={"a": "b"},
                         taints=[{"key": "k", "value": "v", "effect": "PREFER_NO_SCHEDULE"}], tags={"Name": NAME},
                         scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2}, capacityType="SPOT", **GROUP)
    made = until(EKS.describe_nodegroup, lambda reply: reply["nodegroup"]["status"] == "ACTIVE", **GROUP)["nodegroup"]
    EKS.list_nodegroups(**OF)
    changed = EKS.update_nodegroup_config(labels={"addOrUpdateLabels": {"c": "d"}}, scalingConfig={"desiredSize": 3},
                                          **GROUP)["update"]
    until(EKS.describe_update, lambda reply: reply["update"]["status"] == "Successful", name=NAME,
          updateId=changed["id"], nodegroupName="main")
    group = made["resources"]["autoScalingGroups"][0]["name"]
    instances = GROUPS.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    instances = instances["AutoScalingGroups"][0]["Instances"]
    GROUPS.describe_scaling_activities(AutoScalingGroupName=group)
    seen = EC2.describe_instances(InstanceIds=[one["InstanceId"] for one in instances])["Reservations"]
    one = seen[0]["Instances"][0]
    refused("OperationNotPermitted", EC2.detach_network_interface,
            AttachmentId=one["NetworkInterfaces"][0]["Attachment"]["AttachmentId"])
    assert one["InstanceLifecycle"] == "spot", one
    request = EC2.describe_spot_instance_requests(SpotInstanceRequestIds=[one["SpotInstanceRequestId"]])
    assert request["SpotInstanceRequests"][0]["InstanceId"] == one["InstanceId"], request
    EC2.cancel_spot_instance_requests(SpotInstanceRequestIds=[one["SpotInstanceRequestId"]])
    EC2.detach_volume(VolumeId=one["BlockDeviceMappings"][0]["Ebs"]["VolumeId"])
    EC2.terminate_instances(InstanceIds=[one["InstanceId"]])
    GROUPS.delete_auto_scaling_group(AutoScalingGroupName=group, ForceDelete=True)


def gone(call, **arguments):
    try:
        call(**arguments)
    except EKS.exceptions.ResourceNotFoundException:
        return True
    return False


def cluster_down():
    EKS.delete_nodegroup(**GROUP)
    until(lambda: gone(EKS.describe_nodegroup, **GROUP), bool)
    EKS.delete_cluster(**CLUSTER)
    until(lambda: gone(EKS.describe_cluster, **CLUSTER), bool)
    for volume in EC2.describe_volumes(Filters=[{"Name": "status", "Values": ["available"]}])["Volumes"]:
        if volume["Tags"] and any(tag["Key"] == "eks:cluster-name" for tag in volume["Tags"]):
            EC2.delete_volume(VolumeId=volume["VolumeId"])
