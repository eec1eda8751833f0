//! Secrets: a program is given some, finds others and is told more. None is printed or stored, stored files are
//! private, and a program gets no secrets of other clouds.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::program::{SCENARIO, code, command, stderr, stdout};

/// What no output and no file of the run may contain: values, and fragments of values that were split.
const SECRETS: &[&str] = &[
    "opaque-value-4711",
    "pa55word9",
    "tokenvalue-998877",
    "tokenvalue-998",
    "dG9rZW52YWx1ZS05OTg4Nz",
    "MIIEowIBAAKCAQEA",
    "kubeconfig-token-123456",
    "hf_AbCdEfGhIjKlMnOpQrStUv",
    "ya29.a0AfH6SMBx1234abcd",
    "eyJhbGciOiJSUzI1NiJ9",
];
/// The caller's token.
const TOKEN: &str = "tokenvalue-998877";

/// Prints all that it knows, succeeds with access to nothing, and prints it again at its end.
const SCRIPT: &str = r#"env | cut -d= -f1 > names
cat .env
echo "token $MY_TOKEN"
printf %s "$MY_TOKEN" | base64
echo "broken: tokenvalue-998"
printf -- '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n'
echo "hf_AbCdEfGhIjKlMnOpQrStUv ya29.a0AfH6SMBx1234abcd eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln" >&2
echo state > "$KUBEPROOF_DIR/state"; chmod 666 "$KUBEPROOF_DIR/state"
mkdir -p "$KUBEPROOF_DIR/deep"; chmod 777 "$KUBEPROOF_DIR/deep"
if test "$KUBEPROOF_PHASE" = teardown; then
  echo "the kubeconfig's kubeconfig-token-123456 and $MY_TOKEN"; exit 1
fi
cat > "$KUBEPROOF_OUTPUT" <<END
{"kubeconfig": "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {token: kubeconfig-token-123456}}]\n", "made": {"thing": "tokenvalue-998877"}}
END
"#;

/// All files and folders below this one.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        found.push(entry.path());
        if entry.path().is_dir() {
            found.extend(below(&entry.path()));
        }
    }
    found
}

#[track_caller]
fn holds_none(place: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} is in {place}:\n{text}");
    }
}

#[test]
fn no_secret_is_printed_or_stored_and_stored_files_are_private() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("p.sh"), SCRIPT).expect("written");
    let dot_env = "OPAQUE=opaque-value-4711\nDATABASE_URL=postgres://me:pa55word9@db/x\n";
    std::fs::write(folder.path().join(".env"), dot_env).expect("written");
    let block = "provisioner:\n  command:\n    provision: [sh, p.sh]\n    teardown: [sh, p.sh]\n";
    let text = format!("{SCENARIO}{block}");
    std::fs::write(folder.path().join("s.yaml"), text).expect("written");
    let output = command(
        folder.path(),
        &["verify", "s.yaml", "-v", "--format", "json"],
    )
    .env("MY_TOKEN", TOKEN)
    .env("NO_TEXT", OsStr::from_bytes(&[b'a', 0xff, b'b']))
    .env("HF_TOKEN", "hf_of-another-cloud-1234")
    .env("ARM_CLIENT_SECRET", "of-azure-1234")
    .env("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.of-google")
    .env("CLOUDSDK_CORE_PROJECT", "theirs")
    .env("AWS_PROFILE", "theirs")
    .env("AWS_SESSION_TOKEN", "theirs-of-aws")
    .env("LAMBDA_API_KEY_FILE", "/theirs")
    .env("KUBERNETES_SERVICE_HOST", "192.0.2.1")
    .output()
    .expect("the program starts");
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    holds_none("standard output", &stdout(&output));
    holds_none("standard error", &stderr(&output));
    // What it claims to have made is missing, and the finding would quote the claim.
    let made = "says that it made thing ((redacted)), which is not there";
    assert!(stdout(&output).contains(made), "{}", stdout(&output));
    let log = "(redacted)";
    assert!(stderr(&output).contains(log), "it was shown, and cleaned");
    let runs = folder.path().join("kubeproof-runs");
    let all = below(&runs);
    let names = |name: &str| all.iter().filter(|path| path.ends_with(name)).count();
    // The run's files, and those of the bystander's cluster.
    assert_eq!(
        (names("record.json"), names("state"), names("deep")),
        (1, 2, 2)
    );
    for path in all.iter().chain([&runs]) {
        let metadata = std::fs::metadata(path).expect("there");
        let mode = metadata.permissions().mode() & 0o777;
        let is_mine = metadata.uid() == std::fs::metadata(folder.path()).expect("there").uid();
        assert!(
            is_mine && mode.trailing_zeros() >= 6,
            "{}: {mode:o}",
            path.display()
        );
        if metadata.is_file() {
            let bytes = std::fs::read(path).expect("read");
            holds_none(
                &path.display().to_string(),
                &String::from_utf8_lossy(&bytes),
            );
        }
    }
    let names = std::fs::read_to_string(folder.path().join("names")).expect("names");
    let names: Vec<&str> = names.lines().collect();
    for name in [
        "HF_TOKEN",
        "ARM_CLIENT_SECRET",
        "GOOGLE_OAUTH_ACCESS_TOKEN",
        "CLOUDSDK_CORE_PROJECT",
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "LAMBDA_API_KEY_FILE",
        "KUBERNETES_SERVICE_HOST",
    ] {
        assert!(!names.contains(&name), "the program got {name}");
    }
    assert!(names.contains(&"AWS_ENDPOINT_URL") && names.contains(&"MY_TOKEN"));
}

#[test]
fn the_readiness_command_gets_what_the_other_commands_get() {
    let folder = tempfile::tempdir().expect("a folder");
    let block = "provisioner:\n  command:\n    ready: [sh, -c, \"env > ready; exit 1\"]\n    \
                 provision: [sh, -c, \"true\"]\n    teardown: [sh, -c, \"true\"]\n";
    std::fs::write(folder.path().join("s.yaml"), format!("{SCENARIO}{block}")).expect("written");
    let output = command(folder.path(), &["verify", "s.yaml"])
        .env("MY_VARIABLE", "mine")
        .env("AWS_PROFILE", "theirs")
        .env("AWS_SESSION_TOKEN", "theirs")
        .env("AWS_CONFIG_FILE", "/theirs")
        .env("HF_TOKEN", "theirs")
        .env("ARM_CLIENT_SECRET", "theirs")
        .env("GOOGLE_APPLICATION_CREDENTIALS", "/theirs")
        .env("KUBECONFIG", "/theirs")
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let environment = std::fs::read_to_string(folder.path().join("ready")).expect("it was asked");
    assert!(!environment.contains("theirs"), "{environment}");
    let value = |name: &str| {
        let mut lines = environment.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    };
    assert_eq!(value("MY_VARIABLE"), Some("mine"));
    assert_eq!(value("KUBEPROOF_PHASE"), Some("ready"));
    assert_eq!(value("AWS_EC2_METADATA_DISABLED"), Some("true"));
    // Empty files in place of the user's own.
    for name in [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "KUBECONFIG",
    ] {
        let place = value(name).unwrap_or_default();
        assert!(place.starts_with('/'), "{name}: {environment}");
        assert!(
            !Path::new(place).exists(),
            "{place} was for that program alone"
        );
    }
}

#[test]
fn the_output_of_the_readiness_command_has_no_secrets() {
    let folder = tempfile::tempdir().expect("a folder");
    let block = "provisioner:\n  command:\n    ready: [sh, -c, \"echo no $MY_TOKEN >&2; exit 1\"]\n    \
                 provision: [sh, -c, \"true\"]\n    teardown: [sh, -c, \"true\"]\n";
    std::fs::write(folder.path().join("s.yaml"), format!("{SCENARIO}{block}")).expect("written");
    let output = command(folder.path(), &["verify", "s.yaml"])
        .env("MY_TOKEN", TOKEN)
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("no (redacted)"),
        "{}",
        stderr(&output)
    );
    holds_none("standard error", &stderr(&output));
}

#[test]
fn a_simulated_command_gets_nothing_of_other_clouds() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "env | cut -d= -f1; echo \"$AZURE_CONFIG_DIR\"";
    let arguments = ["simulate", "--cloud", "aws", "--", "sh", "-c", script];
    let output = command(folder.path(), &arguments)
        .env("HF_TOKEN", "hf_theirs")
        .env("AZURE_CLIENT_SECRET", "theirs")
        .env("GOOGLE_CREDENTIALS", "theirs")
        .env("KUBERNETES_SERVICE_HOST", "192.0.2.1")
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said = stdout(&output);
    let names: Vec<&str> = said.lines().collect();
    for name in [
        "HF_TOKEN",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_CREDENTIALS",
        "KUBERNETES_SERVICE_HOST",
    ] {
        assert!(!names.contains(&name), "{said}");
    }
    assert!(
        names
            .last()
            .is_some_and(|folder| folder.ends_with("/azure")),
        "{said}"
    );
}
