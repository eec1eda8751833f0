//! What a job's container does. Nothing is executed: a few programs are understood, and every other one is refused by its
//! name (501) when the job is to be run.
//!
//! Understood are `echo`, `sleep`, `true`, `false` and `exit`, alone or in a script of a shell with `;`, `&&`, quotes and
//! variables; and of Python `print` of a text or a variable, `time.sleep` and `sys.exit`.

use std::collections::BTreeMap;

use kubeproof_simkit::rest::ApiError;

/// What happens, from the start of the container on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Course {
    /// What is said, and after how many seconds.
    pub(super) lines: Vec<(i64, String)>,
    /// After how many seconds it ends.
    pub(super) lasts: i64,
    /// The exit code.
    pub(super) code: i32,
}

/// Until a container's program begins, seconds: a guess.
const STARTING: i64 = 4;
/// The longest sleep that is understood, seconds: a week.
const SLEEP_MAX: i64 = 7 * 24 * 3600;

type Variables = BTreeMap<String, String>;

/// A step of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Say(String),
    Sleep(i64),
    /// Ends with this code, and the program with it.
    Exit(i32),
    /// Ends with this code.
    Code(i32),
}

fn unknown(what: impl std::fmt::Display) -> ApiError {
    ApiError::not_simulated(format!("a job that runs `{what}`"))
}

/// What a command does.
pub(super) fn read(words: &[String], variables: &Variables) -> Result<Course, ApiError> {
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    let steps = match all.as_slice() {
        [] => return Err(unknown("the image's own command")),
        [shell, option, script]
            if is_shell(shell) && option.starts_with('-') && option.ends_with('c') =>
        {
            script_steps(script, variables)?
        }
        [python, "-c", code] if is_python(python) => python_steps(code, variables)?,
        _ => vec![(false, simple(&all)?)],
    };
    Ok(course(&steps))
}

fn is_shell(word: &str) -> bool {
    let name = word.rsplit('/').next();
    matches!(name, Some("sh" | "bash" | "dash"))
}

fn is_python(word: &str) -> bool {
    let name = word.rsplit('/').next();
    name.is_some_and(|name| name.starts_with("python"))
}

/// Steps one after the other; one that is marked happens only if the last succeeded.
fn course(steps: &[(bool, Step)]) -> Course {
    let mut course = Course {
        lasts: STARTING,
        ..Course::default()
    };
    for (only_after_success, step) in steps {
        if *only_after_success && course.code != 0 {
            continue;
        }
        course.code = 0;
        match step {
            Step::Say(text) => course.lines.push((course.lasts, text.clone())),
            Step::Sleep(seconds) => course.lasts += seconds,
            Step::Code(code) => course.code = *code,
            Step::Exit(code) => {
                course.code = *code;
                break;
            }
        }
    }
    course
}

/// A simple command.
fn simple(words: &[&str]) -> Result<Step, ApiError> {
    Ok(match words {
        ["echo", said @ ..] => Step::Say(said.join(" ")),
        ["sleep", seconds] => {
            Step::Sleep(seconds_of(seconds).ok_or_else(|| unknown(words.join(" ")))?)
        }
        ["true" | ":"] => Step::Code(0),
        ["false"] => Step::Code(1),
        ["exit"] => Step::Exit(0),
        ["exit", code] => Step::Exit(code.parse().map_err(|_| unknown(words.join(" ")))?),
        _ => return Err(unknown(words.join(" "))),
    })
}

fn seconds_of(text: &str) -> Option<i64> {
    let whole = text.split('.').next()?.parse::<i64>().ok()?;
    (0..=SLEEP_MAX).contains(&whole).then_some(whole)
}

/// A script of a shell.
fn script_steps(script: &str, variables: &Variables) -> Result<Vec<(bool, Step)>, ApiError> {
    let mut steps = Vec::new();
    let (mut words, mut word, mut is_word) = (Vec::new(), String::new(), false);
    let mut only_after_success = false;
    let mut characters = script.chars().peekable();
    let mut quote = None;
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, '\'' | '"') => (quote, is_word) = (Some(c), true),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.push(c),
            (_, '$') => {
                word.push_str(&variable(&mut characters, variables)?);
                is_word = true;
            }
            (_, '\\' | '`') => return Err(unknown(script)),
            (Some(_), c) => word.push(c),
            (None, '|' | '<' | '>' | '(' | ')' | '{' | '}' | '*') => return Err(unknown(script)),
            (None, '&') if characters.next_if_eq(&'&').is_none() => return Err(unknown(script)),
            (None, ';' | '\n' | '&' | ' ' | '\t') => {
                if is_word {
                    words.push(std::mem::take(&mut word));
                    is_word = false;
                }
                if !matches!(c, ' ' | '\t') {
                    end_command(&mut steps, &mut words, only_after_success)?;
                    only_after_success = c == '&';
                }
            }
            (None, c) => {
                word.push(c);
                is_word = true;
            }
        }
    }
    if quote.is_some() {
        return Err(unknown(script));
    }
    if is_word {
        words.push(word);
    }
    end_command(&mut steps, &mut words, only_after_success)?;
    Ok(steps)
}

fn end_command(
    steps: &mut Vec<(bool, Step)>,
    words: &mut Vec<String>,
    only_after_success: bool,
) -> Result<(), ApiError> {
    if words.is_empty() {
        return Ok(());
    }
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    steps.push((only_after_success, simple(&all)?));
    words.clear();
    Ok(())
}

/// The value of the variable that is named next; empty for one that is not set.
fn variable(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    variables: &Variables,
) -> Result<String, ApiError> {
    let has_braces = characters.next_if_eq(&'{').is_some();
    let mut name = String::new();
    while let Some(c) = characters.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
        name.push(c);
    }
    if name.is_empty() || (has_braces && characters.next_if_eq(&'}').is_none()) {
        return Err(unknown(format!("${name}")));
    }
    Ok(variables.get(&name).cloned().unwrap_or_default())
}

/// A few statements of Python.
fn python_steps(code: &str, variables: &Variables) -> Result<Vec<(bool, Step)>, ApiError> {
    let statements = code.split(['\n', ';']).map(str::trim);
    let statements = statements.filter(|text| !text.is_empty() && !text.starts_with("import "));
    statements
        .map(|text| {
            let step = statement(text, variables).ok_or_else(|| unknown(text))?;
            Ok((false, step))
        })
        .collect()
}

fn statement(text: &str, variables: &Variables) -> Option<Step> {
    let inner = |name: &str| {
        let rest = text.strip_prefix(name)?.strip_prefix('(')?;
        rest.strip_suffix(')')
    };
    if let Some(said) = inner("print") {
        return Some(Step::Say(said_by(said, variables)?));
    }
    if let Some(seconds) = inner("time.sleep") {
        return seconds_of(seconds).map(Step::Sleep);
    }
    let mut exits = ["sys.exit", "exit", "raise SystemExit"].into_iter();
    let code = exits.find_map(inner)?;
    code.parse().ok().map(Step::Exit)
}

fn said_by(text: &str, variables: &Variables) -> Option<String> {
    if let Some(name) = text.strip_prefix("os.environ[") {
        let name = unquoted(name.strip_suffix(']')?)?;
        return variables.get(name).cloned();
    }
    unquoted(text).map(str::to_owned)
}

/// A text between quotes that has none of its own.
fn unquoted(text: &str) -> Option<&str> {
    ['"', '\''].iter().find_map(|quote| {
        let inner = text.strip_prefix(*quote)?.strip_suffix(*quote)?;
        (!inner.contains(['"', '\'', '\\', '{'])).then_some(inner)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines with their times, how long it takes, and the exit code.
    type Seen<'a> = (&'a [(i64, &'a str)], i64, i32);

    #[track_caller]
    fn check(words: &[&str], expected: Option<Seen<'_>>) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let variables = BTreeMap::from([("NAME".to_owned(), "value".to_owned())]);
        let seen = read(&words, &variables);
        let Some((lines, lasts, code)) = expected else {
            assert_eq!(seen.unwrap_err().status, 501, "{words:?}");
            return;
        };
        let seen = seen.unwrap();
        let said: Vec<(i64, &str)> = seen
            .lines
            .iter()
            .map(|(at, text)| (*at, text.as_str()))
            .collect();
        assert_eq!(
            (&said[..], seen.lasts, seen.code),
            (lines, lasts, code),
            "{words:?}"
        );
    }

    #[test]
    fn simple_programs_and_scripts_are_understood() {
        check(&["echo", "hi", "there"], Some((&[(4, "hi there")], 4, 0)));
        check(&["sleep", "60"], Some((&[], 64, 0)));
        check(&["false"], Some((&[], 4, 1)));
        check(
            &["sh", "-c", "echo a; sleep 5; echo \"b $NAME\""],
            Some((&[(4, "a"), (9, "b value")], 9, 0)),
        );
        check(
            &["bash", "-ec", "echo '$NAME' && exit 3"],
            Some((&[(4, "$NAME")], 4, 3)),
        );
        check(
            &["sh", "-c", "false && echo no; echo yes"],
            Some((&[(4, "yes")], 4, 0)),
        );
        check(&["sh", "-c", "true\nfalse"], Some((&[], 4, 1)));
        check(&["python", "-c", "print('hi')"], Some((&[(4, "hi")], 4, 0)));
        let code = "import os, time; print(os.environ['NAME']); time.sleep(2); raise SystemExit(1)";
        check(
            &["/usr/bin/python3", "-c", code],
            Some((&[(4, "value")], 6, 1)),
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let scripts = [
            "curl x",
            "echo a | cat",
            "echo `x`",
            "echo $(x)",
            "echo 'a",
            "a & b",
            "echo ${X:-1}",
        ];
        for script in scripts {
            check(&["sh", "-c", script], None);
        }
        check(&["nvidia-smi"], None);
        check(&[], None);
        check(&["sleep", "infinity"], None);
        check(&["python", "-c", "print(1 + 1)"], None);
        check(&["python", "-c", "print(os.environ['OTHER'])"], None);
        check(&["python", "train.py"], None);
    }
}
