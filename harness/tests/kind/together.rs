//! Runs in parallel, and engines and images that are missing when they are needed.

use crate::run::{Running, folder, is_swept, nothing_is_left, run, runs};

pub fn two_runs() -> Result<(), String> {
    let folder = folder()?;
    let verify = ["verify", "s.yaml", "--tier", "kind"];
    let one = Running::start(folder.path(), &verify)?;
    let other = Running::start(folder.path(), &verify)?;
    let (one, other) = (one.end()?, other.end()?);
    one.ended_with(0)?;
    other.ended_with(0)?;
    let runs = runs(folder.path())?;
    if runs.len() != 2 {
        return Err(format!("two runs have the folders {runs:?}"));
    }
    nothing_is_left(folder.path())
}

/// The engine stops answering during teardown: the audit is unknown, and the printed command finishes later.
pub fn silent_engine() -> Result<(), String> {
    let folder = folder()?;
    let fault = "docker:ContainerDelete#1=outage";
    let done = run(
        folder.path(),
        &["verify", "s.yaml", "--tier", "kind", "--fault", fault],
    )?;
    let id = runs(folder.path())?.pop().ok_or("no run directory")?;
    done.has_said("s: audit: unknown")?;
    let command = format!("kubeproof sweep --run {id} --delete");
    done.has_said(&format!("clean up with: {command}"))?;
    if nothing_is_left(folder.path()).is_ok() {
        return Err("nothing was left: this test shows nothing".to_owned());
    }
    // Without a terminal, the deletion must be confirmed by an option.
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--yes"]).collect();
    is_swept(&run(folder.path(), &words)?)?;
    nothing_is_left(folder.path())
}

pub fn no_image() -> Result<(), String> {
    let folder = folder()?;
    let text = crate::run::SCENARIO.replace(
        "cluster: {}",
        "cluster: {image: localhost/no-such-image-of-kubeproof:0}",
    );
    std::fs::write(folder.path().join("s.yaml"), text).map_err(|error| error.to_string())?;
    let done = run(folder.path(), &["verify", "s.yaml", "--tier", "kind"])?;
    done.ended_with(3)?;
    done.has_said("KUBEPROOF_KIND_IMAGE")?;
    done.has_said("nothing was created")?;
    nothing_is_left(folder.path())
}
