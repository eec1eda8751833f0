//! Pagination: every list has pages, and a token that is valid only for its own list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::wire::error::AwsError;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The token of the next page, if any.
    pub next: Option<String>,
}

/// Cuts the page that starts at `token` out of `all`, at most `size` long. `list` names the list, so
/// that a token of another list is refused.
///
/// # Errors
/// `InvalidNextToken` when the token is not one of this list.
pub fn page<T>(
    list: &str,
    all: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Result<Page<T>, AwsError> {
    let start = token
        .filter(|token| !token.is_empty())
        .map_or(Ok(0), |token| read(list, token))?;
    let total = all.len();
    let items: Vec<T> = all.into_iter().skip(start).take(size.max(1)).collect();
    let end = start + items.len();
    let next = (end < total).then(|| URL_SAFE_NO_PAD.encode(format!("{list}:{end}")));
    Ok(Page { items, next })
}

fn read(list: &str, token: &str) -> Result<usize, AwsError> {
    let text = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix(&format!("{list}:"))?.parse().ok());
    text.ok_or_else(|| {
        AwsError::new(
            400,
            "InvalidNextToken",
            format!("Invalid pagination token for {list}"),
        )
    })
}
