//! Programs that are started: their output, their limit, and that they are gone when they must be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubeproof_contract::process::{Order, ProcessError, Stream};

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
