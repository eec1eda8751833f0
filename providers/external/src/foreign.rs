//! The caller's variables that lead to real clouds; in a rehearsal no program gets any of them.
//!
//! Sources: the pages "Environment variables" of each cloud's command line and SDKs. A simulated cloud sets its own
//! variables anew; the other clouds must not be reached.

use std::path::Path;

use kubeproof_contract::serve::ClientEnvironment;

/// Their prefixes: all settings of a cloud's tools, not only its keys, because a profile or a project leads there too.
const PREFIXES: &[&str] = &[
    "AWS_",
    "AMAZON_",
    "BOTO_",
    "GOOGLE_",
    "GCLOUD_",
    "GCP_",
    "GCE_",
    "CLOUDSDK_",
    "AZURE_",
    "ARM_",
    "MSI_",
    "IDENTITY_",
    "IMDS_",
    "HF_",
    "HUGGING_FACE_",
    "HUGGINGFACE_",
    "LAMBDA_",
    "KUBE_",
    "KUBERNETES_",
    "EKS_",
    "GKE_",
    "AKS_",
    "TF_TOKEN_",
    "TFE_",
    "HCP_",
    "DIGITALOCEAN_",
    "DO_",
    "HCLOUD_",
    "LINODE_",
    "OCI_",
    "IBMCLOUD_",
    "ALICLOUD_",
    "ALIBABA_CLOUD_",
    "SCW_",
    "OVH_",
    "OS_",
    "VULTR_",
    "CIVO_",
    "COREWEAVE_",
    "RUNPOD_",
    "VAULT_",
];
/// Such variables without one of the prefixes.
const NAMES: &[&str] = &[
    "KUBECONFIG",
    "HELM_KUBECONTEXT",
    "HELM_KUBETOKEN",
    "USE_GKE_GCLOUD_AUTH_PLUGIN",
];

/// Why a variable is removed.
const WOULD_LEAD_AWAY: &str = "a real cloud's: would lead away from the simulators";

/// Whether a variable belongs to a real cloud.
pub fn is_foreign(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The names of those that this process has.
pub fn taken_out() -> Vec<String> {
    let own = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    own.filter(|name| is_foreign(name)).collect()
}

/// Removes the named variables, and points tools of clouds that are not simulated to empty folders instead of the
/// user's own, which hold their log-ins.
pub fn client_environment<'a>(
    redirect: &mut ClientEnvironment,
    folder: &Path,
    names: impl IntoIterator<Item = &'a str>,
) {
    for name in names.into_iter().filter(|name| is_foreign(name)) {
        redirect.unset(name, WOULD_LEAD_AWAY);
    }
    let about = "an empty folder in place of your own settings and log-ins of clouds that are not simulated";
    for (name, file) in [
        ("CLOUDSDK_CONFIG", "gcloud"),
        ("AZURE_CONFIG_DIR", "azure"),
        ("HF_HOME", "huggingface"),
    ] {
        redirect.set(name, folder.join(file).display().to_string(), about);
    }
    redirect.set(
        "GOOGLE_APPLICATION_CREDENTIALS",
        folder
            .join("no-google-credentials.json")
            .display()
            .to_string(),
        "a file that is not there: Google's libraries look no further",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_all_clouds_are_taken_out_and_no_others() {
        for name in [
            "AWS_PROFILE",
            "AWS_SESSION_TOKEN",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_OAUTH_ACCESS_TOKEN",
            "CLOUDSDK_AUTH_ACCESS_TOKEN",
            "ARM_CLIENT_SECRET",
            "AZURE_CLIENT_SECRET",
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
            "LAMBDA_API_KEY",
            "KUBECONFIG",
            "KUBERNETES_SERVICE_HOST",
            "TF_TOKEN_app_terraform_io",
        ] {
            assert!(is_foreign(name), "{name}");
        }
        for name in [
            "HOME",
            "PATH",
            "TF_VAR_x",
            "KUBEPROOF_TAGS",
            "PYTHONPATH",
            "LANG",
            "OSTYPE",
            "DOCKER_HOST",
        ] {
            assert!(!is_foreign(name), "{name}");
        }
    }

    #[test]
    fn variables_are_removed_and_tools_find_no_log_in() {
        let mut all = ClientEnvironment::default();
        client_environment(&mut all, Path::new("/d"), ["HOME", "ARM_CLIENT_ID"]);
        let value = |name: &str| {
            all.variables
                .iter()
                .find(|it| it.name == name)
                .map(|it| it.value.clone())
        };
        assert_eq!(value("ARM_CLIENT_ID"), Some(None));
        assert_eq!(value("HOME"), None);
        assert_eq!(value("AZURE_CONFIG_DIR"), Some(Some("/d/azure".to_owned())));
    }
}
