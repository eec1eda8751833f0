//! Programs that a provisioner starts: in a group of their own, within a time limit, and ended for sure.
//!
//! Every one of them goes when its caller is dropped (a crash of the provisioner) and when kubeproof itself
//! leaves at once ([`end_all`]). All limits here are real time, whatever the clock of the runtime does.

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

use self::running::{Running, Why};

pub use self::attached::Attached;
pub use self::group::end_all;
pub use self::programs::{Overrun, Programs, Spent};

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
    programs: Programs,
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
    /// Its caller was interrupted: it ended then, or was not started at all.
    #[error("`{program}` was interrupted; its last words: {last_words}")]
    Interrupted {
        /// The program.
        program: String,
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
            programs: Programs::default(),
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

    /// Lets an attached program print to our standard error, where our standard output holds a document.
    #[must_use]
    pub fn output_to_error(mut self) -> Self {
        self.command.stdout(std::io::stderr());
        self
    }

    /// Says whose program it is: they can be interrupted together, and their work be watched.
    #[must_use]
    pub fn of(mut self, programs: &Programs) -> Self {
        self.programs = programs.clone();
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
    /// At its limit, and when its programs are interrupted, it is asked to end first: SIGINT, then
    /// SIGTERM, then SIGKILL, with time between, so that it can save what it knows.
    ///
    /// # Errors
    /// When it cannot be started, does not end within its limit, or was interrupted.
    pub async fn run(self) -> Result<Ended, ProcessError> {
        let (program, limit, programs) = (self.name.clone(), self.limit, self.programs.clone());
        if programs.interrupted() {
            let last_words = "it was not started".to_owned();
            return Err(ProcessError::Interrupted {
                program,
                last_words,
            });
        }
        let before = programs.spent();
        let mut running = Running::start(self)?;
        let why = running.until_its_end(limit).await;
        let (status, lines) = running.finish().await.map_err(|error| {
            let (program, reason) = (program.clone(), error.to_string());
            ProcessError::Lost { program, reason }
        })?;
        let last_words = lines.last(5);
        match why {
            Why::Exited => Ok(Ended {
                status,
                output: lines.of(Stream::Output),
                errors: lines.of(Stream::Error),
            }),
            Why::Interrupted => Err(ProcessError::Interrupted {
                program,
                last_words,
            }),
            Why::Late => {
                programs.overran(Overrun {
                    program: program.clone(),
                    limit,
                    spent: programs.spent().since(before),
                });
                Err(ProcessError::Late {
                    program,
                    seconds: limit.as_secs(),
                    last_words,
                })
            }
        }
    }
}
