//! Deletes load balancers that services of type LoadBalancer made: those in the run's VPC, and target groups with
//! the cluster's tag, which may outlive a VPC.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::teardown::CallErrors;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::leftovers;
use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::cluster_tag;

/// Most resources that one DescribeTags call takes.
const TAGS_PER_CALL: usize = 20;

/// A resource of Elastic Load Balancing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Balancer {
    /// A classic load balancer, by name.
    Classic(String),
    /// A network or application load balancer, by ARN.
    V2(String),
    /// A target group, by ARN.
    TargetGroup(String),
}

impl Balancer {
    /// Its name or ARN.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Classic(id) | Self::V2(id) | Self::TargetGroup(id) => id,
        }
    }
}

/// All of them that belong to the run.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn list(session: &Session) -> Result<Vec<Balancer>, CallError> {
    let vpcs = leftovers::vpcs(session).await?;
    let here = |vpc: Option<&str>| vpc.is_some_and(|vpc| vpcs.iter().any(|ours| ours == vpc));
    let mut found = Vec::new();
    if !vpcs.is_empty() {
        let request = session.classic.describe_load_balancers();
        let classic = pages!(
            session,
            "elasticloadbalancing:DescribeLoadBalancers",
            request,
            load_balancer_descriptions,
            set_marker,
            next_marker
        )?;
        let ours = classic.iter().filter(|balancer| here(balancer.vpc_id()));
        let names = ours.filter_map(|balancer| balancer.load_balancer_name());
        found.extend(names.map(|name| Balancer::Classic(name.to_owned())));
        let request = session.balancers.describe_load_balancers();
        let balancers = pages!(
            session,
            "elasticloadbalancing:DescribeLoadBalancers",
            request,
            load_balancers,
            set_marker,
            next_marker
        )?;
        let ours = balancers.iter().filter(|balancer| here(balancer.vpc_id()));
        let arns = ours.filter_map(|balancer| balancer.load_balancer_arn());
        found.extend(arns.map(|arn| Balancer::V2(arn.to_owned())));
    }
    found.extend(target_groups(session, &vpcs).await?);
    Ok(found)
}

async fn target_groups(session: &Session, vpcs: &[String]) -> Result<Vec<Balancer>, CallError> {
    let request = session.balancers.describe_target_groups();
    let groups = pages!(
        session,
        "elasticloadbalancing:DescribeTargetGroups",
        request,
        target_groups,
        set_marker,
        next_marker
    )?;
    let mut found = Vec::new();
    let mut others = Vec::new();
    for group in &groups {
        let Some(arn) = group.target_group_arn() else {
            continue;
        };
        if group
            .vpc_id()
            .is_some_and(|vpc| vpcs.iter().any(|ours| ours == vpc))
        {
            found.push(Balancer::TargetGroup(arn.to_owned()));
        } else {
            others.push(arn.to_owned());
        }
    }
    let tag = cluster_tag(session.run());
    for arns in others.chunks(TAGS_PER_CALL) {
        let request = session
            .balancers
            .describe_tags()
            .set_resource_arns(Some(arns.to_vec()));
        let call = "elasticloadbalancing:DescribeTags";
        let answer = send!(session, call, IDEMPOTENT, request)?;
        let ours = answer.tag_descriptions().iter().filter(|one| {
            one.tags()
                .iter()
                .any(|found| found.key() == Some(tag.as_str()))
        });
        let arns = ours.filter_map(|one| one.resource_arn());
        found.extend(arns.map(|arn| Balancer::TargetGroup(arn.to_owned())));
    }
    Ok(found)
}

/// Deletes all of them; target groups after the balancers that use them.
pub(crate) async fn delete(session: &Session) -> CallErrors {
    let mut errors = CallErrors::default();
    let found = errors.keep(list(session).await).unwrap_or_default();
    let (groups, balancers): (Vec<_>, Vec<_>) = found
        .iter()
        .partition(|one| matches!(one, Balancer::TargetGroup(_)));
    for step in [balancers, groups] {
        errors.for_each(step, |one| remove(session, one)).await;
    }
    errors
}

async fn remove(session: &Session, balancer: &Balancer) -> Result<(), CallError> {
    let policy = RetryPolicy::while_in_use(std::time::Duration::from_secs(300));
    match balancer {
        Balancer::Classic(name) => {
            let request = session
                .classic
                .delete_load_balancer()
                .load_balancer_name(name);
            let call = "elasticloadbalancing:DeleteLoadBalancer";
            ignore_not_found(send!(session, call, policy, request))
        }
        Balancer::V2(arn) => {
            let request = session
                .balancers
                .delete_load_balancer()
                .load_balancer_arn(arn);
            let call = "elasticloadbalancing:DeleteLoadBalancer";
            ignore_not_found(send!(session, call, policy, request))
        }
        Balancer::TargetGroup(arn) => {
            let request = session
                .balancers
                .delete_target_group()
                .target_group_arn(arn);
            let call = "elasticloadbalancing:DeleteTargetGroup";
            ignore_not_found(send!(session, call, policy, request))
        }
    }
}
