//! Programs that are started: their output, their limit, how they are told to end, and that they are gone when
//! they must be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubeproof_contract::process::{Order, ProcessError, Programs, Stream, real};

const LIMIT: Duration = Duration::from_secs(20);

fn shell(script: &str, limit: Duration) -> Order {
    Order::new("/bin/sh", limit).arguments(["-c", script])
}

/// Whether a process of this id is there and no zombie.
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
async fn output_and_errors_come_apart_with_the_status() {
    let ended = shell("echo out; echo err >&2; exit 3", LIMIT)
        .run()
        .await
        .expect("it ends");
    assert_eq!(ended.status.code(), Some(3));
    assert_eq!(
        (ended.output.as_str(), ended.errors.as_str()),
        ("out\n", "err\n")
    );
    assert_eq!(ended.last_words(1), "err");
}

#[tokio::test]
async fn lines_are_heard_as_they_come() {
    let heard: Arc<Mutex<Vec<(Stream, String)>>> = Arc::default();
    let listener = Arc::clone(&heard);
    shell("echo one; echo two >&2", LIMIT)
        .heard_by(Arc::new(move |stream, line: &str| {
            listener
                .lock()
                .expect("heard")
                .push((stream, line.to_owned()));
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
async fn a_program_that_is_late_is_ended_with_its_children() {
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
async fn a_program_that_is_not_there_is_named() {
    let error = Order::new("no-such-program-here", LIMIT)
        .run()
        .await
        .expect_err("it is not there");
    assert!(
        error.to_string().contains("`no-such-program-here`"),
        "{error}"
    );
}

/// Waits until a file is there, and reads it.
async fn written(file: &std::path::Path) -> String {
    for _ in 0..500 {
        if let Ok(text) = std::fs::read_to_string(file)
            && text.ends_with('\n')
        {
            return text.trim().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} is not written", file.display());
}

/// A script whose last words are in this file, once it was told to end.
fn saves(file: &std::path::Path, signal: &str) -> String {
    format!(
        "trap 'echo saved > {0}; exit 1' {signal}; echo begins > {0}; sleep 600 & wait",
        file.display()
    )
}

#[tokio::test]
async fn a_program_is_interrupted_at_its_limit_and_saves_what_it_knows() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state");
    let programs = Programs::default();
    let order = shell(&saves(&file, "INT"), Duration::from_millis(500)).of(&programs);
    let error = order.run().await.expect_err("it is late");
    assert!(matches!(error, ProcessError::Late { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&file).expect("text"), "saved\n");
    let overrun = programs.overrun().expect("it overran");
    assert!(overrun.to_string().starts_with("`sh` ran into its limit"));
}

#[tokio::test]
async fn programs_that_are_interrupted_save_what_they_know_and_no_other_begins() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state");
    let programs = Programs::default();
    let order = shell(&saves(&file, "INT"), LIMIT).of(&programs);
    let wish = async {
        written(&file).await;
        programs.interrupt();
        programs.idle().await;
    };
    let (ended, ()) = tokio::join!(order.run(), wish);
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
    // The first one is taken note of, the second one is obeyed: so terraform does.
    let script = format!(
        "n=0; trap 'n=$((n+1)); echo $n >> {0}; [ $n -lt 2 ] || exit 1' INT; echo begins > {0}; \
         while true; do sleep 600 & wait; done",
        file.display()
    );
    let programs = Programs::default();
    let order = shell(&script, LIMIT).of(&programs);
    let wish = async {
        written(&file).await;
        programs.interrupt();
        while !written(&file).await.ends_with('1') {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        programs.interrupt_again();
    };
    let (ended, ()) = tokio::join!(order.run(), wish);
    assert!(matches!(ended, Err(ProcessError::Interrupted { .. })));
    assert!(written(&file).await.ends_with("1\n2"));
}

/// The state of a process: `Z` for one that has ended and was not reaped.
fn state(id: &str) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit(')').next()?.trim().chars().next()
}

/// The number of a group is its leader's: as long as the group may be signalled, no other group can get it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_leader_that_has_ended_keeps_its_number_until_its_group_is_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ids");
    // The leader ends at once; its child holds the pipe.
    let script = format!("sleep 600 & echo \"$$ $!\" > {}", file.display());
    let order = shell(&script, LIMIT);
    let look = async {
        let ids = written(&file).await;
        let (leader, child) = ids.split_once(' ').expect("two ids");
        let (leader, child) = (leader.to_owned(), child.to_owned());
        // For as long as output is waited for.
        let mut seen = Vec::new();
        for _ in 0..50 {
            real::sleep(Duration::from_millis(10)).await;
            seen.push((state(&leader), lives(&child)));
        }
        (child, seen)
    };
    let (ended, (child, seen)) = tokio::join!(order.run(), look);
    assert!(ended.expect("it ends").status.success());
    let kept = seen.iter().filter(|seen| **seen == (Some('Z'), true));
    assert!(kept.count() >= 40, "{seen:?}");
    assert!(gone(&child).await, "the child {child} lives on");
}
