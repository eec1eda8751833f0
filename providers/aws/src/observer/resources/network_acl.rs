//! Network ACLs: free; a VPC's default one goes with its VPC.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("network_acl", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_network_acls().into_paginator().send();
    let pages = pages("ec2:DescribeNetworkAcls", stream).await?;
    let all = pages.iter().flat_map(
        aws_sdk_ec2::operation::describe_network_acls::DescribeNetworkAclsOutput::network_acls,
    );
    Ok(all.map(|acl| entry(clients, acl)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    if resource.properties.contains_key("default") {
        return Ok(());
    }
    let call = clients
        .ec2
        .delete_network_acl()
        .network_acl_id(&resource.id)
        .send();
    deleted("ec2:DeleteNetworkAcl", call.await)
}

fn entry(clients: &Clients, acl: &aws_sdk_ec2::types::NetworkAcl) -> Resource {
    Entry::new("network_acl", acl.network_acl_id(), &clients.region)
        .ec2_tags(acl.tags())
        .property("vpc_id", acl.vpc_id())
        .property("default", acl.is_default().filter(|is| *is))
        .done()
}
