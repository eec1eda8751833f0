//! Lists in answers, in XML and JSON: their items, and the same answer without some of them.

use bytes::Bytes;
use serde_json::Value;

/// The elements that are the items of a list in the XML protocols.
const ITEMS: [(&str, &str); 2] = [("<item>", "</item>"), ("<member>", "</member>")];

/// The items of all lists in an answer.
pub(super) fn items(body: &Bytes) -> Vec<String> {
    let mut items = Vec::new();
    without(body, |item| {
        items.push(item.to_owned());
        false
    });
    items
}

/// The answer without the items for which this holds; lists inside items are left alone.
pub(super) fn without(body: &Bytes, mut hidden: impl FnMut(&str) -> bool) -> Bytes {
    if let Ok(mut json) = serde_json::from_slice::<Value>(body) {
        for list in lists(&mut json) {
            list.retain(|item| !hidden(&item.to_string()));
        }
        return Bytes::from(json.to_string());
    }
    match std::str::from_utf8(body) {
        Ok(xml) => Bytes::from(xml_without(xml, hidden)),
        Err(_) => body.clone(),
    }
}

fn lists(json: &mut Value) -> Vec<&mut Vec<Value>> {
    match json {
        Value::Array(list) => vec![list],
        Value::Object(members) => members
            .values_mut()
            .filter_map(Value::as_array_mut)
            .collect(),
        _ => Vec::new(),
    }
}

fn xml_without(xml: &str, mut hidden: impl FnMut(&str) -> bool) -> String {
    let mut kept = String::new();
    let mut rest = xml;
    // Ends because each turn takes an item out of the rest.
    while let Some((before, item, after)) = first_item(rest) {
        kept.push_str(before);
        if !hidden(item) {
            kept.push_str(item);
        }
        rest = after;
    }
    kept + rest
}

/// The first item of a text, with what is before and after it.
fn first_item(text: &str) -> Option<(&str, &str, &str)> {
    let begins = ITEMS
        .iter()
        .filter_map(|tags| Some((text.find(tags.0)?, tags)));
    let (from, (open, close)) = begins.min_by_key(|(from, _)| *from)?;
    let (mut depth, mut to) = (0_usize, from);
    // Ends because `to` grows until no end of an item is left.
    loop {
        let ends = to + text.get(to..)?.find(close)? + close.len();
        depth += text.get(to..ends)?.matches(open).count();
        depth = depth.saturating_sub(1);
        to = ends;
        if depth == 0 {
            return Some((text.get(..from)?, text.get(from..to)?, text.get(to..)?));
        }
    }
}

/// Whether an item is the resource of this id: one of its own members is the id.
pub(super) fn is_of(item: &str, id: &str) -> bool {
    match serde_json::from_str::<Value>(item) {
        Ok(Value::Object(members)) => members.values().any(|member| member == id),
        Ok(member) => member == *id,
        Err(_) => item.contains(&format!(">{id}<")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &'static str, word: &str, expected: &str) {
        let left = without(&Bytes::from_static(body.as_bytes()), |item| {
            item.contains(word)
        });
        assert_eq!(std::str::from_utf8(&left), Ok(expected), "{body}");
    }

    #[test]
    fn only_the_items_that_are_meant_are_left_out() {
        let nested = "<s><item><i>1</i><tags><item>a</item><item>b</item></tags></item><item><i>2</i></item></s>";
        check(
            nested,
            "<i>2</i>",
            "<s><item><i>1</i><tags><item>a</item><item>b</item></tags></item></s>",
        );
        check(nested, ">b<", "<s><item><i>2</i></item></s>");
        check(nested, "", "<s></s>");
        check("<r><member>x</member></r>", "x", "<r></r>");
        check(
            r#"{"data":[{"id":"1"},{"id":"2"}],"n":1}"#,
            r#""2""#,
            r#"{"data":[{"id":"1"}],"n":1}"#,
        );
        check(r#"[{"Id":"1"}]"#, "1", "[]");
        check("<s><item>cut", "", "<s><item>cut");
        check("", "", "");
    }

    #[test]
    fn an_item_is_known_by_a_member_of_its_own() {
        let check = |item: &str, id: &str, expected: bool| {
            assert_eq!(is_of(item, id), expected, "{item}");
        };
        check(r#"{"id":"1","users":["2"]}"#, "1", true);
        check(r#"{"id":"1","users":["2"]}"#, "2", false);
        check(r#""main""#, "main", true);
        check("<item><vpcId>vpc-1</vpcId></item>", "vpc-1", true);
        check("<item><vpcId>vpc-10</vpcId></item>", "vpc-1", false);
    }
}
