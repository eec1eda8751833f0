//! Classic load balancers: what a Service of type `LoadBalancer` leaves when its cluster goes first.
//!
//! The listing has no tags; `DescribeTags` gives them for twenty names a call.

use aws_smithy_types::DateTime;
use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, month_of_hours};
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed, is_gone, pages};

/// Most names in one `DescribeTags`.
const NAMES_MAX: usize = 20;

/// All classic load balancers.
pub const KIND: Kind = Kind::regional("elb_classic", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .elb
        .describe_load_balancers()
        .into_paginator()
        .send();
    let pages = pages("elasticloadbalancing:DescribeLoadBalancers", stream).await?;
    let all = pages
        .iter()
        .flat_map(aws_sdk_elasticloadbalancing::operation::describe_load_balancers::DescribeLoadBalancersOutput::load_balancer_descriptions);
    let entry = |balancer: &aws_sdk_elasticloadbalancing::types::LoadBalancerDescription| {
        Entry::new(
            "elb_classic",
            balancer.load_balancer_name(),
            &clients.region,
        )
        .named(balancer.load_balancer_name())
        .incarnation(balancer.created_time().map(DateTime::secs))
        .created(balancer.created_time())
        .property("vpc_id", balancer.vpc_id())
        .done()
    };
    Ok(all.map(entry).collect())
}

async fn complete(clients: &Clients, resources: &mut [Resource]) -> Result<(), ObserverError> {
    for group in resources.chunks_mut(NAMES_MAX) {
        let names = group.iter().map(|resource| resource.id.clone()).collect();
        let call = clients
            .elb
            .describe_tags()
            .set_load_balancer_names(Some(names));
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed("elasticloadbalancing:DescribeTags", &error)),
        };
        for described in answer.tag_descriptions() {
            let of_this = |resource: &&mut Resource| {
                Some(resource.id.as_str()) == described.load_balancer_name()
            };
            if let Some(resource) = group.iter_mut().find(of_this) {
                let tags = described.tags().iter().map(|tag| {
                    (
                        tag.key().to_owned(),
                        tag.value().unwrap_or_default().to_owned(),
                    )
                });
                resource.tags.extend(tags);
            }
        }
    }
    Ok(())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .elb
        .delete_load_balancer()
        .load_balancer_name(&resource.id)
        .send();
    deleted("elasticloadbalancing:DeleteLoadBalancer", call.await)
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    month_of_hours(resource.scope.as_str(), "load_balancer", "Classic LB hour")
}
