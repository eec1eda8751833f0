//! The VPC: found by tag and name, or made once.
//!
//! It has neither a token nor a natural key: a blind repetition makes a twin.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType};
use futures::join;

use crate::provisioner::names::{filter, of_run, specification};
use crate::provisioner::pages::pages;
use crate::provisioner::problem::{Problem, both};
use crate::provisioner::retry::Rule;
use crate::provisioner::session::Session;
use crate::provisioner::{adopt, names};

/// Finds or makes the VPC, with DNS names for its hosts, which EKS needs.
///
/// # Errors
/// When a call fails for good.
pub(crate) async fn ensure(session: &Session) -> Result<String, Problem> {
    let id = adopt::once(session, || find(session), || create(session)).await?;
    session.note("vpc", &id);
    both(join!(
        dns_support(session, &id),
        dns_hostnames(session, &id)
    ))?;
    Ok(id)
}

/// The VPC of the run, as one look shows it.
///
/// # Errors
/// When looking fails.
pub(crate) async fn find(session: &Session) -> Result<Option<String>, Problem> {
    let name = session.run().name("");
    let request = session
        .ec2
        .describe_vpcs()
        .filters(of_run(session.run()))
        .filters(filter("tag:Name", &name));
    let vpcs = pages!(session, "ec2:DescribeVpcs", request, vpcs)?;
    let mut ids: Vec<&str> = vpcs
        .iter()
        .filter(|vpc| names::is_named(session.run(), vpc.tags(), &name))
        .filter_map(|vpc| vpc.vpc_id())
        .collect();
    ids.sort_unstable();
    Ok(ids.first().map(|id| (*id).to_owned()))
}

/// Makes a VPC, whatever exists already.
///
/// # Errors
/// When the call fails or its answer is unclear.
pub(crate) async fn create(session: &Session) -> Result<String, Problem> {
    let name = session.run().name("");
    let request = session
        .ec2
        .create_vpc()
        .cidr_block(session.spec.vpc_cidr.0.to_string())
        .tag_specifications(specification(session.run(), ResourceType::Vpc, &name, &[]));
    let answer = session
        .send("ec2:CreateVpc", Rule::ONCE, || request.clone().send())
        .await?;
    id_of("ec2:CreateVpc", answer.vpc().and_then(|vpc| vpc.vpc_id()))
}

async fn dns_support(session: &Session, vpc: &str) -> Result<(), Problem> {
    let on = AttributeBooleanValue::builder().value(true).build();
    let request = session
        .ec2
        .modify_vpc_attribute()
        .vpc_id(vpc)
        .enable_dns_support(on);
    session
        .send("ec2:ModifyVpcAttribute", Rule::LAGGING, || {
            request.clone().send()
        })
        .await?;
    Ok(())
}

async fn dns_hostnames(session: &Session, vpc: &str) -> Result<(), Problem> {
    let on = AttributeBooleanValue::builder().value(true).build();
    let request = session
        .ec2
        .modify_vpc_attribute()
        .vpc_id(vpc)
        .enable_dns_hostnames(on);
    session
        .send("ec2:ModifyVpcAttribute", Rule::LAGGING, || {
            request.clone().send()
        })
        .await?;
    Ok(())
}

/// The id in an answer. An answer without one is as good as lost.
///
/// # Errors
/// When there is none.
pub(crate) fn id_of(call: &str, id: Option<&str>) -> Result<String, Problem> {
    id.map(str::to_owned).ok_or_else(|| Problem {
        fate: crate::provisioner::problem::Fate::Unclear,
        ..Problem::ours(call, "the answer holds no id")
    })
}
