//! ^C (and SIGTERM): the first asks all trials to stop, the second ends the program.
//!
//! Apart from the trials, which only see the wish ([`Stop`]).

use kubeproof_contract::process;
use tokio::signal::unix::{SignalKind, signal};

use super::progress;
use crate::run::stop::Stop;

/// What a shell reports of a program that ^C has ended.
const INTERRUPTED: i32 = 130;

/// Listens for ^C on a thread of its own, until the program ends.
///
/// # Errors
/// When signals cannot be listened to here.
pub fn listen(stop: Stop) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    // Made before this returns, so that no signal is missed from here on.
    let (mut interrupt, mut terminate) = {
        let _context = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
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
                    }
                };
                next().await;
                say(
                    "stopping: what was made is torn down first; ^C again ends at once and may \
                     leave it",
                );
                stop.ask();
                next().await;
                leave(&stop)
            });
        })?;
    Ok(())
}

/// Leaves at once: no program of ours goes on alone, and how to clean up is said.
fn leave(stop: &Stop) -> ! {
    process::end_all();
    for command in stop.clean_up_commands() {
        say(&format!("left as it was; clean up with: {command}"));
    }
    std::process::exit(INTERRUPTED)
}

fn say(line: &str) {
    progress::say_above(line);
}
