//! Route tables: free; a VPC's main one goes with its VPC.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, joined, properties};
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("route_table", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_route_tables().into_paginator().send();
    let pages = pages("ec2:DescribeRouteTables", stream).await?;
    let all = pages.iter().flat_map(
        aws_sdk_ec2::operation::describe_route_tables::DescribeRouteTablesOutput::route_tables,
    );
    Ok(all.map(|table| entry(clients, table)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    if resource.properties.contains_key("main") {
        return Ok(());
    }
    for association in properties(resource, "associations") {
        let call = clients
            .ec2
            .disassociate_route_table()
            .association_id(association)
            .send();
        deleted("ec2:DisassociateRouteTable", call.await)?;
    }
    let call = clients
        .ec2
        .delete_route_table()
        .route_table_id(&resource.id)
        .send();
    deleted("ec2:DeleteRouteTable", call.await)
}

fn entry(clients: &Clients, table: &aws_sdk_ec2::types::RouteTable) -> Resource {
    let main = table
        .associations()
        .iter()
        .any(|association| association.main() == Some(true));
    let associations = table
        .associations()
        .iter()
        .filter(|association| association.main() != Some(true))
        .filter_map(|association| association.route_table_association_id());
    Entry::new("route_table", table.route_table_id(), &clients.region)
        .ec2_tags(table.tags())
        .property("vpc_id", table.vpc_id())
        .property("main", main.then_some(true))
        .property("associations", joined(associations))
        .done()
}
