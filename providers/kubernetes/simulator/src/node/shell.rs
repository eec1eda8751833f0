//! Interprets the programs of containers: a small subset of shell, and nothing else.
//!
//! Nothing runs on the host: output, duration and exit code are computed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::json::{items, text};
use crate::node::curl::Curl;
use crate::node::device_plugin;
use crate::node::shell_words::split;

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
    /// It stays until it is stopped.
    Stay,
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
    /// Whether it stays until it is stopped.
    pub(crate) stays: bool,
    /// The request at which it stops until there is an answer, and what follows.
    pub(crate) call: Option<(Curl, Vec<Instruction>)>,
}

/// A command that is not interpreted, in the words of the message of the container that waits for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the simulated kubelet refuses command {command} with arguments {arguments}: it interprets only `sh -c` with echo, \
     printf '%s\\n', curl, sleep, exit, true and false, and these without a shell"
)]
pub(crate) struct NotInterpreted {
    command: Value,
    arguments: Value,
}

/// The program of a container.
///
/// # Errors
/// If it is not one that is interpreted.
pub(crate) fn of(container: &Value) -> Result<Vec<Instruction>, NotInterpreted> {
    let words: Vec<&str> = items(container, "/command")
        .iter()
        .chain(items(container, "/args"))
        .filter_map(Value::as_str)
        .collect();
    let refuse = || {
        Err(NotInterpreted {
            command: container["command"].clone(),
            arguments: container["args"].clone(),
        })
    };
    match words.as_slice() {
        [shell, "-c", script] if SHELLS.contains(&base(shell)) => {
            script_steps(script).or_else(|()| refuse())
        }
        [program, rest @ ..] => {
            let word = |text: &&str| vec![Word::Plain((*text).to_owned())];
            let command: Vec<Vec<Word>> = std::iter::once(word(&base(program)))
                .chain(rest.iter().map(word))
                .collect();
            let mut steps = Vec::new();
            run(&command, &mut steps).map_or_else(|()| refuse(), |()| Ok(steps))
        }
        [] => refuse(),
    }
}

/// The shells whose scripts are interpreted.
const SHELLS: [&str; 3] = ["sh", "bash", "ash"];

/// The name of a program without its folder.
fn base(program: &str) -> &str {
    ["/bin/", "/usr/bin/"]
        .iter()
        .find_map(|folder| program.strip_prefix(folder))
        .unwrap_or(program)
}

/// Whether a program is a shell or one that is interpreted, so that what it does is known or refused by name.
pub(crate) fn is_known(program: &str) -> bool {
    let program = base(program);
    SHELLS.contains(&program)
        || [
            "curl", "echo", "printf", "sleep", "true", "false", "exit", "tail",
        ]
        .contains(&program)
}

/// A time to sleep, as `sleep` takes it.
fn seconds(word: &str) -> Option<Instruction> {
    if word == "infinity" || word == "inf" {
        return Some(Instruction::Stay);
    }
    let (number, unit) = match word.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, word.chars().last()?),
        None => (word, 's'),
    };
    let times = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => 1,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(times)?;
    Some(Instruction::Sleep(Duration::from_secs(seconds)))
}

/// A loop that only waits.
fn is_idle_loop(script: &str) -> bool {
    let words: Vec<&str> = script.split_whitespace().collect();
    let text = words.join(" ");
    let body = ["while true; do ", "while :; do ", "while sleep "];
    body.iter().any(|head| {
        let Some(rest) = text.strip_prefix(head) else {
            return false;
        };
        let time = match rest.strip_prefix("sleep ") {
            Some(time) => time.strip_suffix("; done"),
            None if *head == "while sleep " => rest.strip_suffix("; do :; done"),
            None => None,
        };
        time.is_some_and(|time| seconds(time).is_some())
    })
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
    if is_idle_loop(script) {
        return Ok(vec![Instruction::Stay]);
    }
    let commands = split(script)?;
    let last = commands.iter().rposition(|command| !command.is_empty());
    for (at, command) in commands.iter().enumerate() {
        // The exit code of a command counts only at the end of a script.
        let is_last = Some(at) == last;
        match command.as_slice() {
            [] => {}
            [name] if plain(name) == Some("false") && !is_last => {}
            command => run(command, &mut steps)?,
        }
    }
    Ok(steps)
}

/// What one command does.
fn run(command: &[Vec<Word>], steps: &mut Vec<Instruction>) -> Result<(), ()> {
    let (name, rest) = command.split_first().ok_or(())?;
    match (plain(name), rest) {
        (Some("exec"), rest) if !rest.is_empty() => return run(rest, steps),
        (Some("true" | ":"), _) => {}
        (Some("false"), _) => steps.push(Instruction::Exit(1)),
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
        (Some("tail"), [follow, file])
            if plain(follow) == Some("-f") && plain(file) == Some("/dev/null") =>
        {
            steps.push(Instruction::Stay);
        }
        (Some("exit"), [code]) => {
            let code: u8 = plain(code).ok_or(())?.parse().map_err(|_| ())?;
            steps.push(Instruction::Exit(code.into()));
        }
        (Some("curl"), arguments) => {
            steps.push(Instruction::Call(Curl::of(arguments).ok_or(())?));
        }
        _ => return Err(()),
    }
    Ok(())
}

/// The text of a word without variables.
pub(crate) fn plain(word: &[Word]) -> Option<&str> {
    match word {
        [Word::Plain(text)] => Some(text),
        _ => None,
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
            Instruction::Stay => {
                execution.stays = true;
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
            stays: false,
        };
        check("echo one; sleep 2\necho two; exit 3", Some(both));
        check("true", Some(Execution::default()));
        let failed = Execution {
            exit_code: 1,
            ..Execution::default()
        };
        check("false", Some(failed));
        check("false; echo on", Some(prints("on\n")));
    }

    #[test]
    fn programs_that_only_wait_stay() {
        for script in [
            "sleep infinity",
            "exec tail -f /dev/null",
            "while true; do sleep 30; done",
            "while sleep 1h; do :; done",
        ] {
            let container = json!({"command": ["sh", "-c", script]});
            assert_eq!(of(&container), Ok(vec![Instruction::Stay]), "{script}");
        }
        let plain = json!({"command": ["echo", "hi"]});
        assert_eq!(
            execute(&of(&plain).unwrap(), &BTreeMap::new()),
            prints("hi\n")
        );
    }

    #[test]
    fn other_shell_syntax_is_rejected() {
        for script in [
            "rm -rf /",
            "echo a > b",
            "echo a && echo b",
            "echo $(date)",
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
        assert!(of(&other).unwrap_err().to_string().contains("/bin/other"));
    }
}
