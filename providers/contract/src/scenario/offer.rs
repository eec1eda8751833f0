//! Names that a JSON schema offers to an editor, where more names than those that we know may be right.

use serde_json::{Value, json};

/// Offers these names for the texts of a definition (`#/$defs/NAME`), or of its items. Others stay valid: whether
/// they are right is said when the file is read.
pub fn offer(schema: &mut Value, definition: &str, names: &[&str]) {
    let Some(Value::Object(place)) = schema.pointer_mut(&format!("/$defs/{definition}")) else {
        return;
    };
    let choice = json!([{ "enum": names }, { "type": "string" }]);
    match place.get_mut("items") {
        Some(items) => *items = json!({ "anyOf": choice }),
        None => {
            place.remove("type");
            place.insert("anyOf".to_owned(), choice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_offered_for_texts_and_for_lists_of_them() {
        let mut schema = json!({"$defs": {"A": {"type": "string", "description": "d"},
                                          "B": {"type": "array", "items": {"type": "string"}}}});
        offer(&mut schema, "A", &["x"]);
        offer(&mut schema, "B", &["y"]);
        offer(&mut schema, "None", &["z"]);
        let choice = |name: &str| json!([{"enum": [name]}, {"type": "string"}]);
        assert_eq!(
            schema["$defs"],
            json!({"A": {"description": "d", "anyOf": choice("x")},
                   "B": {"type": "array", "items": {"anyOf": choice("y")}}})
        );
    }
}
