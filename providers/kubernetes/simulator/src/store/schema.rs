//! The shapes of the API types: which fields they have, and how lists and maps in them merge.
//!
//! Read from `schema.txt`, which is condensed from the `OpenAPI` description of a real API server. Validation,
//! strategic merge and server-side apply share it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text; also one that is a time.
    Text,
    /// Bytes in base64.
    Bytes,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A quantity: a text or a number.
    Quantity,
    /// A port or percentage: a number or a text.
    IntegerOrText,
    /// Anything.
    Any,
    /// An object of a named type.
    Object(&'static str),
    /// A list.
    List(Box<Self>),
    /// An object whose keys are free.
    Map(Box<Self>),
}

/// A field of a type.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// What it may hold.
    pub(crate) shape: Shape,
    /// The fields that identify the items of a list; empty if nothing does.
    pub(crate) keys: Vec<&'static str>,
    /// Whether it is a set of plain values.
    pub(crate) is_set: bool,
    /// The key by which a strategic merge patch merges a list; empty for plain values.
    pub(crate) merge_key: Option<&'static str>,
    /// The default of a field that identifies items.
    pub(crate) default: Option<&'static str>,
    /// Whether a client that computes a patch removes the other members of the object.
    pub(crate) retains_keys: bool,
    atomic: bool,
    granular: bool,
}

impl Field {
    /// Whether it has one owner as a whole and is replaced as a whole.
    pub(crate) fn is_atomic(&self) -> bool {
        match &self.shape {
            Shape::List(_) => self.keys.is_empty() && !self.is_set,
            Shape::Map(_) => self.atomic,
            Shape::Object(name) => !self.granular && find(name).is_some_and(|of| of.atomic),
            _ => true,
        }
    }

    /// The field of each item of a list, or of each value of a map.
    pub(crate) fn inner(&self) -> Self {
        let shape = match &self.shape {
            Shape::List(inner) | Shape::Map(inner) => (**inner).clone(),
            _ => Shape::Any,
        };
        Self::plain(shape)
    }

    /// A field that holds an object of this type.
    pub(crate) fn of_type(name: &'static str) -> Self {
        Self::plain(Shape::Object(name))
    }

    const fn plain(shape: Shape) -> Self {
        Self {
            shape,
            keys: Vec::new(),
            is_set: false,
            merge_key: None,
            default: None,
            retains_keys: false,
            atomic: false,
            granular: false,
        }
    }
}

/// A type.
#[derive(Debug, Default)]
pub(crate) struct Type {
    atomic: bool,
    fields: BTreeMap<&'static str, Field>,
}

impl Type {
    /// One of its fields.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    /// Its fields, by name.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &Field)> {
        self.fields.iter().map(|(name, field)| (*name, field))
    }

    /// Whether it has one owner as a whole.
    pub(crate) fn is_atomic(&self) -> bool {
        self.atomic
    }
}

static TYPES: LazyLock<BTreeMap<&'static str, Type>> =
    LazyLock::new(|| read(include_str!("schema.txt")));

/// The type of this name: a kind such as `Pod`, or a part such as `PodSpec`.
pub(crate) fn find(name: &str) -> Option<&'static Type> {
    TYPES.get(name)
}

/// Reads the condensed description: a line per type, and indented lines for its fields.
fn read(text: &'static str) -> BTreeMap<&'static str, Type> {
    let mut types: BTreeMap<&'static str, Type> = BTreeMap::new();
    let mut current = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        if !line.starts_with(' ') {
            current = name;
            types.entry(name).or_default().atomic = words.next() == Some("atomic");
            continue;
        }
        let mut field = Field::plain(shape(words.next().unwrap_or("any")));
        for mark in words {
            match mark.split_once('=').unwrap_or((mark, "")) {
                ("set", _) => field.is_set = true,
                ("atomic", _) => field.atomic = true,
                ("granular", _) => field.granular = true,
                ("keys", names) => field.keys = names.split(',').collect(),
                ("merge", key) => field.merge_key = Some(key),
                ("default", value) => field.default = Some(value),
                ("retain", _) => field.retains_keys = true,
                _ => {}
            }
        }
        types.entry(current).or_default().fields.insert(name, field);
    }
    types
}

fn shape(word: &'static str) -> Shape {
    let inside = |open: char, close: char| word.strip_prefix(open)?.strip_suffix(close);
    if let Some(inner) = inside('[', ']') {
        return Shape::List(Box::new(shape(inner)));
    }
    if let Some(inner) = inside('{', '}') {
        return Shape::Map(Box::new(shape(inner)));
    }
    match word {
        "string" | "time" => Shape::Text,
        "bytes" => Shape::Bytes,
        "integer" => Shape::Integer,
        "number" => Shape::Number,
        "boolean" => Shape::Boolean,
        "quantity" => Shape::Quantity,
        "intstr" => Shape::IntegerOrText,
        "any" => Shape::Any,
        name => Shape::Object(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_a_field_names_is_described() {
        for (name, of) in TYPES.iter() {
            for (field, what) in &of.fields {
                let mut inner = &what.shape;
                while let Shape::List(next) | Shape::Map(next) = inner {
                    inner = next;
                }
                if let Shape::Object(wanted) = inner {
                    assert!(find(wanted).is_some(), "{name}.{field}: {wanted}");
                }
            }
        }
    }

    #[test]
    fn every_stored_type_is_described() {
        for known in crate::store::types::TYPES {
            assert!(find(known.kind).is_some(), "{}", known.kind);
        }
    }

    #[test]
    fn lists_know_how_they_merge() {
        let field = |of: &str, name: &str| find(of).and_then(|of| of.field(name)).unwrap().clone();
        let ports = field("Container", "ports");
        assert_eq!(ports.keys, ["containerPort", "protocol"]);
        assert_eq!(ports.merge_key, Some("containerPort"));
        assert!(!ports.is_atomic());
        assert!(field("Container", "command").is_atomic());
        assert!(field("ServiceSpec", "selector").is_atomic());
        assert!(field("DeploymentSpec", "selector").is_atomic());
        assert!(!field("ConfigMap", "data").is_atomic());
        assert!(field("ObjectMeta", "finalizers").is_set);
        assert_eq!(field("ContainerPort", "protocol").default, Some("TCP"));
    }
}
