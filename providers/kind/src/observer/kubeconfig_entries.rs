//! Entries of Kind clusters in kubeconfig files: the run's own, and the user's, which no run may touch.
//!
//! Only the names of contexts are read.

use std::path::{Path, PathBuf};

use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::{RUN_TAG, Run};
use serde::Deserialize;

use super::inventory::WHY_PROPERTY;
use super::{CLUSTER_PROPERTY, CONTEXT, REGION};

/// The kubeconfig in a run's folder.
pub const OWN_FILE: &str = "kubeconfig";
/// How kind names the context of a cluster.
const PREFIX: &str = "kind-";

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    contexts: Option<Vec<Named>>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// The entries of all Kind clusters in all files.
///
/// # Errors
/// When a file cannot be read.
pub fn list(run: &Run, directory: &Path) -> Result<Vec<Resource>, ObserverError> {
    let own = directory.join(OWN_FILE);
    let mut entries = Vec::new();
    for path in files(&own) {
        let Some(text) = text(&path)? else { continue };
        let mut clusters = clusters(&text).map_err(|error| wrong(&path, &error.to_string()))?;
        if path == own && clusters.is_empty() {
            // An empty file was made for this run's cluster.
            clusters.push(run.name(""));
        }
        entries.extend(clusters.iter().map(|cluster| entry(&path, cluster)));
    }
    Ok(entries)
}

fn entry(path: &Path, cluster: &str) -> Resource {
    let id = format!("{}#{PREFIX}{cluster}", path.display());
    let mut resource = Resource::new(CONTEXT, id, REGION);
    if let Some(run) = cluster.strip_prefix("kp-") {
        resource.tags.insert(RUN_TAG.to_owned(), run.to_owned());
    }
    let why = format!("its context is {PREFIX}{cluster}");
    let properties = [(CLUSTER_PROPERTY, cluster.to_owned()), (WHY_PROPERTY, why)];
    for (key, value) in properties {
        resource.properties.insert(key.to_owned(), value);
    }
    resource
}

/// The files: the run's own, and those that kubectl reads for this user.
fn files(own: &Path) -> Vec<PathBuf> {
    let mut files = vec![own.to_owned()];
    match std::env::var_os("KUBECONFIG").filter(|paths| !paths.is_empty()) {
        Some(paths) => files.extend(std::env::split_paths(&paths)),
        None => {
            let home = std::env::var_os("HOME").map(PathBuf::from);
            files.extend(home.map(|home| home.join(".kube/config")));
        }
    }
    files
}

/// A file's text; `None` when there is no file.
fn text(path: &Path) -> Result<Option<String>, ObserverError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrong(path, &error.to_string())),
    }
}

/// A file that is no kubeconfig. The parser's message is left out: it may quote the file, which holds secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no kubeconfig")]
struct NoKubeconfig;

/// The names of the Kind clusters that a kubeconfig has contexts for.
fn clusters(text: &str) -> Result<Vec<String>, NoKubeconfig> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let file: File = serde_saphyr::from_str(text).map_err(|_| NoKubeconfig)?;
    let names = file.contexts.unwrap_or_default();
    Ok(names
        .iter()
        .filter_map(|named| named.name.strip_prefix(PREFIX))
        .map(str::to_owned)
        .collect())
}

fn wrong(path: &Path, message: &str) -> ObserverError {
    ObserverError {
        call: format!("read {}", path.display()),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_contexts_of_kind_clusters_are_named() {
        let text = "apiVersion: v1\ncontexts:\n- name: kind-kp-1\n  context: {cluster: a, user: b}\n\
                    - name: work\n  context: {cluster: c, user: d}\nusers: []\n";
        assert_eq!(clusters(text), Ok(vec!["kp-1".to_owned()]));
        assert_eq!(clusters("contexts: null\n"), Ok(Vec::new()));
        assert_eq!(clusters(""), Ok(Vec::new()));
        assert_eq!(clusters("token: [secret"), Err(NoKubeconfig));
    }
}
