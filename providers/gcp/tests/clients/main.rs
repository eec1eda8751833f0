//! Real clients of Google Cloud test the simulated project over sockets.
//!
//! They need programs that not every machine has. `KUBEPROOF_CLIENTS` names those that must be installed, separated by
//! commas, each with its program if that differs from its name: `google=DIR/bin/python`. A requested client that is missing
//! is a failure; the others are shown as ignored. gcloud's test is in `harness/tests/clients`.
//!
//! google-api-python-client calls every method that the simulator implements, and each raw request and reply is held
//! against Google's discovery documents (`google_strict.py`). All are led through the door of the served project, so that
//! nothing in their programs knows of a simulator.

mod served;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

use served::Ran;

/// The variable that names the clients.
const CLIENTS: &str = "KUBEPROOF_CLIENTS";

/// Its table tells how many methods of each service the simulator implements: all of them are driven.
const README: &str = include_str!("../../simulator/README.md");

/// A test: what a client does in a fresh project, and what is wrong.
type Test = fn(program: &str) -> Result<(), String>;

/// A client: its name, its usual program, and its tests by title.
type Client = (&'static str, &'static str, &'static [(&'static str, Test)]);

/// The clients, each with its usual program, and its tests.
const KNOWN: &[Client] = &[(
    "google",
    "python3",
    &[
        (
            "every method, each request and reply held against its document",
            every_method,
        ),
        ("the judge objects to mistakes", judge),
        ("client libraries, each reply parsed", libraries),
    ],
)];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let text = std::env::var(CLIENTS).unwrap_or_default();
    let mut trials = Vec::new();
    for (name, usual, tests) in KNOWN {
        let asked = text.split(',').map(str::trim).find_map(|word| {
            let (asked, program) = word.split_once('=').unwrap_or((word, usual));
            (asked == *name).then(|| program.to_owned())
        });
        for (title, test) in *tests {
            let program = asked.clone();
            let trial = Trial::test(format!("{name}: {title}"), move || {
                let program = program.unwrap_or_default();
                present(&program).and_then(|()| test(&program).map_err(Failed::from))
            });
            let kind = match asked {
                Some(_) => String::new(),
                None => format!("not in {CLIENTS}"),
            };
            trials.push(trial.with_kind(kind).with_ignored_flag(asked.is_none()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn present(program: &str) -> Result<(), Failed> {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .output();
    match found {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("{CLIENTS} asks for `{program}`, which is not on this machine").into()),
    }
}

/// What a client did is right: it succeeded, and the project is as it was.
fn clean(ran: &Ran) -> Result<(), String> {
    let said = || format!("{}\n{}", ran.printed, ran.said);
    if !ran.success {
        return Err(format!("the script failed:\n{}", said()));
    }
    if !ran.changes.is_empty() {
        return Err(format!("left or gone: {:?}\n{}", ran.changes, said()));
    }
    Ok(())
}

fn libraries(program: &str) -> Result<(), String> {
    clean(&served::run(&[program, "google_libraries.py"])?)
}

fn judge(program: &str) -> Result<(), String> {
    clean(&served::run(&[program, "google_strict.py"])?)
}

/// The script fails when a method is not driven, or when the judge objects to a request or a reply.
fn every_method(program: &str) -> Result<(), String> {
    let ran = served::run(&[program, "google_every_method.py"])?;
    clean(&ran)?;
    let counted = ran.printed.lines().filter_map(|line| {
        let (service, count) = line.strip_prefix("driven: ")?.split_once(' ')?;
        Some(format!("| `{service}` | {count} |"))
    });
    let counted: Vec<String> = counted.collect();
    let rows = README.lines().filter(|line| line.starts_with("| `"));
    let told: Vec<&str> = rows.collect();
    if counted == told {
        return Ok(());
    }
    let counted = counted.join("\n");
    Err(format!(
        "the table of methods in the simulator's README is out of date; it should be:\n{counted}"
    ))
}
