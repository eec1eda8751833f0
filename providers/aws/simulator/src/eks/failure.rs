//! EKS's error answers: exception names, status codes and the members that name the resource.
//!
//! Every operation uses the same few errors.

use crate::wire::error::AwsError;

/// 400: a value that EKS refuses.
pub fn invalid_parameter(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidParameterException", message)
}

/// 400: a request that the current state does not allow.
pub fn invalid_request(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidRequestException", message)
}

/// 409: the resource exists or is in use.
pub fn in_use(message: impl Into<String>) -> AwsError {
    AwsError::new(409, "ResourceInUseException", message)
}

/// 404.
pub fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::new(404, "ResourceNotFoundException", message)
}

/// 404 for a cluster.
pub fn no_cluster(name: &str) -> AwsError {
    not_found(format!("No cluster found for name: {name}.")).with("clusterName", name)
}

/// 404 for a node group.
pub fn no_node_group(cluster: &str, name: &str) -> AwsError {
    not_found(format!("No node group found for name: {name}."))
        .with("clusterName", cluster)
        .with("nodegroupName", name)
}

/// 400: a quota is used up.
pub fn limit_exceeded(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ResourceLimitExceededException", message)
}
