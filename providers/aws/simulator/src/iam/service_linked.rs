//! Service-linked roles: AWS creates them at the first use of a service, and they stay forever.
//!
//! An account's inventory must distinguish them from ordinary roles by path.

use std::collections::BTreeMap;

use super::{arn, roles, roles::Role};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// Service principal → role name.
const ROLES: &[(&str, &str)] = &[
    ("eks.amazonaws.com", "AWSServiceRoleForAmazonEKS"),
    (
        "eks-nodegroup.amazonaws.com",
        "AWSServiceRoleForAmazonEKSNodegroup",
    ),
    (
        "eks-fargate.amazonaws.com",
        "AWSServiceRoleForAmazonEKSForFargate",
    ),
    ("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"),
    (
        "elasticloadbalancing.amazonaws.com",
        "AWSServiceRoleForElasticLoadBalancing",
    ),
    ("spot.amazonaws.com", "AWSServiceRoleForEC2Spot"),
];

/// Creates the service-linked role of a service, unless it exists.
pub fn ensure(state: &mut State, service: &str) {
    if let Some((_, name)) = ROLES.iter().find(|(principal, _)| *principal == service)
        && !state.iam.roles.contains_key(*name)
    {
        let role = new(state, service, name);
        state.iam.roles.insert(role.name.clone(), role);
    }
}

fn new(state: &mut State, service: &str, name: &str) -> Role {
    let path = format!("/aws-service-role/{service}/");
    let trust = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
        }],
    });
    Role {
        name: name.to_owned(),
        id: format!("AROA{}", state.ids.letters(17)),
        arn: arn(&format!("role{path}{name}")),
        path,
        trust: trust.to_string(),
        description: None,
        max_session_seconds: 3600,
        created_at: state.now,
        tags: BTreeMap::new(),
        attached: BTreeMap::new(),
        inline: BTreeMap::new(),
    }
}

pub(super) fn create(state: &mut State, params: &Params) -> Outcome {
    let service = params.need("AWSServiceName")?.to_owned();
    let Some((_, name)) = ROLES.iter().find(|(principal, _)| *principal == service) else {
        let message = format!("Service role for {service} is not known to the simulator");
        return Err(AwsError::new(400, "InvalidInput", message));
    };
    if state.iam.roles.contains_key(*name) {
        let message = format!(
            "Service role name {name} has been taken in this account, please try a different \
             suffix."
        );
        return Err(AwsError::new(400, "InvalidInput", message));
    }
    let role = new(state, &service, name);
    let answer = Answer::Xml(Node::new().node("Role", roles::node(&role, true)));
    state.iam.roles.insert(role.name.clone(), role);
    Ok(answer)
}
