//! Decodes the objects that clients send: finds and removes unknown fields, and rejects wrong types.
//!
//! Source of the messages: the decoder of a real API server, and the documentation of field validation.

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::store::schema::{self, Field, Shape};

/// A value of a wrong type, in the words of Go's decoder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("json: cannot unmarshal {given} into Go struct field {holder}.{path} of type {wanted}")]
pub(crate) struct TypeError {
    given: &'static str,
    holder: &'static str,
    path: String,
    wanted: String,
}

/// Removes unknown fields, and nulls, empty lists and empty maps, which have no meaning. Returns the paths of
/// unknown fields.
///
/// # Errors
/// If a field has a value of a wrong type.
pub(crate) fn prune(kind: &'static str, object: &mut Value) -> Result<Vec<String>, TypeError> {
    let mut unknown = Vec::new();
    walk(&Field::of_type(kind), object, &At::root(kind), &mut unknown)?;
    Ok(unknown)
}

/// Where the walk is: the path so far, and the type that holds the field.
struct At {
    path: String,
    holder: &'static str,
}

impl At {
    fn root(kind: &'static str) -> Self {
        Self {
            path: String::new(),
            holder: kind,
        }
    }

    fn below(&self, name: &str, holder: &'static str) -> Self {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Self { path, holder }
    }

    fn item(&self, index: usize) -> Self {
        Self {
            path: format!("{}[{index}]", self.path),
            holder: self.holder,
        }
    }
}

fn walk(
    field: &Field,
    value: &mut Value,
    at: &At,
    unknown: &mut Vec<String>,
) -> Result<(), TypeError> {
    let wrong = |value: &Value, wanted: &str| Err(mismatch(value, at, wanted));
    match (&field.shape, &mut *value) {
        (_, Value::Null) | (Shape::Any, _) => Ok(()),
        (Shape::Object(name), Value::Object(map)) => {
            let Some(of) = schema::find(name) else {
                return Ok(());
            };
            let mut fine = serde_json::Map::new();
            for (key, mut inner) in std::mem::take(map) {
                let below = at.below(&key, name);
                match of.field(&key) {
                    None => unknown.push(below.path),
                    Some(field) => {
                        walk(field, &mut inner, &below, unknown)?;
                        if !is_empty_value(field, &inner) {
                            fine.insert(key, inner);
                        }
                    }
                }
            }
            *map = fine;
            Ok(())
        }
        (Shape::Map(_), Value::Object(map)) => {
            let inner = field.inner();
            for value in map.values_mut() {
                walk(&inner, value, at, unknown)?;
            }
            Ok(())
        }
        (Shape::List(_), Value::Array(list)) => {
            let inner = field.inner();
            for (index, value) in list.iter_mut().enumerate() {
                walk(&inner, value, &at.item(index), unknown)?;
            }
            Ok(())
        }
        (Shape::Text | Shape::Bytes | Shape::Quantity | Shape::IntegerOrText, Value::String(_))
        | (Shape::Boolean, Value::Bool(_))
        | (Shape::Number | Shape::Quantity, Value::Number(_)) => Ok(()),
        (Shape::Integer | Shape::IntegerOrText, Value::Number(number))
            if number.is_i64() || number.is_u64() =>
        {
            Ok(())
        }
        (Shape::Object(name), value) => wrong(value, &format!("v1.{name}")),
        (Shape::Map(_), value) => wrong(value, "map[string]string"),
        (Shape::List(_), value) => wrong(value, "[]string"),
        (Shape::Integer, value) => wrong(value, "int32"),
        (Shape::Number, value) => wrong(value, "float64"),
        (Shape::Boolean, value) => wrong(value, "bool"),
        (_, value) => wrong(value, "string"),
    }
}

fn is_empty_value(field: &Field, value: &Value) -> bool {
    match (&field.shape, value) {
        (_, Value::Null) => true,
        (Shape::Map(_), Value::Object(map)) => map.is_empty(),
        (Shape::List(_), Value::Array(list)) => list.is_empty(),
        _ => false,
    }
}

fn mismatch(value: &Value, at: &At, wanted: &str) -> TypeError {
    let given = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    // Go's decoder names a field without the indices of lists on the way.
    let path: String = at
        .path
        .split('[')
        .map(|part| part.split_once(']').map_or(part, |(_, rest)| rest))
        .collect();
    TypeError {
        given,
        holder: at.holder,
        path,
        wanted: wanted.to_owned(),
    }
}

/// The paths of duplicate fields of a JSON text; none if it is not JSON.
pub(crate) fn duplicates(text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let seed = Scan {
        path: String::new(),
        found: &mut found,
    };
    let mut reader = serde_json::Deserializer::from_slice(text);
    if seed.deserialize(&mut reader).is_err() {
        return Vec::new();
    }
    found
}

struct Scan<'a> {
    path: String,
    found: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for index in 0.. {
            let seed = Scan {
                path: format!("{}[{index}]", self.path),
                found: &mut *self.found,
            };
            if list.next_element_seed(seed)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = std::collections::BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let dot = if self.path.is_empty() { "" } else { "." };
            let path = format!("{}{dot}{key}", self.path);
            if !keys.insert(key) {
                self.found.push(path.clone());
            }
            let seed = Scan {
                path,
                found: &mut *self.found,
            };
            map.next_value_seed(seed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_are_found_and_removed() {
        let mut pod = json!({
            "metadata": {"name": "a", "labels": {"any": "key"}, "annotations": {}},
            "spec": {"containers": [{"name": "c", "imag": "x"}], "volumes": [
                {"name": "v", "emptyDir": {}},
            ], "nodeName": null},
            "wrong": 1,
        });
        let unknown = prune("Pod", &mut pod).unwrap();
        assert_eq!(unknown, ["spec.containers[0].imag", "wrong"]);
        let expected = json!({
            "metadata": {"name": "a", "labels": {"any": "key"}},
            "spec": {"containers": [{"name": "c"}], "volumes": [{"name": "v", "emptyDir": {}}]},
        });
        assert_eq!(pod, expected);
    }

    #[test]
    fn a_wrong_type_gets_the_message_of_a_real_decoder() {
        let check = |kind: &'static str, mut object: Value, expected: &str| {
            let error = prune(kind, &mut object).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            "ConfigMap",
            json!({"data": {"a": 1}}),
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        );
        check(
            "Deployment",
            json!({"spec": {"replicas": "x"}}),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of \
             type int32",
        );
    }

    #[test]
    fn duplicate_fields_are_found() {
        let text = br#"{"a":1,"b":{"c":1,"c":2},"d":[{"e":1,"e":1}],"a":2}"#;
        assert_eq!(duplicates(text), ["b.c", "d[0].e", "a"]);
        assert!(duplicates(b"{").is_empty());
    }
}
