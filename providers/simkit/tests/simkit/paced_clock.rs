//! The paced clock: sockets and waits of days on one clock.
//!
//! tidy: real time (the clock is compared with it). These tests take a tenth of a second of it.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use kubeproof_contract::process::Programs;
#[cfg(target_os = "linux")]
use kubeproof_contract::process::{ProcessSpec, Spent};
use kubeproof_simkit::paced_clock::{PacedClock, real, runtime, took};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A client on another thread that waits before it sends, and returns the answer.
fn slow_client(port: u16, silent: Duration) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("connected");
        std::thread::sleep(silent);
        stream.write_all(b"ping").expect("written");
        let mut answer = vec![0; 4];
        stream.read_exact(&mut answer).expect("answered");
        answer
    })
}

/// Virtual and real seconds that pass while a client is silent for 100 ms of real time. A timer is waiting that a
/// jumping clock would jump to.
async fn seconds_while_a_client_is_silent() -> (f64, f64) {
    let (began, real_began) = (tokio::time::Instant::now(), Instant::now());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let client = slow_client(port, Duration::from_millis(100));
    let waiting = tokio::spawn(tokio::time::sleep(Duration::from_hours(48)));
    let (mut stream, _) = listener.accept().await.expect("accepted");
    let mut asked = [0; 4];
    stream.read_exact(&mut asked).await.expect("read");
    stream.write_all(b"pong").await.expect("written");
    let seconds = began.elapsed().as_secs_f64();
    let real_seconds = real_began.elapsed().as_secs_f64();
    waiting.abort();
    assert_eq!(client.join().expect("the client"), b"pong");
    (seconds, real_seconds)
}

#[test]
fn the_clock_follows_real_time_at_its_scale_while_a_client_takes_its_time() {
    let runtime = runtime().expect("a runtime");
    runtime.block_on(async {
        let paced_clock =
            PacedClock::keep(NonZeroU32::new(600).expect("a scale"), &Programs::default());
        let (seconds, real_seconds) = seconds_while_a_client_is_silent().await;
        // A tick may be missing at the end, but there must be none too many.
        assert!(
            seconds <= real_seconds * 600.0,
            "{seconds} s in {real_seconds} s"
        );
        assert!(seconds >= 30.0, "{seconds} s in {real_seconds} s");
        paced_clock.release().await;
    });
}

#[test]
fn without_a_paced_clock_time_jumps_while_bytes_are_in_flight() {
    let runtime = runtime().expect("a runtime");
    let (seconds, _) = runtime.block_on(seconds_while_a_client_is_silent());
    assert!(seconds >= 48.0 * 3600.0, "{seconds}");
}

#[test]
fn a_timer_fires_after_its_time_on_the_scaled_clock() {
    let runtime = runtime().expect("a runtime");
    runtime.block_on(async {
        // Before pacing begins: the time between the two must count as real time too.
        let began = Instant::now();
        let _pace = PacedClock::keep(
            NonZeroU32::new(6000).expect("a scale"),
            &Programs::default(),
        );
        tokio::time::sleep(Duration::from_mins(10)).await;
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(100), "{took:?}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    });
}

#[test]
fn after_its_release_two_days_pass_in_no_time() {
    let runtime = runtime().expect("a runtime");
    runtime.block_on(async {
        let paced_clock = PacedClock::keep(NonZeroU32::MIN, &Programs::default());
        tokio::time::sleep(Duration::from_millis(10)).await;
        paced_clock.release().await;
        let (began, real_began) = (tokio::time::Instant::now(), Instant::now());
        tokio::time::sleep(Duration::from_hours(48)).await;
        assert_eq!(began.elapsed().as_secs(), 48 * 3600);
        assert!(real_began.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn timers_fire_in_order_however_far_the_clock_advances_at_once() {
    let runtime = runtime().expect("a runtime");
    runtime.block_on(async {
        let _pace = PacedClock::keep(
            NonZeroU32::new(20_000).expect("a scale"),
            &Programs::default(),
        );
        let began = tokio::time::Instant::now();
        for step in 1..=60_u64 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let late = began.elapsed().as_secs().saturating_sub(step);
            assert!(late <= 2 * step, "step {step} is {late} s late");
        }
    });
}

#[test]
fn limits_in_real_time_are_as_much_longer_on_the_clock() {
    assert_eq!(real(Duration::from_secs(30), 60), Duration::from_mins(30));
    assert_eq!(real(Duration::from_secs(30), 1), Duration::from_secs(30));
}

/// Virtual seconds that pass in this much real time, at scale 60, while this shell script runs, and where the time
/// went.
#[cfg(target_os = "linux")]
fn seconds_beside(script: &str, time: Duration) -> (f64, Spent) {
    let runtime = runtime().expect("a runtime");
    runtime.block_on(async {
        let programs = Programs::default();
        let paced_clock = PacedClock::keep(NonZeroU32::new(60).expect("a scale"), &programs);
        let began = tokio::time::Instant::now();
        let spec = ProcessSpec::new("/bin/sh", Duration::from_mins(1)).arguments(["-c", script]);
        let running = spec.of(&programs).run();
        tokio::select! {
            ended = running => panic!("it ended: {ended:?}"),
            () = kubeproof_contract::process::real::sleep(time) => {}
        }
        let seconds = began.elapsed().as_secs_f64();
        paced_clock.release().await;
        (seconds, programs.spent())
    })
}

#[cfg(target_os = "linux")]
#[test]
fn the_clock_stands_still_while_a_program_computes_and_advances_while_it_waits() {
    let time = Duration::from_secs(1);
    // Bounded, in case it is not ended.
    let (computes, spent) =
        seconds_beside("i=0; while [ $i -lt 100000000 ]; do i=$((i+1)); done", time);
    assert!(
        computes <= 12.0,
        "{computes} s passed in the cloud, {spent:?}"
    );
    assert!(spent.is_the_machines(), "{spent:?}");
    let (waits, spent) = seconds_beside("sleep 30", time);
    assert!(waits >= 40.0, "{waits} s passed in the cloud, {spent:?}");
    assert!(!spent.is_the_machines(), "{spent:?}");
}

#[test]
fn a_program_that_only_makes_calls_sees_the_time_pass_that_they_take() {
    let runtime = runtime().expect("a runtime");
    runtime.block_on(async {
        let paced_clock = PacedClock::keep(NonZeroU32::MIN, &Programs::default());
        let began = tokio::time::Instant::now();
        for _ in 0..1000 {
            took(Duration::from_secs(1));
        }
        tokio::time::sleep(Duration::from_secs(1000)).await;
        assert!(began.elapsed() >= Duration::from_secs(1000));
        paced_clock.release().await;
    });
}

#[test]
fn a_sleeper_wakes_even_if_its_time_is_between_two_milliseconds() {
    let runtime = runtime().expect("a runtime");
    runtime.block_on(async {
        let programs = Programs::default();
        let _pace = PacedClock::keep(NonZeroU32::MIN, &programs);
        let wake = tokio::time::Instant::now() + Duration::from_nanos(30_000_000_300);
        let _sleeping = programs.sleeps_until(wake);
        tokio::select! {
            () = tokio::time::sleep_until(wake) => {}
            () = kubeproof_contract::process::real::sleep(Duration::from_secs(5)) => {
                panic!("it still sleeps, {:?} before its time", wake - tokio::time::Instant::now());
            }
        }
    });
}
