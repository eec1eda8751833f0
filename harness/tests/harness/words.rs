//! One word for each concept: the words of the design that must not come back in prose or public names.
//!
//! Prose is comments, READMEs, the changelog, and texts that people see (string literals with a space in them).

use std::fs;
use std::path::{Path, PathBuf};

/// Phrases that are not used, in lower case, and what to write.
const BANNED: &[(&str, &str)] = &[
    ("apart from", "say what the module is for"),
    ("nobody", "no one, or the passive voice"),
    ("name space", "namespace"),
    ("name spaces", "namespaces"),
    ("in words", "as text, with a message"),
    ("whoever", "the person, the caller"),
    ("twin", "duplicate"),
    ("twins", "duplicates"),
    ("decoy", "bystander"),
    ("decoys", "bystanders"),
    ("neighbour", "bystander"),
    ("neighbours", "bystanders"),
    ("struck", "injected"),
    ("strikes", "is injected into"),
    ("time-out", "timeout"),
    ("time-outs", "timeouts"),
    ("set-up", "setup"),
    ("in vain", "without an answer"),
    ("a bug of ours", "internal error"),
    ("patience", "retry policy, or limit"),
    ("mock", "simulator"),
    ("mocks", "simulators"),
    ("fake", "simulator"),
    ("fakes", "simulators"),
    ("looker", "observer"),
    ("deployer", "provisioner"),
    ("strike", "inject"),
    ("striking", "injecting"),
    ("fate", "call outcome"),
    ("rollback", "unwind"),
    ("rolls back", "unwinds"),
    ("dangling", "orphan"),
    ("test case", "trial"),
    ("janitor", "sweep"),
    ("nuke", "sweep"),
    ("chaos", "faults"),
    ("zombie", "orphan"),
    ("zombies", "orphans"),
    (
        "there is no provider",
        "unknown provider `x` (expected one of ...)",
    ),
];

/// Parts of public names that are not used, and what to write.
const BANNED_NAMES: &[(&str, &str)] = &[
    ("World", "GroundTruth"),
    ("Voice", "ProgressSink"),
    ("Ear", "ProgressSink"),
    ("Fate", "CallError's cause and applied"),
    ("Patience", "RetryState"),
    ("Book", "Recorder"),
    ("Lab", "Runner"),
    ("Twin", "Duplicate"),
    ("Twins", "Duplicates"),
    ("Decoy", "Bystander"),
    ("Decoys", "Bystanders"),
    ("Struck", "Injected"),
    ("Neighbours", "Bystanders"),
    ("Problem", "CallError, Violation, or the name of the error"),
    ("Stock", "AccountDiff"),
    ("Mock", "Simulator"),
    ("Fake", "Simulator"),
    ("Looker", "Observer"),
    ("Driver", "Provisioner"),
    ("Watcher", "ProgressSink"),
    ("Pace", "PollSchedule, RateLimiter, PacedClock"),
    ("Facts", "properties"),
    ("Others", "Bystanders"),
    ("Neighbour", "Bystander"),
    ("Zombie", "Orphan"),
    ("Rollback", "unwind"),
    ("Actual", "Metered or Billed"),
    ("Nuke", "Sweep"),
    ("Janitor", "Sweep"),
    ("Chaos", "Fault"),
    ("Surroundings", "TrialContext"),
];

/// Where a banned word is right: a text that others fixed, with the reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("harness/tests/harness/words.rs", "", "the list itself"),
    (
        "",
        "twin-after-lost-answer",
        "the name of a scenario file, which users may have written down",
    ),
    (
        "",
        "twin-vpc-on-retry",
        "the name of a defect in scenario files",
    ),
    (
        "",
        "failover-twins",
        "the name of a defect in scenario files",
    ),
    (
        "",
        "deletes-neighbours-vpc",
        "the name of a defect in scenario files",
    ),
    ("", "aws-janitor", "the name of another program"),
    ("", "aws-nuke", "the name of another program"),
    ("", "cloud-nuke", "the name of another program"),
    ("", "`struck`", "the key in records, which scripts read"),
    ("", "run_job_struck", "the name of a phase in records"),
    (
        "CHANGELOG.md",
        "`O2 twins`",
        "the names that oracles had before",
    ),
    (
        "providers/contract/tests/contract/process.rs",
        "zombie",
        "the kernel's own word for a process that was not reaped",
    ),
    (
        "providers/kubernetes/simulator/src/controllers/deployments.rs",
        "rollback",
        "Kubernetes' own word for the way back of a Deployment",
    ),
    ("", "nobody\\\"", "a service account's name"),
    ("", "/nobody", "a service account's name"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(ending: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy().into_owned();
            let hidden = name.starts_with('.') && name != ".github";
            if path.is_dir() {
                if !hidden && !matches!(name.as_str(), "target" | "kubeproof-runs" | "snapshots") {
                    folders.push(path);
                }
            } else if ending.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The parts of a line of Rust that people read: its comment, and string literals with a space in them.
fn prose(line: &str) -> String {
    let mut text = String::new();
    let (mut literal, mut in_string, mut escaped) = (String::new(), false, false);
    for (at, c) in line.char_indices() {
        if in_string && c == '"' && !escaped {
            if literal.trim().contains(' ') {
                text.push_str(&literal);
                text.push('\n');
            }
            literal.clear();
            in_string = false;
        } else if in_string {
            escaped = c == '\\' && !escaped;
            literal.push(c);
        } else if c == '"' {
            in_string = true;
        } else if line[at..].starts_with("//") {
            text.push_str(&line[at..]);
            break;
        }
    }
    // A literal that goes on in the next line.
    if literal.trim().contains(' ') {
        text.push_str(&literal);
    }
    text
}

/// Whether a phrase stands in a text as words of its own.
fn contains_words(text: &str, phrase: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn is_allowed(file: &str, line: &str) -> bool {
    ALLOWED.iter().any(|(in_file, text, _)| {
        (in_file.is_empty() || file == *in_file) && (text.is_empty() || line.contains(text))
    })
}

/// The text of a file; test data of wrong encodings is read as far as it goes.
fn text_of(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).expect("a file")).into_owned()
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

fn check_prose(file: &str, line: &str, text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let (word, instead) = BANNED
        .iter()
        .find(|(word, _)| contains_words(&lower, word))?;
    (!is_allowed(file, line))
        .then(|| format!("{file}: `{word}` (write: {instead}): {}", line.trim()))
}

#[test]
fn no_banned_word_is_in_prose() {
    let mut wrong = Vec::new();
    for path in files(&[".rs", ".md", ".yaml", ".sh"]) {
        let file = relative(&path);
        let content = text_of(&path);
        for line in content.lines() {
            let text = if file.ends_with(".rs") {
                prose(line)
            } else {
                line.to_owned()
            };
            wrong.extend(check_prose(&file, line, &text));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The name that a line declares for others, if it does.
fn public_name(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let kinds = ["struct ", "enum ", "trait ", "type ", "fn ", "async fn "];
    let rest = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
}

/// The words of a name in camel case, as in `FaultPlan`.
fn camel_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in name.chars() {
        match words.last_mut() {
            Some(word) if !c.is_uppercase() => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    words
}

#[test]
fn no_banned_word_is_in_a_public_name() {
    let mut wrong = Vec::new();
    for path in files(&[".rs"]) {
        let file = relative(&path);
        let content = text_of(&path);
        for name in content.lines().filter_map(public_name) {
            let words = camel_words(name);
            let banned = BANNED_NAMES
                .iter()
                .find(|(word, _)| words.iter().any(|part| part == word));
            wrong.extend(banned.map(|(_, instead)| format!("{file}: `{name}` (write: {instead})")));
            let snake = name.to_lowercase();
            let parts: Vec<&str> = snake.split('_').collect();
            let banned = BANNED.iter().find(|(word, _)| parts.contains(word));
            wrong.extend(banned.map(|(_, instead)| format!("{file}: `{name}` (write: {instead})")));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn banned_words_are_seen_in_comments_and_texts_and_not_in_code() {
    let check = |line: &str, expected: bool| {
        let seen = check_prose("x.rs", line, &prose(line)).is_some();
        assert_eq!(seen, expected, "{line}");
    };
    check("/// Apart from the phases.", true);
    check("let x = \"no fault struck\";", true);
    check("let x = \"struck\";", false);
    check("let struck = 1;", false);
    check("let url = \"https://example.com/a b\"; // a twin", true);
    check("/// Another of the twinned ones.", false);
    assert_eq!(camel_words("FaultPlan"), ["Fault", "Plan"]);
    assert_eq!(public_name("    pub async fn twins(&self)"), Some("twins"));
}
