//! What the text of a finding tells: the resources that it names, prices, and what is the same in every run. Pure.

use kubeproof_contract::Decimal;

use super::Month;
use crate::word::counted;

/// The longest title, characters.
const TITLE_MAX: usize = 100;

/// Whether a text names this resource, and not one whose id only begins alike.
pub fn names(text: &str, resource_type: &str, id: &str) -> bool {
    let wanted = format!("{resource_type} {id}");
    text.match_indices(&wanted).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + wanted.len()..].chars().next();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
            && after.is_none_or(|c| matches!(c, ' ' | ',' | ';' | ':' | ')'))
    })
}

/// What texts say that things cost a month. A resource that several texts name counts once. A list of resources of
/// which some are too many tells no sum: then it is the first of them, which is the dearest.
pub fn priced(messages: &[String]) -> Month {
    let mut told: Vec<(&str, Option<Decimal>)> = Vec::new();
    let mut listed: Option<Decimal> = None;
    for message in messages {
        let subject = message.split(": ").next().unwrap_or_default();
        let price = || {
            let (before, _) = message.split_once(" a month")?;
            before.rsplit_once('$')?.1.parse().ok()
        };
        match (price(), message.matches(" a month").count()) {
            (Some(usd), 2..) => listed = listed.max(Some(usd)),
            (Some(usd), _) => told.push((subject, Some(usd))),
            (None, _) if message.contains("no price known") => told.push((subject, None)),
            (None, _) => {}
        }
    }
    told.sort();
    told.dedup_by_key(|(subject, _)| *subject);
    Month::of(told.into_iter().map(|(_, usd)| usd).chain(listed.map(Some)))
}

/// A text without the words that hold ids, which differ from run to run.
pub fn without_ids(text: &str) -> String {
    let is_id = |word: &str| !word.contains('$') && word.bytes().any(|b| b.is_ascii_digit());
    let words: Vec<&str> = text.split_whitespace().filter(|it| !is_id(it)).collect();
    words.join(" ")
}

/// The beginning of a message: up to what is said of its subject.
pub fn short(message: &str) -> String {
    let start = message.split(": ").next().unwrap_or(message);
    if start.chars().count() <= TITLE_MAX {
        return start.to_owned();
    }
    let start: String = start.chars().take(TITLE_MAX).collect();
    let start = start
        .rsplit_once(' ')
        .map_or(start.as_str(), |(all, _)| all);
    format!("{start} …")
}

/// The first of some, with how many there are besides: `vpc vpc-1 and 2 parts`.
pub fn titled(first: &str, all: usize, besides: &str) -> String {
    match all {
        0 | 1 => first.to_owned(),
        all => format!("{first} and {}", counted(all - 1, besides)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_named_by_its_type_and_its_whole_id() {
        let check =
            |text: &str, expected: bool| assert_eq!(names(text, "net", "n-1"), expected, "{text}");
        check("net n-1 in r: $1.00 a month", true);
        check("and 2 more that cost nothing: rule r-1, net n-1", true);
        check("net n-12 in r", false);
        check("subnet n-1 in r", false);
        check("sub_net n-1 in r", false);
        check("net n-1/rule in r", false);
    }

    #[test]
    fn a_price_is_read_only_where_it_is_told() {
        let check = |messages: &[&str], expected: &str| {
            let messages: Vec<String> = messages.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(priced(&messages).text(), expected);
        };
        check(
            &["net n-1: $32.85 a month, left", "ip: $3.65 a month"],
            "$36.50 a month",
        );
        check(&["net n-1: no price known, left"], "no price known");
        check(
            &["net: $1.00 a month", "ip: no price known"],
            "$1.00 a month and 1 without a price",
        );
        check(&["3 months a month late"], "");
        check(
            &[
                "ip i-1 in r: $3.65 a month, left",
                "ip i-1 in r: $3.65 a month, is left",
            ],
            "$3.65 a month",
        );
        let three = "3 were alive: ip a $3.65 a month, ip b $3.65 a month";
        check(
            &[
                three,
                "3 were alive later: ip a $3.65 a month, ip b $3.65 a month",
            ],
            "$3.65 a month",
        );
        check(&["and 3 more that cost nothing: net n-1"], "");
    }

    #[test]
    fn texts_are_alike_without_the_ids_that_differ_from_run_to_run() {
        let one = without_ids("net n-1 (kp-1f-net) in north-1: $32.85 a month");
        assert_eq!(one, "net in $32.85 a month");
        assert_ne!(
            one,
            without_ids("net n-1 (kp-1f-net) in north-1: $3.65 a month")
        );
    }

    #[test]
    fn a_title_ends_where_the_explanation_begins_and_between_words() {
        assert_eq!(short("net n-1 in r: left behind"), "net n-1 in r");
        let long = "word ".repeat(40);
        let title = short(&long);
        assert!(
            title.chars().count() <= TITLE_MAX + 2 && title.ends_with("word …"),
            "{title}"
        );
        assert_eq!(
            [1, 2, 3].map(|all| titled("net", all, "part")),
            ["net", "net and 1 part", "net and 2 parts"]
        );
    }
}
