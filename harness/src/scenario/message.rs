//! Turns the messages of the YAML reader into messages that a user can act on. Pure.

use super::FileError;

/// The problem that a reader's message describes: `error: line L column C: what` and an excerpt.
pub fn problem(file: &str, text: &str, said: &str) -> FileError {
    let (head, rest) = said.split_once('\n').unwrap_or((said, ""));
    let (place, what) = split_place(head.strip_prefix("error: ").unwrap_or(head));
    let value = place.and_then(|place| value_at(text, place));
    let message = reword(what, value);
    let excerpt = excerpt(rest);
    FileError {
        file: file.to_owned(),
        place,
        message,
        excerpt,
    }
}

/// The problems that a provider found after reading: one for each line of what it said, at the first
/// quoted text that stands in the file.
pub fn problems(file: &str, text: &str, said: &str) -> Vec<FileError> {
    if said.starts_with("error: ") || said.contains("\n -->") {
        return vec![problem(file, text, said)];
    }
    let of_line = |line: &str| FileError {
        file: file.to_owned(),
        place: line
            .split('`')
            .skip(1)
            .step_by(2)
            .find_map(|quoted| place_of(text, quoted)),
        message: line.to_owned(),
        excerpt: String::new(),
    };
    said.lines()
        .filter(|line| !line.trim().is_empty())
        .map(of_line)
        .collect()
}

fn place_of(text: &str, quoted: &str) -> Option<(usize, usize)> {
    super::limits::place(text, quoted, 0)
}

/// `line 2 column 1: unknown field …` → (2, 1) and the rest.
fn split_place(head: &str) -> (Option<(usize, usize)>, &str) {
    let parsed = head.strip_prefix("line ").and_then(|rest| {
        let (line, rest) = rest.split_once(" column ")?;
        let (column, what) = rest.split_once(": ")?;
        Some(((line.parse().ok()?, column.parse().ok()?), what))
    });
    match parsed {
        Some((place, what)) => (Some(place), what),
        None => (None, head),
    }
}

/// The plain value that stands at a place.
fn value_at(text: &str, (line, column): (usize, usize)) -> Option<&str> {
    let line = text.lines().nth(line.checked_sub(1)?)?;
    let (start, _) = line.char_indices().nth(column.checked_sub(1)?)?;
    let value = line[start..].split(" #").next()?.trim();
    (!value.is_empty() && value.len() <= 60).then_some(value)
}

/// Rephrases the message of the YAML reader.
fn reword(what: &str, value: Option<&str>) -> String {
    let found = value
        .map(|value| format!(", found `{value}`"))
        .unwrap_or_default();
    if let Some(key) = what.strip_prefix("duplicate mapping key: ") {
        let key = key.split(',').next().unwrap_or(key);
        return format!("key `{key}` is written twice");
    }
    if what.starts_with("multiple YAML documents") {
        return "a file holds one scenario: write the second one into a file of its own".to_owned();
    }
    if what.starts_with("expected mapping start") {
        return format!("expected `key: value` lines{found}");
    }
    if what.starts_with("expected sequence start") {
        return format!("expected a list{found}");
    }
    if let Some(number) = what.strip_prefix("invalid ")
        && matches!(number.as_bytes().first(), Some(b'i' | b'u'))
        && number[1..].chars().all(|c| c.is_ascii_digit())
    {
        return format!("expected a whole number{found}");
    }
    if what == "invalid bool" || what.starts_with("invalid boolean") {
        return format!("expected true or false{found}");
    }
    if what.starts_with("tabs disallowed") {
        return "YAML is indented with spaces, not with tabs".to_owned();
    }
    match unknown(what) {
        Some((name, known)) => match nearest(name, &known) {
            Some(near) => format!("{what}; did you mean `{near}`?"),
            None => what.to_owned(),
        },
        None => what.to_owned(),
    }
}

/// The unknown name and the known ones in `unknown field `x`, expected one of a, b`.
fn unknown(what: &str) -> Option<(&str, Vec<&str>)> {
    let rest = what
        .strip_prefix("unknown field `")
        .or_else(|| what.strip_prefix("unknown variant `"))?;
    let (name, rest) = rest.split_once('`')?;
    let (_, known) = rest.split_once("expected ")?;
    let known = known.strip_prefix("one of ").unwrap_or(known);
    Some((
        name,
        known
            .split(", ")
            .map(|name| name.trim_matches('`'))
            .collect(),
    ))
}

/// The known name that was probably meant, if one is near.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    known
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, known)| known)
}

/// Known names that may have been meant, the nearest first, each once and at most three: those a few letters away, and
/// those that contain the name or are contained in it.
fn near<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let limit = (name.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = known
        .iter()
        .filter_map(|known| {
            let lower = known.to_lowercase();
            let letters = distance(&name, &lower);
            let is_part = name.len() > 2 && (lower.contains(&name) || name.contains(&lower));
            (letters <= limit || is_part).then_some((letters, *known))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, known)| known).collect()
}

/// A question and a space, if there are known names that may have been meant: "did you mean `a` or `b`? ".
pub fn did_you_mean(name: &str, known: &[&str]) -> String {
    match near(name, known).as_slice() {
        [] => String::new(),
        near => format!("did you mean {}? ", listed(near)),
    }
}

/// Names in a sentence: `a`, `b` or `c`.
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// Levenshtein's distance: letters to change, add or drop.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[right.len()]
}

/// The excerpt without the reader's own head line and without the repeated message.
fn excerpt(rest: &str) -> String {
    let lines = rest
        .lines()
        .filter(|line| !line.trim_start().starts_with("-->"))
        .map(|line| match line.split_once("| ") {
            Some((margin, mark))
                if margin.trim().is_empty() && mark.trim_start().starts_with('^') =>
            {
                let shift = mark.len() - mark.trim_start().len();
                format!("{margin}| {}^", " ".repeat(shift))
            }
            _ => line.to_owned(),
        });
    let lines: Vec<String> = lines.collect();
    lines
        .join("\n")
        .trim_end_matches(['|', ' ', '\n'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, text: &str, expected: &str) {
        assert_eq!(problem("f.yaml", text, said).to_string(), expected);
    }

    #[test]
    fn a_message_begins_with_file_line_and_column() {
        check(
            "error: line 1 column 1: missing field `provider`",
            "a: b\n",
            "f.yaml:1:1: missing field `provider`",
        );
    }

    #[test]
    fn a_wrong_number_is_shown_and_called_a_number() {
        check(
            "error: line 1 column 8: invalid i64",
            "count: many\n",
            "f.yaml:1:8: expected a whole number, found `many`",
        );
    }

    #[test]
    fn names_that_may_have_been_meant_are_told_nearest_first() {
        let known = ["ec2", "eks", "elasticloadbalancing", "iam"];
        let check = |name: &str, expected: &str| assert_eq!(listed(&near(name, &known)), expected);
        check("ecs", "`ec2` or `eks`");
        check("IAM", "`iam`");
        check("loadbalancing", "`elasticloadbalancing`");
        check("s3-bucket", "");
    }

    #[test]
    fn an_unknown_key_brings_the_nearest_known_one() {
        check(
            "error: line 1 column 1: unknown field `jobb`, expected one of job, cost",
            "jobb: 1\n",
            "f.yaml:1:1: unknown field `jobb`, expected one of job, cost; did you mean `job`?",
        );
        check(
            "error: line 1 column 1: unknown field `zebra`, expected one of job, cost",
            "zebra: 1\n",
            "f.yaml:1:1: unknown field `zebra`, expected one of job, cost",
        );
    }

    #[test]
    fn the_excerpt_does_not_say_the_message_again() {
        check(
            "error: line 1 column 3: bad\n --> <input>:1:3\n  |\n1 | a: b\n  |   ^ bad\n  |",
            "a: b\n",
            "f.yaml:1:3: bad\n  |\n1 | a: b\n  |   ^",
        );
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
