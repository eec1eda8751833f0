//! Waits in real time, under a runtime whose clock may stand still, jump or run at another speed.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use tokio::sync::oneshot;

/// Sleeps for this long in real time. Dropping the future ends the wait.
pub async fn sleep(time: Duration) {
    // Dropped with this future, which ends the thread.
    let (_here, gone) = channel::<()>();
    let (over, is_over) = oneshot::channel();
    let waits = std::thread::Builder::new()
        .name("real-time".to_owned())
        .spawn(move || {
            if let Err(RecvTimeoutError::Timeout) = gone.recv_timeout(time) {
                let _ = over.send(());
            }
        });
    match waits {
        Ok(_) => {
            let _ = is_over.await;
        }
        // No thread can be started: the runtime's clock is better than no limit.
        Err(_) => tokio::time::sleep(time).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn real_time_passes_whatever_the_clock_of_the_runtime_shows() {
        let real = sleep(Duration::from_mins(1));
        let virtual_hour = tokio::time::sleep(Duration::from_hours(1));
        tokio::select! {
            biased;
            () = real => panic!("an hour of a paused clock passes immediately"),
            () = virtual_hour => {}
        }
        sleep(Duration::from_millis(1)).await;
    }
}
