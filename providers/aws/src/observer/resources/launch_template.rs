//! Launch templates: free; node groups make them, and a dead autoscaler leaves them.

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use crate::observer::clients::{Clients, deleted, pages};

use super::{Kind, ListResult};

pub const KIND: Kind = Kind::regional("launch_template", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .ec2
        .describe_launch_templates()
        .into_paginator()
        .send();
    let pages = pages("ec2:DescribeLaunchTemplates", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_ec2::operation::describe_launch_templates::DescribeLaunchTemplatesOutput::launch_templates);
    Ok(all.map(|template| entry(clients, template)).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .ec2
        .delete_launch_template()
        .launch_template_id(&resource.id)
        .send();
    deleted("ec2:DeleteLaunchTemplate", call.await)
}

fn entry(clients: &Clients, template: &aws_sdk_ec2::types::LaunchTemplate) -> Resource {
    Entry::new(
        "launch_template",
        template.launch_template_id(),
        &clients.region,
    )
    .ec2_tags(template.tags())
    .named(template.launch_template_name())
    .created(template.create_time())
    .done()
}
