//! EC2's error answers, in EC2's own wording.
//!
//! Codes: the error code table of the EC2 API reference.

use crate::ec2::describe::ResourceKind;
use crate::wire::error::AwsError;

/// A refusal of a client's request: status 400.
pub fn refuse(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(400, code, message)
}

/// `InvalidParameterValue`.
pub fn value(message: impl Into<String>) -> AwsError {
    refuse("InvalidParameterValue", message)
}

/// `InvalidParameterValue` for one parameter, in EC2's wording.
pub fn bad_value(given: &str, parameter: &str, why: &str) -> AwsError {
    value(format!(
        "Value ({given}) for parameter {parameter} is invalid. {why}"
    ))
}

/// `InvalidParameterCombination`.
pub fn combination(message: impl Into<String>) -> AwsError {
    refuse("InvalidParameterCombination", message)
}

/// `UnknownParameter`.
pub fn unknown_parameter(name: &str) -> AwsError {
    refuse(
        "UnknownParameter",
        format!("The parameter {name} is not recognized"),
    )
}

/// A page size out of bounds.
pub fn page_size(given: i64, relation: &str, bound: i64) -> AwsError {
    value(format!(
        "Value ( {given} ) for parameter maxResults is invalid. Expecting a value {relation} than \
         {bound}."
    ))
}

/// `DependencyViolation`.
pub fn dependency(message: impl Into<String>) -> AwsError {
    refuse("DependencyViolation", message)
}

/// `DependencyViolation` of something that cannot be deleted yet.
pub fn has_dependencies(noun: &str, id: &str) -> AwsError {
    dependency(format!(
        "The {noun} '{id}' has dependencies and cannot be deleted."
    ))
}

/// The code of a resource type for an unknown id.
pub fn not_found<T: ResourceKind>(id: &str) -> AwsError {
    refuse(
        T::SPEC.not_found,
        format!("The {} '{id}' does not exist", T::SPEC.noun),
    )
}

/// The code of a resource type for a malformed id.
pub fn malformed<T: ResourceKind>(id: &str) -> AwsError {
    let prefix = T::SPEC.prefix;
    refuse(
        T::SPEC.malformed,
        format!("Invalid id: \"{id}\" (expecting \"{prefix}...\")"),
    )
}
