//! Files that others name or write, read within a limit: no device, no pipe, and no more than there may be.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// The text of a plain file of at most so many bytes.
///
/// # Errors
/// When it is no plain file, is larger, is no text, or cannot be read.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = bytes(path, most)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
}

/// The bytes of a plain file of at most so many.
///
/// # Errors
/// When it is no plain file, is larger, or cannot be read.
pub fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // A pipe without a writer would never open otherwise.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no plain file",
        ));
    }
    let mut bytes = Vec::new();
    // Read, not asked for: some files say that they are empty.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        let words = format!("it is larger than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_nothing_endless_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("f");
        std::fs::write(&path, "12345").expect("written");
        assert_eq!(text(&path, 5).expect("read"), "12345");
        let check = |path: &Path, most, words: &str| {
            let error = text(path, most).expect_err("refused").to_string();
            assert!(error.contains(words), "{error}");
        };
        check(&path, 4, "larger than 4 bytes");
        check(Path::new("/dev/zero"), 4, "no plain file");
        check(folder.path(), 4, "no plain file");
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("link")).expect("a link");
        check(&folder.path().join("link"), 4, "no plain file");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()));
        check(&pipe, 4, "no plain file");
        std::fs::write(&path, [0xff]).expect("written");
        check(&path, 4, "not text");
    }
}
