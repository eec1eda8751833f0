//! The README's examples, run as printed and in order: a later example may read what an earlier one wrote.

use std::fs;
use std::path::Path;
use std::process::Command;

/// How a command of the README begins: with the program as it is installed, or in a checkout.
const PREFIXES: [&str; 2] = ["$ kubeproof ", "$ cargo run -- "];
/// What stands in an example for text that differs from run to run.
const LEFT_OUT: char = '…';

/// The words of a command line, split as a shell would; a word that begins with `#` starts a comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                begun = true;
            }
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            '#' if !quoted && !begun => return words,
            _ => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

fn commands(readme: &str) -> Vec<Vec<String>> {
    readme
        .lines()
        .filter_map(|line| PREFIXES.iter().find_map(|prefix| line.strip_prefix(prefix)))
        .map(words)
        .collect()
}

/// The first piece of an example that a text does not have after the piece before it. Spaces and line breaks are alike.
fn missing(example: &str, text: &str) -> Option<String> {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = plain(text);
    let mut rest = text.as_str();
    for piece in example.split([LEFT_OUT, '\n']).map(plain) {
        match rest.find(&piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return Some(piece),
        }
    }
    None
}

#[test]
fn the_demo_prints_what_the_readme_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).expect("README.md");
    let (_, after) = readme.split_once("$ kubeproof demo\n").expect("the demo");
    let example = after.split("```").nth(2).expect("a block of text");
    let example = example.strip_prefix("text\n").expect("what it prints");
    let place = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_kubeproof"))
        .args(["demo", "--out", "demo"])
        .current_dir(place.path())
        .output()
        .expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(missing(example, &printed), None, "{printed}");
}

#[test]
fn what_an_example_shows_is_looked_for_in_order() {
    let check = |example: &str, expected: Option<&str>| {
        let found = missing(example, "one  two\nthree four");
        assert_eq!(found.as_deref(), expected, "{example}");
    };
    check("one … three", None);
    check("one two\nthree", None);
    check("three … two", Some("two"));
    check("one three", Some("one three"));
}

#[cfg(unix)]
#[test]
fn every_command_of_the_readme_succeeds_as_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).expect("README.md");
    let commands = commands(&readme);
    assert!(
        commands.len() >= 8,
        "the README shows each command: {commands:?}"
    );
    let place = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(root.join("scenarios"), place.path().join("scenarios"))
        .expect("scenarios");
    for command in commands {
        let output = Command::new(env!("CARGO_BIN_EXE_kubeproof"))
            .args(&command)
            .current_dir(place.path())
            .env("TMPDIR", place.path())
            // A newcomer has none. With clients, the scenarios of programs would also run, which have their own tests.
            .env_remove(kubeproof::trial::plan::CLIENTS)
            .output()
            .expect("the program starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{command:?}: {}\n{errors}",
            output.status
        );
        assert!(!output.stdout.is_empty(), "{command:?} prints nothing");
    }
}

#[test]
fn words_are_split_as_a_shell_does() {
    let check = |line: &str, expected: &[&str]| assert_eq!(words(line), expected, "{line}");
    check("verify a.yaml   # one", &["verify", "a.yaml"]);
    check(
        "verify --fault 'a:B#1=reject' x",
        &["verify", "--fault", "a:B#1=reject", "x"],
    );
    check("report '' x#y", &["report", "", "x#y"]);
}
