//! Flow logs: free in themselves; what they deliver is billed where it is stored, also when their network is gone.

use aws_sdk_ec2::operation::describe_flow_logs::DescribeFlowLogsOutput;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, observer_error, pages};

pub const KIND: Kind = Kind::regional("flow_log", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients.ec2.describe_flow_logs().into_paginator().send();
    let pages = pages("ec2:DescribeFlowLogs", stream).await?;
    let all = pages.iter().flat_map(DescribeFlowLogsOutput::flow_logs);
    Ok(all.map(|log| entry(clients, log)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients.ec2.delete_flow_logs().flow_log_ids(&resource.id);
    let call = call.send().await;
    // This call succeeds and lists what it refused.
    let answer = call.as_ref().ok();
    let refused = answer.and_then(|answer| answer.unsuccessful().first());
    let error = refused.and_then(|item| item.error());
    let is_gone = |code: &str| code == "InvalidFlowLogId.NotFound";
    match error {
        Some(error) if !error.code().is_some_and(is_gone) => {
            let message = error.message().unwrap_or_default();
            Err(observer_error("ec2:DeleteFlowLogs", message))
        }
        _ => deleted("ec2:DeleteFlowLogs", call),
    }
}

fn entry(clients: &Clients, log: &aws_sdk_ec2::types::FlowLog) -> Resource {
    // What it watches is a network, a subnet or an interface: only the first two are named as its parent.
    let watched = |prefix: &str| log.resource_id().filter(|id| id.starts_with(prefix));
    Entry::new("flow_log", log.flow_log_id(), &clients.region)
        .ec2_tags(log.tags())
        .created(log.creation_time())
        .property("vpc_id", watched("vpc-"))
        .property("subnet_id", watched("subnet-"))
        .property("destination", log.log_destination())
        .done()
}
