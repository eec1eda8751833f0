//! Elastic IP addresses: billed from allocation on, in use or not.
//!
//! `DescribeAddresses` has no pages.

use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, month_of_hours};
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed};

pub const KIND: Kind = Kind::regional("elastic_ip", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let answer = clients.ec2.describe_addresses().send().await;
    let answer = answer.map_err(|error| failed("ec2:DescribeAddresses", &error))?;
    Ok(answer
        .addresses()
        .iter()
        .map(|address| entry(clients, address))
        .collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    if let Some(association) = resource.properties.get("association_id") {
        let call = clients
            .ec2
            .disassociate_address()
            .association_id(association)
            .send();
        deleted("ec2:DisassociateAddress", call.await)?;
    }
    let call = clients
        .ec2
        .release_address()
        .allocation_id(&resource.id)
        .send();
    deleted("ec2:ReleaseAddress", call.await)
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    let sku = if resource.properties.contains_key("association_id") {
        "Public IPv4 in use"
    } else {
        "Public IPv4 idle"
    };
    month_of_hours(resource.scope.as_str(), "public_ipv4", sku)
}

fn entry(clients: &Clients, address: &aws_sdk_ec2::types::Address) -> Resource {
    Entry::new("elastic_ip", address.allocation_id(), &clients.region)
        .ec2_tags(address.tags())
        .property("public_ip", address.public_ip())
        .property("association_id", address.association_id())
        .property("network_interface_id", address.network_interface_id())
        .done()
}
