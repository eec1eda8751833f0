//! Reads the files of a terraform configuration without terraform: blocks with their places, and the values of
//! attributes as far as literals, variables with defaults, and locals give them.
//!
//! What depends on a resource, a data source or a function stays unknown. The length of a `slice` is known all the same:
//! it is how configurations choose their zones.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hcl_edit::expr::{Expression, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure::Body;
use hcl_edit::template::Element;
use hcl_edit::{Decorated, Span as _};
use kubeproof_contract::bounded;
use kubeproof_contract::terraform::{Block, Configuration, whole};
use serde_json::{Map, Value};

/// The largest file, and the most files of a folder.
const FILE_BYTES_MAX: u64 = 4 << 20;
const FILES_MAX: usize = 500;
/// How often locals may refer to others.
const ROUNDS_MAX: usize = 4;
/// The most parts that a `slice` is taken to have.
const SLICE_MAX: u64 = 64;

/// Why a configuration cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A folder or file cannot be read.
    #[error("{}: {source}", .path.display())]
    File {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing to read.
    #[error("{}: no file in it ends in .tf: name the folder of a terraform configuration", .0.display())]
    Nothing(PathBuf),
    /// Too much to read.
    #[error("{}: more than {FILES_MAX} files", .0.display())]
    TooManyFiles(PathBuf),
    /// A file is not in terraform's language.
    #[error("{place}: {message}; `terraform validate` tells more")]
    Syntax {
        /// File, line and column.
        place: String,
        /// What the parser expected.
        message: String,
    },
}

/// Values that expressions may refer to.
#[derive(Default)]
struct Known {
    variables: BTreeMap<String, Value>,
    locals: BTreeMap<String, Value>,
}

/// Reads the `.tf` files in a folder; those below it belong to modules.
///
/// # Errors
/// When there are none, or one cannot be read.
pub fn read(folder: &Path) -> Result<Configuration, ReadError> {
    let mut texts = Vec::new();
    for path in files(folder)? {
        let text = bounded::text(&path, FILE_BYTES_MAX).map_err(of_file(&path))?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        texts.push((name, text));
    }
    let texts: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    parse(&texts)
}

fn of_file(path: &Path) -> impl Fn(std::io::Error) -> ReadError {
    move |source| ReadError::File {
        path: path.to_owned(),
        source,
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(of_file(folder))? {
        let path = entry.map_err(of_file(folder))?.path();
        if path.is_file() && path.extension().is_some_and(|ending| ending == "tf") {
            found.push(path);
        }
    }
    found.sort();
    match found.len() {
        0 => Err(ReadError::Nothing(folder.to_owned())),
        count if count > FILES_MAX => Err(ReadError::TooManyFiles(folder.to_owned())),
        _ => Ok(found),
    }
}

/// The configuration in these texts, each with the name of its file.
fn parse(texts: &[(&str, &str)]) -> Result<Configuration, ReadError> {
    let mut bodies = Vec::new();
    for (name, text) in texts {
        let body: Body = text.parse().map_err(|error: hcl_edit::parser::Error| {
            let at = error.location();
            ReadError::Syntax {
                place: format!("{name}:{}:{}", at.line(), at.column()),
                message: error.message().to_owned(),
            }
        })?;
        bodies.push((*name, *text, body));
    }
    let known = known(bodies.iter().map(|(_, _, body)| body));
    let of_file = |(name, text, body): &(&str, &str, Body)| blocks(body, name, text, &known);
    Ok(Configuration {
        blocks: bodies.iter().flat_map(of_file).collect(),
    })
}

/// The defaults of variables, and the locals that can be told from them.
fn known<'a>(bodies: impl Iterator<Item = &'a Body> + Clone) -> Known {
    let mut known = Known::default();
    for block in bodies.clone().flat_map(|body| body.get_blocks("variable")) {
        let default = block.body.get_attribute("default");
        let value = default.and_then(|default| value(&default.value, &Known::default()));
        if let (Some(label), Some(value)) = (block.labels.first(), value) {
            known.variables.insert(label.as_str().to_owned(), value);
        }
    }
    for _ in 0..ROUNDS_MAX {
        for block in bodies.clone().flat_map(|body| body.get_blocks("locals")) {
            for local in block.body.attributes() {
                if let Some(value) = value(&local.value, &known) {
                    known.locals.insert(local.key.to_string(), value);
                }
            }
        }
    }
    known
}

fn blocks(body: &Body, file: &str, text: &str, known: &Known) -> Vec<Block> {
    body.blocks()
        .map(|block| {
            let line = block.span().map_or(1, |span| line_of(text, span.start));
            let attributes = block.body.attributes();
            Block {
                kind: block.ident.as_str().to_owned(),
                labels: block
                    .labels
                    .iter()
                    .map(|label| label.as_str().to_owned())
                    .collect(),
                attributes: attributes
                    .filter_map(|each| {
                        Some((each.key.as_str().to_owned(), value(&each.value, known)?))
                    })
                    .collect(),
                names: block
                    .body
                    .attributes()
                    .map(|each| each.key.as_str().to_owned())
                    .collect(),
                blocks: blocks(&block.body, file, text, known),
                place: format!("{file}:{line}"),
            }
        })
        .collect()
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The value of an expression, if it can be told. Parts of lists and objects that cannot are `null`.
fn value(expression: &Expression, known: &Known) -> Option<Value> {
    let part = |part: &Expression| value(part, known).unwrap_or(Value::Null);
    match expression {
        Expression::Null(_) => Some(Value::Null),
        Expression::Bool(it) => Some(Value::Bool(*it.value())),
        Expression::Number(number) => serde_json::from_str(&number.value().to_string()).ok(),
        Expression::String(text) => Some(Value::String(text.value().clone())),
        Expression::Array(all) => Some(all.iter().map(part).collect()),
        Expression::Object(all) => {
            let pairs = all
                .iter()
                .filter_map(|(key, of)| Some((key_text(key)?, part(of.expr()))));
            Some(Value::Object(pairs.collect::<Map<String, Value>>()))
        }
        Expression::Parenthesis(inner) => value(inner.inner(), known),
        Expression::StringTemplate(template) => {
            let parts: Option<Vec<String>> = template
                .iter()
                .map(|element| element_text(element, known))
                .collect();
            Some(Value::String(parts?.concat()))
        }
        Expression::Traversal(traversal) => referred(traversal, known),
        Expression::FuncCall(call) if call.name.name.as_str() == "slice" => {
            let bound = |number: usize| whole(&value(call.args.get(number)?, known)?);
            let length = bound(2)?.checked_sub(bound(1)?)?;
            (length <= SLICE_MAX).then(|| (0..length).map(|_| Value::Null).collect())
        }
        Expression::FuncCall(call) if ["toset", "tolist"].contains(&call.name.name.as_str()) => {
            value(call.args.get(0)?, known)
        }
        _ => None,
    }
}

fn key_text(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(expression) => expression.as_str().map(str::to_owned),
    }
}

fn element_text(element: &Element, known: &Known) -> Option<String> {
    match element {
        Element::Literal(text) => Some(text.value().clone()),
        Element::Interpolation(inner) => match value(&inner.expr, known)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(it) => Some(it.to_string()),
            _ => None,
        },
        Element::Directive(_) => None,
    }
}

/// The value of `var.x`, `local.x` and what is in them.
fn referred(traversal: &Traversal, known: &Known) -> Option<Value> {
    let from = match traversal.expr.as_variable()?.as_str() {
        "var" => &known.variables,
        "local" => &known.locals,
        _ => return None,
    };
    let mut operators = traversal.operators.iter().map(Decorated::value);
    let TraversalOperator::GetAttr(name) = operators.next()? else {
        return None;
    };
    let mut found = from.get(name.as_str())?;
    for operator in operators {
        found = match operator {
            TraversalOperator::GetAttr(name) => found.get(name.as_str())?,
            TraversalOperator::Index(Expression::String(key)) => found.get(key.value())?,
            TraversalOperator::Index(index) => {
                found.get(usize::try_from(whole(&value(index, known)?)?).ok()?)?
            }
            _ => return None,
        };
    }
    (!found.is_null()).then(|| found.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(text: &str) -> Configuration {
        parse(&[("main.tf", text)]).expect("a configuration")
    }

    #[track_caller]
    fn check(expression: &str, expected: Option<Value>) {
        let text = format!(
            "variable \"n\" {{ default = 3 }}\nvariable \"none\" {{}}\nlocals {{\n a = \"x-${{var.n}}\"\n o = {{ k = [1, local.a] }}\n}}\nthing \"t\" {{\n v = {expression}\n}}"
        );
        let all = of(&text);
        let found = all.of_kind("thing").next().expect("a thing");
        assert_eq!(found.attributes.get("v"), expected.as_ref(), "{expression}");
        assert_eq!((found.place.as_str(), found.label(0)), ("main.tf:7", "t"));
        assert_eq!(found.names, ["v"]);
    }

    #[test]
    fn values_are_told_from_literals_variables_and_locals_and_from_nothing_else() {
        check("\"text\"", Some(json!("text")));
        check("-1", Some(json!(-1)));
        check("[1, true, null]", Some(json!([1, true, null])));
        check("{ a = 1, \"b\" = var.n }", Some(json!({"a": 1, "b": 3})));
        check("var.n", Some(json!(3)));
        check("var.none", None);
        check("local.a", Some(json!("x-3")));
        check("local.o.k[1]", Some(json!("x-3")));
        check("\"${local.a}/${var.n}\"", Some(json!("x-3/3")));
        check("\"${aws_vpc.this.id}\"", None);
        check("slice(data.zones.names, 0, 2)", Some(json!([null, null])));
        check("slice(data.zones.names, 0, data.n)", None);
        check("jsonencode({ a = \"}\" })", None);
        check("<<-EOT\n  resource \"a\" \"b\" {\n  EOT\n", None);
    }

    #[test]
    fn a_file_that_is_not_terraform_is_told_with_its_place() {
        let error = parse(&[("a.tf", "x = 1\n"), ("b.tf", "resource \"a\" {\n  =\n}\n")]).err();
        let text = error.expect("an error").to_string();
        assert!(text.starts_with("b.tf:2:"), "{text}");
        assert!(text.ends_with("`terraform validate` tells more"), "{text}");
    }

    #[test]
    fn a_folder_without_terraform_files_is_refused() {
        let place = tempfile::tempdir().expect("a folder");
        let error = read(place.path()).expect_err("an error").to_string();
        assert!(error.contains("no file in it ends in .tf"), "{error}");
        fs::write(place.path().join("a.tf"), "variable \"x\" {}\n").expect("written");
        assert_eq!(read(place.path()).expect("read").blocks.len(), 1);
    }
}
