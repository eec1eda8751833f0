//! The configuration: a copy in the run's folder, with the scenario's variables and a state of its own.
//!
//! Nothing may be written beside the scenario, and no run may touch another state, whatever backend the configuration
//! names.

use std::fs;
use std::path::{Path, PathBuf};

use kubeproof_contract::private;
use kubeproof_contract::scenario::TerraformBlock;
use serde_json::{Value, json};

use crate::workspace::Workspace;

/// The folder of the copy, in the folder of the program's files.
const FOLDER: &str = "terraform";
/// Replaces the backend that the configuration names, if it names one.
const OVERRIDE: &str = "kubeproof_override.tf.json";
/// The scenario's variables.
const VARIABLES: &str = "kubeproof.auto.tfvars.json";
/// Deepest nesting of a configuration's folders, and most files in it.
const DEPTH_MAX: usize = 8;
const FILES_MAX: usize = 2000;

/// Why a configuration was not copied.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its folders are nested without end.
    #[error("{}: nested deeper than {}", .0.display(), DEPTH_MAX)]
    TooDeep(PathBuf),
    /// It has too many files.
    #[error("{}: more than {} files", .0.display(), FILES_MAX)]
    TooManyFiles(PathBuf),
}

/// Copies the configuration, unless an earlier process has, and gives its folder.
///
/// # Errors
/// With the file that could not be read or written.
pub fn prepare(
    workspace: &Workspace,
    block: &TerraformBlock,
) -> Result<PathBuf, ConfigurationError> {
    let from = workspace.scenario_folder.join(&block.dir);
    let to = workspace.folder().join(FOLDER);
    if !to.is_dir() {
        // Moved into place when complete: a process may die half-way.
        let beside = workspace.folder().join("terraform.tmp");
        if beside.exists() {
            fs::remove_dir_all(&beside).map_err(of_file(&beside))?;
        }
        let mut files = 0;
        private::folder(&workspace.folder()).map_err(of_file(&workspace.folder()))?;
        let own = workspace
            .folder()
            .canonicalize()
            .map_err(of_file(&workspace.folder()))?;
        copy(&from, &beside, &own, 0, &mut files)?;
        write(&beside.join(OVERRIDE), &backend(workspace))?;
        write(&beside.join(VARIABLES), &variables(workspace, block))?;
        fs::rename(&beside, &to).map_err(of_file(&to))?;
    }
    Ok(to)
}

/// An error of this file.
fn of_file(path: &Path) -> impl Fn(std::io::Error) -> ConfigurationError {
    move |source| ConfigurationError::File {
        path: path.to_owned(),
        source,
    }
}

fn write(path: &Path, content: &Value) -> Result<(), ConfigurationError> {
    private::write(path, &format!("{content:#}\n")).map_err(of_file(path))
}

/// The state is a file of the run's.
fn backend(workspace: &Workspace) -> Value {
    let state = workspace.folder().join("terraform.tfstate");
    json!({"terraform": {"backend": {"local": {"path": state.display().to_string()}}}})
}

fn variables(workspace: &Workspace, block: &TerraformBlock) -> Value {
    let filled = block
        .vars
        .iter()
        .map(|(name, value)| (name.clone(), filled(workspace, value)));
    Value::Object(filled.collect())
}

/// A value with `{name}` and `{run_id}` filled in.
fn filled(workspace: &Workspace, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(
            text.replace("{name}", &workspace.run.name(""))
                .replace("{run_id}", &workspace.run.id),
        ),
        Value::Array(all) => all.iter().map(|one| filled(workspace, one)).collect(),
        Value::Object(all) => {
            let all = all
                .iter()
                .map(|(key, one)| (key.clone(), filled(workspace, one)));
            Value::Object(all.collect())
        }
        other => other.clone(),
    }
}

/// Copies files and folders, without what an earlier terraform left there (state, plug-ins), without the history that a
/// version control keeps, and without the folder that leads to the copy itself (`own`); links are not followed.
fn copy(
    from: &Path,
    to: &Path,
    own: &Path,
    depth: usize,
    files: &mut usize,
) -> Result<(), ConfigurationError> {
    if depth > DEPTH_MAX {
        return Err(ConfigurationError::TooDeep(from.to_owned()));
    }
    private::folder(to).map_err(of_file(to))?;
    for entry in fs::read_dir(from).map_err(of_file(from))? {
        let entry = entry.map_err(of_file(from))?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text == ".terraform"
            || text == ".git"
            || text.contains(".tfstate")
            || text.ends_with(".tfplan")
        {
            continue;
        }
        let (path, target) = (entry.path(), to.join(&name));
        let file_type = entry.file_type().map_err(of_file(&path))?;
        if file_type.is_dir() {
            if !own.starts_with(path.canonicalize().map_err(of_file(&path))?) {
                copy(&path, &target, own, depth + 1, files)?;
            }
        } else if file_type.is_file() {
            *files += 1;
            if *files > FILES_MAX {
                return Err(ConfigurationError::TooManyFiles(from.to_owned()));
            }
            fs::copy(&path, &target).map_err(of_file(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use jiff::Timestamp;
    use kubeproof_contract::process::Programs;
    use kubeproof_contract::provider::ProgressSink;
    use kubeproof_contract::run::Run;

    use super::*;

    #[test]
    fn a_copy_has_the_files_the_variables_and_a_state_of_its_own_and_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = folder.path().join("conf");
        fs::create_dir_all(source.join(".terraform")).expect("made");
        fs::create_dir_all(source.join(".git")).expect("made");
        fs::create_dir_all(source.join("module")).expect("made");
        for file in [
            "main.tf",
            "module/part.tf",
            "terraform.tfstate",
            ".terraform/x",
            ".git/HEAD",
        ] {
            fs::write(source.join(file), "x").expect("written");
        }
        let workspace = Workspace {
            run: Run::new("r1-ab", "me", Timestamp::UNIX_EPOCH),
            // In the configuration's own folder, as for a scenario that is beside its files.
            directory: source.join("runs/run"),
            scenario_folder: folder.path().to_owned(),
            progress: ProgressSink::default(),
            redactor: crate::redact::Redactor::default(),
            variables: Vec::new(),
            files: Vec::new(),
            time_scale: None,
            real_sleeps: false,
            real_limit: Duration::from_secs(1),
            programs: Programs::default(),
            access: None,
        };
        let block = TerraformBlock {
            dir: "conf".to_owned(),
            vars: BTreeMap::from([("name".to_owned(), json!({"a": ["{name}-x", 2]}))]),
            program: None,
            client: None,
        };
        let copied = prepare(&workspace, &block).expect("copied");
        assert!(copied.join("module/part.tf").is_file());
        assert!(!copied.join("terraform.tfstate").exists());
        for left_out in [".terraform", ".git", "runs"] {
            assert!(!copied.join(left_out).exists(), "{left_out}");
        }
        let read = |name: &str| -> Value {
            let text = fs::read_to_string(copied.join(name)).expect("there");
            serde_json::from_str(&text).expect("JSON")
        };
        assert_eq!(read(VARIABLES), json!({"name": {"a": ["kp-r1-ab-x", 2]}}));
        let state = &read(OVERRIDE)["terraform"]["backend"]["local"]["path"];
        assert!(
            state
                .as_str()
                .expect("a path")
                .ends_with("run/provisioner/terraform.tfstate")
        );
    }
}
