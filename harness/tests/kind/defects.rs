//! Wrong provisioners on a real engine: each must be caught, named, and what it left be swept.
//!
//! Apart from those of rehearsals because what they leave is real.

use crate::program::testdata;
use crate::run::{docker, nothing_is_left, run, runs};

/// A wrong provisioner is caught by this oracle in these words; what it left is swept.
fn caught(file: &str, oracle: &str, words: &[&str]) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let from = testdata("provisioners").join(file);
    std::fs::copy(from, folder.path().join(file)).map_err(|error| error.to_string())?;
    let verify = ["verify", file, "--tier", "kind", "--format", "json"];
    let done = run(folder.path(), &verify)?;
    done.ended_with(1)?;
    let document: serde_json::Value =
        serde_json::from_str(&done.output).map_err(|error| error.to_string())?;
    let findings = document["records"][0]["findings"].clone();
    let found = findings.as_array().is_some_and(|findings| {
        findings.iter().any(|finding| {
            let message = finding["message"].as_str().unwrap_or_default();
            finding["oracle"] == oracle && words.iter().all(|word| message.contains(word))
        })
    });
    let id = runs(folder.path())?.pop().ok_or("no run directory")?;
    let swept = run(folder.path(), &["sweep", "--run", &id, "--delete", "--yes"])?;
    if !found {
        return Err(format!(
            "no finding of {oracle} says {words:?}:\n{findings:#}"
        ));
    }
    swept.ended_with(0)?;
    nothing_is_left(folder.path())
}

pub fn leaves_volumes() -> Result<(), String> {
    let volumes = || docker(&["volume", "ls", "-q"]).map(|text| text.lines().count());
    let _ = volumes()?;
    caught(
        "kind_leaves_volumes.yaml",
        "O1 orphans",
        &["docker_volume", "though teardown reported success"],
    )
}

pub fn leaves_cluster() -> Result<(), String> {
    caught(
        "kind_leaves_cluster.yaml",
        "O1 orphans",
        &["kind_node", "though teardown reported success"],
    )
}

pub fn lies_about_nodes() -> Result<(), String> {
    caught("kind_lies_about_nodes.yaml", "O3 truth", &["one-more"])
}
