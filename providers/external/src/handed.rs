//! The access that a program hands over: its kubeconfig, with the credential that the kubeconfig's helper program
//! returns (`exec`, as `aws eks update-kubeconfig` writes it).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::provisioner::{HandedOver, NoAccess, ProvisionerError};
use kubeproof_kubernetes::KubernetesError;
use kubeproof_kubernetes::kubeconfig::{self, Helper};

use crate::output::{Kubeconfig, Output, OutputError};
use crate::program::{self, Call, MissingProgram, find, on_path};
use crate::workspace::Workspace;

/// The longest that a helper may take, in real time.
const LIMIT: Duration = Duration::from_mins(1);
/// The largest answer of a helper, bytes.
const ANSWER_MAX: usize = 1 << 20;

/// Why what is handed over gives no access.
#[derive(Debug, thiserror::Error)]
pub enum HandedError {
    /// It is not there.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// It is not a kubeconfig, or leads nowhere.
    #[error(transparent)]
    Kubeconfig(#[from] KubernetesError),
    /// Its helper failed.
    #[error(transparent)]
    Helper(#[from] ProvisionerError),
    /// Its helper answers without end.
    #[error("{helper} answered more than {} bytes", ANSWER_MAX)]
    Endless {
        /// Its name in messages.
        helper: String,
    },
}

/// The access, or why there is none to try. A helper runs in the environment of the program itself.
///
/// # Errors
/// When what is handed over is not a kubeconfig, leads nowhere, or its helper fails.
pub async fn over(
    workspace: &Workspace,
    variables: &[(String, String)],
    output: &Output,
) -> Result<HandedOver, HandedError> {
    let Some(Kubeconfig { text, folder }) = output.kubeconfig(&workspace.folder())? else {
        return Ok(Err(NoAccess::NotGiven(
            "the provisioner hands over no kubeconfig",
        )));
    };
    let Some(helper) = kubeconfig::helper(&text)? else {
        return Ok(Ok(kubeconfig::access(&text)?));
    };
    let call = match call(&helper, variables, &folder) {
        Ok(call) => call,
        // A helper that is not installed here proves nothing.
        Err(missing) => return Ok(Err(NoAccess::NoHelper(Arc::new(missing)))),
    };
    let answer = answer(workspace, &call).await?;
    Ok(Ok(kubeconfig::access_by(&text, &answer)?))
}

fn call(
    helper: &Helper,
    variables: &[(String, String)],
    folder: &Path,
) -> Result<Call, MissingProgram> {
    let program = if helper.command.contains('/') {
        find(&helper.command, folder)?
    } else {
        on_path(&helper.command)?
    };
    let variables = variables.iter().chain(&helper.variables);
    Ok(Call {
        program,
        arguments: helper.arguments.clone(),
        folder: folder.to_owned(),
        variables: variables.cloned().collect(),
        without: Vec::new(),
        // Its answer is a secret.
        document: true,
        title: format!("`{}`, the helper of its kubeconfig,", helper.command),
    })
}

async fn answer(workspace: &Workspace, call: &Call) -> Result<String, HandedError> {
    let workspace = Workspace {
        real_limit: workspace.real_limit.min(LIMIT),
        ..workspace.clone()
    };
    let output = program::succeed(&workspace, call).await?.output;
    if output.len() > ANSWER_MAX {
        let helper = call.title.clone();
        return Err(HandedError::Endless { helper });
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use jiff::Timestamp;
    use kubeproof_contract::process::Programs;
    use kubeproof_contract::provider::ProgressSink;
    use kubeproof_contract::provisioner::Credential;
    use kubeproof_contract::run::Run;
    use kubeproof_contract::serve::Variable;

    use super::*;
    use crate::redact::Redactor;

    const KUBECONFIG: &str = "apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: https://127.0.0.1:1}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: HELPER
      args: [helper, --region, us-east-1, eks, get-token, --cluster-name, c]
";
    /// Answers from its environment and arguments, as the cloud's own program does.
    const HELPER: &str = r#"test "$4" = get-token || exit 9
echo "{\"kind\": \"ExecCredential\", \"apiVersion\": \"client.authentication.k8s.io/v1beta1\", \"spec\": {},"
echo "\"status\": {\"token\": \"$STUB_KEY-$KUBEPROOF_NAME\"}}"
"#;

    /// What is handed over when the kubeconfig's helper is this script, or this program.
    fn handed(script: &str, command: &str) -> Result<HandedOver, HandedError> {
        let folder = tempfile::tempdir().expect("a folder");
        let workspace = Workspace {
            run: Run::new("r1", "me", Timestamp::UNIX_EPOCH),
            directory: folder.path().to_owned(),
            scenario_folder: folder.path().to_owned(),
            progress: ProgressSink::default(),
            redactor: Redactor::default(),
            variables: vec![Variable {
                name: "STUB_KEY".to_owned(),
                value: Some("abc".to_owned()),
                about: "of the program's environment",
            }],
            files: Vec::new(),
            time_scale: None::<NonZeroU32>,
            real_sleeps: false,
            real_limit: Duration::from_mins(1),
            programs: Programs::default(),
            access: None,
        };
        let own = workspace.folder();
        std::fs::create_dir_all(&own).expect("made");
        std::fs::write(own.join("config"), KUBECONFIG.replace("HELPER", command)).expect("written");
        std::fs::write(own.join("helper"), script).expect("written");
        let output = Output {
            kubeconfig: Some("config".to_owned()),
            ..Output::default()
        };
        let variables = [("KUBEPROOF_NAME".to_owned(), "kp-r1".to_owned())];
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(over(&workspace, &variables, &output))
    }

    #[test]
    fn a_helper_runs_in_the_programs_environment_and_gives_the_credential() {
        let access = handed(HELPER, "sh")
            .expect("handed over")
            .expect("an access");
        assert_eq!(access.credential, Credential::Token("abc-kp-r1".to_owned()));
        assert_eq!(access.server, "https://127.0.0.1:1");
    }

    #[test]
    fn a_helper_that_fails_or_gives_none_is_an_error_that_quotes_no_secret() {
        let check = |script: &str, expected: &str| {
            let error = handed(script, "sh").expect_err("no access");
            let error = format!("{error} {error:?}");
            assert!(error.contains(expected), "`{expected}` is not in: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        };
        check(
            "echo s3cret\necho no such cluster >&2\nexit 1\n",
            "no such cluster",
        );
        check("echo s3cret\n", "is no ExecCredential");
        let large = "head -c 1100000 /dev/zero | tr '\\0' a\n";
        check(large, "more than 1048576 bytes");
    }

    #[test]
    fn a_helper_that_is_not_here_proves_nothing() {
        let reason = handed(HELPER, "no-such-helper-here")
            .expect("no error")
            .expect_err("none")
            .to_string();
        assert!(
            reason.contains("`no-such-helper-here` is not on PATH"),
            "{reason}"
        );
    }
}
