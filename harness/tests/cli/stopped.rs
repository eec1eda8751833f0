//! A real run that is interrupted twice: it prints how to clean up, even with `--quiet`, and ends its programs.
//!
//! Against a small engine, and on Linux only: it starts with the signal handling that a terminal gives it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::program::command;

/// The longest wait for anything.
const LIMIT: Duration = Duration::from_mins(1);

/// A run, which is killed when the test ends.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It has already ended if the test passes.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Started {
    /// The lines of its standard error as they come.
    fn lines(&mut self) -> Receiver<String> {
        let (said, lines) = mpsc::channel();
        let errors = BufReader::new(self.0.stderr.take().expect("standard error"));
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                // The test may have ended.
                let _ = said.send(line);
            }
        });
        lines
    }

    fn send(&self, signal: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{signal}");
    }
}

/// Reads a run's messages up to one that contains `words`.
#[track_caller]
fn until(lines: &Receiver<String>, words: &str) {
    let mut said = Vec::new();
    while let Ok(line) = lines.recv_timeout(LIMIT) {
        if line.contains(words) {
            return;
        }
        said.push(line);
    }
    panic!("`{words}` was not said, but: {said:#?}");
}

/// Programs that Kind needs, and a scenario whose provisioner reports its process id and then ignores all signals that
/// it can.
fn prepare(folder: &Path) {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    for (name, text) in [
        ("kind", "#!/bin/sh\necho kind v0.30.0\n"),
        ("docker", "#!/bin/sh\n"),
    ] {
        std::fs::write(bin.join(name), text).expect("written");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(bin.join(name), executable).expect("executable");
    }
    let scenario = format!(
        "scenario: s\ndescription: d\nprovider: kind\ntiers: [kind]\ncluster: {{}}\nprovisioner:\n  command:\n    \
         provision: [sh, -c, \"trap '' INT TERM; echo $$ > '{}'; exec sleep 600\"]\n    teardown: [sh, -c, \"true\"]\n",
        folder.join("pid").display()
    );
    std::fs::write(folder.join("s.yaml"), scenario).expect("written");
    let made = Command::new("mkfifo").arg(folder.join("pid")).status();
    assert!(made.is_ok_and(|status| status.success()), "a named pipe");
}

/// Starts a quiet `verify` that responds to all signals, whatever the test runner ignores.
fn start(folder: &Path, engine: &Engine) -> Started {
    let arguments = ["verify", "s.yaml", "--tier", "kind", "-q"];
    let inner = engine.before(command(folder, &arguments), folder);
    let mut outer = Command::new("env");
    outer
        .arg("--default-signal=HUP,INT")
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(folder);
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    let child = outer
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", folder.join("bin").display()),
        )
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    Started(child.expect("it starts"))
}

/// The process id that the program reports when it starts.
fn process_id(pipe: PathBuf) -> String {
    let (told, id) = mpsc::channel();
    std::thread::spawn(move || told.send(std::fs::read_to_string(pipe)));
    let id = id.recv_timeout(LIMIT).expect("the program begins");
    id.expect("an id").trim().to_owned()
}

/// Whether a process exists and has not ended.
fn lives(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default().trim();
    !state.is_empty() && !state.starts_with('Z')
}

#[test]
fn a_hangup_stops_a_run_and_a_second_signal_ends_its_programs_and_says_how_to_clean_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::start(folder.path(), Vec::new());
    prepare(folder.path());
    let mut run = start(folder.path(), &engine);
    let lines = run.lines();
    let program = process_id(folder.path().join("pid"));
    assert!(lives(&program));
    run.send("-HUP");
    until(&lines, "stopping: tearing down first");
    run.send("-INT");
    let runs = std::fs::read_dir(folder.path().join("kubeproof-runs")).expect("runs");
    let id = runs.flatten().next().expect("a run").file_name();
    let command = format!("kubeproof sweep --run {} --delete", id.display());
    until(
        &lines,
        &format!("stopped without teardown; clean up with: {command}"),
    );
    assert_eq!(run.0.wait().expect("it ends").code(), Some(130));
    // SIGKILL was sent before that; the system needs a moment to carry it out.
    let since = Instant::now();
    while lives(&program) && since.elapsed() < LIMIT {
        std::thread::yield_now();
    }
    assert!(!lives(&program), "the program {program} lives on");
}
