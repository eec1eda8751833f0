//! Application, network and gateway load balancers: billed by the hour and by use.
//!
//! The listing has no tags; they are read for those that are asked about.

use kubeproof_contract::Decimal;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::{Entry, month_of_hours, property};
use super::{Kind, ListResult, elbv2_tags};
use crate::observer::clients::{Clients, deleted, pages};

/// All load balancers of the second API.
pub const KIND: Kind = Kind::regional("elbv2_load_balancer", |clients| Box::pin(list(clients)))
    .completed(|clients, resources| Box::pin(elbv2_tags::complete(clients, resources)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)))
    .priced(monthly_cost);

async fn list(clients: &Clients) -> ListResult {
    let stream = clients
        .elbv2
        .describe_load_balancers()
        .into_paginator()
        .send();
    let pages = pages("elasticloadbalancing:DescribeLoadBalancers", stream).await?;
    let all = pages.iter().flat_map(aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::DescribeLoadBalancersOutput::load_balancers);
    let entry = |balancer: &aws_sdk_elasticloadbalancingv2::types::LoadBalancer| {
        let state = balancer.state().and_then(|state| state.code());
        Entry::new(
            "elbv2_load_balancer",
            balancer.load_balancer_arn(),
            &clients.region,
        )
        .named(balancer.load_balancer_name())
        .state(state.map(aws_sdk_elasticloadbalancingv2::types::LoadBalancerStateEnum::as_str))
        .created(balancer.created_time())
        .property("vpc_id", balancer.vpc_id())
        .property(
            "balancer_type",
            balancer
                .r#type()
                .map(aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum::as_str),
        )
        .done()
    };
    Ok(all.map(entry).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let call = clients
        .elbv2
        .delete_load_balancer()
        .load_balancer_arn(&resource.id)
        .send();
    deleted("elasticloadbalancing:DeleteLoadBalancer", call.await)
}

fn monthly_cost(resource: &Resource) -> Option<Decimal> {
    let sku = match property(resource, "balancer_type") {
        "application" => "ALB hour",
        "network" => "NLB hour",
        _ => return None,
    };
    month_of_hours(resource.scope.as_str(), "load_balancer", sku)
}
