//! Reads what a source file imports from its own crate.

use std::collections::BTreeSet;

/// Something that a file names of another file: its line, and the module path from the root of the crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub line: usize,
    pub path: Vec<String>,
}

/// The module that a file is: `trial/plan.rs` is `trial::plan`. Empty for the root of the crate.
pub fn module_of(file: &str) -> Vec<String> {
    let name = file.trim_end_matches(".rs");
    if name == "lib" || name == "main" {
        return Vec::new();
    }
    name.split('/').map(str::to_owned).collect()
}

/// The code of a file without comments and tests, line by line, and the modules that only tests have.
pub fn code_of(text: &str) -> (Vec<&str>, BTreeSet<String>) {
    let (mut code, mut of_tests) = (Vec::new(), BTreeSet::new());
    let mut in_test_item = false;
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.starts_with("#[cfg(test)]") {
            in_test_item = true;
        } else if in_test_item && !bare.starts_with("#[") {
            let Some((_, name)) = bare.split_once("mod ").filter(|_| bare.ends_with(';')) else {
                // Test modules with a body are the last thing in a file.
                break;
            };
            of_tests.insert(name.trim_end_matches(';').to_owned());
            in_test_item = false;
        } else if !in_test_item && !bare.starts_with("//") {
            code.push(line);
            continue;
        }
        code.push("");
    }
    (code, of_tests)
}

/// All paths in code that begin with `crate`, `super` or `self`, in `use` trees and elsewhere.
pub fn imports(code: &[&str], module: &[String]) -> Vec<Import> {
    let text = code.join("\n");
    let mut found = Vec::new();
    for (keyword, _) in ["crate::", "super::", "self::"]
        .iter()
        .flat_map(|keyword| text.match_indices(keyword))
    {
        let before = text[..keyword].chars().next_back();
        if before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            let mut end = keyword;
            leaves(&text, &mut end, &mut Vec::new(), &mut found);
        }
    }
    for import in &mut found {
        let mut from = module.to_vec();
        let mut rest = import.path.as_slice();
        while let [first, others @ ..] = rest {
            match first.as_str() {
                "crate" => from.clear(),
                "super" => drop(from.pop()),
                "self" => {}
                _ => break,
            }
            rest = others;
        }
        import.path = [from.as_slice(), rest].concat();
    }
    found
}

/// Adds the leaves of the path or tree of paths that begins at `at`.
fn leaves(text: &str, at: &mut usize, prefix: &mut Vec<String>, found: &mut Vec<Import>) {
    let depth = prefix.len();
    loop {
        let rest = &text[*at..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let name = &rest[..end.unwrap_or(rest.len())];
        *at += name.len();
        if name != "self" || depth == prefix.len() && depth == 0 {
            prefix.push(name.to_owned());
        }
        let Some(tail) = text[*at..].strip_prefix("::") else {
            break;
        };
        *at += 2;
        if tail.starts_with('{') {
            *at += 1;
            while let Some(skipped) = text[*at..].find(|c: char| !c.is_whitespace() && c != ',') {
                *at += skipped;
                if text[*at..].starts_with('}') {
                    *at += 1;
                    break;
                }
                let before = *at;
                leaves(text, at, prefix, found);
                // `*`, or `as name` after a leaf.
                *at = (*at).max(before + 1);
            }
            prefix.truncate(depth);
            return;
        }
        if !tail.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            break;
        }
    }
    found.push(Import {
        line: text[..*at].matches('\n').count() + 1,
        path: prefix.clone(),
    });
    prefix.truncate(depth);
}
