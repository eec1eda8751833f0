//! ^C: the first asks all trials to stop, the second ends the program.
//!
//! Apart from the trials, which only see the wish ([`Stop`]).

use std::io::Write as _;

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
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            let _ = writeln!(
                anstream::stderr().lock(),
                "stopping: what was made is torn down first; ^C again ends at once and may leave it"
            );
            stop.ask();
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(INTERRUPTED);
            }
        });
        })?;
    Ok(())
}
