//! The part of the query language that is understood: `Resources | where … | project … | limit …`. Everything else is
//! refused by name.

use serde_json::Value;

use crate::wire::Object;

/// The table that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Resources,
    /// Groups, of all containers.
    Containers,
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    /// `==`, or `in`.
    Same,
    /// `=~`, or `in~`: whatever the case.
    SameText,
    Contains,
    StartsWith,
}

/// A condition: a column, or a tag, that is or is not one of some values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    column: String,
    /// The name of a tag, where the column is the tags.
    tag: Option<String>,
    comparison: Comparison,
    is_negated: bool,
    values: Vec<String>,
}

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) text: String,
    pub(super) source: Source,
    conditions: Vec<Condition>,
    /// The columns that are shown; empty for all.
    columns: Vec<String>,
    /// The most records.
    pub(super) most: Option<usize>,
}

/// The columns of the tables.
const COLUMNS: &[&str] = &[
    "id",
    "identity",
    "kind",
    "location",
    "managedBy",
    "name",
    "plan",
    "properties",
    "resourceGroup",
    "sku",
    "subscriptionId",
    "tags",
    "tenantId",
    "type",
    "zones",
];

/// A part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Sign(String),
}

/// Why a text is not a query that is understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KqlError {
    #[error("a text has no end")]
    NoEnd,
    #[error("a text with a backslash is not understood")]
    Backslash,
    #[error("`{0}` is not understood")]
    Unknown(String),
    #[error("`{0}` is no comparison")]
    NoComparison(String),
    #[error("{wanted} is expected, not {found:?}")]
    Unexpected {
        wanted: String,
        found: Option<Token>,
    },
    #[error("the table {0:?} is not known")]
    Table(Vec<Token>),
    #[error("a step has no name")]
    NoStep,
    #[error("the step `{0}` is not understood")]
    Step(String),
    #[error("a number is expected after limit")]
    NoNumber,
}

impl KqlError {
    fn unexpected<T>(wanted: &str, found: Option<Token>) -> Result<T, Self> {
        Err(Self::Unexpected {
            wanted: wanted.to_owned(),
            found,
        })
    }
}

/// The parts of a query; none for a character that has no meaning in it.
fn tokens(text: &str) -> Result<Vec<Token>, KqlError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' || first == '"' {
            let inner = &rest[1..];
            let end = inner.find(first).ok_or(KqlError::NoEnd)?;
            if inner[..end].contains('\\') {
                return Err(KqlError::Backslash);
            }
            tokens.push(Token::Text(inner[..end].to_owned()));
            end + 2
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '~';
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            end
        } else {
            let two = ["==", "=~", "!=", "!~"].into_iter();
            let sign = two
                .chain(["|", ",", "(", ")", "[", "]"])
                .find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| KqlError::Unknown(first.to_string()))?;
            tokens.push(Token::Sign(sign.to_owned()));
            sign.len()
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// Reads the parts of one step of a query, one after the other.
struct Reader<'t> {
    tokens: &'t [Token],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn sign(&mut self, wanted: &str) -> Result<(), KqlError> {
        match self.next() {
            Some(Token::Sign(sign)) if sign == wanted => Ok(()),
            other => KqlError::unexpected(&format!("`{wanted}`"), other),
        }
    }

    fn text(&mut self) -> Result<String, KqlError> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            other => KqlError::unexpected("a text", other),
        }
    }

    fn column(&mut self) -> Result<String, KqlError> {
        match self.next() {
            Some(Token::Word(word)) if COLUMNS.contains(&word.as_str()) => Ok(word),
            other => KqlError::unexpected("a column", other),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, KqlError> {
        self.sign("(")?;
        let mut all = vec![self.text()?];
        loop {
            match self.next() {
                Some(Token::Sign(sign)) if sign == "," => all.push(self.text()?),
                Some(Token::Sign(sign)) if sign == ")" => return Ok(all),
                other => return KqlError::unexpected("`,` or `)`", other),
            }
        }
    }

    fn condition(&mut self) -> Result<Condition, KqlError> {
        let column = self.column()?;
        let is_tag = self.tokens.first() == Some(&Token::Sign("[".to_owned()));
        let tag = if is_tag && column == "tags" {
            self.sign("[")?;
            let tag = self.text()?;
            self.sign("]")?;
            Some(tag)
        } else {
            None
        };
        let (comparison, is_negated, is_list) = match self.next() {
            Some(Token::Sign(sign)) => match sign.as_str() {
                "==" => (Comparison::Same, false, false),
                "!=" => (Comparison::Same, true, false),
                "=~" => (Comparison::SameText, false, false),
                "!~" => (Comparison::SameText, true, false),
                other => return Err(KqlError::NoComparison(other.to_owned())),
            },
            Some(Token::Word(word)) => match word.as_str() {
                "in" => (Comparison::Same, false, true),
                "in~" => (Comparison::SameText, false, true),
                "contains" => (Comparison::Contains, false, false),
                "startswith" => (Comparison::StartsWith, false, false),
                other => return Err(KqlError::Unknown(other.to_owned())),
            },
            other => return KqlError::unexpected("a comparison", other),
        };
        let values = if is_list {
            self.list()?
        } else {
            vec![self.text()?]
        };
        Ok(Condition {
            column,
            tag,
            comparison,
            is_negated,
            values,
        })
    }
}

impl Condition {
    fn fits(&self, row: &Object) -> bool {
        let cell = row.get(&self.column).unwrap_or(&Value::Null);
        let cell = match &self.tag {
            Some(tag) => &cell[tag.as_str()],
            None => cell,
        };
        let text = cell.as_str().unwrap_or_default();
        let lower = text.to_lowercase();
        let mut values = self.values.iter();
        let is_one = values.any(|value| match self.comparison {
            Comparison::Same => text == value,
            Comparison::SameText => lower == value.to_lowercase(),
            Comparison::Contains => lower.contains(&value.to_lowercase()),
            Comparison::StartsWith => lower.starts_with(&value.to_lowercase()),
        });
        is_one != self.is_negated
    }
}

impl Query {
    /// Reads a query.
    pub(super) fn read(text: &str) -> Result<Self, KqlError> {
        let tokens = tokens(text)?;
        let mut steps = tokens.split(|token| *token == Token::Sign("|".to_owned()));
        let source = match steps.next() {
            Some([Token::Word(word)]) if word.eq_ignore_ascii_case("resources") => {
                Source::Resources
            }
            Some([Token::Word(word)]) if word.eq_ignore_ascii_case("resourcecontainers") => {
                Source::Containers
            }
            other => return Err(KqlError::Table(other.unwrap_or_default().to_vec())),
        };
        let mut query = Self {
            text: text.to_owned(),
            source,
            conditions: Vec::new(),
            columns: Vec::new(),
            most: None,
        };
        for step in steps {
            query.step(step)?;
        }
        Ok(query)
    }

    fn step(&mut self, tokens: &[Token]) -> Result<(), KqlError> {
        let mut reader = Reader { tokens };
        let Some(Token::Word(word)) = reader.next() else {
            return Err(KqlError::NoStep);
        };
        match word.as_str() {
            "where" => loop {
                self.conditions.push(reader.condition()?);
                match reader.next() {
                    None => return Ok(()),
                    Some(Token::Word(word)) if word == "and" => {}
                    other => return KqlError::unexpected("`and`", other),
                }
            },
            "project" => loop {
                self.columns.push(reader.column()?);
                match reader.next() {
                    None => return Ok(()),
                    Some(Token::Sign(sign)) if sign == "," => {}
                    other => return KqlError::unexpected("`,`", other),
                }
            },
            "limit" | "take" => {
                let number = match (reader.next(), reader.next()) {
                    (Some(Token::Word(word)), None) => word.parse().ok(),
                    _ => None,
                };
                self.most = Some(number.ok_or(KqlError::NoNumber)?);
                Ok(())
            }
            other => Err(KqlError::Step(other.to_owned())),
        }
    }

    /// Whether a row fits.
    pub(super) fn takes(&self, row: &Object) -> bool {
        self.conditions.iter().all(|condition| condition.fits(row))
    }

    /// What is shown of a row.
    pub(super) fn shown(&self, row: &Object) -> Value {
        let is_wanted = |column: &str| {
            self.columns.is_empty() || self.columns.iter().any(|wanted| wanted == column)
        };
        let kept = row.iter().filter(|(column, _)| is_wanted(column));
        Value::Object(
            kept.map(|(column, value)| (column.clone(), value.clone()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_takes_and_shows_what_it_says() {
        let row = json!({"id": "/x", "type": "microsoft.compute/disks", "name": "Disk", "tags": {"a:b": "r1"}});
        let row = row.as_object().unwrap();
        let check = |steps: &str, expected: Value| {
            let query = Query::read(&format!("Resources {steps}")).unwrap();
            let seen = query.takes(row).then(|| query.shown(row));
            assert_eq!(seen.unwrap_or_default(), expected, "{steps}");
        };
        let name = json!({"name": "Disk"});
        check("| project name", name.clone());
        check(
            "| where type == 'microsoft.compute/disks' | project name",
            name.clone(),
        );
        check("| where type == 'Microsoft.Compute/disks'", Value::Null);
        check(
            "| where type =~ \"Microsoft.Compute/disks\" | project name",
            name.clone(),
        );
        check(
            "| where tags['a:b'] == 'r1' and name != 'x' | project name",
            name.clone(),
        );
        check("| where tags['c'] == 'r1'", Value::Null);
        check(
            "| where name in~ ('x', 'disk') | limit 5 | project name",
            name.clone(),
        );
        check("| where name in ('x', 'disk')", Value::Null);
        check(
            "| where name startswith 'di' and type contains 'DISKS' | project name",
            name,
        );
        check("| where name !~ 'DISK'", Value::Null);
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        let check = |text: &str, words: &str| {
            let error = Query::read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        };
        check("", "the table");
        check("SecurityResources", "SecurityResources");
        check("Resources | summarize count() by type", "summarize");
        check("Resources | where size > 3", "`>` is not understood");
        check("Resources | where mood == 'x'", "mood");
        check("Resources | where name == 'x' or name == 'y'", "or");
        check("Resources | where name == 'x", "no end");
        check("Resources | where name has 'x'", "`has`");
        check("Resources | project mood", "mood");
        check("Resources | limit many", "a number");
        check("Resources |", "no name");
    }
}
