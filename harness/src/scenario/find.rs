//! Finds scenario files: the given paths, or all of `scenarios/`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::FileError;

/// Where scenarios are looked for when no path is given.
pub const DEFAULT_FOLDER: &str = "scenarios";

/// Folders of this name hold scenarios of provisioners that are wrong on purpose. They run only when they, or a file
/// in them, are named, not with their parent folder.
const LEFT_OUT: &str = "wrong";

/// The deepest nesting of folders that is searched.
const DEPTH_MAX: usize = 8;

/// The files at these paths, in order and each once: a file is taken whatever its extension, a folder stands for
/// every `.yaml` or `.yml` file in it. No path stands for all of `scenarios/`.
///
/// # Errors
/// One problem for each path that does not exist, cannot be read or holds no scenario.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<FileError>> {
    let default = [PathBuf::from(DEFAULT_FOLDER)];
    let paths = if paths.is_empty() {
        &default[..]
    } else {
        paths
    };
    let mut problems = Vec::new();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        match files_of(path) {
            Ok(files) => found.extend(files.into_iter().filter(|file| seen.insert(file.clone()))),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(problems)
    }
}

/// Whether these paths select the default: all of `scenarios/`, however it is written.
pub fn is_default(paths: &[PathBuf]) -> bool {
    let is_folder = |path: &PathBuf| {
        let real = std::fs::canonicalize(path);
        let default = std::fs::canonicalize(DEFAULT_FOLDER);
        matches!((real, default), (Ok(real), Ok(default)) if real == default)
    };
    paths.iter().all(is_folder)
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let name = path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|error| {
        let hint = if path == Path::new(DEFAULT_FOLDER) {
            "; give the path of a scenario, or start kubeproof where a folder `scenarios` is"
        } else {
            ""
        };
        FileError::whole(&name, format!("{}{hint}", reason(&error)))
    })?;
    if metadata.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if !metadata.is_dir() {
        return Err(FileError::whole(name, "is neither a file nor a folder"));
    }
    let mut files = Vec::new();
    walk(path, 0, &mut files)?;
    if files.is_empty() {
        return Err(FileError::whole(
            name,
            "no scenario in this folder: no file ends in .yaml or .yml",
        ));
    }
    Ok(files)
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let wrong =
        |error: std::io::Error| FileError::whole(folder.display().to_string(), reason(&error));
    if depth > DEPTH_MAX {
        let message = format!("folders are nested deeper than {DEPTH_MAX}");
        return Err(FileError::whole(folder.display().to_string(), message));
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        entries.push(entry.map_err(wrong)?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Not followed: a link to a parent folder would never end.
        let file_type = entry.file_type().map_err(wrong)?;
        if file_type.is_dir() && entry.file_name() == LEFT_OUT {
            continue;
        }
        if file_type.is_dir() {
            walk(&path, depth + 1, files)?;
        } else if path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Why a file cannot be read, as text.
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "no permission to read it".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_means_its_yaml_files_in_order_and_a_file_means_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.yaml", "a.yml", "notes.md"] {
            std::fs::write(folder.path().join(name), "x").expect("written");
        }
        let names = |paths: &[PathBuf]| -> Vec<String> {
            let files = files(paths).expect("found");
            files
                .iter()
                .map(|file| file.file_name().unwrap().to_string_lossy().into())
                .collect()
        };
        assert_eq!(names(&[folder.path().to_owned()]), ["a.yml", "b.yaml"]);
        assert_eq!(names(&[folder.path().join("notes.md")]), ["notes.md"]);
        let twice = [folder.path().to_owned(), folder.path().join("b.yaml")];
        assert_eq!(names(&twice), ["a.yml", "b.yaml"]);
    }

    #[test]
    fn all_missing_and_empty_paths_are_named_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("nowhere.yaml");
        let problems = files(&[missing, folder.path().to_owned()]).expect_err("problems");
        let text: Vec<_> = problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect();
        assert_eq!(text[0], "no such file or folder");
        assert!(
            text[1].starts_with("no scenario in this folder"),
            "{text:?}"
        );
    }
}
