//! The paced clock: makes a runtime's paused clock follow the real time that programs wait, at a chosen scale.
//!
//! Rehearsals run on a paused clock that jumps whenever nothing is left to do, which would be wrong while bytes of
//! other programs are in flight. While a [`PacedClock`] is held, the clock does not jump. It stands still while a
//! program computes (or would if it got a processor) and while this process works on a request: that time is the
//! machine's. It advances steadily while all programs sleep: that time is the cloud's. When the paced clock is
//! released, the clock jumps again, so the same clock serves sockets and a wait of 48 hours. A program may sleep on this
//! clock (`providers/external/src/sleeps.rs`): when all programs sleep, the clock jumps to where the first of them wakes.
//!
//! How: tokio does not let a paused clock jump while a blocking task runs (`tokio::time::pause`,
//! "Preventing auto-advance"). So a blocking task runs for as long as the clock is paced, and the same task monitors
//! the programs and ticks.
//!
//! tidy: real time (what the clock follows is real).

use std::cell::Cell;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kubeproof_contract::process::work::{Activity, WorkMonitor};
use kubeproof_contract::process::{Programs, Spent};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;

/// Real time between two samples of the programs. After each the clock is advanced.
const TICK: Duration = Duration::from_millis(5);
/// The most that one tick can count as waiting: a later sample was delayed by the machine.
const TICK_MAX: Duration = Duration::from_millis(100);
/// The longest single step of the clock, so that timers in between fire in order.
const STEP_MAX: Duration = Duration::from_secs(1);
/// The largest number of such steps per tick, so that a machine that was suspended for a day does not catch up
/// second by second.
const STEPS_MAX: u32 = 1000;

/// Tokio's timers fire at whole milliseconds, up to this much after their time (`tokio::time::sleep`, "millisecond
/// granularity").
const TIMER_GRAIN: Duration = Duration::from_millis(1);

thread_local! {
    /// How long calls have taken since the last tick, for the runtime on this thread.
    static CALL_TIME: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// A sample of the programs.
struct Tick {
    /// Real time that they have waited.
    waited: Duration,
    /// Whether all of them sleep: those that sleep on this clock need not wait for real time.
    asleep: bool,
}

/// A runtime with sockets, whose clock is paused until it is paced.
///
/// # Errors
/// When the system cannot create it.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
}

/// Paces the clock of a runtime. After it is dropped, the clock jumps again, at most one tick later.
#[derive(Debug)]
pub struct PacedClock {
    stopped: Arc<AtomicBool>,
    ticker: JoinHandle<()>,
}

impl PacedClock {
    /// Begins to pace the clock of the current runtime, which must be a [`runtime`], while these programs run.
    /// `scale` is simulated seconds per real second. Where the time goes is added up in `programs`.
    pub fn keep(scale: NonZeroU32, programs: &Programs) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        // Capacity 1: a runtime that has not taken the last tick is busy.
        let (ticks, mut ticked) = mpsc::channel::<Tick>(1);
        CALL_TIME.take();
        let sleeping = programs.clone();
        tokio::spawn(async move {
            while let Some(tick) = ticked.recv().await {
                let calls = CALL_TIME.take();
                let mut by = tick.waited.saturating_mul(scale.get()) + calls;
                let wake = sleeping.first_to_wake().filter(|_| tick.asleep);
                if let Some(wake) = wake {
                    let until = wake.saturating_duration_since(tokio::time::Instant::now());
                    // Without the grain, the clock would stop at a moment at which the sleeper's timer has not fired.
                    by = calls.max(until + TIMER_GRAIN);
                }
                jump(by).await;
            }
        });
        let (stop, programs) = (Arc::clone(&stopped), programs.clone());
        let last = Instant::now();
        let ticker = tokio::task::spawn_blocking(move || tick(&stop, &programs, &ticks, last));
        Self { stopped, ticker }
    }

    /// Stops pacing, and waits until the clock may jump again.
    pub async fn release(mut self) {
        self.stopped.store(true, Ordering::Release);
        // The task cannot fail.
        let _ = (&mut self.ticker).await;
    }
}

impl Drop for PacedClock {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
    }
}

/// Samples the programs and ticks, until it is stopped or the receiver is gone.
fn tick(stopped: &AtomicBool, programs: &Programs, ticks: &mpsc::Sender<Tick>, mut last: Instant) {
    let mut monitor = WorkMonitor::over(programs);
    // Time that the runtime was too busy to take, if it is unknown whose time it was.
    let mut owed = Duration::ZERO;
    while !stopped.load(Ordering::Acquire) {
        std::thread::sleep(TICK);
        let activity = monitor.sample();
        let now = Instant::now();
        let time = now.duration_since(last);
        last = now;
        let waited = match activity {
            Activity::Working => Duration::ZERO,
            Activity::Waiting => time.min(TICK_MAX),
            Activity::Unknown => owed + time,
        };
        // Sent even if it is zero, because calls take time too.
        let asleep = activity == Activity::Waiting;
        let taken = match ticks.try_send(Tick { waited, asleep }) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => false,
            Err(TrySendError::Closed(_)) => return,
        };
        let mut spent = Spent::default();
        match activity {
            Activity::Unknown => {
                owed = if taken { Duration::ZERO } else { waited };
                spent.unknown = time;
            }
            Activity::Waiting if taken => {
                spent.cloud = waited;
                spent.machine = time.saturating_sub(waited);
            }
            Activity::Waiting | Activity::Working => spent.machine = time,
        }
        programs.spend(spent);
    }
}

/// Notes that a call was answered that takes `time` in the cloud: the clock of this runtime advances by it at the
/// next tick. Otherwise programs that only make calls would see no time pass. Without a paced clock this has no
/// effect, because the clock advances by itself.
pub fn took(time: Duration) {
    CALL_TIME.with(|calls| calls.set(calls.get().saturating_add(time)));
}

/// Converts real time to time on a clock of this scale, for limits that are meant in real time.
pub fn real(time: Duration, scale: u32) -> Duration {
    time.saturating_mul(scale.max(1))
}

/// Advances the clock of the current runtime, whose clock must be paused, in steps: timers in between fire in order.
pub async fn jump(mut by: Duration) {
    for _ in 0..STEPS_MAX {
        if by <= STEP_MAX {
            break;
        }
        tokio::time::advance(STEP_MAX).await;
        by -= STEP_MAX;
    }
    tokio::time::advance(by).await;
}
