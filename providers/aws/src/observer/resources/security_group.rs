//! Security groups: free; rules in other groups that name one keep it alive.
//!
//! A VPC's default group goes with its VPC; others lose all rules that name them first.

use aws_sdk_ec2::types::{Filter, IpPermission, UserIdGroupPair};
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, property};
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("security_group", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .ec2
        .describe_security_groups()
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeSecurityGroups", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_ec2::operation::describe_security_groups::DescribeSecurityGroupsOutput::security_groups);
    Ok(all.map(|group| entry(clients, group)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    if property(resource, "group_name") == "default" {
        return Ok(());
    }
    revoke_rules_naming(clients, resource).await?;
    let call = clients
        .ec2
        .delete_security_group()
        .group_id(&resource.id)
        .send();
    deleted("ec2:DeleteSecurityGroup", call.await)
}

fn entry(clients: &Clients, group: &aws_sdk_ec2::types::SecurityGroup) -> Resource {
    Entry::new("security_group", group.group_id(), &clients.region)
        .ec2_tags(group.tags())
        .named(group.group_name())
        .property("vpc_id", group.vpc_id())
        .property("group_name", group.group_name())
        .property("description", group.description())
        .done()
}

/// Revokes the rules of other groups of the VPC that name this group: they would keep it alive.
async fn revoke_rules_naming(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let in_vpc = Filter::builder()
        .name("vpc-id")
        .values(property(resource, "vpc_id"))
        .build();
    let stream = clients
        .ec2
        .describe_security_groups()
        .filters(in_vpc)
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeSecurityGroups", stream).await?;
    let others = pages
        .iter()
        .flat_map(aws_sdk_ec2::operation::describe_security_groups::DescribeSecurityGroupsOutput::security_groups)
        .filter(|group| group.group_id() != Some(&resource.id));
    for group in others {
        let ec2 = &clients.ec2;
        let ingress = naming(&resource.id, group.ip_permissions());
        if !ingress.is_empty() {
            let call = ec2
                .revoke_security_group_ingress()
                .set_group_id(group.group_id.clone())
                .set_ip_permissions(Some(ingress));
            deleted("ec2:RevokeSecurityGroupIngress", call.send().await)?;
        }
        let egress = naming(&resource.id, group.ip_permissions_egress());
        if !egress.is_empty() {
            let call = ec2
                .revoke_security_group_egress()
                .set_group_id(group.group_id.clone())
                .set_ip_permissions(Some(egress));
            deleted("ec2:RevokeSecurityGroupEgress", call.send().await)?;
        }
    }
    Ok(())
}

/// The parts of these rules that name the group, without their other parts.
fn naming(group_id: &str, rules: &[IpPermission]) -> Vec<IpPermission> {
    rules
        .iter()
        .filter_map(|rule| {
            let pairs: Vec<_> = rule
                .user_id_group_pairs()
                .iter()
                .filter(|pair| pair.group_id() == Some(group_id))
                .map(|pair| {
                    UserIdGroupPair::builder()
                        .set_group_id(pair.group_id.clone())
                        .build()
                })
                .collect();
            let named = IpPermission::builder()
                .set_ip_protocol(rule.ip_protocol.clone())
                .set_from_port(rule.from_port)
                .set_to_port(rule.to_port);
            (!pairs.is_empty()).then(|| named.set_user_id_group_pairs(Some(pairs)).build())
        })
        .collect()
}
