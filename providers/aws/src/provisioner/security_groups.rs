//! The security groups of control plane and nodes. A group is unique by name and VPC, and a rule by its content.

use aws_sdk_ec2::types::{IpPermission, IpRange, ResourceType, UserIdGroupPair};
use futures::future::join_all;
use futures::join;
use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt};
use kubeproof_cloudkit::error::{all, both};
use kubeproof_cloudkit::{CallError, Cause};

use crate::provisioner::requests::{LAGGING, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{filter, is_ours, specification};
use crate::provisioner::vpc::id_of;

/// The ids of both groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Groups {
    /// The control plane's group.
    pub(crate) cluster: String,
    /// The nodes' group.
    pub(crate) nodes: String,
}

/// Finds or makes both groups with their rules.
///
/// # Errors
/// When a call fails for good, or a name is taken by a group that is not ours.
pub(crate) async fn ensure(session: &Session, vpc: &str) -> Result<Groups, CallError> {
    let (cluster, nodes) = both(join!(
        group(session, vpc, "cluster", "Control plane of a kubeproof run"),
        group(session, vpc, "nodes", "Nodes of a kubeproof run"),
    ))?;
    let mut rules = vec![
        (cluster.as_str(), from_group("tcp", 443, 443, &nodes)),
        (nodes.as_str(), from_group("tcp", 1025, 65535, &cluster)),
        (nodes.as_str(), from_group("tcp", 443, 443, &cluster)),
        (nodes.as_str(), from_group("-1", -1, -1, &nodes)),
    ];
    for rule in &session.spec.ingress {
        let range = IpRange::builder().cidr_ip(rule.cidr.0.to_string()).build();
        let port = i32::from(rule.port);
        let permission = ports("tcp", port, port).ip_ranges(range).build();
        rules.push((nodes.as_str(), permission));
    }
    all(join_all(
        rules
            .into_iter()
            .map(|(group, rule)| allow(session, group, rule)),
    )
    .await)?;
    Ok(Groups { cluster, nodes })
}

fn ports(protocol: &str, from: i32, to: i32) -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
    let permission = IpPermission::builder().ip_protocol(protocol);
    // All protocols (`-1`) have no ports.
    if protocol == "-1" {
        permission
    } else {
        permission.from_port(from).to_port(to)
    }
}

fn from_group(protocol: &str, from: i32, to: i32, source: &str) -> IpPermission {
    let source = UserIdGroupPair::builder().group_id(source).build();
    ports(protocol, from, to)
        .user_id_group_pairs(source)
        .build()
}

async fn group(
    session: &Session,
    vpc: &str,
    part: &str,
    description: &str,
) -> Result<String, CallError> {
    let id = create_or_adopt(
        session,
        LookupWindows::DEFAULT,
        || find(session, vpc, part),
        || create(session, vpc, part, description),
        |error| error.cause == Cause::AlreadyExists,
    )
    .await?;
    session.record(format!("security group {part}"), &id);
    Ok(id)
}

async fn find(session: &Session, vpc: &str, part: &str) -> Result<Option<String>, CallError> {
    let name = session.run().name(part);
    let request = session
        .ec2
        .describe_security_groups()
        .filters(filter("vpc-id", vpc))
        .filters(filter("group-name", &name));
    let groups = pages!(
        session,
        "ec2:DescribeSecurityGroups",
        request,
        security_groups
    )?;
    Ok(groups
        .iter()
        .filter(|group| is_ours(session.run(), group.tags()))
        .find(|group| group.group_name() == Some(name.as_str()))
        .and_then(|group| group.group_id().map(str::to_owned)))
}

async fn create(
    session: &Session,
    vpc: &str,
    part: &str,
    description: &str,
) -> Result<String, CallError> {
    let run = session.run();
    let name = run.name(part);
    let request = session
        .ec2
        .create_security_group()
        .group_name(&name)
        .description(description)
        .vpc_id(vpc)
        .tag_specifications(specification(run, ResourceType::SecurityGroup, &name, &[]));
    let answer = send!(session, "ec2:CreateSecurityGroup", LAGGING, request)?;
    id_of("ec2:CreateSecurityGroup", answer.group_id())
}

async fn allow(session: &Session, group: &str, rule: IpPermission) -> Result<(), CallError> {
    let request = session
        .ec2
        .authorize_security_group_ingress()
        .group_id(group)
        .ip_permissions(rule);
    let call = "ec2:AuthorizeSecurityGroupIngress";
    match send!(session, call, LAGGING, request) {
        Err(error) if error.cause != Cause::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
