//! Reads untrusted files within a limit: plain files only (no device, no pipe), up to a maximum size.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Reads a plain file of at most `most` bytes as text.
///
/// # Errors
/// When it is not a plain file, is larger, is not UTF-8, or cannot be read.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = bytes(path, most)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
}

/// Reads a plain file of at most `most` bytes.
///
/// # Errors
/// When it is not a plain file, is larger, or cannot be read.
pub fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Otherwise opening a pipe that has no writer would block for ever.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a plain file",
        ));
    }
    let mut bytes = Vec::new();
    // Count the bytes instead of trusting the file size: some special files report a size of 0.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        let message = format!("it is larger than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_special_files_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("f");
        std::fs::write(&path, "12345").expect("written");
        assert_eq!(text(&path, 5).expect("read"), "12345");
        let check = |path: &Path, most, expected: &str| {
            let error = text(path, most).expect_err("refused").to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&path, 4, "larger than 4 bytes");
        check(Path::new("/dev/zero"), 4, "not a plain file");
        check(folder.path(), 4, "not a plain file");
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("link")).expect("a link");
        check(&folder.path().join("link"), 4, "not a plain file");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()));
        check(&pipe, 4, "not a plain file");
        std::fs::write(&path, [0xff]).expect("written");
        check(&path, 4, "not text");
    }
}
