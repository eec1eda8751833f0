//! Pagination: every list has pages, and a token that is valid only for its own list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The token of the next page, if any.
    pub next: Option<String>,
}

/// A token that is not one of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pagination token is not one of this list")]
pub struct BadToken;

/// Cuts the page that starts at `token` out of `all`, at most `size` long. `list` names the list, so
/// that a token of another list is refused.
///
/// # Errors
/// When the token is not one of this list.
pub fn page<T>(
    list: &str,
    all: impl IntoIterator<Item = T>,
    token: Option<&str>,
    size: usize,
) -> Result<Page<T>, BadToken> {
    let start = token
        .filter(|token| !token.is_empty())
        .map_or(Ok(0), |token| read(list, token))?;
    let mut rest = all.into_iter().skip(start);
    let items: Vec<T> = rest.by_ref().take(size.max(1)).collect();
    let end = start + items.len();
    let next = rest
        .next()
        .map(|_| URL_SAFE_NO_PAD.encode(format!("{list}:{end}")));
    Ok(Page { items, next })
}

fn read(list: &str, token: &str) -> Result<usize, BadToken> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| BadToken)?;
    let text = String::from_utf8(bytes).map_err(|_| BadToken)?;
    let start = text
        .strip_prefix(list)
        .and_then(|rest| rest.strip_prefix(':'));
    start.and_then(|start| start.parse().ok()).ok_or(BadToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a list of `count` numbers page by page, and checks the sizes of its pages.
    #[track_caller]
    fn check(count: usize, size: usize, expected: &[usize]) {
        let (mut seen, mut sizes, mut token) = (Vec::new(), Vec::new(), None);
        for _ in 0..=count {
            let page = page("list", 0..count, token.as_deref(), size).unwrap();
            sizes.push(page.items.len());
            seen.extend(page.items);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(sizes, expected, "{count} by {size}");
        assert_eq!(seen, (0..count).collect::<Vec<_>>());
    }

    #[test]
    fn pages_hold_the_whole_list_and_the_last_has_no_token() {
        check(0, 2, &[0]);
        check(2, 2, &[2]);
        check(5, 2, &[2, 2, 1]);
        check(2, 0, &[1, 1]);
    }

    #[test]
    fn a_token_of_another_list_is_refused() {
        let next = page("one", 0..3, None, 2).unwrap().next;
        assert_eq!(page("other", 0..3, next.as_deref(), 2), Err(BadToken));
        assert_eq!(page("one", 0..3, Some("2"), 2), Err(BadToken));
        assert_eq!(page("one", 0..3, next.as_deref(), 2).unwrap().items, [2]);
    }
}
