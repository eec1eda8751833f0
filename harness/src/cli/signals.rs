//! Ctrl-C, SIGTERM, and SIGHUP of a closed terminal: the first asks all trials to stop ([`CancelToken`]), the
//! second ends the program.

use kubeproof_contract::process;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::progress;
use crate::trial_context::cancel::CancelToken;

/// The exit status of a program that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// Listens for signals on a thread of its own until the program ends.
///
/// # Errors
/// When signals cannot be listened to here.
pub fn listen(cancel: CancelToken) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    // Made before this returns, so that no signal is missed from here on.
    let (mut interrupt, mut terminate, mut hangup) = {
        let _context = runtime.enter();
        // A program started by `nohup` continues.
        let hangup = !ignores_hangup();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            hangup.then(|| signal(SignalKind::hangup())).transpose()?,
        )
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                let mut next = async || {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                        () = hung_up(&mut hangup) => {}
                    }
                };
                next().await;
                say(
                    "stopping: tearing down first; press Ctrl-C again to exit at once, which may leave \
                     resources behind",
                );
                cancel.cancel();
                next().await;
                leave(&cancel)
            });
        })?;
    Ok(())
}

async fn hung_up(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether the process that started us wants SIGHUP to be ignored, as far as the system tells.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignores_first_signal(&status)
}

/// Of `/proc/PID/status` (proc(5)): `SigIgn` has a bit for each signal, and SIGHUP is the first.
fn ignores_first_signal(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

/// Exits at once: ends all programs that were started, and prints how to clean up.
fn leave(cancel: &CancelToken) -> ! {
    process::end_all();
    for command in cancel.clean_up_commands() {
        say(&format!(
            "stopped without teardown; clean up with: {command}"
        ));
    }
    std::process::exit(INTERRUPTED)
}

fn say(line: &str) {
    progress::say_above(line);
}

/// Prints on drop how to clean up after runs that may have left something, even with `--quiet` and after an internal
/// error.
pub struct CleanUp<'a>(pub &'a CancelToken);

impl Drop for CleanUp<'_> {
    fn drop(&mut self) {
        for command in self.0.clean_up_commands() {
            say(&format!(
                "may have left resources behind; clean up with: {command}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_terminal_stops_a_run_unless_it_was_started_to_go_on() {
        let check = |status: &str, expected: bool| {
            assert_eq!(ignores_first_signal(status), expected, "{status}");
        };
        check("Name:\tx\nSigIgn:\t0000000000000001\n", true);
        check("SigIgn:\t0000000000001001\n", true);
        check("SigIgn:\t0000000000001000\n", false);
        check("SigCgt:\t0000000000000001\n", false);
        check("", false);
    }
}
