//! Tables in documents and module comments that tests generate: compared with what was observed, or rewritten on
//! request.

use std::collections::BTreeSet;
use std::path::Path;

/// The environment variable that makes tests rewrite the tables.
const UPDATE: &str = "KUBEPROOF_UPDATE_TABLES";

/// Compares the text between the marks of this name in a document (its path from the root) with `table`. In a Rust file
/// it is in the module comment.
pub fn hold(document: &str, name: &str, table: &str) -> Result<(), String> {
    let margin = if document.ends_with(".rs") {
        "//! "
    } else {
        ""
    };
    let begin = format!("{margin}<!-- {name}: begin, written by a test with {UPDATE}=1 -->\n");
    let end = format!("{margin}<!-- {name}: end -->");
    let rows = table.lines().map(|row| format!("{margin}{row}\n"));
    let table: &str = &rows.collect::<String>();
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(document);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{document}: {error}"))?;
    let parts = text
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?)));
    let Some((before, (old, after))) = parts else {
        return Err(format!("{document} has no `{}` with its end", begin.trim()));
    };
    if old == table {
        return Ok(());
    }
    if std::env::var_os(UPDATE).is_some() {
        let text = format!("{before}{begin}{table}{end}{after}");
        return std::fs::write(&path, text).map_err(|error| format!("{document}: {error}"));
    }
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let (old, new) = (lines(old), lines(table));
    let only = |some: &BTreeSet<String>, others: &BTreeSet<String>| {
        let lines: Vec<&str> = some.difference(others).map(String::as_str).collect();
        lines.join("\n")
    };
    Err(format!(
        "`{name}` in {document} is out of date: run this test with {UPDATE}=1\nno longer:\n{}\nnew:\n{}",
        only(&old, &new),
        only(&new, &old)
    ))
}
