//! The README's examples, run as printed and in order: a later example may read what an earlier one wrote.

use std::fs;
use std::path::Path;
use std::process::Command;

const PREFIX: &str = "$ cargo run -- ";

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
        .filter_map(|line| line.strip_prefix(PREFIX))
        .map(words)
        .collect()
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
