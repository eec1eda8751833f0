//! The link to the next page of a list, in the header of an answer (RFC 8288).

use bytes::Bytes;
use http::{Response, header};
use percent_encoding::percent_decode_str;

/// A link that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[error("the link to the next page has no `{0}`")]
pub(super) struct NoToken(String);

/// The page token in the link to the next page; none where there is no such link.
///
/// # Errors
/// When there is a link without it: the list goes on where we cannot follow.
pub(super) fn next(answer: &Response<Bytes>, token: &str) -> Result<Option<String>, NoToken> {
    let links = answer.headers().get_all(header::LINK).iter();
    let links = links.filter_map(|value| value.to_str().ok());
    let mut links = links.flat_map(|value| value.split(','));
    let Some(link) = links.find_map(to_next) else {
        return Ok(None);
    };
    let query = link.split_once('?').map_or("", |(_, query)| query);
    let mut parameters = query.split('&').filter_map(|one| one.split_once('='));
    let value = parameters.find(|(name, _)| *name == token);
    let (_, value) = value.ok_or_else(|| NoToken(token.to_owned()))?;
    let value = percent_decode_str(value).decode_utf8_lossy();
    Ok(Some(value.into_owned()))
}

/// The address of a link whose relation is `next`.
fn to_next(link: &str) -> Option<&str> {
    let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let mut parameters = parameters.split(';').map(str::trim);
    let is_next = parameters.any(|one| matches!(one, "rel=\"next\"" | "rel=next"));
    is_next.then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_in_the_link_to_the_next_page_and_in_no_other() {
        let check = |link: Option<&str>, expected: Result<Option<&str>, &str>| {
            let mut answer = Response::builder();
            if let Some(link) = link {
                answer = answer.header(header::LINK, link);
            }
            let seen = next(&answer.body(Bytes::new()).unwrap(), "cursor");
            let seen = seen.map_err(|error| error.to_string());
            let expected = expected.map(|token| token.map(str::to_owned));
            assert_eq!(seen, expected.map_err(str::to_owned), "{link:?}");
        };
        check(None, Ok(None));
        let url = "https://a.example/jobs?limit=20&cursor=a%3D%3D";
        check(Some(&format!("<{url}>; rel=\"next\"")), Ok(Some("a==")));
        let two = format!("<https://a.example>; rel=\"first\", <{url}>; rel=next");
        check(Some(&two), Ok(Some("a==")));
        check(Some(&format!("<{url}>; rel=\"prev\"")), Ok(None));
        let missing = "the link to the next page has no `cursor`";
        let elsewhere = "<https://a.example/jobs?page=2>; rel=\"next\"";
        check(Some(elsewhere), Err(missing));
    }
}
