//! The code, status and message that each service gives for a kind of error, as AWS documents them per operation.
//!
//! Sources: the EC2 error code page, the service models, and the conflicts that terraform's provider handles.

use kubeproof_contract::call::ErrorKind;

use super::error_bodies::{Answer, Protocol};

/// The error that the service would answer.
pub(super) fn answer(
    service: &str,
    operation: &str,
    protocol: Protocol,
    kind: &ErrorKind,
) -> Answer {
    match kind {
        ErrorKind::Rejected(None) => denied(service, operation, protocol),
        ErrorKind::Rejected(Some(code)) => {
            let status = match code.as_str() {
                "NoSuchEntity" | "ResourceNotFoundException" => 404,
                "EntityAlreadyExists" | "DeleteConflict" | "ResourceInUseException" => 409,
                "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => 403,
                _ => 400,
            };
            Answer::new(status, code, format!("{operation} was refused."))
        }
        ErrorKind::Throttled {
            retry_after_seconds,
        } => Answer {
            retry_after: *retry_after_seconds,
            ..throttled(protocol)
        },
        ErrorKind::Server => server(protocol),
        ErrorKind::Quota => quota(service, operation),
        ErrorKind::Capacity => capacity(service),
        ErrorKind::Dependency => dependency(service, operation),
        ErrorKind::CredentialsExpired => expired(protocol),
        ErrorKind::PermissionLag => permission_lag(service, operation, protocol),
    }
}

fn denied(service: &str, operation: &str, protocol: Protocol) -> Answer {
    let message = format!("User is not authorized to perform: {service}:{operation}");
    match protocol {
        Protocol::Ec2 => Answer::new(
            403,
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {message}"),
        ),
        Protocol::Query => Answer::new(403, "AccessDenied", message),
        Protocol::Rest => Answer::new(403, "AccessDeniedException", message),
        Protocol::Json => Answer::new(400, "AccessDeniedException", message),
    }
}

/// What services answer before IAM has propagated a new role to them.
fn permission_lag(service: &str, operation: &str, protocol: Protocol) -> Answer {
    if service != "eks" {
        return denied(service, operation, protocol);
    }
    Answer::new(
        400,
        "InvalidParameterException",
        "Role could not be assumed because the trusted entity is not correct",
    )
}

fn throttled(protocol: Protocol) -> Answer {
    match protocol {
        Protocol::Ec2 => Answer::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        Protocol::Query => Answer::new(400, "Throttling", "Rate exceeded"),
        Protocol::Rest => Answer::new(429, "ThrottlingException", "Rate exceeded"),
        Protocol::Json => Answer::new(400, "ThrottlingException", "Rate exceeded"),
    }
}

fn server(protocol: Protocol) -> Answer {
    match protocol {
        Protocol::Ec2 => Answer::new(500, "InternalError", "An internal error has occurred"),
        Protocol::Query => Answer::new(500, "ServiceFailure", "Internal failure."),
        Protocol::Rest => Answer::new(500, "ServerException", "Internal failure."),
        Protocol::Json => Answer::new(500, "InternalServerError", "Internal failure."),
    }
}

fn quota(service: &str, operation: &str) -> Answer {
    let code = match (service, operation) {
        ("ec2", "AllocateAddress") => "AddressLimitExceeded",
        ("ec2", "CreateVpc") => "VpcLimitExceeded",
        ("ec2", "CreateNatGateway") => "NatGatewayLimitExceeded",
        ("ec2", "CreateInternetGateway") => "InternetGatewayLimitExceeded",
        ("ec2", "CreateSubnet") => "SubnetLimitExceeded",
        ("ec2", "CreateRouteTable") => "RouteTableLimitExceeded",
        ("ec2", "CreateRoute") => "RouteLimitExceeded",
        ("ec2", "CreateSecurityGroup") => "SecurityGroupLimitExceeded",
        ("ec2", "AuthorizeSecurityGroupIngress" | "AuthorizeSecurityGroupEgress") => {
            "RulesPerSecurityGroupLimitExceeded"
        }
        ("ec2", "RunInstances") => "VcpuLimitExceeded",
        ("ec2", _) => "ResourceLimitExceeded",
        ("eks", _) => "ResourceLimitExceededException",
        ("elasticloadbalancing", _) => "TooManyLoadBalancers",
        ("iam", _) => return Answer::new(409, "LimitExceeded", words_of_quota(operation)),
        _ => "LimitExceededException",
    };
    Answer::new(400, code, words_of_quota(operation))
}

fn words_of_quota(operation: &str) -> String {
    format!("The maximum number for {operation} has been reached.")
}

fn capacity(service: &str) -> Answer {
    let message = "There is no capacity for this request at the moment.";
    match service {
        // EC2 reports lack of capacity as a server error (terraform-provider-aws issue 21293).
        "ec2" => Answer::new(500, "InsufficientInstanceCapacity", message),
        // Of a control plane (EKS user guide, insufficient capacity); a node group is accepted, see
        // `calls::lacks_capacity_later`.
        "eks" => Answer::new(400, "UnsupportedAvailabilityZoneException", message),
        _ => Answer::new(400, "InsufficientCapacity", message),
    }
}

fn dependency(service: &str, operation: &str) -> Answer {
    let message = format!("{operation}: the resource has a dependent object");
    match (service, operation) {
        ("ec2", "ReleaseAddress") => Answer::new(400, "InvalidIPAddress.InUse", message),
        ("ec2", "DeleteVolume") => Answer::new(400, "VolumeInUse", message),
        ("ec2", "DeleteNetworkInterface") => {
            Answer::new(400, "InvalidParameterValue.InUse", message)
        }
        ("ec2", _) => Answer::new(400, "DependencyViolation", message),
        ("eks", _) => Answer::new(409, "ResourceInUseException", message),
        ("iam", _) => Answer::new(409, "DeleteConflict", message),
        ("elasticloadbalancing" | "autoscaling", _) => Answer::new(400, "ResourceInUse", message),
        _ => Answer::new(400, "ResourceInUseException", message),
    }
}

fn expired(protocol: Protocol) -> Answer {
    let message = "The security token included in the request is expired";
    match protocol {
        Protocol::Ec2 => Answer::new(400, "RequestExpired", "Request has expired."),
        Protocol::Query => Answer::new(403, "ExpiredToken", message),
        Protocol::Rest => Answer::new(403, "ExpiredTokenException", message),
        Protocol::Json => Answer::new(400, "ExpiredTokenException", message),
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_cloudkit::{Applied, Cause, Classify as _};

    use super::*;
    use crate::error::Codes;

    #[test]
    fn every_error_that_a_fault_answers_means_to_the_clients_what_the_fault_says() {
        let check = |kind: ErrorKind, expected: (Cause, Applied)| {
            let all = crate::calls::calls();
            for call in all.iter().filter(|call| call.service != "kubernetes") {
                let protocol = Protocol::of(&call.service);
                let answer = answer(&call.service, &call.operation, protocol, &kind);
                let seen = Codes.classify(answer.status, &answer.code, &answer.message);
                assert_eq!(seen, expected, "{call} {kind:?}: {}", answer.code);
            }
        };
        let throttled = ErrorKind::Throttled {
            retry_after_seconds: None,
        };
        check(throttled, (Cause::Throttled, Applied::No));
        check(ErrorKind::Rejected(None), (Cause::Denied, Applied::No));
        check(ErrorKind::Quota, (Cause::QuotaExceeded, Applied::No));
        check(ErrorKind::Capacity, (Cause::NoCapacity, Applied::No));
        check(ErrorKind::Dependency, (Cause::InUse, Applied::No));
        let expired = (Cause::CredentialsExpired, Applied::No);
        check(ErrorKind::CredentialsExpired, expired);
        check(ErrorKind::Server, (Cause::Server, Applied::Unknown));
    }
}
