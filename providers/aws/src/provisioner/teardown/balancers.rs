//! Deletes load balancers that services of type `LoadBalancer` made: those in the run's VPC, and target groups with
//! the cluster's tag, which may outlive a VPC.

use kubeproof_cloudkit::error::ignore_not_found;
use kubeproof_cloudkit::{CallError, RetryPolicy};

use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::cluster_tag;

/// Most resources that one `DescribeTags` call takes.
const TAGS_PER_CALL: usize = 20;

/// How the id of a network or application load balancer begins; a classic one is known by its name.
const ARN: &str = "arn:";

/// The load balancers in these VPCs: classic ones by name, the others by ARN.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn list(session: &Session, vpcs: Vec<String>) -> Result<Vec<String>, CallError> {
    if vpcs.is_empty() {
        return Ok(Vec::new());
    }
    let call = "elasticloadbalancing:DescribeLoadBalancers";
    let here = |vpc: Option<&str>| vpc.is_some_and(|vpc| vpcs.iter().any(|ours| ours == vpc));
    let request = session.classic.describe_load_balancers();
    let classic = pages!(
        session,
        call,
        request,
        load_balancer_descriptions,
        set_marker,
        next_marker
    )?;
    let request = session.balancers.describe_load_balancers();
    let balancers = pages!(
        session,
        call,
        request,
        load_balancers,
        set_marker,
        next_marker
    )?;
    let classic = classic.iter().filter(|balancer| here(balancer.vpc_id()));
    let names = classic.filter_map(|balancer| balancer.load_balancer_name());
    let balancers = balancers.iter().filter(|balancer| here(balancer.vpc_id()));
    let arns = balancers.filter_map(|balancer| balancer.load_balancer_arn());
    Ok(names.chain(arns).map(str::to_owned).collect())
}

/// The ARNs of the target groups in these VPCs or with the cluster's tag.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn target_groups(
    session: &Session,
    vpcs: Vec<String>,
) -> Result<Vec<String>, CallError> {
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
            found.push(arn.to_owned());
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
        found.extend(arns.map(str::to_owned));
    }
    Ok(found)
}

/// Deletes a load balancer; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(super) async fn delete(
    session: &Session,
    id: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let call = "elasticloadbalancing:DeleteLoadBalancer";
    if id.starts_with(ARN) {
        let request = session
            .balancers
            .delete_load_balancer()
            .load_balancer_arn(id);
        return ignore_not_found(send!(session, call, policy, request));
    }
    let request = session
        .classic
        .delete_load_balancer()
        .load_balancer_name(id);
    ignore_not_found(send!(session, call, policy, request))
}

/// Deletes a target group; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(super) async fn delete_group(
    session: &Session,
    arn: String,
    policy: RetryPolicy,
) -> Result<(), CallError> {
    let request = session
        .balancers
        .delete_target_group()
        .target_group_arn(arn);
    let call = "elasticloadbalancing:DeleteTargetGroup";
    ignore_not_found(send!(session, call, policy, request))
}
