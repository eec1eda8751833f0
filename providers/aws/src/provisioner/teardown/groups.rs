//! Deletes security groups. Rules that name other groups go first: two groups that name each other could never be
//! deleted otherwise.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, SecurityGroup};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::filter_any;

/// The groups in these VPCs, except the default ones, which go with their VPC.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn list(session: &Session, vpcs: Vec<String>) -> Result<Vec<String>, CallError> {
    if vpcs.is_empty() {
        return Ok(Vec::new());
    }
    let groups = read(session, "vpc-id", &vpcs).await?;
    let own = groups.iter().filter(|group| !is_default(group));
    let ids = own.filter_map(|group| group.group_id());
    Ok(ids.map(str::to_owned).collect())
}

async fn read(
    session: &Session,
    by: &str,
    values: &[String],
) -> Result<Vec<SecurityGroup>, CallError> {
    let by = filter_any(by, values);
    let request = session.ec2.describe_security_groups().filters(by);
    let call = "ec2:DescribeSecurityGroups";
    pages!(session, call, request, security_groups)
}

fn is_default(group: &SecurityGroup) -> bool {
    group.group_name() == Some("default")
}

/// Deletes groups, and before them every rule of their VPCs that names a group.
pub(super) async fn delete(session: &Session, ids: Vec<String>, policy: RetryPolicy) -> CallErrors {
    let mut errors = CallErrors::default();
    let groups = errors.keep(beside(session, &ids).await).unwrap_or_default();
    // Concurrently, because each may have to be repeated for as long as AWS refuses.
    errors
        .for_each(&groups, |group| revoke(session, group))
        .await;
    errors.for_each(&ids, |id| one(session, id, policy)).await;
    errors
}

/// All groups of the VPCs of these groups.
async fn beside(session: &Session, ids: &[String]) -> Result<Vec<SecurityGroup>, CallError> {
    let groups = read(session, "group-id", ids).await?;
    let vpcs = groups.iter().filter_map(|group| group.vpc_id());
    let vpcs: BTreeSet<String> = vpcs.map(str::to_owned).collect();
    if vpcs.is_empty() {
        return Ok(groups);
    }
    read(session, "vpc-id", &Vec::from_iter(vpcs)).await
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

async fn revoke(session: &Session, group: &SecurityGroup) -> Result<(), CallError> {
    let id = group.group_id().unwrap_or_default();
    let ingress = naming_groups(group.ip_permissions());
    if !ingress.is_empty() {
        let request = session
            .ec2
            .revoke_security_group_ingress()
            .group_id(id)
            .set_ip_permissions(Some(ingress));
        let call = "ec2:RevokeSecurityGroupIngress";
        ignore_not_found(send!(session, call, IDEMPOTENT, request))?;
    }
    let egress = naming_groups(group.ip_permissions_egress());
    if !egress.is_empty() {
        let request = session
            .ec2
            .revoke_security_group_egress()
            .group_id(id)
            .set_ip_permissions(Some(egress));
        let call = "ec2:RevokeSecurityGroupEgress";
        ignore_not_found(send!(session, call, IDEMPOTENT, request))?;
    }
    Ok(())
}

async fn one(session: &Session, id: &str, policy: RetryPolicy) -> Result<(), CallError> {
    let request = session.ec2.delete_security_group().group_id(id);
    ignore_not_found(send!(session, "ec2:DeleteSecurityGroup", policy, request))
}
