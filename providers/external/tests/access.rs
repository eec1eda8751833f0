//! A live program has only the access that it is given, and none of the caller's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kubeproof_contract::process::Programs;
use kubeproof_contract::provider::ProgressSink;
use kubeproof_contract::provisioner::Provisioner as _;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::{CommandBlock, ProvisionerBlock};
use kubeproof_contract::serve::ClientEnvironment;
use kubeproof_external::access::{Access, AccessError};
use kubeproof_external::provisioner;
use kubeproof_external::redact::Redactor;
use kubeproof_external::workspace::Workspace;

/// Names the folder in which the child works.
const FOLDER: &str = "KUBEPROOF_TEST_FOLDER";

#[derive(Debug)]
struct Given;

#[async_trait]
impl Access for Given {
    async fn environment(&self, _: &Path) -> Result<ClientEnvironment, AccessError> {
        let mut redirect = ClientEnvironment::default();
        redirect.set("AWS_ACCESS_KEY_ID", "given", "for the test");
        Ok(redirect)
    }
}

#[test]
fn of_the_callers_clouds_a_live_program_sees_nothing_but_what_it_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "a_program_that_writes_down_its_environment",
            "--ignored",
        ])
        .env(FOLDER, folder.path())
        .env("AWS_PROFILE", "production")
        .env("AWS_ACCESS_KEY_ID", "the caller's")
        .env("AWS_SESSION_TOKEN", "the caller's")
        .env("GOOGLE_APPLICATION_CREDENTIALS", "the caller's")
        .env("ARM_CLIENT_SECRET", "the caller's")
        .env("HARMLESS", "kept")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}"
    );
    let file = folder.path().join("run/provisioner/environment");
    let text = std::fs::read_to_string(file).expect("the environment");
    let has = |line: &str| text.lines().any(|one| one == line);
    assert!(
        has("AWS_ACCESS_KEY_ID=given") && has("HARMLESS=kept"),
        "{text}"
    );
    for name in ["AWS_PROFILE=", "AWS_SESSION_TOKEN=", "GOOGLE_", "ARM_"] {
        assert!(!text.lines().any(|line| line.starts_with(name)), "{name}");
    }
}

#[tokio::test]
#[ignore = "run by the test above, in an environment of its own"]
async fn a_program_that_writes_down_its_environment() {
    // On its own it tests nothing.
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let script = "env > \"$KUBEPROOF_DIR/environment\"";
    let list: Vec<String> = ["sh", "-c", script].map(str::to_owned).into();
    let block = ProvisionerBlock {
        command: Some(CommandBlock {
            provision: list.clone(),
            teardown: list,
            estimate: None,
            ready: None,
            client: None,
        }),
        ..ProvisionerBlock::default()
    };
    let workspace = Workspace {
        run: Run::new("r1-ab", "me", Timestamp::UNIX_EPOCH),
        directory: folder.join("run"),
        scenario_folder: folder,
        progress: ProgressSink::default(),
        redactor: Redactor::default(),
        variables: Vec::new(),
        files: Vec::new(),
        time_scale: None,
        real_sleeps: false,
        real_limit: Duration::from_secs(20),
        programs: Programs::default(),
        access: Some(Arc::new(Given)),
    };
    let mut program = provisioner::of(&block, workspace).expect("a program");
    program.provision().await.expect("it succeeds");
}
