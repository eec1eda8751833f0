//! Whether a program works or waits: on a processor, behind others, in children, and in separate sessions. Each
//! test observes half a second of real time.
use std::time::Duration;

use kubeproof_contract::process::work::{Activity, WorkMonitor};
use kubeproof_contract::process::{ProcessSpec, Programs, real};

/// The share of samples in which the programs worked, percent, while this script runs.
async fn works(script: &str) -> usize {
    let programs = Programs::default();
    let spec = ProcessSpec::new("/bin/sh", Duration::from_mins(1))
        .arguments(["-c", script])
        .of(&programs);
    let samples = async {
        let mut monitor = WorkMonitor::over(&programs);
        // Let the shell start first.
        real::sleep(Duration::from_millis(300)).await;
        let mut works = 0;
        for _ in 0..100 {
            real::sleep(Duration::from_millis(3)).await;
            works += usize::from(monitor.sample() == Activity::Working);
        }
        works
    };
    tokio::select! {
        ended = spec.run() => panic!("it ended by itself: {ended:?}"),
        works = samples => works,
    }
}

/// Bounded, in case it is not ended.
const SPIN: &str = "i=0; while [ $i -lt 100000000 ]; do i=$((i+1)); done";

#[tokio::test]
async fn a_program_that_sleeps_waits() {
    let seen = works("sleep 30").await;
    assert!(seen <= 10, "{seen} of 100");
}

#[tokio::test]
async fn a_program_that_spins_works() {
    let seen = works(SPIN).await;
    assert!(seen >= 90, "{seen} of 100");
}

#[tokio::test]
async fn a_child_that_spins_works_while_its_parent_waits() {
    let seen = works(&format!("sh -c '{SPIN}'; true")).await;
    assert!(seen >= 90, "{seen} of 100");
}

#[tokio::test]
async fn a_child_in_a_separate_session_works() {
    // It must end by itself: it is not in the group that is killed.
    let spin = SPIN.replace("100000000", "3000000");
    let seen = works(&format!("setsid sh -c '{spin}; true' & sleep 30")).await;
    assert!(seen >= 50, "{seen} of 100");
}

#[tokio::test]
async fn a_daemon_whose_parent_has_ended_works() {
    let seen = works(&format!("(sh -c '{SPIN}' &) ; sleep 30")).await;
    assert!(seen >= 50, "{seen} of 100");
}

#[tokio::test]
async fn a_program_behind_others_on_a_loaded_machine_works() {
    // More programs than processors: most of them are not on one.
    let many = format!("for n in 1 2 3 4 5 6 7 8; do nice sh -c '{SPIN}' & done; wait");
    let seen = works(&many).await;
    assert!(seen >= 90, "{seen} of 100");
}
