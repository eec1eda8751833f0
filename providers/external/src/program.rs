//! Runs a program: finds it, sets its environment, records and redacts its output, and ends it within its limit.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kubeproof_contract::mutex::lock;
use kubeproof_contract::private;
use kubeproof_contract::process::{LineSink, ProcessOutput, ProcessSpec, Stream};
use kubeproof_contract::provisioner::ProvisionerError;
use kubeproof_contract::serve::Variable;

use crate::foreign;
use crate::workspace::Workspace;

/// The log of what programs wrote, in the folder of their files.
const LOG: &str = "output.log";
/// How many of a failed program's last lines are quoted.
const LAST_LINES: usize = 12;
/// The longest quotation, in characters.
const QUOTE_MAX: usize = 900;
/// The longest line of a program that writes a document, in bytes.
const DOCUMENT_BYTES_MAX: usize = 64 << 20;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Call {
    /// The program, found.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// Variables to set.
    pub variables: Vec<(String, String)>,
    /// Variables to remove.
    pub without: Vec<String>,
    /// Whether its output is a document for us: then it is neither shown nor logged.
    pub document: bool,
    /// Its name in messages.
    pub title: String,
}

/// A program that is not here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingProgram {
    /// A path leads to none.
    #[error("there is no program {}", .0.display())]
    NoFile(PathBuf),
    /// It is in none of the places.
    #[error("`{0}` is neither beside the scenario file nor on PATH")]
    NotFound(String),
    /// It is not on the search path.
    #[error("`{0}` is not on PATH")]
    NotOnPath(String),
}

/// Finds a program: by a path relative to the scenario's folder, as a file in it, or on the search path.
///
/// # Errors
/// With the places that were searched.
pub fn find(program: &str, folder: &Path) -> Result<PathBuf, MissingProgram> {
    let beside = folder.join(program);
    if beside.is_file() {
        return Ok(beside);
    }
    if program.contains('/') {
        return Err(MissingProgram::NoFile(beside));
    }
    on_path(program).map_err(|_| MissingProgram::NotFound(program.to_owned()))
}

/// Finds a program on the search path.
///
/// # Errors
/// When it is not there.
pub fn on_path(program: &str) -> Result<PathBuf, MissingProgram> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|place| place.join(program));
    places
        .find(|place| place.is_file())
        .ok_or_else(|| MissingProgram::NotOnPath(program.to_owned()))
}

/// Runs a program to its end, whether it succeeds or fails.
///
/// # Errors
/// When it could not be started or did not end within its limit.
pub async fn run(workspace: &Workspace, call: &Call) -> Result<ProcessOutput, ProvisionerError> {
    let redactor = &workspace.redactor;
    let listener = listener(workspace, call);
    let mut order = ProcessSpec::new(&call.program, workspace.real_limit)
        .arguments(&call.arguments)
        .folder(&call.folder)
        .of(&workspace.programs)
        .on_line(listener);
    if call.document {
        order = order.longest_line(DOCUMENT_BYTES_MAX);
    }
    // In rehearsal no real cloud can be reached, and live only the one that is given.
    let is_confined = workspace.time_scale.is_some() || workspace.access.is_some();
    order = with_environment(order, &workspace.variables, is_confined);
    for name in &call.without {
        order = order.without(name);
    }
    for (name, value) in &call.variables {
        order = order.variable(name, value);
    }
    let clean = |text: String| ProvisionerError::left_unknown(redactor.clean(&text));
    let ended = order.run().await;
    ended.map_err(|error| clean(format!("{}: {error}", call.title)))
}

/// Gives a program the caller's environment with these variables. A confined program gets no other variable that leads
/// to a real cloud.
pub fn with_environment(
    mut order: ProcessSpec,
    variables: &[Variable],
    is_confined: bool,
) -> ProcessSpec {
    if is_confined {
        for name in foreign::taken_out() {
            order = order.without(&name);
        }
    }
    for variable in variables {
        order = match &variable.value {
            Some(value) => order.variable(&variable.name, value),
            None => order.without(&variable.name),
        };
    }
    order
}

/// Runs a program that must succeed.
///
/// # Errors
/// Also when it fails, with its last lines.
pub async fn succeed(
    workspace: &Workspace,
    call: &Call,
) -> Result<ProcessOutput, ProvisionerError> {
    let ended = run(workspace, call).await?;
    if ended.status.success() {
        return Ok(ended);
    }
    let status = ended.status;
    let mut said = ended;
    if call.document {
        // A document may be secret: quote only the other output.
        said.output.clear();
    }
    // Redact before cutting: half a secret would not be recognised.
    let words = quotation(&workspace.redactor.clean(&said.last_lines(LAST_LINES)));
    Err(ProvisionerError::left_unknown(format!(
        "{} failed ({status}): {words}",
        call.title
    )))
}

/// The text in one line, without the frames that terraform draws around it, and only the end of a Python traceback;
/// the log has the rest.
fn quotation(words: &str) -> String {
    let frame = |c: char| c.is_whitespace() || "│╷╵".contains(c);
    let all: Vec<&str> = words.lines().collect();
    // The last frame is a line with its place, and mostly a line of code and one of markers, all indented.
    let of_traceback = |line: &&str| line.starts_with("  File \"");
    let begin = all.iter().rposition(of_traceback).map_or(0, |place| {
        let set_in = |line: &&&str| line.starts_with(' ');
        place + all[place..].iter().take_while(set_in).count()
    });
    let lines: Vec<&str> = all[begin..]
        .iter()
        .map(|line| line.trim_matches(frame))
        .filter(|line| !line.is_empty())
        .collect();
    let text = lines.join(" | ");
    if text.is_empty() {
        return "it wrote nothing".to_owned();
    }
    let skipped = text.chars().count().saturating_sub(QUOTE_MAX);
    text.chars().skip(skipped).collect()
}

/// Passes each line to the log and to the progress output.
fn listener(workspace: &Workspace, call: &Call) -> LineSink {
    let log: Arc<Mutex<Option<File>>> = Arc::new(Mutex::new(log(workspace)));
    let (progress, document) = (workspace.progress.clone(), call.document);
    let clean = || Mutex::new(workspace.redactor.stream());
    let (output, errors) = (clean(), clean());
    note(
        &log,
        &format!("$ {}", workspace.redactor.clean(&call.title)),
    );
    Arc::new(move |stream: Stream, line: &str| {
        let clean = match stream {
            Stream::Output if document => return,
            Stream::Output => &output,
            Stream::Error => &errors,
        };
        let line = {
            let mut clean = lock(clean);
            clean.line(line)
        };
        note(&log, &line);
        progress.report(&line);
    })
}

/// The log, if it can be written; a run does not fail without it.
fn log(workspace: &Workspace) -> Option<File> {
    private::append(&workspace.folder().join(LOG)).ok()
}

fn note(log: &Arc<Mutex<Option<File>>>, line: &str) {
    let mut log = lock(log);
    if let Some(file) = log.as_mut() {
        // A full disk is noticed elsewhere.
        let _ = writeln!(file, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_traceback_its_end_is_quoted_and_of_a_frame_its_words() {
        let check = |words: &str, expected: &str| assert_eq!(quotation(words), expected);
        let traceback = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g(\n      \
                         ^^\n  File \"b.py\", line 2, in g\n    raise E(\n    ^^^\nE: no such thing\nmore of it";
        check(traceback, "E: no such thing | more of it");
        check(
            "╷\n│ Error: no\n│ \n│   with a.b\n╵",
            "Error: no | with a.b",
        );
        check("", "it wrote nothing");
    }

    #[test]
    fn a_program_is_found_beside_the_scenario_first_and_then_on_the_search_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("sh");
        assert_ne!(find("sh", folder.path()).expect("on PATH"), own);
        std::fs::write(&own, "").expect("written");
        assert_eq!(find("sh", folder.path()).expect("beside"), own);
        let missing = find("no-such-program-here", folder.path()).expect_err("missing");
        assert!(missing.to_string().contains("nor on PATH"), "{missing}");
        assert!(find("./no/such", folder.path()).is_err());
    }
}
