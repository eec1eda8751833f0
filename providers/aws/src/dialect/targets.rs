//! What an AWS call changes or removes, and what it made, per protocol.
//!
//! Read from the request's parameters and the answer, because query and JSON protocols have one path for all calls.
//! Resources that a call only refers to (the network of a new subnet) are not among its targets.

use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Targets;
use serde_json::Value;

use super::error_bodies::Protocol;

/// Operations that make something: their request names what the new resource depends on.
const MAKING: &[&str] = &["Create", "Run", "Allocate", "Request", "Import", "Copy"];
/// Operations that change what they name, though they are called as if they made something.
const CHANGING: &[&str] = &[
    "CreateTags",
    "CreateOrUpdateTags",
    "CreateRoute",
    "CreateNetworkAclEntry",
    "CreateGrant",
    "CreateLaunchTemplateVersion",
    "CreateLogStream",
    "CreatePolicyVersion",
    "ImportClientVpnClientCertificateRevocationList",
];
/// Parameters that are the name of what is made, where the caller chooses it.
const OWN_NAMES: &[&str] = &[
    "RoleName",
    "InstanceProfileName",
    "AutoScalingGroupName",
    "LoadBalancerName",
    "LaunchConfigurationName",
    "GroupName",
    "KeyName",
    "LaunchTemplateName",
    "AliasName",
    "QueueName",
    "addonName",
    "fargateProfileName",
    "logGroupName",
    "name",
    "repositoryName",
];
/// Elements and members of answers that are the id of what was made, beside `<operation's noun>Id`.
const OWN_IDS: &[&str] = &[
    "allocationId",
    "groupId",
    "instanceId",
    "keyPairId",
    "Arn",
    "OpenIDConnectProviderArn",
    "LoadBalancerArn",
    "TargetGroupArn",
];
/// Deepest level of a JSON request that is searched.
const DEPTH_MAX: usize = 8;

/// The targets of a call of this name.
pub(super) fn of(
    service: &str,
    operation: &str,
    request: &Request<Bytes>,
    response: Option<&Response<Bytes>>,
) -> Targets {
    let makes = MAKING.iter().any(|verb| operation.starts_with(verb));
    let makes = makes && !CHANGING.contains(&operation);
    let parameters = parameters(service, request);
    if !makes {
        return Targets {
            names: changed(service, request, &parameters),
            made: Vec::new(),
        };
    }
    let made = response.map_or_else(Vec::new, |response| {
        let mut made = answered(operation, response);
        made.extend(chosen(request, &parameters));
        made
    });
    Targets {
        names: Vec::new(),
        made,
    }
}

/// All parameters of a request, by their last name: `ResourceId` for `ResourceId.1`.
fn parameters(service: &str, request: &Request<Bytes>) -> Vec<(String, String)> {
    match Protocol::of(service) {
        Protocol::Ec2 | Protocol::Query => {
            let form = if request.body().is_empty() {
                request.uri().query().unwrap_or_default().as_bytes()
            } else {
                request.body().as_ref()
            };
            let pairs = form_urlencoded::parse(form);
            pairs
                .filter(|(key, _)| !key.starts_with("Tag"))
                .map(|(key, value)| (last_name(&key).to_owned(), value.into_owned()))
                .collect()
        }
        Protocol::Rest | Protocol::Json => {
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let mut found = Vec::new();
            members("", &body, DEPTH_MAX, &mut found);
            found
        }
    }
}

/// `SubnetId` of `SubnetId.1`, `LoadBalancerNames` of `LoadBalancerNames.member.1`.
fn last_name(key: &str) -> &str {
    let mut parts = key.split('.').rev();
    let is_name = |part: &&str| *part != "member" && part.parse::<u32>().is_err();
    parts.find(is_name).unwrap_or_default()
}

fn members(key: &str, value: &Value, depth: usize, found: &mut Vec<(String, String)>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::String(text) => found.push((key.to_owned(), text.clone())),
        Value::Array(items) => {
            for item in items {
                members(key, item, depth - 1, found);
            }
        }
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| !key.starts_with("tag")) {
                members(key, value, depth - 1, found);
            }
        }
        _ => {}
    }
}

/// What a call that makes nothing changes or removes.
fn changed(
    service: &str,
    request: &Request<Bytes>,
    parameters: &[(String, String)],
) -> Vec<String> {
    let mut names: Vec<String> = parameters
        .iter()
        .filter(|(key, value)| names_something(service, key, value))
        .map(|(_, value)| value.clone())
        .collect();
    // A queue goes by its URL, which ends in its name.
    let urls = parameters.iter().filter(|(key, _)| key == "QueueUrl");
    names.extend(urls.filter_map(|(_, url)| Some(url.rsplit('/').next()?.to_owned())));
    if Protocol::of(service) == Protocol::Rest {
        names.extend(in_path(request.uri().path()));
    }
    names.sort();
    names.dedup();
    names
}

/// Whether a parameter is the id, name or ARN of a resource.
fn names_something(service: &str, key: &str, value: &str) -> bool {
    let of_named = ["Name", "Names", "Arn", "Arns", "ARN", "ARNList"];
    if service == "ec2" {
        return is_id(value) || ["KeyName", "GroupName", "LaunchTemplateName"].contains(&key);
    }
    of_named.iter().any(|end| key.ends_with(end))
        || ["name", "arn", "resourceArn"].contains(&key)
        || (is_id(value) && (key.ends_with("Id") || key.ends_with("Ids")))
}

/// `vpc-0123456789abcdef0`: letters and digits, a dash, 8 or 17 hexadecimal digits.
fn is_id(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(kind, number)| {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !kind.is_empty()
            && kind.chars().all(letters)
            && number.len() >= 8
            && number.chars().all(|c| c.is_ascii_hexdigit())
    })
}

/// What the path of an EKS call names: a part of a cluster as `cluster/part`, else the cluster; or the ARN
/// of what is tagged, with the names in it.
fn in_path(path: &str) -> Vec<String> {
    let decode = |part: &str| {
        percent_encoding::percent_decode_str(part)
            .decode_utf8_lossy()
            .into_owned()
    };
    let parts: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [
            "clusters",
            cluster,
            "node-groups" | "fargate-profiles",
            part,
            ..,
        ] => {
            vec![format!("{cluster}/{part}")]
        }
        ["clusters", cluster, ..] => vec![(*cluster).to_owned()],
        ["tags", arn] => {
            let name = arn.rsplit(':').next().unwrap_or_default();
            let names = match name.split('/').collect::<Vec<_>>().as_slice() {
                ["cluster", cluster] => vec![(*cluster).to_owned()],
                ["nodegroup", cluster, group, ..] => vec![format!("{cluster}/{group}")],
                _ => Vec::new(),
            };
            [vec![(*arn).to_owned()], names].concat()
        }
        _ => Vec::new(),
    }
}

/// The names that the caller chose for what is made.
fn chosen(request: &Request<Bytes>, parameters: &[(String, String)]) -> Vec<String> {
    let own = parameters
        .iter()
        .filter(|(key, _)| OWN_NAMES.contains(&key.as_str()));
    let mut names: Vec<String> = own.map(|(_, value)| value.clone()).collect();
    // A part of a cluster goes by both names.
    let path = request.uri().path().trim_matches('/');
    if let ["clusters", cluster, _] = path.split('/').collect::<Vec<_>>().as_slice() {
        let part = |(key, value): &(String, String)| {
            ["nodegroupName", "fargateProfileName"]
                .contains(&key.as_str())
                .then(|| format!("{cluster}/{value}"))
        };
        names.extend(parameters.iter().filter_map(part));
    }
    names
}

/// The ids in the answer of a call that made something: those of the operation's noun, not of what it depends on.
fn answered(operation: &str, response: &Response<Bytes>) -> Vec<String> {
    let Ok(body) = std::str::from_utf8(response.body()) else {
        return Vec::new();
    };
    let verb = MAKING.iter().find(|verb| operation.starts_with(**verb));
    let noun = &operation[verb.map_or(0, |verb| verb.len())..];
    let mut id = noun.to_owned();
    if let Some(first) = id.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    id += "Id";
    let mut ids = Vec::new();
    for element in OWN_IDS.iter().copied().chain([id.as_str()]) {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        for rest in body.split(open.as_str()).skip(1) {
            ids.extend(rest.split_once(close.as_str()).map(|(id, _)| id.to_owned()));
        }
    }
    // An interface's or a volume's answer may hold the groups and machines that it depends on.
    let of_other = |id: &String| match operation {
        "CreateSecurityGroup" => !id.starts_with("sg-"),
        "RunInstances" => !id.starts_with("i-"),
        "AllocateAddress" => !id.starts_with("eipalloc-"),
        "CreatePlacementGroup" => !id.starts_with("pg-"),
        "CreateKeyPair" | "ImportKeyPair" => !id.starts_with("key-"),
        _ => ["sg-", "i-", "eipalloc-", "key-"]
            .iter()
            .any(|start| id.starts_with(start)),
    };
    ids.retain(|id| !of_other(id) || id.starts_with("arn:"));
    ids.sort();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::call::Dialect as _;

    use super::super::AwsDialect;
    use super::*;

    fn request(service: &str, line: &str, body: &str) -> Request<Bytes> {
        let (method, path) = line.split_once(' ').expect("method and path");
        let scope = format!("Credential=AK/20261123/us-east-1/{service}/aws4_request");
        Request::builder()
            .method(method)
            .uri(format!("https://example.amazonaws.com{path}"))
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 {scope}, Signature=0"),
            )
            .body(Bytes::from(body.to_owned()))
            .expect("a request")
    }

    #[track_caller]
    fn check(request: &Request<Bytes>, answer: Option<&str>, names: &[&str], made: &[&str]) {
        let response = answer.map(|text| Response::new(Bytes::from(text.to_owned())));
        let targets = AwsDialect.targets(request, response.as_ref());
        let seen: Vec<&str> = targets.names.iter().map(String::as_str).collect();
        assert_eq!(seen, names);
        let seen: Vec<&str> = targets.made.iter().map(String::as_str).collect();
        assert_eq!(seen, made);
    }

    const VPC: &str = "vpc-0123456789abcdef0";

    #[test]
    fn a_query_call_changes_what_its_parameters_name() {
        let ec2 = |body: &str| request("ec2", "POST /", body);
        check(
            &ec2(&format!("Action=DeleteVpc&VpcId={VPC}")),
            None,
            &[VPC],
            &[],
        );
        let two = "Action=TerminateInstances&InstanceId.1=i-0aaaaaaaa&InstanceId.2=i-0bbbbbbbb";
        check(
            &ec2(two),
            Some("<x/>"),
            &["i-0aaaaaaaa", "i-0bbbbbbbb"],
            &[],
        );
        let tags =
            format!("Action=CreateTags&ResourceId.1={VPC}&Tag.1.Key=k&Tag.1.Value=i-0cccccccc");
        check(&ec2(&tags), None, &[VPC], &[]);
        let iam = request("iam", "POST /", "Action=DeleteRole&RoleName=shared");
        check(&iam, None, &["shared"], &[]);
        let classic = "Action=DeleteLoadBalancer&LoadBalancerName=front";
        check(
            &request("elasticloadbalancing", "POST /", classic),
            None,
            &["front"],
            &[],
        );
    }

    #[test]
    fn a_json_call_and_a_path_name_what_they_change() {
        let logs = request("logs", "POST /", "{\"logGroupName\":\"/a/b\"}");
        let logs_named = {
            let mut logs = logs;
            let target = http::HeaderValue::from_static("Logs_20140328.DeleteLogGroup");
            logs.headers_mut().insert("x-amz-target", target);
            logs
        };
        check(&logs_named, None, &["/a/b"], &[]);
        let eks = |line: &str| request("eks", line, "");
        check(&eks("DELETE /clusters/kp-1"), None, &["kp-1"], &[]);
        check(
            &eks("DELETE /clusters/kp-1/node-groups/main"),
            None,
            &["kp-1/main"],
            &[],
        );
        let arn = "arn:aws:eks:us-east-1:1:cluster/kp-1";
        let line = "POST /tags/arn%3Aaws%3Aeks%3Aus-east-1%3A1%3Acluster%2Fkp-1";
        check(&eks(line), None, &[arn, "kp-1"], &[]);
    }

    #[test]
    fn what_a_new_thing_hangs_on_is_no_target_and_the_thing_was_made() {
        let ec2 = |body: &str| request("ec2", "POST /", body);
        let subnet = ec2(&format!("Action=CreateSubnet&VpcId={VPC}"));
        let answer =
            format!("<r><subnet><subnetId>subnet-0aa</subnetId><vpcId>{VPC}</vpcId></subnet></r>");
        check(&subnet, Some(&answer), &[], &["subnet-0aa"]);
        // Before the answer it is unknown.
        check(&subnet, None, &[], &[]);
        let run = ec2("Action=RunInstances&SubnetId=subnet-0aaaaaaaa");
        let answer = "<r><instanceId>i-0aa</instanceId><groupId>sg-0aa</groupId></r>";
        check(&run, Some(answer), &[], &["i-0aa"]);
        let address = ec2("Action=AllocateAddress&Domain=vpc");
        check(
            &address,
            Some("<allocationId>eipalloc-1</allocationId>"),
            &[],
            &["eipalloc-1"],
        );
        let interface = ec2("Action=CreateNetworkInterface&SubnetId=subnet-0aaaaaaaa");
        let answer = "<networkInterfaceId>eni-1</networkInterfaceId><groupId>sg-0aa</groupId>";
        check(&interface, Some(answer), &[], &["eni-1"]);
    }

    #[test]
    fn what_the_caller_names_was_made_under_that_name() {
        let role = request("iam", "POST /", "Action=CreateRole&RoleName=nodes");
        let answer = "<Role><Arn>arn:aws:iam::1:role/nodes</Arn></Role>";
        check(
            &role,
            Some(answer),
            &[],
            &["arn:aws:iam::1:role/nodes", "nodes"],
        );
        let cluster = request(
            "eks",
            "POST /clusters",
            "{\"name\":\"kp-1\",\"tags\":{\"name\":\"x\"}}",
        );
        check(&cluster, Some("{}"), &[], &["kp-1"]);
        let group = "{\"nodegroupName\":\"main\",\"subnets\":[\"subnet-0aaaaaaaa\"]}";
        let group = request("eks", "POST /clusters/kp-1/node-groups", group);
        check(&group, Some("{}"), &[], &["kp-1/main"]);
    }
}
