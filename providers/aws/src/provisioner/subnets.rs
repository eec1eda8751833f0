//! The subnets: one public and one private per zone. A subnet is unique by VPC and network.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType};
use futures::future::join_all;
use ipnet::Ipv4Net;
use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt};
use kubeproof_cloudkit::error::all;
use kubeproof_cloudkit::{CallError, Cause};

use crate::provisioner::requests::{LAGGING, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{cluster_tag, filter, is_ours, specification};
use crate::provisioner::vpc::id_of;

/// The subnets of one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ZoneSubnets {
    /// The zone's name.
    pub(crate) zone: String,
    /// The subnet with a route to the internet.
    pub(crate) public: String,
    /// The subnet of the nodes.
    pub(crate) private: String,
}

struct SubnetSpec {
    zone: String,
    network: Ipv4Net,
    public: bool,
}

/// Finds or makes all subnets.
///
/// # Errors
/// When a call fails for good, or a network is taken by a subnet that is not ours.
pub(crate) async fn ensure(
    session: &Session,
    vpc: &str,
    zones: &[String],
) -> Result<Vec<ZoneSubnets>, CallError> {
    let wanted: Vec<SubnetSpec> = zones
        .iter()
        .zip(session.spec.subnets())
        .flat_map(|(zone, (public, private))| {
            [(public, true), (private, false)].map(|(network, public)| SubnetSpec {
                zone: zone.clone(),
                network,
                public,
            })
        })
        .collect();
    let ids = all(join_all(wanted.iter().map(|wanted| one(session, vpc, wanted))).await)?;
    Ok(zones
        .iter()
        .zip(ids.chunks_exact(2))
        .map(|(zone, pair)| ZoneSubnets {
            zone: zone.clone(),
            public: pair[0].clone(),
            private: pair[1].clone(),
        })
        .collect())
}

async fn one(session: &Session, vpc: &str, wanted: &SubnetSpec) -> Result<String, CallError> {
    let part = if wanted.public { "public" } else { "private" };
    let part = format!("{part}-{}", wanted.zone);
    let id = create_or_adopt(
        session,
        LookupWindows::DEFAULT,
        || find(session, vpc, wanted.network),
        || create(session, vpc, wanted, &part),
        |error| error.cause == Cause::AlreadyExists,
    )
    .await?;
    session.record(format!("subnet {part}"), &id);
    if wanted.public {
        let on = AttributeBooleanValue::builder().value(true).build();
        let request = session
            .ec2
            .modify_subnet_attribute()
            .subnet_id(&id)
            .map_public_ip_on_launch(on);
        send!(session, "ec2:ModifySubnetAttribute", LAGGING, request)?;
    }
    Ok(id)
}

async fn find(session: &Session, vpc: &str, network: Ipv4Net) -> Result<Option<String>, CallError> {
    let request = session
        .ec2
        .describe_subnets()
        .filters(filter("vpc-id", vpc))
        .filters(filter("cidr-block", &network.to_string()));
    let subnets = pages!(session, "ec2:DescribeSubnets", request, subnets)?;
    Ok(subnets
        .iter()
        .filter(|subnet| is_ours(session.run(), subnet.tags()))
        .find(|subnet| subnet.cidr_block() == Some(network.to_string().as_str()))
        .and_then(|subnet| subnet.subnet_id().map(str::to_owned)))
}

async fn create(
    session: &Session,
    vpc: &str,
    wanted: &SubnetSpec,
    part: &str,
) -> Result<String, CallError> {
    let run = session.run();
    let role = if wanted.public {
        "kubernetes.io/role/elb"
    } else {
        "kubernetes.io/role/internal-elb"
    };
    let more = [(role, "1"), (&*cluster_tag(run), "shared")];
    let tags = specification(run, ResourceType::Subnet, &run.name(part), &more);
    let request = session
        .ec2
        .create_subnet()
        .vpc_id(vpc)
        .cidr_block(wanted.network.to_string())
        .availability_zone(&wanted.zone)
        .tag_specifications(tags);
    let answer = send!(session, "ec2:CreateSubnet", LAGGING, request)?;
    id_of(
        "ec2:CreateSubnet",
        answer.subnet().and_then(|subnet| subnet.subnet_id()),
    )
}
