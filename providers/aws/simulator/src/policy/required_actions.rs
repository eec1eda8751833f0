//! Which permissions a call needs: its own, and those of its side effects.

use std::collections::BTreeMap;

use serde_json::Value;

use super::iam_arn;
use crate::state::State;
use crate::wire::call::Call;

/// One permission that a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredAction {
    /// Such as `ec2:CreateVpc`.
    pub action: String,
    /// The ARN of the resource, `*` if the call does not name it.
    pub resource: String,
    /// Condition keys of the request.
    pub context: BTreeMap<String, String>,
}

/// All permissions that a call needs. `GetCallerIdentity` needs none.
pub fn required_actions(state: &State, call: &Call) -> Vec<RequiredAction> {
    if call.service == "sts" && call.action == "GetCallerIdentity" {
        return Vec::new();
    }
    let tags = request_tags(call);
    let mut context = BTreeMap::from([("aws:RequestedRegion".to_owned(), call.region.clone())]);
    context.extend(
        tags.into_iter()
            .map(|(key, value)| (format!("aws:RequestTag/{key}"), value)),
    );
    let own = RequiredAction {
        action: format!("{}:{}", prefix(&call.service), call.action),
        resource: resource(state, call),
        context: context.clone(),
    };
    let mut all = vec![own];
    let tagged = context.keys().any(|key| key.starts_with("aws:RequestTag/"));
    if let Some(action) = tagging(call).filter(|_| tagged) {
        context.insert(
            format!("{}:CreateAction", call.service),
            call.action.clone(),
        );
        all.push(RequiredAction {
            action,
            resource: "*".to_owned(),
            context,
        });
    }
    if let Some((role, service)) = passed_role(call) {
        let context = BTreeMap::from([("iam:PassedToService".to_owned(), service.to_owned())]);
        all.push(RequiredAction {
            action: "iam:PassRole".to_owned(),
            resource: role,
            context,
        });
    }
    all
}

/// IAM's prefix of a service's actions, where it differs from the signing name.
fn prefix(service: &str) -> &str {
    if service == "tagging" { "tag" } else { service }
}

/// The tagging permission that a creation with tags also needs.
fn tagging(call: &Call) -> Option<String> {
    let action = match (call.service.as_str(), call.action.as_str()) {
        ("ec2", "CreateTags") => return None,
        ("ec2", _) => "ec2:CreateTags",
        ("iam", "CreateRole") => "iam:TagRole",
        ("iam", "CreateInstanceProfile") => "iam:TagInstanceProfile",
        ("iam", "CreatePolicy") => "iam:TagPolicy",
        ("iam", "CreateOpenIDConnectProvider") => "iam:TagOpenIDConnectProvider",
        ("eks", action) if action.starts_with("Create") => "eks:TagResource",
        ("elasticloadbalancing", action) if action.starts_with("Create") => {
            "elasticloadbalancing:AddTags"
        }
        ("logs", "CreateLogGroup") => "logs:TagResource",
        ("kms", "CreateKey") => "kms:TagResource",
        _ => return None,
    };
    Some(action.to_owned())
}

/// The role that a call hands to a service, and the service.
fn passed_role(call: &Call) -> Option<(String, &'static str)> {
    let text = |name: &str| call.json[name].as_str().map(str::to_owned);
    match (call.service.as_str(), call.action.as_str()) {
        ("eks", "CreateCluster") => Some((text("roleArn")?, "eks.amazonaws.com")),
        ("eks", "CreateNodegroup") => Some((text("nodeRole")?, "ec2.amazonaws.com")),
        ("eks", "CreateAddon" | "UpdateAddon") => {
            Some((text("serviceAccountRoleArn")?, "eks.amazonaws.com"))
        }
        ("eks", "CreatePodIdentityAssociation" | "UpdatePodIdentityAssociation") => {
            Some((text("roleArn")?, "pods.eks.amazonaws.com"))
        }
        ("ec2", "CreateFlowLogs") => {
            let role = call.params.get("DeliverLogsPermissionArn")?;
            Some((role.to_owned(), "vpc-flow-logs.amazonaws.com"))
        }
        ("iam", "AddRoleToInstanceProfile") => {
            let name = call.params.get("RoleName")?;
            Some((iam_arn(&format!("role/{name}")), "ec2.amazonaws.com"))
        }
        _ => None,
    }
}

fn request_tags(call: &Call) -> BTreeMap<String, String> {
    let specified = call.params.structs("TagSpecification");
    let mut tags: BTreeMap<String, String> = specified
        .iter()
        .flat_map(|specification| specification.tags("Tag"))
        .collect();
    tags.extend(call.params.tags("Tag"));
    tags.extend(call.params.tags("Tags"));
    tags.extend(
        call.json["Tags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(kms_tag),
    );
    let pairs = call.json["tags"].as_object().into_iter().flatten();
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    tags.extend(pairs.filter_map(text));
    tags
}

/// A tag as KMS writes it.
fn kms_tag(tag: &Value) -> Option<(String, String)> {
    let value = tag["TagValue"].as_str().unwrap_or_default();
    Some((tag["TagKey"].as_str()?.to_owned(), value.to_owned()))
}

/// The ARN of the resource of a call, if the request identifies it.
fn resource(state: &State, call: &Call) -> String {
    let param = |name: &str| call.params.get(name).filter(|value| !value.is_empty());
    let known = match call.service.as_str() {
        "iam" => param("RoleName")
            .map(|name| iam_arn(&format!("role/{name}")))
            .or_else(|| {
                let name = param("InstanceProfileName")?;
                Some(iam_arn(&format!("instance-profile/{name}")))
            })
            .or_else(|| param("PolicyArn").map(str::to_owned)),
        "eks" => eks_resource(state, call),
        "kms" => call.json["KeyId"].as_str().and_then(|text| {
            let id = crate::kms::keys::resolve(state, text).ok()?;
            Some(state.arn("kms", &format!("key/{id}")))
        }),
        "logs" => {
            let name = call.json["logGroupName"].as_str();
            name.map(|name| state.arn("logs", &format!("log-group:{name}")))
        }
        "elasticloadbalancing" => param("LoadBalancerArn")
            .or_else(|| param("TargetGroupArn"))
            .map(str::to_owned),
        "ec2" => ec2_resource(state, call),
        _ => None,
    };
    known.unwrap_or_else(|| "*".to_owned())
}

fn eks_resource(state: &State, call: &Call) -> Option<String> {
    let named = call.json["name"]
        .as_str()
        .filter(|_| call.action == "CreateCluster");
    let cluster = named.or_else(|| call.path.get(1).map(String::as_str))?;
    // Only clusters: the other resources' ARNs end in ids that the request does not have.
    (call.path.len() <= 2 && call.path.first().is_some_and(|first| first == "clusters"))
        .then(|| state.arn("eks", &format!("cluster/{cluster}")))
}

/// Deletions name what they delete: `DeleteVpc` has a `VpcId`.
fn ec2_resource(state: &State, call: &Call) -> Option<String> {
    let (parameter, path) = match call.action.as_str() {
        "DeleteVpc" => ("VpcId", "vpc"),
        "DeleteSubnet" => ("SubnetId", "subnet"),
        "DeleteInternetGateway" => ("InternetGatewayId", "internet-gateway"),
        "DeleteNatGateway" => ("NatGatewayId", "natgateway"),
        "DeleteNetworkAcl" => ("NetworkAclId", "network-acl"),
        "DeleteEgressOnlyInternetGateway" => (
            "EgressOnlyInternetGatewayId",
            "egress-only-internet-gateway",
        ),
        "DeleteRouteTable" => ("RouteTableId", "route-table"),
        "DeleteSecurityGroup" => ("GroupId", "security-group"),
        "DeleteNetworkInterface" => ("NetworkInterfaceId", "network-interface"),
        "DeleteVolume" => ("VolumeId", "volume"),
        "ReleaseAddress" => ("AllocationId", "elastic-ip"),
        _ => return None,
    };
    let id = call.params.get(parameter)?;
    Some(state.arn("ec2", &format!("{path}/{id}")))
}
