//! What an event says of its call: parameters, response elements, and the resources in them.
//!
//! Finds ids in the answers of four protocols.

use serde_json::{Map, Value};

use crate::wire::call::Call;
use crate::wire::response::Answer;

/// Values that are long or uninformative in an event.
const LEFT_OUT: [&str; 3] = ["Action", "Version", "UserData"];
/// Suffixes of names whose values identify resources.
const IDENTIFYING: [&str; 3] = ["id", "arn", "name"];
/// Names with such a suffix that identify none of the account's resources.
const NOT_RESOURCES: [&str; 6] = [
    "ownerid",
    "requestid",
    "accountid",
    "dnsname",
    "hostname",
    "availabilityzoneid",
];

/// The request's parameters.
pub fn request(call: &Call) -> Value {
    let mut all: Map<String, Value> = call
        .params
        .entries()
        .filter(|(name, _)| !LEFT_OUT.contains(name) && !name.starts_with("X-Amz-"))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    if let Value::Object(body) = &call.json {
        all.extend(body.clone());
    }
    // REST names the resource in the path: `clusters/c1/node-groups/n1`.
    for pair in call.path.chunks(2) {
        if let [collection, name] = pair {
            all.insert(
                format!("{}Name", collection.trim_end_matches('s')),
                name.clone().into(),
            );
        }
    }
    Value::Object(all)
}

/// The response's elements.
pub fn response(answer: &Answer) -> Value {
    match answer {
        Answer::Json(value) => value.clone(),
        Answer::Xml(node) => {
            let mut all: Map<String, Value> = Map::new();
            for (name, text) in node.leaves() {
                // A repeated name (the ids in a list) becomes a list.
                match all.get_mut(name) {
                    None => {
                        all.insert(name.to_owned(), text.into());
                    }
                    Some(Value::Array(texts)) => texts.push(text.into()),
                    Some(first) => *first = Value::Array(vec![first.take(), text.into()]),
                }
            }
            Value::Object(all)
        }
    }
}

/// Ids, ARNs and names in parameters or elements.
pub fn resources(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect("", value, &mut found);
    found
}

fn collect(name: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                collect(name, value, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(name, item, found);
            }
        }
        Value::String(text) if identifies(name) && !text.is_empty() => found.push(text.clone()),
        _ => {}
    }
}

fn identifies(name: &str) -> bool {
    // `TagSpecification.1.Tag.1.Key` is not a name; `NetworkInterfaceId` and `SubnetId.1` are ids.
    let name = name
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
        .to_lowercase();
    IDENTIFYING.iter().any(|end| name.ends_with(end))
        && !NOT_RESOURCES.iter().any(|end| name.ends_with(end))
}

/// The resource type of an id, by its form.
pub fn resource_type(name: &str) -> Option<&'static str> {
    Some(match name.split('-').next()? {
        "vpc" => "AWS::EC2::VPC",
        "subnet" => "AWS::EC2::Subnet",
        "igw" => "AWS::EC2::InternetGateway",
        "nat" => "AWS::EC2::NatGateway",
        "eipalloc" => "AWS::EC2::EIP",
        "rtb" => "AWS::EC2::RouteTable",
        "sg" => "AWS::EC2::SecurityGroup",
        "eni" => "AWS::EC2::NetworkInterface",
        "i" => "AWS::EC2::Instance",
        "vol" => "AWS::EC2::Volume",
        "lt" => "AWS::EC2::LaunchTemplate",
        _ if name.contains(":role/") => "AWS::IAM::Role",
        _ if name.contains(":cluster/") => "AWS::EKS::Cluster",
        _ if name.contains(":nodegroup/") => "AWS::EKS::Nodegroup",
        _ => return None,
    })
}
