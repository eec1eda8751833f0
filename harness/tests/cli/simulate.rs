//! `kubeproof simulate`: environment, exit codes and messages, with commands that every machine has.
//!
//! `tests/clients/` uses real clients. Calls here are made with bash's own sockets, unsigned, to the control routes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{code, command, kubeproof, nothing_was_made, stderr, stdout};

/// Runs a shell script under `kubeproof simulate`, and expects this exit code and a message that contains `words`.
#[track_caller]
fn check(options: &[&str], script: &str, expected: i32, words: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [&["simulate"], options, &["--", "sh", "-c", script]].concat();
    let output = kubeproof(folder.path(), &arguments);
    let said = stderr(&output);
    assert_eq!(code(&output), expected, "{said}");
    for word in words {
        assert!(said.contains(word), "expected `{word}` in:\n{said}");
    }
    stdout(&output)
}

#[test]
fn a_command_that_leaves_nothing_passes_and_has_standard_output_for_itself() {
    let printed = check(
        &[],
        "echo mine",
        0,
        &["left behind: nothing; no calls: AWS EKS, GCP GKE"],
    );
    assert_eq!(printed, "mine\n");
}

#[test]
fn a_command_that_fails_is_a_finding_with_its_own_status() {
    check(
        &[],
        "exit 7",
        1,
        &["left behind: nothing", "the command failed: exit status: 7"],
    );
}

#[test]
fn a_command_that_cannot_be_started_is_a_usage_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = kubeproof(
        folder.path(),
        &["simulate", "--", "no-such-program-anywhere"],
    );
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("`no-such-program-anywhere` could not be started"));
    nothing_was_made(folder.path());
}

#[test]
fn a_fault_that_was_never_injected_proves_nothing() {
    let words = ["fault ec2:CreateVpc#1=quota: never injected, so nothing was tested"];
    check(&["--fault", "ec2:CreateVpc=quota"], "true", 3, &words);
}

#[test]
fn the_environment_leads_to_the_simulator_and_nowhere_else() {
    let printed = check(
        &[],
        "env | grep -c -e '^AWS_PROFILE=' -e '^AWS_ENDPOINT_URL_EC2=' -e '^AWS_SESSION_TOKEN='; \
         echo $AWS_ENDPOINT_URL; echo $AWS_REGION; cat \"$KUBECONFIG\"; cat \"$AWS_CONFIG_FILE\"; \
         head -1 \"$KUBEPROOF_CA_FILE_AWS\"",
        0,
        &[],
    );
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "0", "{printed}");
    assert!(lines[1].starts_with("http://127.0.0.1:"), "{printed}");
    assert_eq!(lines[2], "us-east-1", "{printed}");
    assert!(lines.contains(&"kind: Config"), "{printed}");
    assert_eq!(lines.last(), Some(&"-----BEGIN CERTIFICATE-----"));
}

#[test]
fn conflicting_variables_of_the_caller_are_removed_and_its_region_is_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "echo \"$AWS_PROFILE-$AWS_ENDPOINT_URL_EKS-$AWS_DEFAULT_REGION\"";
    let output = command(folder.path(), &["simulate", "--", "sh", "-c", script])
        .env("AWS_PROFILE", "mine")
        .env("AWS_ENDPOINT_URL_EKS", "https://elsewhere.example")
        .env("AWS_REGION", "us-east-1")
        .output()
        .expect("the program starts");
    assert_eq!(stdout(&output), "--us-east-1\n", "{}", stderr(&output));
    let output = command(folder.path(), &["simulate", "--", "true"])
        .env("AWS_REGION", "nowhere-1")
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("AWS_REGION: unknown region `nowhere-1`"));
}

#[test]
fn wrong_options_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (wrong, expected) in [
        (
            &["--cloud", "nimbus"][..],
            "unknown provider `nimbus` (expected one of aws",
        ),
        (
            &["--listen", "here"],
            "`here` is neither an IP address nor one with a port",
        ),
        (
            &["--listen", "192.0.2.1"],
            "aws cannot be served: cannot listen on 192.0.2.1:0",
        ),
        (&["--time-scale", "0"], "`0` is not a whole number from 1"),
        (&["--time-scale", "1000000"], "at most 360000"),
        (&["--fault", "nonsense"], "`nonsense` is not a fault"),
        (
            &["--env-file", "no/such/folder/file"],
            "no/such/folder/file: cannot be written",
        ),
    ] {
        let arguments = [&["simulate"], wrong, &["--", "true"]].concat();
        let output = kubeproof(folder.path(), &arguments);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{wrong:?}: {said}");
        assert!(said.contains(expected), "{wrong:?}: {said}");
    }
    nothing_was_made(folder.path());
}

#[test]
fn listening_for_other_machines_prints_a_warning() {
    let words = ["warning: listening on 0.0.0.0: anyone who can reach this machine"];
    check(&["--listen", "0.0.0.0", "--quiet"], "true", 0, &words);
}

/// A server without a command, with the lines of its env file.
pub fn serve(folder: &Path) -> (Child, Vec<String>) {
    serve_with(folder, &[])
}

/// The same with more options.
pub fn serve_with(folder: &Path, options: &[&str]) -> (Child, Vec<String>) {
    let arguments = [&["simulate", "--env-file", "env"], options].concat();
    let mut child = command(folder, &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut errors = BufReader::new(child.stderr.take().expect("standard error"));
    let mut line = String::new();
    while !line.contains("serving until Ctrl-C") {
        line.clear();
        assert_ne!(errors.read_line(&mut line).expect("a line"), 0, "it ended");
    }
    child.stderr = Some(errors.into_inner());
    let text = std::fs::read_to_string(folder.join("env")).expect("an env file");
    (child, text.lines().map(str::to_owned).collect())
}

pub fn variable<'a>(lines: &'a [String], name: &str) -> &'a str {
    let start = format!("export {name}='");
    let line = lines.iter().find_map(|line| line.strip_prefix(&start));
    let value = line.and_then(|rest| rest.split('\'').next());
    value.unwrap_or_else(|| panic!("{name} in {lines:#?}"))
}

pub fn get(address: &str, path: &str) -> String {
    send(address, &format!("GET {path}"), &[], "")
}

/// Sends a request (`POST /path`) with additional headers, and reads the answer.
pub fn send(address: &str, line: &str, headers: &[&str], body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    let length = format!("content-length: {}", body.len());
    let host = format!("host: {address}");
    let fixed = [host.as_str(), "connection: close", length.as_str()];
    let head = [&fixed, headers].concat().join("\r\n");
    let request = format!("{line} HTTP/1.1\r\n{head}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn without_a_command_it_serves_until_a_signal_and_removes_its_env_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, lines) = serve(folder.path());
    let control = variable(&lines, "KUBEPROOF_CONTROL_AWS").to_owned();
    let address = control
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_suffix("/_kubeproof"))
        .expect("a URL");
    let inventory = get(address, "/_kubeproof/inventory");
    assert!(inventory.starts_with("HTTP/1.1 200 OK"), "{inventory}");
    assert!(
        inventory.contains("\"resource_type\": \"vpc\""),
        "{inventory}"
    );
    let unsigned = get(address, "/");
    assert!(
        unsigned.contains("MissingAuthenticationToken"),
        "{unsigned}"
    );
    let (ended, _) = stop(&mut child, "-TERM");
    assert_eq!(ended, Some(0));
    assert!(!folder.path().join("env").exists());
    nothing_was_made(folder.path());
}

/// Sends a signal, and returns the exit code and the rest of standard error.
pub fn stop(child: &mut Child, signal: &str) -> (Option<i32>, String) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let mut said = String::new();
    let errors = child.stderr.as_mut().expect("standard error");
    errors.read_to_string(&mut said).expect("text");
    (child.wait().expect("it ends").code(), said)
}

/// Without a command, these calls of the simulated cloud with the simplest wire format (a method and path, and
/// a body; `ID` is that of the resource of this type) end with this exit code and a message that contains `words`.
#[track_caller]
fn check_served(calls: &[(&str, &str, &str)], expected: i32, words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, lines) = serve_with(folder.path(), &["--time-scale", "600"]);
    let url = variable(&lines, "LAMBDA_CLOUD_BASE_URL");
    let address = url.trim_start_matches("http://");
    let key = variable(&lines, "LAMBDA_API_KEY");
    let bearer = format!("authorization: Bearer {key}");
    for (call, resource_type, body) in calls {
        let inventory = get(address, "/_kubeproof/inventory");
        let (_, json) = inventory.split_once("\r\n\r\n").expect("a body");
        let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
        let all = json["resources"].as_array().expect("resources");
        let mut found = all
            .iter()
            .filter(|one| one["resource_type"] == *resource_type);
        let id = found
            .next()
            .map_or("", |one| one["id"].as_str().expect("an id"));
        let answer = send(address, &call.replace("ID", id), &[&bearer], body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{call}: {answer}");
    }
    let (ended, said) = stop(&mut child, "-INT");
    assert_eq!(ended, Some(expected), "{said}");
    for word in words {
        assert!(said.contains(word), "expected `{word}` in:\n{said}");
    }
}

#[test]
fn without_a_command_what_is_left_gone_or_changed_is_a_finding_regardless_of_its_owner() {
    let key = r#"{"name": "mine", "public_key": "ssh-ed25519 AAAA mine"}"#;
    check_served(
        &[("POST /api/v1/ssh-keys", "", key)],
        1,
        &["left behind: 1 resource", "(mine) in global"],
    );
    check_served(
        &[("DELETE /api/v1/ssh-keys/ID", "ssh_key", "")],
        1,
        &["gone, and was there before: ssh_key ", "(alice)"],
    );
    check_served(
        &[(
            "PATCH /api/v1/firewall-rulesets/ID",
            "firewall_ruleset",
            r#"{"rules": []}"#,
        )],
        1,
        &[
            "changed, and was there before: firewall_ruleset ",
            "(kp-legacy)",
        ],
    );
    check_served(&[], 0, &["left behind: nothing"]);
}

/// A served account under this fault, in which one launch with this key is answered with this status; the session
/// ends with this exit code and a message that contains `words`.
#[track_caller]
fn check_launch(key: &str, status: &str, expected: i32, words: &str) {
    let fault = ["--fault", "lambda:LaunchInstance=async-fail(unhealthy)"];
    let folder = tempfile::tempdir().expect("a folder");
    let (mut child, lines) = serve_with(folder.path(), &fault);
    let address = variable(&lines, "LAMBDA_CLOUD_BASE_URL").trim_start_matches("http://");
    let bearer = format!(
        "authorization: Bearer {}",
        variable(&lines, "LAMBDA_API_KEY")
    );
    let order = format!(
        r#"{{"region_name": "us-east-1", "instance_type_name": "gpu_1x_a10",
            "ssh_key_names": ["{key}"], "name": "mine"}}"#
    );
    let launch = "POST /api/v1/instance-operations/launch";
    let answer = send(address, launch, &[&bearer], &order);
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status}")),
        "{answer}"
    );
    let (ended, said) = stop(&mut child, "-INT");
    assert_eq!(ended, Some(expected), "{said}");
    let said_of_fault = format!("async-fail(unhealthy): {words}");
    assert!(said.contains(&said_of_fault), "{said}");
}

#[test]
fn a_fault_that_a_served_simulator_does_not_acknowledge_proves_nothing() {
    // The launch is refused, so nothing can fail later.
    check_launch(
        "no-such-key",
        "404",
        3,
        "never injected, so nothing was tested",
    );
}

#[test]
fn a_fault_that_a_served_simulator_acknowledges_counts() {
    // What is left is a finding.
    check_launch("alice", "200", 1, "injected into 1 of 1 calls");
}

#[test]
fn a_signal_ends_the_command_and_its_children_and_the_result_is_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    // The child prints its id, and then waits far longer than any test.
    let script = "sleep 1000 & echo $! > child; wait";
    let mut program = command(folder.path(), &["simulate", "--", "sh", "-c", script])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let child = folder.path().join("child");
    let mut id = String::new();
    while !id.ends_with('\n') {
        id = std::fs::read_to_string(&child).unwrap_or_default();
        std::thread::yield_now();
    }
    let pid = program.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let mut said = String::new();
    let errors = program.stderr.as_mut().expect("standard error");
    errors.read_to_string(&mut said).expect("text");
    assert_eq!(program.wait().expect("it ends").code(), Some(3), "{said}");
    assert!(
        said.contains("the command was stopped before its end"),
        "{said}"
    );
    // A process that is dead, but not yet reaped by its new parent, does not count as alive.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default().trim();
    assert!(
        state.is_empty() || state.starts_with('Z'),
        "{id} lives on: {state}"
    );
}
