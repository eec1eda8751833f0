//! Process groups: signals them and kills them, and never hits the wrong group.
//!
//! A group has the id of its leader's process, and the id can be reused once that process was reaped. So leaders
//! are waited for without being reaped; first their group is killed, then they are reaped.

use std::collections::BTreeSet;
use std::io;
use std::sync::Mutex;

use crate::mutex::lock;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::Child;
use tokio::sync::oneshot;

/// The groups that are running: they are killed when kubeproof exits immediately. Their leaders are not reaped.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// A process group, which is killed when this is dropped. Drop it before its leader is reaped.
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

    /// Sends a signal to the whole group, if it still exists.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.0 {
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(pid) = self.0.take() else { return };
        // Under the lock, so that no other thread signals an id that is freed in the meantime.
        running(|all| {
            // The children may still be running when the leader has ended.
            let _ = kill_process_group(pid, Signal::KILL);
            all.remove(&pid.as_raw_nonzero().get());
        });
    }
}

/// The process id of a child that was not waited for yet.
pub fn id(child: &Child) -> Option<Pid> {
    child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
}

/// Receives a message when a child process has ended. The child still has to be reaped.
///
/// # Errors
/// When no thread for waiting can be started.
pub fn exit_of(pid: Option<Pid>) -> io::Result<oneshot::Receiver<()>> {
    let (ended, exit) = oneshot::channel();
    let waits = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // Ends with the child; an interrupted wait is repeated.
        while let Some(pid) = pid
            && let Err(Errno::INTR) = waitid(WaitId::Pid(pid), options)
        {}
        let _ = ended.send(());
    };
    let thread = std::thread::Builder::new().name("waits".to_owned());
    thread.spawn(waits)?;
    Ok(exit)
}

/// Reaps a child that has ended or was killed.
pub async fn reap(child: &mut Child) -> io::Result<std::process::ExitStatus> {
    child.wait().await
}

fn running<T>(change: impl FnOnce(&mut BTreeSet<i32>) -> T) -> T {
    change(&mut lock(&RUNNING))
}

/// Kills every running program with all its children (SIGKILL). For exiting immediately.
pub fn end_all() {
    running(|groups| {
        for group in groups.iter().filter_map(|group| Pid::from_raw(*group)) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    });
}
