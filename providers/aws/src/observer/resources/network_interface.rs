//! Network interfaces: free, but each holds its subnet, its groups and so its VPC.
//!
//! Those that AWS manages itself cannot be deleted by us: they go with what they belong to.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, joined};
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("network_interface", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .ec2
        .describe_network_interfaces()
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeNetworkInterfaces", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_ec2::operation::describe_network_interfaces::DescribeNetworkInterfacesOutput::network_interfaces);
    Ok(all.map(|interface| entry(clients, interface)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    if resource.properties.contains_key("requester_managed") {
        return Ok(());
    }
    if let Some(attachment) = resource.properties.get("attachment_id") {
        let detach = clients
            .ec2
            .detach_network_interface()
            .attachment_id(attachment)
            .force(true);
        deleted("ec2:DetachNetworkInterface", detach.send().await)?;
    }
    let call = clients
        .ec2
        .delete_network_interface()
        .network_interface_id(&resource.id)
        .send();
    deleted("ec2:DeleteNetworkInterface", call.await)
}

fn entry(clients: &Clients, interface: &aws_sdk_ec2::types::NetworkInterface) -> Resource {
    let attachment = interface.attachment();
    Entry::new(
        "network_interface",
        interface.network_interface_id(),
        &clients.region,
    )
    .ec2_tags(interface.tag_set())
    .state(
        interface
            .status()
            .map(aws_sdk_ec2::types::NetworkInterfaceStatus::as_str),
    )
    .property("vpc_id", interface.vpc_id())
    .property("subnet_id", interface.subnet_id())
    .property(
        "description",
        interface.description().filter(|text| !text.is_empty()),
    )
    .property(
        "interface_type",
        interface
            .interface_type()
            .map(aws_sdk_ec2::types::NetworkInterfaceType::as_str),
    )
    .property(
        "requester_managed",
        interface.requester_managed().filter(|is| *is),
    )
    .property(
        "group_ids",
        joined(
            interface
                .groups()
                .iter()
                .filter_map(|group| group.group_id()),
        ),
    )
    .property(
        "attachment_id",
        attachment.and_then(|to| to.attachment_id()),
    )
    .property("instance_id", attachment.and_then(|to| to.instance_id()))
    .done()
}
