//! Pace: lets the paused clock of a runtime follow real time, as many times as fast as wanted.
//!
//! Apart from the server because it is about time alone. Rehearsals run on a paused clock that jumps
//! whenever nothing is left to do; with bytes of other programs in flight such a jump would be wrong.
//! While a [`Pace`] is held, the clock jumps no more and is pushed on at an even pace instead; when it is
//! let go, the clock jumps again, so one clock serves sockets and a wait of 48 hours alike.
//!
//! How: tokio does not let a paused clock jump while a blocking task runs (`tokio::time::pause`,
//! "Preventing auto-advance"). So a blocking task lives as long as the pace is held, and being awake
//! anyway it is the one that ticks.
//!
//! tidy: real time (what the clock follows is real).

use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Real time between two pushes of the clock.
const TICK: Duration = Duration::from_millis(2);
/// The longest that the clock moves at once: what waits for steps in between sees them in order.
const STEP_MAX: Duration = Duration::from_secs(1);
/// Most steps of one push. A machine that slept for a day is not made up for second by second.
const STEPS_MAX: u32 = 1000;

/// A runtime whose clock stands still until it is paced, with sockets.
///
/// # Errors
/// When the system gives none.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
}

/// The hold on the clock. Dropping it lets the clock jump again, a tick later at most.
#[derive(Debug)]
pub struct Pace {
    stopped: Arc<AtomicBool>,
    holder: JoinHandle<()>,
}

impl Pace {
    /// Begins to push the clock of the current runtime, which must be a [`runtime`].
    pub fn keep(scale: NonZeroU32) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        // One place: a tick that finds the last one not yet done has nothing to add.
        let (ticks, mut ticked) = mpsc::channel::<()>(1);
        let mut last = Instant::now();
        tokio::spawn(async move {
            while ticked.recv().await.is_some() {
                let now = Instant::now();
                push(now.duration_since(last).saturating_mul(scale.get())).await;
                last = now;
            }
        });
        let until = Arc::clone(&stopped);
        let holder = tokio::task::spawn_blocking(move || {
            while !until.load(Ordering::Acquire) {
                std::thread::sleep(TICK);
                if let Err(mpsc::error::TrySendError::Closed(())) = ticks.try_send(()) {
                    return;
                }
            }
        });
        Self { stopped, holder }
    }

    /// Lets go, and waits until the clock may jump again.
    pub async fn release(mut self) {
        self.stopped.store(true, Ordering::Release);
        // It only ends; it cannot fail.
        let _ = (&mut self.holder).await;
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
    }
}

/// How long this much real time is on a clock of this scale: for limits that are meant in real time.
pub fn real(time: Duration, scale: u32) -> Duration {
    time.saturating_mul(scale.max(1))
}

async fn push(mut by: Duration) {
    for _ in 0..STEPS_MAX {
        if by <= STEP_MAX {
            break;
        }
        tokio::time::advance(STEP_MAX).await;
        by -= STEP_MAX;
    }
    tokio::time::advance(by).await;
}
