//! Settings of this machine, by environment variables: the program, the node image, images to load.
//!
//! They differ from machine to machine, so they are not part of the scenario.

use std::path::PathBuf;

use crate::spec::KindSpec;

/// Names the program `kind`, when it is not on the search path.
pub const PROGRAM: &str = "KUBEPROOF_KIND";
/// Names the node image of scenarios that name none.
pub const IMAGE: &str = "KUBEPROOF_KIND_IMAGE";
/// Names images or archives that are loaded into the nodes, separated by commas.
pub const LOAD: &str = "KUBEPROOF_KIND_LOAD";

/// The node image for a cluster; `None` is kind's own default.
pub fn image(spec: &KindSpec) -> Option<String> {
    let of_scenario = spec.image.clone().map(String::from);
    of_scenario.or_else(|| variable(IMAGE))
}

/// The images that are loaded into the nodes.
pub fn load(spec: &KindSpec) -> Vec<String> {
    let of_user = variable(LOAD).unwrap_or_default();
    let of_user = of_user
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    spec.load
        .iter()
        .cloned()
        .chain(of_user.map(str::to_owned))
        .collect()
}

/// A program that is not installed, with how to get it.
#[derive(Debug, thiserror::Error)]
pub enum MissingProgram {
    /// The setting names no file.
    #[error("{PROGRAM} is `{}`, which is no file", .0.display())]
    NoFile(PathBuf),
    /// There is no `kind`.
    #[error(
        "the program `kind` is not on the search path: install it from kind.sigs.k8s.io (with Go: \
         `go install sigs.k8s.io/kind@latest`), or set {PROGRAM} to it"
    )]
    Kind,
    /// There is no `docker`.
    #[error(
        "the program `docker`, which kind calls, is not on the search path: install Docker's command line"
    )]
    Docker,
}

/// The program `kind`: from [`PROGRAM`], else found on the search path.
///
/// # Errors
/// When it is not installed, with how to get it.
pub fn program() -> Result<PathBuf, MissingProgram> {
    if let Some(path) = variable(PROGRAM).map(PathBuf::from) {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(MissingProgram::NoFile(path))
        };
    }
    on_path("kind").ok_or(MissingProgram::Kind)
}

/// The program `docker`, which `kind` drives the engine with.
///
/// # Errors
/// When it is not installed, with how to get it.
pub fn docker_program() -> Result<PathBuf, MissingProgram> {
    on_path("docker").ok_or(MissingProgram::Docker)
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
