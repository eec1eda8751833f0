//! Interprets the programs of containers: a small subset of shell, and nothing else.
//!
//! Nothing runs on the host: output, duration and exit code are computed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::json::{items, text};
use crate::node::curl::Curl;
use crate::node::device_plugin;

/// Counts the GPU devices of the container. Recognized as a whole, at the end of a script.
const COUNT_GPUS: &str =
    r#"; set -- /dev/nvidia[0-9]*; if [ -e "$1" ]; then echo "GPUs: $#"; else echo "GPUs: 0"; fi"#;

/// One instruction of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// It prints this.
    Print(Vec<Word>),
    /// It sleeps.
    Sleep(Duration),
    /// It ends with this exit code.
    Exit(i32),
    /// It calls something outside the cluster.
    Call(Curl),
}

/// Something that is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Literal text.
    Plain(String),
    /// The value of a variable.
    Variable(String),
}

/// The execution of a program: what it prints when, and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Execution {
    /// What it prints, and when after its start.
    pub(crate) prints: Vec<(Duration, String)>,
    /// How long it runs.
    pub(crate) runs: Duration,
    pub(crate) exit_code: i32,
    /// The request at which it stops until there is an answer, and what follows.
    pub(crate) call: Option<(Curl, Vec<Instruction>)>,
}

/// The program of a container.
///
/// # Errors
/// If it is not one that is interpreted: the command.
pub(crate) fn of(container: &Value) -> Result<Vec<Instruction>, String> {
    let words: Vec<&str> = items(container, "/command")
        .iter()
        .chain(items(container, "/args"))
        .filter_map(Value::as_str)
        .collect();
    let refuse = || {
        Err(format!(
            "the simulated kubelet refuses command {} with arguments {}: it interprets only \
             `sh -c` with echo, printf '%s\\n', curl, sleep, exit and true, and `sleep`",
            container["command"], container["args"]
        ))
    };
    match words.as_slice() {
        ["sh" | "/bin/sh", "-c", script] => script_steps(script).or_else(|()| refuse()),
        ["sleep" | "/bin/sleep", time] => seconds(time).map_or_else(refuse, |step| Ok(vec![step])),
        _ => refuse(),
    }
}

fn seconds(word: &str) -> Option<Instruction> {
    word.parse()
        .ok()
        .map(Duration::from_secs)
        .map(Instruction::Sleep)
}

fn script_steps(script: &str) -> Result<Vec<Instruction>, ()> {
    if let Some(before) = script.strip_suffix(COUNT_GPUS) {
        let mut steps = script_steps(before)?;
        let words = ["GPUs: ", "\n"].map(|text| Word::Plain(text.to_owned()));
        let [head, tail] = words;
        steps.push(Instruction::Print(vec![
            head,
            Word::Variable(device_plugin::GPU.to_owned()),
            tail,
        ]));
        return Ok(steps);
    }
    let mut steps = Vec::new();
    for command in split(script)? {
        match command.as_slice() {
            [] => {}
            [name] if plain(name) == Some("true") => {}
            [name, rest @ ..] => match (plain(name), rest) {
                (Some("echo"), words) => {
                    let mut line = Vec::new();
                    for (index, word) in words.iter().enumerate() {
                        if index > 0 {
                            line.push(Word::Plain(" ".to_owned()));
                        }
                        line.extend(word.iter().cloned());
                    }
                    line.push(Word::Plain("\n".to_owned()));
                    steps.push(Instruction::Print(line));
                }
                (Some("printf"), [format, words @ ..]) if plain(format) == Some("%s\\n") => {
                    for word in words {
                        let mut line = word.clone();
                        line.push(Word::Plain("\n".to_owned()));
                        steps.push(Instruction::Print(line));
                    }
                }
                (Some("sleep"), [time]) => {
                    steps.push(plain(time).and_then(seconds).ok_or(())?);
                }
                (Some("exit"), [code]) => {
                    let code: u8 = plain(code).ok_or(())?.parse().map_err(|_| ())?;
                    steps.push(Instruction::Exit(code.into()));
                }
                (Some("curl"), arguments) => {
                    steps.push(Instruction::Call(Curl::of(arguments).ok_or(())?));
                }
                _ => return Err(()),
            },
        }
    }
    Ok(steps)
}

/// The text of a word without variables.
pub(crate) fn plain(word: &[Word]) -> Option<&str> {
    match word {
        [Word::Plain(text)] => Some(text),
        _ => None,
    }
}

/// Splits a script into commands and their words. Only `;` and line ends separate commands.
fn split(script: &str) -> Result<Vec<Vec<Vec<Word>>>, ()> {
    let mut commands: Vec<Vec<Vec<Word>>> = vec![Vec::new()];
    let mut word: Option<Vec<Word>> = None;
    let mut letters = script.chars().peekable();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                let word = word.get_or_insert_default();
                if word.is_empty() {
                    word.push(Word::Plain(String::new()));
                }
            }
            // Without quotes a shell would split the value into words.
            (Some('"'), '$') => {
                let braced = letters.next_if_eq(&'{').is_some();
                let mut name = String::new();
                while let Some(letter) =
                    letters.next_if(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
                {
                    name.push(letter);
                }
                if name.is_empty() || (braced && letters.next() != Some('}')) {
                    return Err(());
                }
                word.get_or_insert_default().push(Word::Variable(name));
            }
            (None, ' ' | '\t' | ';' | '\n') => {
                if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
                    command.push(word);
                }
                if matches!(letter, ';' | '\n') {
                    commands.push(Vec::new());
                }
            }
            (
                None,
                '$' | '&' | '|' | '<' | '>' | '(' | ')' | '`' | '\\' | '*' | '?' | '#' | '~' | '=',
            )
            | (Some('"'), '`' | '\\') => return Err(()),
            (_, letter) => push(word.get_or_insert_default(), letter),
        }
    }
    if quote.is_some() {
        return Err(());
    }
    if let (Some(word), Some(command)) = (word, commands.last_mut()) {
        command.push(word);
    }
    Ok(commands)
}

fn push(word: &mut Vec<Word>, letter: char) {
    match word.last_mut() {
        Some(Word::Plain(text)) => text.push(letter),
        _ => word.push(Word::Plain(letter.to_string())),
    }
}

/// Words as a program prints or uses them.
pub(crate) fn text_of(words: &[Word], variables: &BTreeMap<String, String>) -> String {
    let mut all = String::new();
    for word in words {
        all.push_str(match word {
            Word::Plain(text) => text,
            Word::Variable(name) => variables.get(name).map_or("", String::as_str),
        });
    }
    all
}

/// Executes a program with these variables, up to the first request.
pub(crate) fn execute(steps: &[Instruction], variables: &BTreeMap<String, String>) -> Execution {
    let mut execution = Execution::default();
    for (index, step) in steps.iter().enumerate() {
        match step {
            Instruction::Print(words) => {
                let text = text_of(words, variables);
                execution.prints.push((execution.runs, text));
            }
            Instruction::Call(call) => {
                let rest = steps.get(index + 1..).unwrap_or_default();
                execution.call = Some((call.clone(), rest.to_vec()));
                break;
            }
            Instruction::Sleep(time) => execution.runs += *time,
            Instruction::Exit(code) => {
                execution.exit_code = *code;
                break;
            }
        }
    }
    execution
}

/// The variables of a container, without those that refer to something.
pub(crate) fn references(container: &Value) -> impl Iterator<Item = (&str, &Value)> {
    items(container, "/env")
        .iter()
        .map(|variable| (text(variable, "/name"), variable))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(script: &str, expected: Option<Execution>) {
        let container = json!({"command": ["/bin/sh", "-c"], "args": [script]});
        let variables = BTreeMap::from([("NAME".to_owned(), "a b".to_owned())]);
        let seen = of(&container).ok().map(|steps| execute(&steps, &variables));
        assert_eq!(seen, expected, "{script}");
    }

    fn prints(text: &str) -> Execution {
        Execution {
            prints: vec![(Duration::ZERO, text.to_owned())],
            ..Execution::default()
        }
    }

    #[test]
    fn the_subset_of_shell_is_interpreted() {
        check("echo hello", Some(prints("hello\n")));
        check("echo 'a;b'  \"$NAME\" c", Some(prints("a;b a b c\n")));
        check("printf '%s\\n' \"x${NAME}y\"", Some(prints("xa by\n")));
        let both = Execution {
            prints: vec![
                (Duration::ZERO, "one\n".to_owned()),
                (Duration::from_secs(2), "two\n".to_owned()),
            ],
            runs: Duration::from_secs(2),
            exit_code: 3,
            call: None,
        };
        check("echo one; sleep 2\necho two; exit 3", Some(both));
        check("true", Some(Execution::default()));
    }

    #[test]
    fn other_shell_syntax_is_rejected() {
        for script in [
            "rm -rf /",
            "echo a > b",
            "echo a && echo b",
            "echo $(date)",
            "false",
            "echo $NAME",
            "echo 'open",
            "sleep x",
            "exit 300",
            "printf '%d' 1",
            "curl https://example.com/",
            "curl --fail-with-body --proxy p https://example.com/",
            "curl --fail-with-body a b",
        ] {
            check(script, None);
        }
        let other = json!({"command": ["/bin/other", "-c"], "args": ["true"]});
        assert!(of(&other).unwrap_err().contains("/bin/other"));
    }
}
