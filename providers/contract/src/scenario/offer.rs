//! Names that a JSON schema suggests to an editor, without excluding other names.

use serde_json::{Value, json};

/// Suggests these names for the strings of a definition (`#/$defs/NAME`), or of its items. Other names stay valid in
/// the schema; they are checked when the file is parsed.
pub fn offer(schema: &mut Value, definition: &str, names: &[&str]) {
    let Some(Value::Object(definition)) = schema.pointer_mut(&format!("/$defs/{definition}"))
    else {
        return;
    };
    let choice = json!([{ "enum": names }, { "type": "string" }]);
    match definition.get_mut("items") {
        Some(items) => *items = json!({ "anyOf": choice }),
        None => {
            definition.remove("type");
            definition.insert("anyOf".to_owned(), choice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_suggested_for_strings_and_for_lists_of_them() {
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
