//! Programs that a provisioner starts: in a group of their own, within a time limit, and ended for sure.
//!
//! Apart from what they are started for, because every one of them must go when its caller is dropped
//! (a crash of the provisioner), and when kubeproof itself has to leave at once ([`end_all`]).

mod lines;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use self::lines::{Lines, read};

/// The groups that run now: what has to go when kubeproof leaves at once.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
/// How long output is read on after the program has ended: a child of it may hold the pipe.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// Takes each line that a program writes, as it comes.
pub type Listener = Arc<dyn Fn(Stream, &str) + Send + Sync>;

/// Where a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A program that is to be run.
pub struct Order {
    command: Command,
    name: String,
    limit: Duration,
    time_scale: u32,
    line_bytes_max: usize,
    listener: Option<Listener>,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither arguments nor environment: secrets may be among them.
        f.debug_struct("Order")
            .field("name", &self.name)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its status.
    pub status: ExitStatus,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub errors: String,
}

impl Ended {
    /// The last lines of what it said, errors before output: for messages.
    pub fn last_words(&self, lines: usize) -> String {
        let said = if self.errors.trim().is_empty() {
            &self.output
        } else {
            &self.errors
        };
        let all: Vec<&str> = said
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// Why a program did not end by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("`{program}` could not be started: {reason}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// It was ended because its time was over.
    #[error("`{program}` was ended after its limit of {seconds} s; its last words: {last_words}")]
    Late {
        /// The program.
        program: String,
        /// The limit, seconds.
        seconds: u64,
        /// The last lines that it wrote.
        last_words: String,
    },
    /// Waiting for it failed.
    #[error("`{program}` could not be waited for: {reason}")]
    Lost {
        /// The program.
        program: String,
        /// What the system said.
        reason: String,
    },
}

impl Order {
    /// An order for a program, found on the search path unless it is a path, without arguments.
    pub fn new(program: impl AsRef<Path>, limit: Duration) -> Self {
        let program = program.as_ref();
        let name = program.file_name().map_or_else(
            || program.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        Self {
            command: Command::new(program),
            name,
            limit,
            time_scale: 1,
            line_bytes_max: lines::LINE_BYTES_MAX,
            listener: None,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments<I, S>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<std::ffi::OsStr>,
    {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, key: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Takes a variable out of its environment.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    /// Sets the folder that it runs in.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Says that the clock of the runtime runs so many times as fast as the real one, by which programs
    /// and limits go.
    #[must_use]
    pub fn on_clock_of_scale(mut self, time_scale: u32) -> Self {
        self.time_scale = time_scale.max(1);
        self
    }

    /// Sets the longest line that is kept whole: for programs that write a document into one.
    #[must_use]
    pub fn longest_line(mut self, bytes: usize) -> Self {
        self.line_bytes_max = bytes;
        self
    }

    /// Hears each line as it is written.
    #[must_use]
    pub fn heard_by(mut self, listener: Listener) -> Self {
        self.listener = Some(listener);
        self
    }

    /// Runs it to its end, without standard input. Dropping this ends the whole group by SIGKILL.
    ///
    /// # Errors
    /// When it cannot be started or does not end within its limit; then its group is ended.
    pub async fn run(mut self) -> Result<Ended, ProcessError> {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = self
            .command
            .spawn()
            .map_err(|error| ProcessError::NotStarted {
                program: self.name.clone(),
                reason: error.to_string(),
            })?;
        let group = Group::of(&child);
        let lines = Lines::new(self.line_bytes_max);
        let output = read(child.stdout.take(), Stream::Output, &self.listener, &lines);
        let errors = read(child.stderr.take(), Stream::Error, &self.listener, &lines);
        let reading = async { tokio::join!(output, errors) };
        let drain = DRAIN_LIMIT * self.time_scale;
        let limit = self.limit.saturating_mul(self.time_scale);
        let ended = tokio::time::timeout(limit, wait(&mut child, reading, drain)).await;
        let status = match ended {
            Ok(Ok(status)) => status,
            Ok(Err(error)) => {
                return Err(ProcessError::Lost {
                    program: self.name,
                    reason: error.to_string(),
                });
            }
            Err(_) => {
                drop(group);
                // Reaped, so that no zombie is left; it was sent SIGKILL, which nothing survives.
                let _ = tokio::time::timeout(drain, child.wait()).await;
                return Err(ProcessError::Late {
                    program: self.name,
                    seconds: self.limit.as_secs(),
                    last_words: lines.last(5),
                });
            }
        };
        Ok(Ended {
            status,
            output: lines.of(Stream::Output),
            errors: lines.of(Stream::Error),
        })
    }
}

/// A program that has the streams of this process. Dropping it ends its group by SIGKILL.
pub struct Attached {
    child: Child,
    group: Option<Group>,
    name: String,
}

impl Order {
    /// Starts it with the streams of this process and without a limit: a person, or whoever started
    /// us, watches it. With `own_group` it and its children are a group of their own; without, they stay
    /// in ours, as a program must that reads from the terminal.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn attach(mut self, own_group: bool) -> Result<Attached, ProcessError> {
        self.command.kill_on_drop(true);
        if own_group {
            self.command.process_group(0);
        }
        let child = self
            .command
            .spawn()
            .map_err(|error| ProcessError::NotStarted {
                program: self.name.clone(),
                reason: error.to_string(),
            })?;
        Ok(Attached {
            group: own_group.then(|| Group::of(&child)),
            child,
            name: self.name,
        })
    }
}

impl Attached {
    /// Waits for its end.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn wait(&mut self) -> Result<ExitStatus, ProcessError> {
        self.child.wait().await.map_err(|error| ProcessError::Lost {
            program: self.name.clone(),
            reason: error.to_string(),
        })
    }

    /// Asks it and its children to end (SIGTERM). In our own group whoever sent us the wish has sent it
    /// to them too.
    pub fn ask_to_end(&self) {
        if let Some(pid) = self.group.as_ref().and_then(|group| group.0) {
            // A group that is gone altogether is fine too.
            let _ = kill_process_group(pid, Signal::TERM);
        }
    }

    /// Ends it and its children at once (SIGKILL).
    pub fn end(&mut self) {
        self.group = None;
        // Gone already is fine too.
        let _ = self.child.start_kill();
    }
}

/// Waits for the program, and then a little for the rest of its output.
async fn wait(
    child: &mut Child,
    reading: impl Future<Output = ((), ())>,
    drain: Duration,
) -> std::io::Result<ExitStatus> {
    tokio::pin!(reading);
    let mut read_whole = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = &mut reading, if !read_whole => read_whole = true,
        }
    };
    if !read_whole {
        let _ = tokio::time::timeout(drain, reading).await;
    }
    Ok(status)
}

/// A process group that is ended when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let pid = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            running(|all| all.insert(pid.as_raw_nonzero().get()));
        }
        Self(pid)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(pid) = self.0.take() else { return };
        running(|all| all.remove(&pid.as_raw_nonzero().get()));
        // The leader may be gone and its children not; a group that is gone altogether is fine too.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

fn running<T>(change: impl FnOnce(&mut BTreeSet<i32>) -> T) -> T {
    change(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Ends every program that runs now, with all its children, by SIGKILL. For leaving at once.
pub fn end_all() {
    let groups = running(std::mem::take);
    for group in groups.into_iter().filter_map(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}
