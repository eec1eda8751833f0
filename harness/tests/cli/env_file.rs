//! `simulate --env-file`: no file that it did not write is ever overwritten or removed.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::program::{code, command, kubeproof, stderr};
use crate::simulate::{serve, stop};

/// The content of a user's own file.
const SECRETS: &str = "AWS_ACCESS_KEY_ID=x\nAWS_SECRET_ACCESS_KEY=y\n";

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("there")
}

/// A user's `.env` outlives `simulate --env-file .env` with these options, which is refused.
#[track_caller]
fn check_refused(options: &[&str], variables: &[(&str, &str)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(".env");
    std::fs::write(&path, SECRETS).expect("written");
    let arguments = [&["simulate", "--env-file", ".env"], options].concat();
    let output = command(folder.path(), &arguments)
        .envs(variables.iter().copied())
        .output()
        .expect("the program starts");
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{options:?}: {said}");
    assert_eq!(read(&path), SECRETS, "{options:?}: {said}");
}

#[test]
fn a_users_file_outlives_every_way_to_end() {
    let busy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let busy = busy.local_addr().expect("an address").to_string();
    let end = ["--", "true"];
    check_refused(&end, &[]);
    check_refused(&["--", "false"], &[]);
    check_refused(&["--", "no-such-program-anywhere"], &[]);
    check_refused(&[&["--listen", &busy], &end[..]].concat(), &[]);
    check_refused(&["--listen", "192.0.2.1", "--", "true"], &[]);
    check_refused(&["--cloud", "nimbus", "--", "true"], &[]);
    check_refused(&["--fault", "nonsense", "--", "true"], &[]);
    check_refused(&end, &[("AWS_REGION", "nowhere-1")]);

    // Without a command it must not begin to serve either.
    check_refused(&[], &[]);
}

#[test]
fn no_link_is_followed_to_a_file_or_to_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (target, link) = (folder.path().join("theirs"), folder.path().join("env"));
    symlink(&target, &link).expect("a link");
    let arguments = ["simulate", "--env-file", "env", "--", "true"];
    assert_eq!(code(&kubeproof(folder.path(), &arguments)), 2);
    assert!(!target.exists() && link.is_symlink());
    std::fs::write(&target, SECRETS).expect("written");
    assert_eq!(code(&kubeproof(folder.path(), &arguments)), 2);
    assert_eq!(read(&target), SECRETS);
    assert!(link.is_symlink());
}

#[test]
fn a_command_that_replaces_the_file_keeps_what_it_wrote() {
    let folder = tempfile::tempdir().expect("a folder");
    for script in [
        "echo theirs > env",
        "rm env; echo theirs > env",
        "rm env; echo theirs > t; ln -s t env",
    ] {
        let arguments = ["simulate", "--env-file", "env", "--", "sh", "-c", script];
        let output = kubeproof(folder.path(), &arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let path = folder.path().join("env");
        assert_eq!(read(&path), "theirs\n", "{script}");
        assert!(stderr(&output).contains("warning: env stays"), "{script}");
        std::fs::remove_file(path).expect("removed");
    }
}

#[test]
fn what_a_killed_session_left_is_replaced_and_private() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("env");
    let (mut child, _) = serve(folder.path());
    let mode = std::fs::metadata(&path)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let arguments = ["simulate", "--env-file", "env", "--", "true"];
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 2, "a living session uses it");
    stop(&mut child, "-KILL");
    assert!(path.exists());
    let output = kubeproof(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!path.exists());
}

#[test]
fn the_file_of_credentials_is_only_read_by_doctor() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys");
    std::fs::write(&path, SECRETS).expect("written");
    for option in ["--credentials", "--env-file"] {
        let output = kubeproof(folder.path(), &["doctor", option, "keys"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_eq!(read(&path), SECRETS);
    }
}
