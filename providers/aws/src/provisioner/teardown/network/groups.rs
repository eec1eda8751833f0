//! Deletes security groups. Rules that name other groups go first: two groups that name each other could never be
//! deleted otherwise.

use std::time::Duration;

use aws_sdk_ec2::types::{IpPermission, SecurityGroup};
use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::filter;

/// Deletes all groups of the VPC except the default one, which goes with it.
pub(crate) async fn delete(session: &Session, vpc: &str, within: Duration) -> CallErrors {
    let mut errors = CallErrors::default();
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
    let groups = errors.keep(groups).unwrap_or_default();
    // Concurrently, because each may have to be repeated for as long as AWS refuses.
    errors
        .for_each(&groups, |group| revoke(session, group))
        .await;
    let own = groups
        .iter()
        .filter(|group| group.group_name() != Some("default"));
    errors
        .for_each(own, |group| one(session, group, within))
        .await;
    errors
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

async fn one(session: &Session, group: &SecurityGroup, within: Duration) -> Result<(), CallError> {
    let request = session
        .ec2
        .delete_security_group()
        .group_id(group.group_id().unwrap_or_default());
    let policy = RetryPolicy::while_in_use(within);
    ignore_not_found(send!(session, "ec2:DeleteSecurityGroup", policy, request))
}
