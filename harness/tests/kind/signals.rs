//! Ctrl-C on a real cluster: once tears down, twice exits immediately and prints the clean-up command.

use crate::run::{Running, folder, nothing_is_left, run, runs};

const VERIFY: &[&str] = &["verify", "s.yaml", "--tier", "kind"];

/// Interrupts once in a phase: the run tears down and does not pass.
fn once(phase: &str) -> Result<(), String> {
    let folder = folder()?;
    let mut running = Running::start(folder.path(), VERIFY)?;
    running.until(&format!(" s: {phase}\n"))?;
    running.interrupt()?;
    let done = running.end()?;
    done.ended_with(3)?;
    done.has_said("stopping: tearing down first")?;
    done.has_said("s: teardown: pass")?;
    done.has_said("s: audit: pass")?;
    nothing_is_left(folder.path())
}

pub fn during_provision() -> Result<(), String> {
    once("provision")
}

pub fn during_job() -> Result<(), String> {
    once("run_job")
}

pub fn during_teardown() -> Result<(), String> {
    once("teardown")
}

pub fn twice() -> Result<(), String> {
    let folder = folder()?;
    let mut running = Running::start(folder.path(), VERIFY)?;
    running.until(" s: provision\n")?;
    // Far enough that something can be left behind.
    let id = runs(folder.path())?.pop().ok_or("no run directory")?;
    let log = folder
        .path()
        .join("kubeproof-runs")
        .join(&id)
        .join("kind.log");
    for _ in 0..600 {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        if text.contains("Writing configuration") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    running.interrupt()?;
    running.until("stopping")?;
    running.interrupt()?;
    let done = running.end()?;
    done.ended_with(130)?;
    let command = format!("kubeproof sweep --run {id} --delete");
    done.has_said(&format!("clean up with: {command}"))?;
    if nothing_is_left(folder.path()).is_ok() {
        return Err("nothing was left: this test shows nothing".to_owned());
    }
    // Without the flag nothing is deleted.
    let seen = run(folder.path(), &["sweep", "--run", &id])?;
    seen.ended_with(1)?;
    seen.has_said("nothing was deleted")?;
    if nothing_is_left(folder.path()).is_ok() {
        return Err("a sweep without --delete deleted something".to_owned());
    }
    // Without a terminal, the deletion must be confirmed by an option.
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--yes"]).collect();
    run(folder.path(), &words)?.ended_with(0)?;
    nothing_is_left(folder.path())
}
