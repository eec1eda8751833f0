//! Tags as many APIs write them: a list of objects, each with a `key` and a `value`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Pair {
    key: String,
    value: String,
}

/// Reads such a list, as a field of a type that serde derives (`#[serde(deserialize_with = "key_values::read")]`).
///
/// # Errors
/// When it is no such list.
pub fn read<'de, D: Deserializer<'de>>(list: D) -> Result<BTreeMap<String, String>, D::Error> {
    let pairs = Vec::<Pair>::deserialize(list)?;
    Ok(pairs.into_iter().map(|one| (one.key, one.value)).collect())
}

/// Writes such a list.
pub fn written(tags: &BTreeMap<String, String>) -> Value {
    let pair = |(key, value): (&String, &String)| json!({"key": key, "value": value});
    tags.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_a_pair_without_a_value_is_refused() {
        let tags = BTreeMap::from([("team".to_owned(), "research".to_owned())]);
        let list = written(&tags);
        assert_eq!(list, json!([{"key": "team", "value": "research"}]));
        assert_eq!(read(list).ok(), Some(tags));
        assert!(read(json!([{"key": "team"}])).is_err());
    }
}
