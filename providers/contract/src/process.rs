//! Child processes: each in its own process group, within a time limit, and reliably ended.
//!
//! Each one is killed when its caller is dropped (a crash of the provisioner) and when kubeproof itself exits
//! immediately ([`end_all`]). All limits here are in real time, whatever the clock of the runtime does.

mod attached;
mod group;
mod lines;
mod programs;
pub mod real;
mod running;
pub mod work;

use std::fmt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;

use self::running::{EndReason, Running};

pub use self::attached::Attached;
pub use self::group::end_all;
pub use self::programs::{Overrun, Programs, SleepGuard, Spent};

/// Receives each line that a program writes, as it is written.
pub type LineSink = Arc<dyn Fn(Stream, &str) + Send + Sync>;

/// The stream that a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A program to run: arguments, environment and limits.
pub struct ProcessSpec {
    command: Command,
    name: String,
    limit: Duration,
    programs: Programs,
    line_bytes_max: usize,
    line_sink: Option<LineSink>,
}

impl fmt::Debug for ProcessSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither arguments nor environment: they may contain secrets.
        f.debug_struct("ProcessSpec")
            .field("name", &self.name)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The result of a program that ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessOutput {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub errors: String,
}

impl ProcessOutput {
    /// The last lines that it wrote, for messages: of standard error, or of standard output if that is empty.
    pub fn last_lines(&self, lines: usize) -> String {
        let written = if self.errors.trim().is_empty() {
            &self.output
        } else {
            &self.errors
        };
        let all: Vec<&str> = written
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
        /// The system's error message.
        reason: String,
    },
    /// It was ended at its time limit.
    #[error("`{program}` was ended after its limit of {seconds} s; its last output: {last_lines}")]
    Late {
        /// The program.
        program: String,
        /// The limit, seconds.
        seconds: u64,
        /// The last lines that it wrote.
        last_lines: String,
    },
    /// Its caller was interrupted: it ended then, or was never started.
    #[error("`{program}` was interrupted; its last output: {last_lines}")]
    Interrupted {
        /// The program.
        program: String,
        /// The last lines that it wrote.
        last_lines: String,
    },
    /// Waiting for it failed.
    #[error("`{program}` could not be waited for: {reason}")]
    Lost {
        /// The program.
        program: String,
        /// The system's error message.
        reason: String,
    },
}

impl ProcessSpec {
    /// A program without arguments, with its limit in real time. It is searched for on `PATH`, unless it is a
    /// path itself.
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
            programs: Programs::default(),
            line_bytes_max: lines::LINE_BYTES_MAX,
            line_sink: None,
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

    /// Removes a variable from its environment.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    /// Sets its working directory.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sends an attached program's output to our standard error, for when our standard output is a document.
    #[must_use]
    pub fn output_to_error(mut self) -> Self {
        self.command.stdout(std::io::stderr());
        self
    }

    /// Adds it to these programs, which can be interrupted together and whose activity is monitored.
    #[must_use]
    pub fn of(mut self, programs: &Programs) -> Self {
        self.programs = programs.clone();
        self
    }

    /// Sets the longest line that is kept whole, bytes: for programs that write a document as one line.
    #[must_use]
    pub fn longest_line(mut self, bytes: usize) -> Self {
        self.line_bytes_max = bytes;
        self
    }

    /// Passes each line to this sink as it is written.
    #[must_use]
    pub fn on_line(mut self, sink: LineSink) -> Self {
        self.line_sink = Some(sink);
        self
    }

    /// Runs it until it ends, without standard input. Dropping the future kills the whole group (SIGKILL).
    ///
    /// At its limit, and when its [`Programs`] are interrupted, it is first asked to end: SIGINT, then SIGTERM,
    /// then SIGKILL, with time in between so that it can save its state.
    ///
    /// # Errors
    /// When it cannot be started, does not end within its limit, or was interrupted.
    pub async fn run(self) -> Result<ProcessOutput, ProcessError> {
        let (program, limit, programs) = (self.name.clone(), self.limit, self.programs.clone());
        if programs.interrupted() {
            let last_lines = "it was not started".to_owned();
            return Err(ProcessError::Interrupted {
                program,
                last_lines,
            });
        }
        let before = programs.spent();
        let mut running = Running::start(self)?;
        let reason = running.until_its_end(limit).await;
        let (status, lines) = running.finish().await.map_err(|error| {
            let (program, reason) = (program.clone(), error.to_string());
            ProcessError::Lost { program, reason }
        })?;
        let last_lines = lines.last(5);
        match reason {
            EndReason::Exited => Ok(ProcessOutput {
                status,
                output: lines.of(Stream::Output),
                errors: lines.of(Stream::Error),
            }),
            EndReason::Interrupted => Err(ProcessError::Interrupted {
                program,
                last_lines,
            }),
            EndReason::Late => {
                programs.overran(Overrun {
                    program: program.clone(),
                    limit,
                    spent: programs.spent().since(before),
                });
                Err(ProcessError::Late {
                    program,
                    seconds: limit.as_secs(),
                    last_lines,
                })
            }
        }
    }
}
