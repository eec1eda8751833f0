//! Resources in findings: each with its monthly cost, the most expensive first.

use std::cmp::Reverse;

use kubeproof_contract::Decimal;
use kubeproof_contract::resource::Resource;

use super::Violation;
use crate::audit::compare::words;
use crate::prices::{PriceOf, month};

/// How many free resources get their own finding before the rest share one.
const FREE_AT_LENGTH: usize = 5;

/// One resource that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The resource.
    pub resource: Resource,
    /// Resource type and id: `vpc vpc-1`.
    pub short: String,
    /// What keeping it costs a month, US dollars; `None` when no price is known.
    pub usd: Option<Decimal>,
    /// The whole sentence about it.
    pub message: String,
}

impl Item {
    /// A resource with its price, and what is wrong with it.
    pub fn new(resource: &Resource, price: PriceOf<'_>, wrong: &str) -> Self {
        let usd = price(resource);
        Self {
            resource: resource.clone(),
            short: format!("{} {}", resource.resource_type, resource.id),
            usd,
            message: format!("{}: {}, {wrong}", words(resource), month(usd)),
        }
    }

    /// Whether it costs nothing, as far as prices are known.
    fn is_free(&self) -> bool {
        self.usd.is_some_and(|usd| usd.is_zero())
    }

    /// What is priced, then what has no price, then what is free.
    fn rank(&self) -> (u8, Decimal) {
        match self.usd {
            Some(usd) if !usd.is_zero() => (2, usd),
            None => (1, Decimal::ZERO),
            Some(_) => (0, Decimal::ZERO),
        }
    }
}

/// One finding for each resource, the most expensive first. Of those that cost nothing, only the first few get their
/// own finding; the rest share one that lists their ids. The items come in deletion order: among equals, the one to be
/// deleted last is named first, because the others are parts of it.
pub fn findings(oracle: &'static str, items: Vec<Item>) -> Vec<Violation> {
    let (shown, folded) = folded(items);
    let mut violations: Vec<Violation> = shown
        .into_iter()
        .map(|item| Violation::about(oracle, item.message, vec![item.resource]))
        .collect();
    violations.extend(folded.map(|rest| Violation::about(oracle, rest.words(), rest.resources())));
    violations
}

/// The same in one line: `vpc vpc-1 $0.00 a month, vpc vpc-2 $0.00 a month`.
pub fn list(items: Vec<Item>) -> String {
    let (shown, folded) = folded(items);
    let shown = shown
        .iter()
        .map(|item| format!("{} {}", item.short, month(item.usd)));
    let all: Vec<String> = shown.chain(folded.map(|rest| rest.words())).collect();
    all.join(", ")
}

/// Free resources that share one finding.
struct Rest(Vec<Item>);

impl Rest {
    fn words(&self) -> String {
        let ids: Vec<&str> = self.0.iter().map(|item| item.short.as_str()).collect();
        format!(
            "and {} more that cost nothing: {}",
            ids.len(),
            ids.join(", ")
        )
    }

    fn resources(self) -> Vec<Resource> {
        self.0.into_iter().map(|item| item.resource).collect()
    }
}

/// The items in order, and surplus free ones apart.
fn folded(mut items: Vec<Item>) -> (Vec<Item>, Option<Rest>) {
    items.reverse();
    items.sort_by_key(|item| Reverse(item.rank()));
    let paid = items.iter().filter(|item| !item.is_free()).count();
    // One alone is not folded: that would be no shorter.
    if items.len() <= paid + FREE_AT_LENGTH + 1 {
        return (items, None);
    }
    let rest = items.split_off(paid + FREE_AT_LENGTH);
    (items, Some(Rest(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, cents: Option<i64>) -> Item {
        let resource = Resource::new("t", id, "r");
        let price = |_: &Resource| cents.map(|cents| Decimal::new(cents, 2));
        Item::new(&resource, &price, "left")
    }

    #[test]
    fn the_most_expensive_comes_first_and_what_must_go_last_before_its_parts() {
        let items = vec![
            item("dear", Some(3285)),
            item("part", Some(0)),
            item("cheap", Some(365)),
            item("whole", Some(0)),
            item("unpriced", None),
        ];
        assert_eq!(
            list(items),
            "t dear $32.85 a month, t cheap $3.65 a month, t unpriced no price known, \
             t whole $0.00 a month, t part $0.00 a month"
        );
    }

    #[test]
    fn of_many_that_cost_nothing_five_are_told_and_the_rest_keep_their_ids() {
        let mut items: Vec<Item> = (0..8).map(|n| item(&n.to_string(), Some(0))).collect();
        items.push(item("dear", Some(1)));
        let found = findings("O1 orphans", items);
        let messages: Vec<&str> = found.iter().map(|wrong| wrong.message.as_str()).collect();
        assert_eq!(messages.len(), 7);
        assert_eq!(messages[0], "t dear in r: $0.01 a month, left");
        assert_eq!(messages[1], "t 7 in r: $0.00 a month, left");
        assert_eq!(messages[6], "and 3 more that cost nothing: t 2, t 1, t 0");
    }

    #[test]
    fn one_too_many_is_told_like_the_others() {
        let items: Vec<Item> = (0..6).map(|n| item(&n.to_string(), Some(0))).collect();
        assert_eq!(findings("O1 orphans", items.clone()).len(), 6);
        let dear = (0..3).map(|n| item(&format!("dear {n}"), Some(1)));
        let with_dear: Vec<Item> = items.into_iter().chain(dear).collect();
        assert_eq!(findings("O1 orphans", with_dear).len(), 9);
    }
}
