//! Child processes: their output, their limits, how they are asked to end, and that they are gone when they must
//! be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubeproof_contract::process::{ProcessError, ProcessSpec, Programs, Stream, real};

const LIMIT: Duration = Duration::from_secs(20);

fn shell(script: &str, limit: Duration) -> ProcessSpec {
    ProcessSpec::new("/bin/sh", limit).arguments(["-c", script])
}

/// Whether a process with this id exists and is not a zombie.
fn lives(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default().trim();
    !state.is_empty() && !state.starts_with('Z')
}

/// Waits, with a limit, until a process is gone.
async fn gone(id: &str) -> bool {
    for _ in 0..500 {
        if !lives(id) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn output_and_errors_are_returned_separately_with_the_status() {
    let ended = shell("echo out; echo err >&2; exit 3", LIMIT)
        .run()
        .await
        .expect("it ends");
    assert_eq!(ended.status.code(), Some(3));
    assert_eq!(
        (ended.output.as_str(), ended.errors.as_str()),
        ("out\n", "err\n")
    );
    assert_eq!(ended.last_lines(1), "err");
}

#[tokio::test]
async fn lines_are_passed_on_as_they_are_written() {
    let heard: Arc<Mutex<Vec<(Stream, String)>>> = Arc::default();
    let sink = Arc::clone(&heard);
    shell("echo one; echo two >&2", LIMIT)
        .on_line(Arc::new(move |stream, line: &str| {
            sink.lock().expect("heard").push((stream, line.to_owned()));
        }))
        .run()
        .await
        .expect("it ends");
    let mut heard = heard.lock().expect("heard").clone();
    heard.sort_by_key(|(_, line)| line.clone());
    assert_eq!(
        heard,
        [
            (Stream::Output, "one".to_owned()),
            (Stream::Error, "two".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_program_at_its_limit_is_ended_with_its_children() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("child");
    let script = format!("sleep 600 & echo $! > {}; wait", file.display());
    let error = shell(&script, Duration::from_millis(500))
        .run()
        .await
        .expect_err("it is late");
    assert!(matches!(error, ProcessError::Late { .. }), "{error}");
    let child = std::fs::read_to_string(&file).expect("the child's id");
    assert!(gone(child.trim()).await, "the child {child} lives on");
}

#[tokio::test]
async fn a_dropped_run_ends_the_whole_group() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("child");
    let script = format!(
        "sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait",
        file.display()
    );
    {
        let running = shell(&script, LIMIT).run();
        tokio::pin!(running);
        for _ in 0..500 {
            if file.exists() {
                break;
            }
            let pause = tokio::time::sleep(Duration::from_millis(10));
            tokio::select! {
                _ = &mut running => panic!("it ended by itself"),
                () = pause => {}
            }
        }
    }
    let child = std::fs::read_to_string(&file).expect("the child's id");
    assert!(gone(child.trim()).await, "the child {child} lives on");
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let error = ProcessSpec::new("no-such-program-here", LIMIT)
        .run()
        .await
        .expect_err("it is not there");
    assert!(
        error.to_string().contains("`no-such-program-here`"),
        "{error}"
    );
}

/// How often a test looks for what a program does.
const TRIES: usize = 500;

/// Waits until a file is written, and reads it.
async fn written(file: &std::path::Path) -> String {
    for _ in 0..TRIES {
        if let Ok(text) = std::fs::read_to_string(file)
            && text.ends_with('\n')
        {
            return text.trim().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} is not written", file.display());
}

/// A script that writes to this file when it is asked to end by this signal.
fn saves(file: &std::path::Path, signal: &str) -> String {
    format!(
        "trap 'echo saved > {0}; exit 1' {signal}; echo begins > {0}; sleep 600 & wait",
        file.display()
    )
}

#[tokio::test]
async fn a_program_is_interrupted_at_its_limit_and_saves_its_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state");
    let programs = Programs::default();
    let spec = shell(&saves(&file, "INT"), Duration::from_millis(500)).of(&programs);
    let error = spec.run().await.expect_err("it is late");
    assert!(matches!(error, ProcessError::Late { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&file).expect("text"), "saved\n");
    let overrun = programs.overrun().expect("it overran");
    assert!(overrun.to_string().starts_with("`sh` ran into its limit"));
}

#[tokio::test]
async fn interrupted_programs_save_their_state_and_no_others_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state");
    let programs = Programs::default();
    let spec = shell(&saves(&file, "INT"), LIMIT).of(&programs);
    let interruption = async {
        written(&file).await;
        programs.interrupt();
        programs.idle().await;
    };
    let (ended, ()) = tokio::join!(spec.run(), interruption);
    let error = ended.expect_err("it was interrupted");
    assert!(matches!(error, ProcessError::Interrupted { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&file).expect("text"), "saved\n");
    let next = shell("echo again", LIMIT).of(&programs).run().await;
    assert!(matches!(next, Err(ProcessError::Interrupted { .. })));
    programs.begin();
    let next = shell("echo again", LIMIT).of(&programs).run().await;
    assert_eq!(next.expect("a new attempt").output, "again\n");
}

#[tokio::test]
async fn an_impatient_user_interrupts_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state");
    // Like terraform: the first interrupt is noted, the second one is obeyed.
    let script = format!(
        "n=0; trap 'n=$((n+1)); echo $n >> {0}; [ $n -lt 2 ] || exit 1' INT; echo begins > {0}; \
         while true; do sleep 600 & wait; done",
        file.display()
    );
    let programs = Programs::default();
    let spec = shell(&script, LIMIT).of(&programs);
    let interruption = async {
        written(&file).await;
        programs.interrupt();
        for _ in 0..TRIES {
            if written(&file).await.ends_with('1') {
                return programs.interrupt_again();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it did not note the interrupt: is SIGINT ignored here?");
    };
    let (ended, ()) = tokio::join!(spec.run(), interruption);
    assert!(matches!(ended, Err(ProcessError::Interrupted { .. })));
    assert!(written(&file).await.ends_with("1\n2"));
}

/// The state of a process: `Z` for one that has ended but was not reaped.
fn state(id: &str) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit(')').next()?.trim().chars().next()
}

/// A group has its leader's process id: as long as the group may be signalled, the id must not be reused.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_leader_that_has_ended_keeps_its_id_until_its_group_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ids");
    // The leader ends immediately; its child holds the pipe open.
    let script = format!("sleep 600 & echo \"$$ $!\" > {}", file.display());
    let spec = shell(&script, LIMIT);
    let observation = async {
        let ids = written(&file).await;
        let (leader, child) = ids.split_once(' ').expect("two ids");
        let (leader, child) = (leader.to_owned(), child.to_owned());
        // For as long as output is still read.
        let mut seen = Vec::new();
        for _ in 0..50 {
            real::sleep(Duration::from_millis(10)).await;
            seen.push((state(&leader), lives(&child)));
        }
        (child, seen)
    };
    let (ended, (child, seen)) = tokio::join!(spec.run(), observation);
    assert!(ended.expect("it ends").status.success());
    let kept = seen.iter().filter(|seen| **seen == (Some('Z'), true));
    assert!(kept.count() >= 40, "{seen:?}");
    assert!(gone(&child).await, "the child {child} lives on");
}
