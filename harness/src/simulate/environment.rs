//! The environment of a command: the variables that redirect its clients, and their `export` lines for a shell.
//!
//! <!-- environment of a command: begin, written by a test with KUBEPROOF_UPDATE_TABLES=1 -->
//! | variable | what it does |
//! |---|---|
//! | `KUBECONFIG` | a kubeconfig of its own, empty at first (kubectl, helm, Python, terraform) |
//! | `KUBECACHEDIR` | what kubectl remembers of servers: ports are used again |
//! | `AWS_ENDPOINT_URL` | where all services are (AWS CLI, boto3, terraform, all SDKs) |
//! | `AWS_ACCESS_KEY_ID` | the key that the simulator knows |
//! | `AWS_SECRET_ACCESS_KEY` | its made-up secret: signatures are checked |
//! | `AWS_REGION`, `AWS_DEFAULT_REGION` | the one simulated region |
//! | `AWS_EC2_METADATA_DISABLED`, `CLOUDSDK_CORE_CHECK_GCE_METADATA` | a machine's own credentials are not looked for |
//! | `AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE` | an empty file in place of your own settings and keys |
//! | `AWS_PAGER` | the AWS CLI (version 2) does not page |
//! | `AWS_SESSION_TOKEN`, `AWS_SECURITY_TOKEN`, `AWS_CREDENTIAL_EXPIRATION`, `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, `AWS_ROLE_ARN`, `AWS_ROLE_SESSION_NAME`, `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, `AWS_CONTAINER_CREDENTIALS_FULL_URI`, `AWS_CONTAINER_AUTHORIZATION_TOKEN`, `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`, `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`, `CLOUDSDK_ACTIVE_CONFIG_NAME`, `CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE`, `CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT`, `GOOGLE_IMPERSONATE_SERVICE_ACCOUNT`, `ARM_ACCESS_KEY`, `ARM_CLIENT_CERTIFICATE`, `ARM_CLIENT_CERTIFICATE_PATH`, `ARM_ENVIRONMENT`, `ARM_OIDC_REQUEST_TOKEN`, `ARM_OIDC_REQUEST_URL`, `ARM_OIDC_TOKEN`, `ARM_OIDC_TOKEN_FILE_PATH`, `AZURE_CLIENT_CERTIFICATE_PATH`, `AZURE_CLOUD`, `AZURE_FEDERATED_TOKEN_FILE`, `AZURE_PASSWORD`, `AZURE_USERNAME`, `IDENTITY_ENDPOINT`, `IDENTITY_HEADER`, `MSI_ENDPOINT`, `MSI_SECRET` | taken out: would lead elsewhere |
//! | `KUBEPROOF_CA_FILE_AWS`, `KUBEPROOF_CA_FILE_GCP`, `KUBEPROOF_CA_FILE_AZURE`, `KUBEPROOF_CA_FILE_HUGGINGFACE`, `KUBEPROOF_CA_FILE_LAMBDA` | the authority of its TLS certificates, PEM |
//! | `KUBEPROOF_CONTROL_AWS`, `KUBEPROOF_CONTROL_GCP`, `KUBEPROOF_CONTROL_AZURE`, `KUBEPROOF_CONTROL_HUGGINGFACE`, `KUBEPROOF_CONTROL_LAMBDA` | where its control routes are |
//! | `CLOUDSDK_CORE_PROJECT`, `GOOGLE_CLOUD_PROJECT`, `GOOGLE_PROJECT` | the scenario's project |
//! | `CLOUDSDK_CONFIG`, `AZURE_CONFIG_DIR` | a folder of its own in place of your settings and log-ins |
//! | `CLOUDSDK_CORE_DISABLE_PROMPTS` | gcloud asks nothing |
//! | `CLOUDSDK_CORE_DISABLE_USAGE_REPORTING` | gcloud reports nothing |
//! | `CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK` | gcloud looks for no newer version |
//! | `NO_GCE_CHECK` | a machine's own credentials are not looked for (google-auth) |
//! | `CLOUDSDK_AUTH_ACCESS_TOKEN_FILE` | the made-up token that the simulator knows (gcloud) |
//! | `GOOGLE_OAUTH_ACCESS_TOKEN` | the same (terraform, kubeproof) |
//! | `CLOUDSDK_API_ENDPOINT_OVERRIDES_BIGQUERY`, `CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDASSET`, `CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING`, `CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER`, `CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE`, `CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER`, `CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM`, `CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING`, `CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE` | where the service is (gcloud) |
//! | `GOOGLE_APPLICATION_CREDENTIALS` | made-up credentials that get a token of the simulator (client libraries) |
//! | `CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE`, `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH`, `HTTPLIB2_CA_CERTS`, `NODE_EXTRA_CA_CERTS` | the simulators' authorities, and no others |
//! | `AZURE_SUBSCRIPTION_ID`, `ARM_SUBSCRIPTION_ID` | the scenario's subscription |
//! | `AZURE_CORE_COLLECT_TELEMETRY` | az reports nothing |
//! | `AZURE_CORE_NO_COLOR` | az writes plain text |
//! | `AZURE_EXTENSION_USE_DYNAMIC_INSTALL` | az installs nothing |
//! | `ARM_USE_CLI` | log-ins of az are not looked for (terraform) |
//! | `ARM_USE_MSI` | a machine's own identity is not looked for (terraform) |
//! | `AZURE_TENANT_ID`, `ARM_TENANT_ID` | the one simulated tenant |
//! | `AZURE_CLIENT_ID`, `ARM_CLIENT_ID` | the application that the simulator knows |
//! | `AZURE_CLIENT_SECRET`, `ARM_CLIENT_SECRET` | its made-up secret |
//! | `ARM_METADATA_HOSTNAME` | where the cloud says what it is (terraform) |
//! | `ARM_RESOURCE_PROVIDER_REGISTRATIONS` | terraform registers no namespaces that are not simulated |
//! | `AZURE_AUTHORITY_HOST` | where tokens are given out (client libraries) |
//! | `AZURE_CORE_INSTANCE_DISCOVERY` | az asks no other host about the authority |
//! | `HF_ENDPOINT` | where the Hub and Jobs are (its Python client) |
//! | `HTTPS_PROXY`, `https_proxy` | the door to the simulated hosts of Hugging Face; all others are refused |
//! | `NO_PROXY`, `no_proxy` | the served account itself needs no door |
//! | `CURL_CA_BUNDLE`, `REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE` | the simulator's authority, and no other |
//! | `HF_HOME` | a folder of its own in place of your cache and log-ins |
//! | `HF_HUB_DISABLE_TELEMETRY` | nothing is reported |
//! | `HF_HUB_DISABLE_IMPLICIT_TOKEN` | the token is sent without asking |
//! | `HF_TOKEN_PATH` | taken out: would lead to another token |
//! | `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN` | the made-up token that the simulator knows |
//! | `LAMBDA_CLOUD_BASE_URL` | where the API is (lambda-ai-cloud-api-client) |
//! | `LAMBDA_CLOUD_TOKEN`, `LAMBDA_CLOUD_API_TOKEN`, `LAMBDA_API_TOKEN`, `LAMBDA_API_KEY` | the made-up key that the simulator knows |
//! <!-- environment of a command: end -->
//!
//! A cloud whose clients have fixed hosts sets `HTTPS_PROXY` to its door. Behind it are the hosts of all clouds that are
//! served; any other host is refused there, downloads included. A file of authorities holds those of all of them, too. `--cloud` with another cloud's name leaves the caller's proxy. The previous value of `NO_PROXY` is kept. `AWS_ENDPOINT_URL_<SERVICE>` of the caller is removed. A region in the
//! caller's environment (where the cloud's own tools look for it) is the one that is simulated. The variables that the
//! clients of a cloud read are in `client_environment.rs` beside its provider.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use kubeproof_contract::private;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::serve::{ClientEnvironment, Served};
use kubeproof_external::foreign;

/// The two spellings of the variable that keeps clients from asking a proxy; some read only one.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Our own environment. A value that is no text is told as far as it is.
pub fn own() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.to_string_lossy().into_owned()))
        })
        .collect()
}

/// The variables that every command gets, whatever the clouds: Kubernetes clients, proxies.
pub fn common(
    folder: &Path,
    environment: &BTreeMap<String, String>,
    address: &str,
) -> ClientEnvironment {
    let mut redirect = ClientEnvironment::default();
    let text = |path: PathBuf| path.display().to_string();
    let kubeconfig = folder.join("kubeconfig");
    redirect.set(
        "KUBECONFIG",
        text(kubeconfig.clone()),
        "a kubeconfig of its own, empty at first (kubectl, helm, Python, terraform)",
    );
    let empty = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n";
    redirect.files.push((kubeconfig, empty.to_owned()));
    redirect.set(
        "KUBECACHEDIR",
        text(folder.join("kube-cache")),
        "what kubectl remembers of servers: ports are used again",
    );
    let names = environment.keys().map(String::as_str);
    foreign::client_environment(&mut redirect, folder, names);
    for name in NO_PROXY {
        let before = environment
            .get(name)
            .map(String::as_str)
            .unwrap_or_default();
        let own = format!("127.0.0.1,localhost,::1,{address}");
        let value = if before.is_empty() {
            own
        } else {
            format!("{before},{own}")
        };
        redirect.set(name, value, "simulators are reached without a proxy");
    }
    redirect
}

/// The variables of one cloud: the provider's own, and where its control routes and its authority are.
pub fn of_cloud(
    provider: &dyn Provider,
    served: &dyn Served,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> ClientEnvironment {
    let mut redirect = provider.client_environment(served, folder, environment);
    let name = provider.name().to_uppercase();
    // A trial serves anew, with another authority, in the same folder: a file that is there stays as it is.
    let port = served.address().port();
    let authority = folder.join(format!("{}-ca-{port}.pem", provider.name()));
    redirect.set(
        &format!("KUBEPROOF_CA_FILE_{name}"),
        authority.display().to_string(),
        "the authority of its TLS certificates, PEM",
    );
    redirect
        .files
        .push((authority, served.authority_pem().to_owned()));
    redirect.set(
        &format!("KUBEPROOF_CONTROL_{name}"),
        format!("http://{}/_kubeproof", served.address()),
        "where its control routes are",
    );
    redirect
}

/// The same redirects, in which nothing is set twice, nothing is taken out that another sets, and nothing twice; each
/// file of authorities holds those of all.
pub fn settled(mut redirects: Vec<ClientEnvironment>) -> Vec<ClientEnvironment> {
    join_authorities(&mut redirects);
    let mut seen = BTreeSet::new();
    for sets in [true, false] {
        // A provider's own words on a variable say more than the common ones, which come first.
        for redirect in redirects.iter_mut().rev() {
            redirect.variables.retain(|variable| {
                variable.value.is_some() != sets || seen.insert(variable.name.clone())
            });
        }
    }
    redirects
}

/// Clients of one cloud read one file of authorities, and of two clouds only one can name it.
fn join_authorities(redirects: &mut [ClientEnvironment]) {
    let files = redirects.iter().flat_map(|redirect| {
        let own = |path: &PathBuf| redirect.authorities.contains(path);
        redirect.files.iter().filter(move |(path, _)| own(path))
    });
    let all: BTreeSet<String> = files.map(|(_, authority)| authority.clone()).collect();
    let all: String = all.into_iter().collect();
    for redirect in redirects {
        let ClientEnvironment {
            files, authorities, ..
        } = redirect;
        let own = files
            .iter_mut()
            .filter(|(path, _)| authorities.contains(path));
        own.for_each(|(_, content)| content.clone_from(&all));
    }
}

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written: {source}", .path.display())]
pub struct NotWritten {
    pub path: PathBuf,
    pub source: std::io::Error,
}

/// Writes the files that variables name.
///
/// # Errors
/// With the file that cannot be written.
pub fn write_files(redirects: &[ClientEnvironment]) -> Result<(), NotWritten> {
    for (path, content) in redirects.iter().flat_map(|redirect| &redirect.files) {
        private::write(path, content).map_err(|source| NotWritten {
            path: path.clone(),
            source,
        })?;
    }
    Ok(())
}

/// The environment as lines for a POSIX shell, each with what it does.
pub fn lines(redirects: &[ClientEnvironment]) -> String {
    let variables = redirects.iter().flat_map(|redirect| &redirect.variables);
    variables
        .map(|variable| {
            let line = match &variable.value {
                Some(value) => format!("export {}={}", variable.name, quoted(value)),
                None => format!("unset {}", variable.name),
            };
            format!("{line} # {}\n", variable.about)
        })
        .collect()
}

/// Quoted for a shell, always: a value may be empty.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_over_by_a_shell_whatever_is_in_a_value() {
        let mut redirect = ClientEnvironment::default();
        redirect.set("A", "it's $HOME", "one");
        redirect.unset("B", "two");
        assert_eq!(
            lines(&[redirect]),
            "export A='it'\\''s $HOME' # one\nunset B # two\n"
        );
    }

    #[test]
    fn what_one_sets_no_other_takes_out_and_nothing_is_set_or_taken_out_twice() {
        let (mut first, mut second) = (ClientEnvironment::default(), ClientEnvironment::default());
        first.unset("A", "common");
        first.unset("B", "common");
        first.set("C", "0", "common");
        second.set("A", "1", "own");
        second.set("C", "1", "own");
        second.unset("B", "own");
        let all = lines(&settled(vec![first, second]));
        let expected = "export A='1' # own\nexport C='1' # own\nunset B # own\n";
        assert_eq!(all, expected);
    }

    #[test]
    fn clients_of_two_clouds_trust_both_and_other_files_stay() {
        let (mut first, mut second) = (ClientEnvironment::default(), ClientEnvironment::default());
        first.trust(&["BUNDLE"], "one.pem".into(), "one\n");
        first.files.push(("key".into(), "k".to_owned()));
        second.trust(&["BUNDLE"], "two.pem".into(), "two\n");
        let all = settled(vec![first, second]);
        let files: Vec<(PathBuf, String)> = all.into_iter().flat_map(|it| it.files).collect();
        let expected = [
            ("one.pem", "one\ntwo\n"),
            ("key", "k"),
            ("two.pem", "one\ntwo\n"),
        ];
        let expected = expected.map(|(path, content)| (path.into(), content.to_owned()));
        assert_eq!(files, expected);
    }

    #[test]
    fn what_was_said_of_proxies_before_stays() {
        let before = BTreeMap::from([("NO_PROXY".to_owned(), "example.com".to_owned())]);
        let redirect = common(Path::new("d"), &before, "127.0.0.1");
        let value = |name: &str| {
            let found = redirect.variables.iter().find(|it| it.name == name);
            found.and_then(|it| it.value.clone()).unwrap_or_default()
        };
        assert!(value("NO_PROXY").starts_with("example.com,127.0.0.1,"));
        assert!(value("no_proxy").starts_with("127.0.0.1,"));
    }
}
