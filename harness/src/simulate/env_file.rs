//! The file of `simulate --env-file`: written only where it overwrites nothing of anyone else's, and removed only
//! while it is unchanged.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use kubeproof_contract::private;
use sha2::{Digest as _, Sha256};

/// What the first line begins with; the digest of all other lines follows.
const HEADER: &str = "# Written by `kubeproof simulate`, which removes it at its end. Digest: ";
/// The largest file that may be one of ours, bytes.
const BYTES_MAX: u64 = 1 << 20;

/// A written file. It is locked for as long as it is held, so that another session knows it is in use.
#[derive(Debug)]
pub struct EnvFile {
    path: PathBuf,
    file: File,
    content: String,
}

/// Why the file is not written.
#[derive(Debug, thiserror::Error)]
pub enum EnvFileError {
    #[error("{}: cannot be written: {source}", .path.display())]
    NotWritten {
        path: PathBuf,
        source: std::io::Error,
    },
    /// Another file is there.
    #[error(
        "{}: is there already, and `kubeproof simulate` did not write it: name a file that does not exist yet",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// It belongs to a living session.
    #[error("{}: is in use by another `kubeproof simulate`: name another file", .0.display())]
    InUse(PathBuf),
}

/// Why the file stays.
#[derive(Debug, thiserror::Error)]
pub enum StaysError {
    #[error("{} stays: another file has taken its place", .0.display())]
    Replaced(PathBuf),
    #[error("{} stays: it was changed after it was written; its ports are closed", .0.display())]
    Changed(PathBuf),
    #[error("{} cannot be removed: {source}", .path.display())]
    NotRemoved {
        path: PathBuf,
        source: std::io::Error,
    },
}

impl EnvFile {
    /// Writes these lines into a new file, or over what an earlier session left that was killed.
    ///
    /// # Errors
    /// When a file is there that is not ours, or it cannot be written.
    pub fn write(path: &Path, lines: &str) -> Result<Self, EnvFileError> {
        let unwritten = |source: std::io::Error| EnvFileError::NotWritten {
            path: path.to_owned(),
            source,
        };
        let mut file = match private::create(path) {
            Ok(file) => {
                // It is not known to any other process yet; a file system without locks is no reason to refuse.
                let _ = file.try_lock();
                file
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => left_by_us(path)?,
            Err(error) => return Err(unwritten(error)),
        };
        let content = with_header(lines);
        let written = file
            .seek(SeekFrom::Start(0))
            .and_then(|_| file.set_len(0))
            .and_then(|()| file.write_all(content.as_bytes()));
        let own = Self {
            path: path.to_owned(),
            file,
            content,
        };
        match written {
            Ok(()) => Ok(own),
            Err(error) => {
                // Half a file is useless.
                if own.is_in_place() {
                    let _ = fs::remove_file(path);
                }
                Err(unwritten(error))
            }
        }
    }

    /// Removes it, if it still is what we wrote. Gone already is fine.
    ///
    /// # Errors
    /// With the reason why the file stays, for people.
    pub fn remove(self) -> Result<(), StaysError> {
        if !self.is_in_place() {
            return match fs::symlink_metadata(&self.path) {
                Err(_) => Ok(()),
                Ok(_) => Err(StaysError::Replaced(self.path)),
            };
        }
        let now = fs::read(&self.path);
        if now.is_ok_and(|now| now != self.content.as_bytes()) {
            return Err(StaysError::Changed(self.path));
        }
        match fs::remove_file(&self.path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(StaysError::NotRemoved {
                path: self.path,
                source,
            }),
            _ => Ok(()),
        }
    }

    /// Whether the path still leads to the very file that we wrote.
    fn is_in_place(&self) -> bool {
        let own = self.file.metadata();
        let there = fs::symlink_metadata(&self.path);
        match (own, there) {
            (Ok(own), Ok(there)) => (own.dev(), own.ino()) == (there.dev(), there.ino()),
            _ => false,
        }
    }
}

/// Opens a file that is there, if it is one that a session left which is gone; locked.
fn left_by_us(path: &Path) -> Result<File, EnvFileError> {
    let not_ours = || EnvFileError::NotOurs(path.to_owned());
    let mut file = private::open(path).map_err(|_| not_ours())?;
    let mut text = String::new();
    let read = (&mut file).take(BYTES_MAX).read_to_string(&mut text);
    read.map_err(|_| not_ours())?;
    if !is_ours(&text) {
        return Err(not_ours());
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(EnvFileError::InUse(path.to_owned())),
    }
}

/// The lines below a header that tells them from any others.
fn with_header(lines: &str) -> String {
    format!("{HEADER}{}\n{lines}", digest(lines))
}

/// Whether a text is one that we wrote, and that has not changed since.
fn is_ours(text: &str) -> bool {
    text.split_once('\n')
        .is_some_and(|(head, lines)| head.strip_prefix(HEADER) == Some(&digest(lines)))
}

fn digest(lines: &str) -> String {
    let bytes = Sha256::digest(lines.as_bytes());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const LINES: &str = "export A='1' # one\n";

    fn read(path: &Path) -> String {
        fs::read_to_string(path).expect("there")
    }

    #[test]
    fn a_file_of_ours_is_written_for_its_owner_alone_and_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("env");
        let written = EnvFile::write(&path, LINES).expect("written");
        assert!(read(&path).ends_with(LINES));
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(written.remove().is_ok());
        assert!(!path.exists());
    }

    /// What is there is refused, and stays as it was.
    #[track_caller]
    fn check_refused(content: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".env");
        fs::write(&path, content).expect("written");
        let problem = EnvFile::write(&path, LINES)
            .expect_err("refused")
            .to_string();
        assert!(problem.contains(".env: is there already"), "{problem}");
        assert_eq!(read(&path), content);
    }

    #[test]
    fn a_file_that_is_not_ours_is_never_overwritten() {
        check_refused("AWS_SECRET_ACCESS_KEY=x\n");
        check_refused("");
        check_refused(&format!("{HEADER}\n{LINES}"));
        // Ours once, and since then a user's.
        check_refused(&format!("{}export KEY='mine'\n", with_header(LINES)));
    }

    #[test]
    fn what_a_killed_session_left_is_replaced_and_what_a_living_one_uses_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("env");
        let first = EnvFile::write(&path, LINES).expect("written");
        let problem = EnvFile::write(&path, "").expect_err("in use").to_string();
        assert!(problem.contains("in use by another"), "{problem}");
        // A killed process removes nothing.
        drop(first);
        let second = EnvFile::write(&path, "unset B # two\n").expect("replaced");
        assert!(read(&path).ends_with("\nunset B # two\n"));
        assert!(second.remove().is_ok());
        assert!(!path.exists());
    }

    #[test]
    fn no_link_is_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, link) = (folder.path().join("theirs"), folder.path().join("env"));
        symlink(&target, &link).expect("a link");
        assert!(EnvFile::write(&link, LINES).is_err(), "it leads nowhere");
        assert!(!target.exists());
        let ours = with_header(LINES);
        fs::write(&target, &ours).expect("written");
        assert!(EnvFile::write(&link, "").is_err(), "it leads to a file");
        assert_eq!(read(&target), ours);
        fs::remove_file(&link).expect("removed");
        fs::hard_link(&target, &link).expect("a second name");
        assert!(EnvFile::write(&link, "").is_err(), "it has two names");
        assert_eq!(read(&target), ours);
    }

    #[test]
    fn what_has_taken_the_place_of_our_file_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("env");
        let written = EnvFile::write(&path, LINES).expect("written");
        fs::remove_file(&path).expect("removed");
        fs::write(&path, "theirs").expect("written");
        assert!(
            written
                .remove()
                .is_err_and(|why| why.to_string().contains("stays"))
        );
        assert_eq!(read(&path), "theirs");
        fs::remove_file(&path).expect("removed");
        let written = EnvFile::write(&path, LINES).expect("written");
        // Their own, though it reads like ours.
        let copy = folder.path().join("copy");
        fs::copy(&path, &copy).expect("copied");
        fs::rename(&copy, &path).expect("moved");
        assert!(
            written
                .remove()
                .is_err_and(|why| why.to_string().contains("stays"))
        );
        fs::remove_file(&path).expect("there");
        let written = EnvFile::write(&path, LINES).expect("written");
        fs::write(&path, "added by hand").expect("changed");
        assert!(
            written
                .remove()
                .is_err_and(|why| why.to_string().contains("changed"))
        );
        assert_eq!(read(&path), "added by hand");
        fs::remove_file(&path).expect("removed");
        let written = EnvFile::write(&path, LINES).expect("written");
        fs::remove_file(&path).expect("removed by its user");
        assert!(written.remove().is_ok());
    }
}
