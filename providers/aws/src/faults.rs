//! The effects that AWS or its users document for each call.
//!
//! This guards against false alarms: an effect that is not documented for a call is only injected with `--pedantic`.
//! How the errors are worded is in the dialect.

use kubeproof_cloudkit::documented::{self as documented_effects, Sources};
use kubeproof_contract::call::Signature;
use kubeproof_contract::documented_effects::DocumentedEffect as Documented;
use kubeproof_contract::fault::Effect;

use crate::calls::simulates;

/// What any call of a service can meet.
fn sources(service: &str) -> Sources {
    Sources {
        throttle: if service == "ec2" {
            "botocore _retry.json, ec2.request_limit_exceeded"
        } else {
            "botocore _retry.json, throttling"
        },
        server: "EC2 error codes (InternalError, Unavailable); IAM and EKS service models",
        server_after: "deletions answered 500 that had happened (public reports); EC2 API idempotency",
        lost: "EC2 API reference, ensuring idempotency: a request may complete unseen",
        silent: "SDKs have no read timeout by default; terraform-provider-aws issue 32809",
        expired: "terraform issue 33264 (ExpiredToken), terraform-provider-aws issue 32809",
        denied: "EC2 error codes (UnauthorizedOperation); IAM common errors (AccessDenied)",
    }
}

/// Things still in use.
const IN_USE: &str = "EC2 error codes (DependencyViolation); terraform-provider-aws issue 30640";
/// Quotas.
const QUOTA: &str = "EC2 error codes (…LimitExceeded); EKS and IAM service models";

/// Reads that lag behind changes.
const LAG: &str = "EC2 developer guide, eventual consistency; IAM user guide, eventual consistency";
/// Roles that have not propagated to other services yet.
const ROLE_LAG: &str =
    "IAM user guide, eventual consistency; terraform-provider-aws waits 2 minutes";

/// A read that does not show yet what has just been made. [`LAG`] documents it, but it is off by default: the
/// simulator's own reads of EC2 lag in every run, and reads of IAM are mostly of things made long before.
const UNSEEN: Effect = Effect::NotYetVisible(5);

/// All that can happen to a call of this name.
pub(crate) fn documented(call: &Signature) -> Vec<Documented> {
    if call.service == "kubernetes" || call.service == "unknown" {
        return documented_effects::kubernetes(call);
    }
    let mut all = documented_effects::rest(call, &sources(&call.service));
    if call.mutating {
        all.extend(of_operation(&call.service, &call.operation));
    } else {
        all.push(if matches!(call.service.as_str(), "ec2" | "iam") {
            Documented::transient(Effect::StaleRead(None), LAG)
        } else {
            Documented::pedantic(Effect::StaleRead(None))
        });
        if simulates(call, &UNSEEN) {
            all.push(Documented::pedantic(UNSEEN));
        }
        all.push(Documented::pedantic(Effect::RepeatedPage));
    }
    all.push(Documented::pedantic(Effect::Throttle(Some(20))));
    all
}

/// What only some operations can meet.
fn of_operation(service: &str, operation: &str) -> Vec<Documented> {
    match (service, operation) {
        ("ec2", "CreateNatGateway") => vec![
            quota(),
            unseen("InvalidAllocationID.NotFound"),
            unseen("InvalidSubnetID.NotFound"),
            fail("InternalError", "EC2 model, NatGateway.FailureCode"),
            fail("Gateway.NotAttached", "EC2 model, NatGateway.FailureCode"),
            stuck("terraform-provider-aws waits 10 minutes for it"),
            late("terraform-provider-aws waits 10 minutes for it"),
        ],
        ("ec2", "CreateSubnet" | "CreateRouteTable" | "CreateSecurityGroup") => {
            vec![quota(), unseen("InvalidVpcID.NotFound")]
        }
        ("ec2", "CreateRoute") => vec![quota(), unseen("InvalidRouteTableID.NotFound")],
        ("ec2", "AssociateRouteTable") => vec![
            unseen("InvalidRouteTableID.NotFound"),
            unseen("InvalidSubnetID.NotFound"),
        ],
        ("ec2", "AttachInternetGateway") => {
            vec![unseen("InvalidInternetGatewayID.NotFound")]
        }
        ("ec2", "AuthorizeSecurityGroupIngress") => {
            vec![quota(), unseen("InvalidGroup.NotFound")]
        }
        ("ec2", "CreateVpc" | "CreateInternetGateway" | "AllocateAddress")
        | ("iam", "CreateRole") => vec![quota()],
        ("iam", "AttachRolePolicy") => vec![unseen("NoSuchEntity")],
        ("ec2", "DeleteNatGateway") => vec![late("ReleaseAddress refuses meanwhile")],
        ("ec2", delete) if delete.starts_with("Delete") || delete.starts_with("Detach") => {
            if delete == "DeleteLaunchTemplate" {
                Vec::new()
            } else {
                vec![in_use(IN_USE)]
            }
        }
        ("ec2", "ReleaseAddress") => vec![in_use("EC2 error codes (InvalidIPAddress.InUse)")],
        ("iam", "DeleteRole") => vec![in_use("IAM service model (DeleteConflict)")],
        ("eks", operation) => of_eks(operation),
        _ => Vec::new(),
    }
}

/// What only some operations of EKS can meet.
fn of_eks(operation: &str) -> Vec<Documented> {
    match operation {
        "CreateCluster" => vec![
            quota(),
            role_lag(),
            Documented::lasting(Effect::Capacity, "EKS user guide, insufficient capacity"),
            fail("InternalFailure", "EKS model, ClusterStatus FAILED"),
            stuck("terraform-provider-aws waits 30 minutes for it"),
            late("terraform-provider-aws waits 30 minutes for it"),
        ],
        "CreateNodegroup" => vec![
            quota(),
            role_lag(),
            Documented::transient(
                Effect::Partial,
                "EKS model, NodegroupIssueCode AsgInstanceLaunchFailures with instances running",
            ),
            fail("NodeCreationFailure", "EKS user guide, troubleshooting"),
            // Lack of capacity shows like this, not as an answer to the call.
            fail(
                "AsgInstanceLaunchFailures",
                "EKS model, NodegroupIssueCode; aws/containers-roadmap issue 2204",
            ),
            stuck("terraform-provider-aws waits 60 minutes for it"),
            late("terraform-provider-aws waits 60 minutes for it"),
        ],
        "DeleteNodegroup" => vec![
            in_use("EKS service model (ResourceInUseException)"),
            fail(
                "Ec2SecurityGroupDeletionFailure",
                "terraform-provider-aws issue 20405",
            ),
            late("terraform-provider-aws waits 60 minutes for it"),
        ],
        "DeleteCluster" => vec![
            in_use("EKS service model (ResourceInUseException)"),
            late("terraform-provider-aws waits 15 minutes for it"),
        ],
        _ => Vec::new(),
    }
}

fn quota() -> Documented {
    Documented::lasting(Effect::Quota, QUOTA)
}

fn role_lag() -> Documented {
    Documented::transient(Effect::PermissionLag, ROLE_LAG)
}

fn fail(code: &str, source: &'static str) -> Documented {
    Documented::lasting(Effect::AsyncFail(Some(code.to_owned())), source)
}

fn stuck(source: &'static str) -> Documented {
    Documented::transient(Effect::AsyncStuck, source)
}

fn late(source: &'static str) -> Documented {
    Documented::transient(Effect::AsyncLate(2), source)
}

fn in_use(source: &'static str) -> Documented {
    Documented::lasting(Effect::Dependency, source)
}

fn unseen(code: &str) -> Documented {
    Documented::transient(Effect::StaleRead(Some(code.to_owned())), LAG)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(service: &str, operation: &str, mutating: bool) -> Vec<String> {
        let call = Signature {
            service: service.to_owned(),
            operation: operation.to_owned(),
            mutating,
        };
        let all = documented(&call).into_iter();
        all.filter(|documented| !documented.pedantic)
            .map(|documented| documented.effect.to_string())
            .collect()
    }

    #[test]
    fn an_answer_is_lost_in_a_documented_way_only_where_that_hides_a_change() {
        assert!(of("ec2", "CreateVpc", true).contains(&"lost-response".to_owned()));
        assert!(!of("ec2", "DescribeVpcs", false).contains(&"lost-response".to_owned()));
    }

    #[test]
    fn operations_meet_what_their_own_pages_name() {
        assert!(of("ec2", "AllocateAddress", true).contains(&"quota".to_owned()));
        assert!(!of("ec2", "CreateTags", true).contains(&"quota".to_owned()));
        assert!(of("ec2", "DeleteSubnet", true).contains(&"dependency".to_owned()));
        assert!(
            of("eks", "CreateNodegroup", true)
                .contains(&"async-fail(NodeCreationFailure)".to_owned())
        );
    }

    #[test]
    fn every_documented_effect_names_its_source_and_no_other_does() {
        for (service, operation) in [("ec2", "CreateNatGateway"), ("iam", "DeleteRole")] {
            let call = Signature {
                service: service.to_owned(),
                operation: operation.to_owned(),
                mutating: true,
            };
            for documented in documented(&call) {
                assert_eq!(documented.source.is_empty(), documented.pedantic);
            }
        }
    }
}
