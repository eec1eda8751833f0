//! Process groups: told to end, ended, and never mistaken for others.
//!
//! A group has the number of its leader's process, and a number is free for others once its process was
//! reaped. So leaders are waited for without being reaped; their group is ended first, and then they are.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::Child;
use tokio::sync::oneshot;

/// The groups that run now: what has to go when kubeproof leaves at once. A leader in it is not reaped.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// A process group that is ended when this is dropped. Drop it before its leader is reaped.
pub struct Group(Option<Pid>);

impl Group {
    /// The group that this child leads.
    pub fn of(child: &Child) -> Self {
        let pid = id(child);
        if let Some(pid) = pid {
            running(|all| all.insert(pid.as_raw_nonzero().get()));
        }
        Self(pid)
    }

    /// Sends a signal to all of it. That it is gone altogether is fine too.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.0 {
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(pid) = self.0.take() else { return };
        // Under the lock, so that no other thread signals a number that is given back meanwhile.
        running(|all| {
            // The leader may have ended and its children not.
            let _ = kill_process_group(pid, Signal::KILL);
            all.remove(&pid.as_raw_nonzero().get());
        });
    }
}

/// The process of a child that was not waited for yet.
pub fn id(child: &Child) -> Option<Pid> {
    child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
}

/// Is sent when a child of ours has ended, which is left to be reaped.
///
/// # Errors
/// When the system has no thread left that could wait.
pub fn exit_of(pid: Option<Pid>) -> io::Result<oneshot::Receiver<()>> {
    let (ended, exit) = oneshot::channel();
    let waits = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // Ends with the child; an interrupted wait begins again.
        while let Some(pid) = pid
            && let Err(Errno::INTR) = waitid(WaitId::Pid(pid), options)
        {}
        let _ = ended.send(());
    };
    let thread = std::thread::Builder::new().name("waits".to_owned());
    thread.spawn(waits)?;
    Ok(exit)
}

/// Reaps a child that has ended, or was sent SIGKILL.
pub async fn reap(child: &mut Child) -> io::Result<std::process::ExitStatus> {
    child.wait().await
}

fn running<T>(change: impl FnOnce(&mut BTreeSet<i32>) -> T) -> T {
    change(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Ends every program that runs now, with all its children, by SIGKILL. For leaving at once.
pub fn end_all() {
    running(|groups| {
        for group in groups.iter().filter_map(|group| Pid::from_raw(*group)) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    });
}
