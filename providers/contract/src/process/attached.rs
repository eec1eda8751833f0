//! A program that has the streams of this process: a person, or the program that started us, watches it.

use std::process::ExitStatus;

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::oneshot;

use super::group::{Group, exit_of, id, reap};
use super::programs::Started;
use super::{Order, ProcessError};

/// A program that has the streams of this process. Dropping it ends its group by SIGKILL: the group goes
/// before its leader is reaped, so the order of these fields matters.
pub struct Attached {
    group: Option<Group>,
    _started: Started,
    child: Child,
    exit: oneshot::Receiver<()>,
    has_ended: bool,
    name: String,
}

impl Order {
    /// Starts it with the streams of this process and without a limit. With `own_group` it and its
    /// children are a group of their own; without, they stay in ours, as a program must that reads from
    /// the terminal.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn attach(mut self, own_group: bool) -> Result<Attached, ProcessError> {
        self.command.kill_on_drop(true);
        if own_group {
            self.command.process_group(0);
        }
        let not_started = |error: std::io::Error| ProcessError::NotStarted {
            program: self.name.clone(),
            reason: error.to_string(),
        };
        let child = self.command.spawn().map_err(not_started)?;
        let group = own_group.then(|| Group::of(&child));
        let pid = id(&child);
        let exit = exit_of(pid).map_err(not_started)?;
        Ok(Attached {
            group,
            _started: self
                .programs
                .started(pid.map(|pid| pid.as_raw_nonzero().get())),
            exit,
            child,
            has_ended: false,
            name: self.name,
        })
    }
}

impl Attached {
    /// Waits for its end, and ends what is left of its group then.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn wait(&mut self) -> Result<ExitStatus, ProcessError> {
        if !self.has_ended {
            let _ = (&mut self.exit).await;
            self.has_ended = true;
        }
        self.group = None;
        reap(&mut self.child)
            .await
            .map_err(|error| ProcessError::Lost {
                program: self.name.clone(),
                reason: error.to_string(),
            })
    }

    /// Interrupts it and its children (SIGINT), as a user does by ^C. In our own group they
    /// have got the signal that we got.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Asks it and its children to end (SIGTERM), unless they are in our own group.
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = &self.group {
            group.signal(signal);
        }
    }

    /// Ends it and its children at once (SIGKILL).
    pub fn end(&mut self) {
        if let Some(group) = &self.group {
            group.signal(Signal::KILL);
        }
        // Gone already is fine too.
        let _ = self.child.start_kill();
    }
}
