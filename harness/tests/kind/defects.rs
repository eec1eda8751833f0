//! Wrong provisioners on a real engine: each must be caught and named, and what it left must be swept.

use crate::program::testdata;
use crate::run::{docker, is_swept, nothing_is_left, run, runs};

/// Expects this oracle to catch a wrong provisioner with a message that contains `words`. Sweeps what is certainly the
/// run's and returns the output of the sweep.
fn caught(file: &str, oracle: &str, words: &[&str], swept_to: i32) -> Result<String, String> {
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
    if swept_to == 0 {
        is_swept(&swept)?;
    } else {
        swept.ended_with(swept_to)?;
    }
    nothing_is_left(folder.path())?;
    Ok(swept.output + &swept.said)
}

/// Once its node is gone, the owner of an unnamed volume is unknown: a person must decide.
pub fn leaves_volumes() -> Result<(), String> {
    let said = caught(
        "kind_leaves_volumes.yaml",
        "O1 orphans",
        &["docker_volume", "though teardown reported success"],
        1,
    )?;
    let words: Vec<&str> = said.split_whitespace().collect();
    let left: Vec<&str> = words
        .windows(4)
        .filter(|words| words[..3] == ["by", "hand", "docker_volume"])
        .map(|words| words[3])
        .collect();
    if left.is_empty() {
        return Err(format!("no volume is left to a person:\n{said}"));
    }
    docker(&[&["volume", "rm"], &left[..]].concat())?;
    Ok(())
}

pub fn leaves_cluster() -> Result<(), String> {
    caught(
        "kind_leaves_cluster.yaml",
        "O1 orphans",
        &["kind_node", "though teardown reported success"],
        0,
    )
    .map(drop)
}

pub fn lies_about_nodes() -> Result<(), String> {
    caught("kind_lies_about_nodes.yaml", "O3 truth", &["one-more"], 0).map(drop)
}
