//! The fields of a resource type: one declaration of each gives its element in responses, the filters that compare
//! with it, and its property in the inventory.

use std::collections::BTreeMap;

use crate::ec2::describe::ResourceKind;
use crate::state::State;
use crate::wire::xml::Node;

/// Names of filters.
type Names = &'static [&'static str];

/// One field of a resource type.
pub struct Field<T> {
    /// The name of its element in responses; empty if it has none.
    element: &'static str,
    /// The filters that compare with it.
    filters: Names,
    /// Its name in the inventory; empty if it is not there.
    property: &'static str,
    value: Value<T>,
}

/// How to read the value of a field.
enum Value<T> {
    /// The resource's id.
    Id,
    /// The resource's state.
    State,
    Fixed(&'static str),
    Text(fn(&T, &State) -> String),
    Maybe(fn(&T, &State) -> Option<String>),
    Texts(fn(&T, &State) -> Vec<String>),
    Items(fn(&T, &State) -> Vec<Node>),
    Child(fn(&T, &State) -> Option<Node>),
}

const fn field<T>(element: &'static str, filters: Names, value: Value<T>) -> Field<T> {
    Field {
        element,
        filters,
        property: "",
        value,
    }
}

/// The resource's id.
pub const fn id<T>(element: &'static str, filters: Names) -> Field<T> {
    field(element, filters, Value::Id)
}

/// The resource's state.
pub const fn state<T>(element: &'static str, filters: Names) -> Field<T> {
    field(element, filters, Value::State)
}

/// A text that is the same for all resources.
pub const fn fixed<T>(element: &'static str, filters: Names, text: &'static str) -> Field<T> {
    field(element, filters, Value::Fixed(text))
}

/// A text, with its property if that is not empty.
pub const fn text<T>(
    element: &'static str,
    filters: Names,
    property: &'static str,
    read: fn(&T, &State) -> String,
) -> Field<T> {
    Field {
        element,
        filters,
        property,
        value: Value::Text(read),
    }
}

/// A text that not every resource has, with its property if that is not empty.
pub const fn maybe<T>(
    element: &'static str,
    filters: Names,
    property: &'static str,
    read: fn(&T, &State) -> Option<String>,
) -> Field<T> {
    Field {
        element,
        filters,
        property,
        value: Value::Maybe(read),
    }
}

/// A property without an element and filters.
pub const fn property<T>(property: &'static str, read: fn(&T, &State) -> String) -> Field<T> {
    text("", &[], property, read)
}

/// Values that only filters compare with.
pub const fn filter<T>(filters: Names, read: fn(&T, &State) -> Vec<String>) -> Field<T> {
    field("", filters, Value::Texts(read))
}

/// A list of items in responses.
pub const fn items<T>(element: &'static str, read: fn(&T, &State) -> Vec<Node>) -> Field<T> {
    field(element, &[], Value::Items(read))
}

/// An element with children.
pub const fn child<T>(element: &'static str, read: fn(&T, &State) -> Option<Node>) -> Field<T> {
    field(element, &[], Value::Child(read))
}

impl<T: ResourceKind> Field<T> {
    /// The filters that compare with it.
    pub fn filters(&self) -> Names {
        self.filters
    }

    fn texts(&self, item: &T, state: &State) -> Vec<String> {
        match &self.value {
            Value::Id => vec![item.meta().id.clone()],
            Value::State => vec![item.state_name(state)],
            Value::Fixed(text) => vec![(*text).to_owned()],
            Value::Text(read) => vec![read(item, state)],
            Value::Maybe(read) => read(item, state).into_iter().collect(),
            Value::Texts(read) => read(item, state),
            Value::Items(_) | Value::Child(_) => Vec::new(),
        }
    }

    fn add_to(&self, node: Node, item: &T, state: &State) -> Node {
        match &self.value {
            _ if self.element.is_empty() => node,
            Value::Items(read) => node.list(self.element, "item", read(item, state)),
            Value::Child(read) => match read(item, state) {
                Some(child) => node.node(self.element, child),
                None => node,
            },
            _ => self
                .texts(item, state)
                .into_iter()
                .fold(node, |node, text| node.text(self.element, text)),
        }
    }
}

/// The values that a filter compares with; `None` for an unknown filter.
pub fn values<T: ResourceKind>(item: &T, state: &State, filter: &str) -> Option<Vec<String>> {
    let mut fields = T::FIELDS.iter();
    let found = fields.find(|field| field.filters.contains(&filter))?;
    Some(found.texts(item, state))
}

/// The resource as an element, without its tags.
pub fn node<T: ResourceKind>(item: &T, state: &State) -> Node {
    let add = |node, field: &Field<T>| field.add_to(node, item, state);
    T::FIELDS.iter().fold(Node::new(), add)
}

/// Adds the resource's properties.
pub fn properties<T: ResourceKind>(item: &T, state: &State, into: &mut BTreeMap<String, String>) {
    for field in T::FIELDS.iter().filter(|field| !field.property.is_empty()) {
        let value = field.texts(item, state).into_iter().next();
        into.extend(value.map(|value| (field.property.to_owned(), value)));
    }
}
