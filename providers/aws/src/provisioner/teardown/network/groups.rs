//! Security groups: rules that name other groups go first, for two groups that name each other can
//! otherwise never be deleted.

use std::time::Duration;

use aws_sdk_ec2::types::{IpPermission, SecurityGroup};
use futures::future::join_all;

use crate::provisioner::names::filter;
use crate::provisioner::pages::pages;
use crate::provisioner::problem::Problem;
use crate::provisioner::retry::Rule;
use crate::provisioner::session::Session;
use crate::provisioner::teardown::Problems;
use crate::provisioner::teardown::network::gone_is_fine;

/// Deletes all groups of the VPC but the default one, which goes with it.
pub(crate) async fn delete(session: &Session, vpc: &str, within: Duration) -> Problems {
    let mut problems = Problems::default();
    let request = session
        .ec2
        .describe_security_groups()
        .filters(filter("vpc-id", vpc));
    let groups = pages!(
        session,
        "ec2:DescribeSecurityGroups",
        request,
        security_groups
    );
    let groups = problems.keep(groups).unwrap_or_default();
    // Together, because each may have to be repeated for as long as AWS refuses.
    for result in join_all(groups.iter().map(|group| revoke(session, group))).await {
        problems.keep(result);
    }
    let own = groups
        .iter()
        .filter(|group| group.group_name() != Some("default"));
    for result in join_all(own.map(|group| one(session, group, within))).await {
        problems.keep(result);
    }
    problems
}

/// The rules that name a group, each reduced to just that.
fn naming_groups(rules: &[IpPermission]) -> Vec<IpPermission> {
    rules
        .iter()
        .filter(|rule| !rule.user_id_group_pairs().is_empty())
        .map(|rule| {
            IpPermission::builder()
                .set_ip_protocol(rule.ip_protocol().map(str::to_owned))
                .set_from_port(rule.from_port())
                .set_to_port(rule.to_port())
                .set_user_id_group_pairs(Some(rule.user_id_group_pairs().to_vec()))
                .build()
        })
        .collect()
}

async fn revoke(session: &Session, group: &SecurityGroup) -> Result<(), Problem> {
    let id = group.group_id().unwrap_or_default();
    let ingress = naming_groups(group.ip_permissions());
    if !ingress.is_empty() {
        let request = session
            .ec2
            .revoke_security_group_ingress()
            .group_id(id)
            .set_ip_permissions(Some(ingress));
        let call = "ec2:RevokeSecurityGroupIngress";
        gone_is_fine(
            session
                .send(call, Rule::SAFE, || request.clone().send())
                .await,
        )?;
    }
    let egress = naming_groups(group.ip_permissions_egress());
    if !egress.is_empty() {
        let request = session
            .ec2
            .revoke_security_group_egress()
            .group_id(id)
            .set_ip_permissions(Some(egress));
        let call = "ec2:RevokeSecurityGroupEgress";
        gone_is_fine(
            session
                .send(call, Rule::SAFE, || request.clone().send())
                .await,
        )?;
    }
    Ok(())
}

async fn one(session: &Session, group: &SecurityGroup, within: Duration) -> Result<(), Problem> {
    let request = session
        .ec2
        .delete_security_group()
        .group_id(group.group_id().unwrap_or_default());
    let rule = Rule::delete(within);
    gone_is_fine(
        session
            .send("ec2:DeleteSecurityGroup", rule, || request.clone().send())
            .await,
    )
}
