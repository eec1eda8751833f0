//! Bounded lists, also of JSON services; and what the two safety nets below the listed types share: no deletion.

use kubeproof_cloudkit::catalogue::Pending;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;
use serde_json::Value;

use crate::json_call::JsonCall;
use crate::observer::clients::{self, Clients, observer_error};

/// Most pages of a list of what belongs to other services.
pub const PAGES_MAX: usize = 20;

/// All items of a list. `page` gives those of one page, and the token of the next one.
///
/// # Errors
/// When any page fails, or when there are more than `most`.
pub async fn all_pages<T, F>(
    call: &str,
    most: usize,
    page: impl Fn(Option<String>) -> F,
) -> Result<Vec<T>, ObserverError>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), ObserverError>>,
{
    let (mut all, mut token) = (Vec::new(), None);
    for _ in 0..most {
        let (items, next) = page(token).await?;
        all.extend(items);
        token = next.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(all);
        }
    }
    Err(observer_error(
        call,
        format!("more than {most} pages: given up"),
    ))
}

/// All items of a list of a JSON service that pages by `NextToken`. `items` gives those of an answer; `None`: it has no list.
///
/// # Errors
/// As [`all_pages`], and when an answer has no list: that is no empty one.
pub async fn json_items(
    clients: &Clients,
    call: &JsonCall,
    asked: &Value,
    items: impl Fn(&Value) -> Option<Vec<Value>>,
) -> Result<Vec<Value>, ObserverError> {
    let items = &items;
    let page = |token: Option<String>| async move {
        let mut asked = asked.clone();
        if let Some(token) = token {
            asked["NextToken"] = token.into();
        }
        let answer: Value = clients.json(call, &asked).await?;
        let listed = items(&answer);
        let listed =
            listed.ok_or_else(|| observer_error(&call.name(), "the answer has no list"))?;
        Ok((listed, answer["NextToken"].as_str().map(str::to_owned)))
    };
    all_pages(&call.name(), clients::PAGES_MAX, page).await
}

/// Refuses to delete a resource from a safety net: what depends on it is unknown.
pub fn only_by_hand<'a>(_: &'a Clients, resource: &'a Resource) -> Pending<'a, Clients, ()> {
    let id = &resource.id;
    let message = format!("{id} belongs to a service that this tool only lists: delete it by hand");
    Box::pin(std::future::ready(Err(observer_error("delete", message))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items of a list of so many pages, one on each.
    async fn listed(pages: usize) -> Result<Vec<usize>, String> {
        let page = |token: Option<String>| async move {
            let number: usize = token.map_or(1, |token| token.parse().expect("a number"));
            // Some lists end with an empty token, and others with none.
            let next = if number < pages {
                (number + 1).to_string()
            } else {
                String::new()
            };
            Ok((vec![number], Some(next)))
        };
        let all = all_pages("a:List", PAGES_MAX, page).await;
        all.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_list_is_whole_or_an_error() {
        assert_eq!(listed(1).await, Ok(vec![1]));
        assert_eq!(listed(PAGES_MAX).await, Ok((1..=PAGES_MAX).collect()));
        let refusal = listed(PAGES_MAX + 1).await.expect_err("too many");
        assert!(refusal.contains("more than 20 pages"), "{refusal}");
    }
}
