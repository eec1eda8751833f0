//! Which permissions a call needs: its own, and those of its side effects.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ec2_resources, iam_arn};
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
    let region = BTreeMap::from([("aws:RequestedRegion".to_owned(), call.region.clone())]);
    let mut context = region.clone();
    context.extend(
        tags.into_iter()
            .map(|(key, value)| (format!("aws:RequestTag/{key}"), value)),
    );
    if let Some(policy) = call
        .params
        .get("PolicyArn")
        .filter(|_| call.service == "iam")
    {
        context.insert("iam:PolicyARN".to_owned(), policy.to_owned());
    }
    let action = format!("{}:{}", prefix(&call.service), call.action);
    let touched = ec2_resources::touched(state, call);
    let mut all: Vec<RequiredAction> = touched
        .into_iter()
        .map(|(resource, tags)| RequiredAction {
            action: action.clone(),
            resource,
            context: match tags {
                // Only what is new is asked for the tags of the request, unless the request changes tags.
                Some(tags) if !call.action.ends_with("Tags") => with_tags(&region, tags),
                Some(tags) => with_tags(&context, tags),
                None => context.clone(),
            },
        })
        .collect();
    if all.is_empty() {
        all.push(RequiredAction {
            action,
            resource: resource(state, call),
            context: context.clone(),
        });
    }
    let tagged = context.keys().any(|key| key.starts_with("aws:RequestTag/"));
    if let Some(action) = tagging(call).filter(|_| tagged) {
        context.insert(
            format!("{}:CreateAction", call.service),
            call.action.clone(),
        );
        let mut resources = ec2_resources::tagged(state, call);
        if resources.is_empty() {
            resources.push("*".to_owned());
        }
        all.extend(resources.into_iter().map(|resource| RequiredAction {
            action: action.clone(),
            resource,
            context: context.clone(),
        }));
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

/// Condition keys with those of a resource's tags.
fn with_tags(
    context: &BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let tags = tags
        .into_iter()
        .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value));
    context.clone().into_iter().chain(tags).collect()
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
        ("sqs", "CreateQueue") => "sqs:TagQueue",
        ("events", "PutRule") => "events:TagResource",
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
        ("eks", "CreateFargateProfile") => Some((
            text("podExecutionRoleArn")?,
            "eks-fargate-pods.amazonaws.com",
        )),
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
            .filter_map(tag_of_list),
    );
    let pairs = call.json["tags"].as_object().into_iter().flatten();
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    tags.extend(pairs.filter_map(text));
    tags
}

/// A tag of a list: KMS writes `TagKey` and `TagValue`, others `Key` and `Value`.
fn tag_of_list(tag: &Value) -> Option<(String, String)> {
    let key = tag["TagKey"].as_str().or(tag["Key"].as_str())?;
    let value = tag["TagValue"].as_str().or(tag["Value"].as_str());
    Some((key.to_owned(), value.unwrap_or_default().to_owned()))
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
        "sqs" => {
            let named = call.json["QueueUrl"]
                .as_str()
                .or(call.json["QueueName"].as_str());
            let name = named.and_then(|text| text.rsplit('/').next());
            name.map(|name| crate::sqs::arn(state, name))
        }
        "events" => {
            let named = call.json["Name"].as_str().or(call.json["Rule"].as_str());
            let arn = call.json["ResourceARN"].as_str().map(str::to_owned);
            arn.or_else(|| named.map(|name| state.arn("events", &format!("rule/{name}"))))
        }
        "logs" => {
            let name = call.json["logGroupName"].as_str();
            name.map(|name| state.arn("logs", &format!("log-group:{name}")))
        }
        "elasticloadbalancing" => param("LoadBalancerArn")
            .or_else(|| param("TargetGroupArn"))
            .map(str::to_owned),
        _ => None,
    };
    known.unwrap_or_else(|| "*".to_owned())
}

fn eks_resource(state: &State, call: &Call) -> Option<String> {
    let named = call.json["name"]
        .as_str()
        .filter(|_| call.action == "CreateCluster");
    if let Some(cluster) = named {
        return Some(state.arn("eks", &format!("cluster/{cluster}")));
    }
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match path[..] {
        ["clusters", cluster] | ["clusters", cluster, "node-groups"] => {
            Some(state.arn("eks", &format!("cluster/{cluster}")))
        }
        ["clusters", cluster, "node-groups", group, ..] => {
            Some(crate::eks::node_group_arn(state, cluster, group))
        }
        // The ARNs of other parts end in ids that the request does not have.
        _ => None,
    }
}
