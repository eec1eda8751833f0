//! Private files and folders: only their owner can read them, because what a run writes may hold secrets.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

use rustix::fs::OFlags;

/// Mode of a folder: its owner may do everything, others nothing.
const FOLDER_MODE: u32 = 0o700;
/// Mode of a file.
const FILE_MODE: u32 = 0o600;
/// The permission bits of group and others.
const OTHERS: u32 = 0o077;
/// The deepest nesting that [`tighten`] descends to.
const DEPTH_MAX: usize = 16;
/// The most entries that [`tighten`] handles.
const ENTRIES_MAX: usize = 50_000;

/// Creates a folder and any missing parents, all private. If the folder exists and is ours, it is made private;
/// existing parents stay as they are.
///
/// # Errors
/// When it cannot be created, or the path is a symbolic link or not a folder.
pub fn folder(path: &Path) -> io::Result<()> {
    let made = DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(path);
    made?;
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            "it is a symbolic link, which is not followed",
        ));
    }
    close(path, &metadata);
    Ok(())
}

/// Creates a private file that must not exist yet: no link is followed, nothing is overwritten.
///
/// # Errors
/// When it exists, or cannot be created.
pub fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
}

/// Creates a private file with this content. The file must not exist yet.
///
/// # Errors
/// When it exists, or cannot be written.
pub fn write_new(path: &Path, content: &str) -> io::Result<()> {
    create(path)?.write_all(content.as_bytes())
}

/// Writes a private file to a temporary name next to it and renames it: a crash leaves either the old or the new
/// file. A link at `path` is replaced, not followed.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, content: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let beside = path.with_file_name(name);
    // A process that died may have left an incomplete file.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write_new(&beside, content)?;
    fs::rename(&beside, path)
}

/// Opens a private file for appending, and creates it if it does not exist. A link is not followed.
///
/// # Errors
/// When it cannot be opened, or is a link.
pub fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(FILE_MODE)
        .custom_flags(raw(OFlags::NOFOLLOW))
        .open(path)
}

/// Opens an existing plain file for reading and writing, if this is its only name: no link is followed, and no
/// device or pipe is opened.
///
/// # Errors
/// When it is anything else, or cannot be opened.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(raw(flags))
        .open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.nlink() == 1 {
        Ok(file)
    } else {
        Err(io::Error::other(
            "it is not a plain file with a single name",
        ))
    }
}

fn raw(flags: OFlags) -> i32 {
    // The flags of a system call are an `int`; none of these is the sign bit.
    i32::try_from(flags.bits()).unwrap_or_default()
}

/// Makes everything private that a program has written into a folder of ours. Links are not followed; a file
/// with a second name elsewhere stays as it is.
pub fn tighten(path: &Path) {
    let mut entries = 0;
    tighten_below(path, 0, &mut entries);
}

fn tighten_below(path: &Path, depth: usize, entries: &mut usize) {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return;
    };
    *entries += 1;
    if metadata.is_file() && metadata.nlink() == 1 {
        close(path, &metadata);
    }
    if !metadata.is_dir() || depth > DEPTH_MAX {
        return;
    }
    close(path, &metadata);
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if *entries > ENTRIES_MAX {
            return;
        }
        tighten_below(&entry.path(), depth + 1, entries);
    }
}

/// Removes the permissions of group and others, where we may. What belongs to another user stays as it is.
fn close(path: &Path, metadata: &fs::Metadata) {
    let mode = metadata.permissions().mode();
    if mode & OTHERS != 0 && metadata.uid() == rustix::process::geteuid().as_raw() {
        let _ = fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS & 0o7777));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn folders_and_files_are_private_even_if_they_were_not_before() {
        let outer = tempfile::tempdir().expect("a folder");
        fs::set_permissions(outer.path(), Permissions::from_mode(0o755)).expect("set");
        let own = outer.path().join("a/b");
        folder(&own).expect("made");
        let file = own.join("f.json");
        write(&file, "one").expect("written");
        write(&file, "two").expect("written over");
        append(&own.join("log")).expect("opened");
        assert_eq!(fs::read_to_string(&file).expect("read"), "two");
        for (path, expected) in [
            (outer.path(), 0o755),
            (&outer.path().join("a"), 0o700),
            (&own, 0o700),
            (&file, 0o600),
            (&own.join("log"), 0o600),
        ] {
            assert_eq!(mode(path), expected, "{}", path.display());
        }
        fs::set_permissions(&own, Permissions::from_mode(0o755)).expect("set");
        folder(&own).expect("there");
        assert_eq!(mode(&own), 0o700);
    }

    #[test]
    fn no_link_is_followed_and_its_target_stays() {
        let outer = tempfile::tempdir().expect("a folder");
        let target = outer.path().join("theirs");
        fs::write(&target, "theirs").expect("written");
        let link = outer.path().join("link");
        symlink(&target, &link).expect("a link");
        assert!(write_new(&link, "ours").is_err());
        assert!(append(&link).is_err());
        let beside = outer.path().join("link.tmp");
        symlink(&target, &beside).expect("a link");
        write(&link, "ours").expect("replaced");
        assert_eq!(fs::read_to_string(&target).expect("read"), "theirs");
        assert_eq!(fs::read_to_string(&link).expect("read"), "ours");
        let dangling = outer.path().join("dangling");
        symlink(outer.path().join("nowhere"), &dangling).expect("a link");
        assert!(write_new(&dangling, "ours").is_err());
        assert!(!outer.path().join("nowhere").exists());
        symlink(outer.path(), outer.path().join("folder")).expect("a link");
        assert!(folder(&outer.path().join("folder")).is_err());
    }

    #[test]
    fn what_a_program_wrote_becomes_private_and_what_is_linked_elsewhere_is_not_touched() {
        let outer = tempfile::tempdir().expect("a folder");
        let theirs = outer.path().join("theirs");
        fs::write(&theirs, "x").expect("written");
        fs::set_permissions(&theirs, Permissions::from_mode(0o644)).expect("set");
        let own = outer.path().join("own");
        fs::create_dir_all(own.join("deep")).expect("made");
        fs::write(own.join("deep/state"), "x").expect("written");
        fs::set_permissions(own.join("deep/state"), Permissions::from_mode(0o755)).expect("set");
        symlink(&theirs, own.join("link")).expect("a link");
        fs::hard_link(&theirs, own.join("second")).expect("a link");
        tighten(&own);
        assert_eq!(mode(&own.join("deep/state")), 0o700);
        assert_eq!(mode(&own.join("deep")), 0o700);
        assert_eq!(mode(&theirs), 0o644);
    }
}
