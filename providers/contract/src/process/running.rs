//! A program that runs: its output is read, and it ends by itself, at its limit, or because it is told to.

use std::io;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::{oneshot, watch};

use super::group::{Group, exit_of, id, reap};
use super::lines::{Lines, read};
use super::programs::Started;
use super::{Order, ProcessError, Stream, real};

/// How a program is told to end, and how long it then has: what it knows must be saved (terraform writes
/// its state after the calls that are under way).
const TOLD: [(Signal, Duration); 2] = [
    (Signal::INT, Duration::from_secs(30)),
    (Signal::TERM, Duration::from_secs(10)),
];
/// How long output is read on after the program has ended: a child of it may hold the pipe.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// Why a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// By itself.
    Exited,
    /// Its limit was over.
    Late,
    /// It was interrupted.
    Interrupted,
}

/// A program that runs. Dropping it ends its group by SIGKILL: the group goes before its leader is reaped,
/// so the order of these fields matters.
pub struct Running {
    group: Group,
    _started: Started,
    child: Child,
    exit: oneshot::Receiver<()>,
    has_ended: bool,
    reading: Pin<Box<dyn Future<Output = ()> + Send>>,
    read_whole: bool,
    lines: Lines,
    wishes: watch::Receiver<u64>,
}

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut order: Order) -> Result<Self, ProcessError> {
        let mut wishes = order.programs.wishes();
        wishes.borrow_and_update();
        order
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let not_started = |error: io::Error| ProcessError::NotStarted {
            program: order.name.clone(),
            reason: error.to_string(),
        };
        let mut child = order.command.spawn().map_err(not_started)?;
        let group = Group::of(&child);
        let pid = id(&child);
        let exit = exit_of(pid).map_err(not_started)?;
        let lines = Lines::new(order.line_bytes_max);
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let (listener, into) = (order.listener, lines.clone());
        let reading = Box::pin(async move {
            tokio::join!(
                read(output, Stream::Output, &listener, &into),
                read(errors, Stream::Error, &listener, &into)
            );
        });
        Ok(Self {
            group,
            _started: order
                .programs
                .started(pid.map(|pid| pid.as_raw_nonzero().get())),
            exit,
            child,
            has_ended: false,
            reading,
            read_whole: false,
            lines,
            wishes,
        })
    }

    /// Waits until it has ended, and makes it end when it must.
    pub async fn until_its_end(&mut self, limit: Duration) -> Why {
        let mut wishes = self.wishes.clone();
        let why = self.exit_or(async {
            tokio::select! {
                biased;
                () = wished(&mut wishes) => Why::Interrupted,
                () = real::sleep(limit) => Why::Late,
            }
        });
        let Some(why) = why.await else {
            return Why::Exited;
        };
        self.wishes.borrow_and_update();
        self.tell().await;
        why
    }

    /// Tells it to end, with growing force. It is sent SIGKILL by [`Running::finish`] if nothing else helps.
    async fn tell(&mut self) {
        for (signal, time) in TOLD {
            self.group.signal(signal);
            let over = real::sleep(time);
            tokio::pin!(over);
            loop {
                let mut wishes = self.wishes.clone();
                // Bounded: the time of the step runs on beside it.
                let again = self.exit_or(async {
                    tokio::select! {
                        biased;
                        () = &mut over => false,
                        () = wished(&mut wishes) => true,
                    }
                });
                match again.await {
                    None => return,
                    Some(false) => break,
                    Some(true) => {
                        self.wishes.borrow_and_update();
                        self.group.signal(Signal::INT);
                    }
                }
            }
        }
        self.group.signal(Signal::KILL);
        // Nothing survives it, but the machine may be slow to say so.
        let _ = self.exit_or(real::sleep(DRAIN_LIMIT)).await;
    }

    /// Waits for its end or for something else, whatever comes first, and reads its output meanwhile.
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

    /// Reads what is left of its output, ends what is left of its group, and reaps it.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn finish(self) -> io::Result<(ExitStatus, Lines)> {
        let Self {
            // The group before its leader, also where this is dropped halfway.
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

/// Waits until the wish to interrupt is uttered (again).
async fn wished(wishes: &mut watch::Receiver<u64>) {
    loop {
        // The sender lives as long as the order does; without one there are no wishes.
        if wishes.changed().await.is_err() {
            return std::future::pending().await;
        }
        // A new attempt takes the wish back.
        if *wishes.borrow_and_update() > 0 {
            return;
        }
    }
}
