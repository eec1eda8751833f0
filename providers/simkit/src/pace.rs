//! Pace: lets the paused clock of a runtime follow the real time that programs wait, as many times as fast
//! as wanted.
//!
//! Rehearsals run on a paused clock that jumps whenever nothing is left to do; with bytes of other programs
//! in flight such a jump would be wrong. While a [`Pace`] is held, the clock jumps no more. It stands while a
//! program computes or would if it got a processor, and while this process is at work on a request: that
//! time is the machine's. It moves, at an even pace, while all programs sleep: that time is the cloud's.
//! When the pace is let go, the clock jumps again, so one clock serves sockets and a wait of 48 hours alike.
//!
//! How: tokio does not let a paused clock jump while a blocking task runs (`tokio::time::pause`,
//! "Preventing auto-advance"). So a blocking task lives as long as the pace is held, and being awake
//! anyway it is the one that looks at the programs, and ticks.
//!
//! tidy: real time (what the clock follows is real).

use std::cell::Cell;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kubeproof_contract::process::work::{Seen, Watch};
use kubeproof_contract::process::{Programs, Spent};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;

/// Real time between two looks at the programs, after each of which the clock is pushed.
const TICK: Duration = Duration::from_millis(5);
/// The most that a tick counts as waiting: whoever looks this late was kept from it by the machine.
const TICK_MAX: Duration = Duration::from_millis(100);
/// The longest that the clock moves at once: what waits for steps in between sees them in order.
const STEP_MAX: Duration = Duration::from_secs(1);
/// Most steps of one push. A machine that slept for a day is not made up for second by second.
const STEPS_MAX: u32 = 1000;

thread_local! {
    /// What calls have taken since the last push, of the runtime on this thread.
    static CALLS: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

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
    /// Begins to push the clock of the current runtime, which must be a [`runtime`], beside these programs.
    /// What they and we spend their time with is added up in them.
    pub fn keep(scale: NonZeroU32, programs: &Programs) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        // One place: a runtime that has not taken the last tick is at work.
        let (ticks, mut ticked) = mpsc::channel::<Duration>(1);
        CALLS.take();
        tokio::spawn(async move {
            while let Some(waited) = ticked.recv().await {
                push(waited.saturating_mul(scale.get()) + CALLS.take()).await;
            }
        });
        let (until, programs) = (Arc::clone(&stopped), programs.clone());
        let last = Instant::now();
        let holder = tokio::task::spawn_blocking(move || tick(&until, &programs, &ticks, last));
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

/// Looks at the programs and ticks, until it is stopped or nobody listens.
fn tick(
    until: &AtomicBool,
    programs: &Programs,
    ticks: &mpsc::Sender<Duration>,
    mut last: Instant,
) {
    let mut watch = Watch::over(programs);
    // What the runtime was too busy to take, where nobody can tell whose time it was.
    let mut owed = Duration::ZERO;
    while !until.load(Ordering::Acquire) {
        std::thread::sleep(TICK);
        let seen = watch.look();
        let now = Instant::now();
        let time = now.duration_since(last);
        last = now;
        let waited = match seen {
            Seen::Works => Duration::ZERO,
            Seen::Waits => time.min(TICK_MAX),
            Seen::Untold => owed + time,
        };
        // Sent even when it is nothing: calls take time, too.
        let taken = match ticks.try_send(waited) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => false,
            Err(TrySendError::Closed(_)) => return,
        };
        let mut spent = Spent::default();
        match seen {
            Seen::Untold => {
                owed = if taken { Duration::ZERO } else { waited };
                spent.untold = time;
            }
            Seen::Waits if taken => {
                spent.cloud = waited;
                spent.machine = time.saturating_sub(waited);
            }
            Seen::Waits | Seen::Works => spent.machine = time,
        }
        programs.spend(spent);
    }
}

/// A call was answered that takes so long in the cloud: the clock of this runtime moves by it when it is
/// pushed next. Programs that do nothing but call would see no time pass otherwise. Without a pace it is
/// nothing: there the clock moves by itself.
pub fn took(time: Duration) {
    CALLS.with(|calls| calls.set(calls.get().saturating_add(time)));
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
