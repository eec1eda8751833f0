//! Pagination: every list has pages, and a token that is valid only for its own list.

use kubeproof_simkit::page::Page;

use crate::wire::error::AwsError;

/// The page that starts at `token`, at most `size` long.
///
/// # Errors
/// `InvalidNextToken` when the token is not one of this list.
pub fn page<T>(
    list: &str,
    all: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Result<Page<T>, AwsError> {
    kubeproof_simkit::page::page(list, all, token, size).map_err(|_| {
        let message = format!("Invalid pagination token for {list}");
        AwsError::new(400, "InvalidNextToken", message)
    })
}
