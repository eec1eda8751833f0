//! A program that shares the standard streams of this process.

use std::process::ExitStatus;

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::oneshot;

use super::group::{Group, exit_of, id, reap};
use super::programs::RunningGuard;
use super::{ProcessError, ProcessSpec};

/// A program that shares the standard streams of this process. Dropping it kills its group (SIGKILL). The group
/// must be killed before its leader is reaped, so the order of these fields matters.
pub struct Attached {
    group: Option<Group>,
    _registered: RunningGuard,
    child: Child,
    exit: oneshot::Receiver<()>,
    has_ended: bool,
    name: String,
}

impl ProcessSpec {
    /// Starts it with the standard streams of this process and without a limit. With `own_group` it and its
    /// children get their own process group; without, they stay in ours, as a program that reads from the
    /// terminal must.
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
            _registered: self
                .programs
                .register(pid.map(|pid| pid.as_raw_nonzero().get())),
            exit,
            child,
            has_ended: false,
            name: self.name,
        })
    }
}

impl Attached {
    /// Waits until it ends, then kills what is left of its group.
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

    /// Interrupts it and its children (SIGINT), as Ctrl-C does. In our own group they have received the same
    /// signal as we have.
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

    /// Kills it and its children (SIGKILL).
    pub fn end(&mut self) {
        if let Some(group) = &self.group {
            group.signal(Signal::KILL);
        }
        // It may have ended already.
        let _ = self.child.start_kill();
    }
}
