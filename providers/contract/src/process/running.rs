//! A running program: reads its output, and ends it at its limit or when it is interrupted.

use std::io;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::{oneshot, watch};

use super::group::{Group, exit_of, id, reap};
use super::lines::{Lines, read};
use super::programs::RunningGuard;
use super::{ProcessError, ProcessSpec, Stream, real};

/// The signals by which a program is asked to end, and how long it then has: it must be able to save its state
/// (terraform writes it after the calls in flight).
const END_SIGNALS: [(Signal, Duration); 2] = [
    (Signal::INT, Duration::from_secs(30)),
    (Signal::TERM, Duration::from_secs(10)),
];
/// How long output is still read after the program has ended: a child of it may hold the pipe open.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// Why a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// By itself.
    Exited,
    /// At its limit.
    Late,
    /// Because it was interrupted.
    Interrupted,
}

/// A running program. Dropping it kills its group (SIGKILL). The group must be killed before its leader is
/// reaped, so the order of these fields matters.
pub struct Running {
    group: Group,
    _registered: RunningGuard,
    child: Child,
    exit: oneshot::Receiver<()>,
    has_ended: bool,
    reading: Pin<Box<dyn Future<Output = ()> + Send>>,
    read_whole: bool,
    lines: Lines,
    interrupts: watch::Receiver<u64>,
}

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut spec: ProcessSpec) -> Result<Self, ProcessError> {
        let mut interrupts = spec.programs.interrupts();
        interrupts.borrow_and_update();
        spec.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let not_started = |error: io::Error| ProcessError::NotStarted {
            program: spec.name.clone(),
            reason: error.to_string(),
        };
        let mut child = spec.command.spawn().map_err(not_started)?;
        let group = Group::of(&child);
        let pid = id(&child);
        let exit = exit_of(pid).map_err(not_started)?;
        let lines = Lines::new(spec.line_bytes_max);
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let (sink, into) = (spec.line_sink, lines.clone());
        let reading = Box::pin(async move {
            tokio::join!(
                read(output, Stream::Output, sink.as_ref(), &into),
                read(errors, Stream::Error, sink.as_ref(), &into)
            );
        });
        Ok(Self {
            group,
            _registered: spec
                .programs
                .register(pid.map(|pid| pid.as_raw_nonzero().get())),
            exit,
            child,
            has_ended: false,
            reading,
            read_whole: false,
            lines,
            interrupts,
        })
    }

    /// Waits until it has ended, and makes it end at its limit or when it is interrupted.
    pub async fn until_its_end(&mut self, limit: Duration) -> EndReason {
        let mut interrupts = self.interrupts.clone();
        let reason = self.exit_or(async {
            tokio::select! {
                biased;
                () = interrupted(&mut interrupts) => EndReason::Interrupted,
                () = real::sleep(limit) => EndReason::Late,
            }
        });
        let Some(reason) = reason.await else {
            return EndReason::Exited;
        };
        self.interrupts.borrow_and_update();
        self.ask_to_end().await;
        reason
    }

    /// Asks it to end with increasingly strong signals, and finally kills it (SIGKILL).
    async fn ask_to_end(&mut self) {
        for (signal, time) in END_SIGNALS {
            self.group.signal(signal);
            let over = real::sleep(time);
            tokio::pin!(over);
            loop {
                let mut interrupts = self.interrupts.clone();
                // Bounded by the time of this step.
                let again = self.exit_or(async {
                    tokio::select! {
                        biased;
                        () = &mut over => false,
                        () = interrupted(&mut interrupts) => true,
                    }
                });
                match again.await {
                    None => return,
                    Some(false) => break,
                    Some(true) => {
                        self.interrupts.borrow_and_update();
                        self.group.signal(Signal::INT);
                    }
                }
            }
        }
        self.group.signal(Signal::KILL);
        // Nothing survives SIGKILL, but the machine may be slow.
        let _ = self.exit_or(real::sleep(DRAIN_LIMIT)).await;
    }

    /// Waits until it ends or `other` completes, whichever comes first, and reads its output meanwhile. `None`
    /// when it has ended.
    async fn exit_or<T>(&mut self, other: impl Future<Output = T>) -> Option<T> {
        if self.has_ended {
            return None;
        }
        tokio::pin!(other);
        loop {
            tokio::select! {
                biased;
                _ = &mut self.exit => {
                    self.has_ended = true;
                    return None;
                }
                () = &mut self.reading, if !self.read_whole => self.read_whole = true,
                other = &mut other => return Some(other),
            }
        }
    }

    /// Reads the rest of its output, kills what is left of its group, and reaps it.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn finish(self) -> io::Result<(ExitStatus, Lines)> {
        let Self {
            // The group is dropped before its leader, even if this future is dropped halfway.
            mut child,
            group,
            mut reading,
            read_whole,
            lines,
            ..
        } = self;
        if !read_whole {
            tokio::select! {
                biased;
                () = &mut reading => {}
                () = real::sleep(DRAIN_LIMIT) => {}
            }
        }
        drop(group);
        Ok((reap(&mut child).await?, lines))
    }
}

/// Waits until the programs are interrupted (again).
async fn interrupted(interrupts: &mut watch::Receiver<u64>) {
    loop {
        // The sender lives as long as the programs; without it nothing can be interrupted.
        if interrupts.changed().await.is_err() {
            return std::future::pending().await;
        }
        // A new attempt resets the count.
        if *interrupts.borrow_and_update() > 0 {
            return;
        }
    }
}
