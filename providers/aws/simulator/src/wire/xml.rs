//! XML responses: a small tree that is written with escaping.

use quick_xml::escape::escape;

/// The content of an XML element: text, or named children in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    text: Option<String>,
    children: Vec<(String, Node)>,
}

impl Node {
    /// An element without content.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a child that holds text.
    #[must_use]
    pub fn text(mut self, name: &str, text: impl ToString) -> Self {
        self.children.push((
            name.to_owned(),
            Self {
                text: Some(text.to_string()),
                children: Vec::new(),
            },
        ));
        self
    }

    /// Adds a child that holds text, if any.
    #[must_use]
    pub fn maybe(self, name: &str, text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// Adds a child element.
    #[must_use]
    pub fn node(mut self, name: &str, child: Self) -> Self {
        self.children.push((name.to_owned(), child));
        self
    }

    /// Adds a list: `name` around one `item` (or `member`) element each.
    #[must_use]
    pub fn list(self, name: &str, item: &str, items: impl IntoIterator<Item = Self>) -> Self {
        let children = items
            .into_iter()
            .map(|child| (item.to_owned(), child))
            .collect();
        self.node(
            name,
            Self {
                text: None,
                children,
            },
        )
    }

    /// This element's children followed by those of another.
    #[must_use]
    pub fn followed_by(mut self, other: &Self) -> Self {
        self.children.extend(other.children.iter().cloned());
        self
    }

    /// A list element that holds only text.
    pub fn of_text(text: impl ToString) -> Self {
        Self {
            text: Some(text.to_string()),
            children: Vec::new(),
        }
    }

    /// Name and text of all elements that hold text, in order.
    pub fn leaves(&self) -> Vec<(&str, &str)> {
        self.children
            .iter()
            .flat_map(|(name, child)| {
                let own = child.text.as_deref().map(|text| (name.as_str(), text));
                own.into_iter().chain(child.leaves())
            })
            .collect()
    }

    /// The element as XML under `name`, which may carry attributes (`Name xmlns="…"`).
    pub fn write(&self, name: &str) -> String {
        let mut out = String::new();
        self.write_into(name, &mut out);
        out
    }

    fn write_into(&self, name: &str, out: &mut String) {
        let tag = name.split(' ').next().unwrap_or(name);
        out.push('<');
        out.push_str(name);
        out.push('>');
        if let Some(text) = &self.text {
            out.push_str(&escape(text.as_str()));
        }
        for (name, child) in &self.children {
            child.write_into(name, out);
        }
        out.push_str("</");
        out.push_str(tag);
        out.push('>');
    }
}
