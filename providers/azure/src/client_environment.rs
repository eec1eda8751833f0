//! The environment that sends Azure's clients to a served subscription, and nowhere else.
//!
//! terraform's azurerm asks the served address what the cloud is (`ARM_METADATA_HOSTNAME`), and az takes it for a cloud that
//! is not the public one (`az cloud register --endpoint-resource-manager https://$ARM_METADATA_HOSTNAME`). What asks for the
//! hosts of the public cloud is led through the served subscription's door, as through a proxy. Sources: the reference of azure-identity's
//! `EnvironmentCredential`, of az's configuration (each key is a variable `AZURE_SECTION_KEY`), and of azurerm's
//! provider block; the pages of requests, curl, Node and Go on proxies and authorities.

use std::collections::BTreeMap;
use std::path::Path;

use kubeproof_contract::serve::{ClientEnvironment, Served};

use crate::credentials::{CLIENT, SECRET, SUBSCRIPTION, TENANT};
use crate::rehearsal;

/// Variables that would select other credentials or another cloud.
const TAKEN_OUT: &[&str] = &[
    "ARM_ACCESS_KEY",
    "ARM_CLIENT_CERTIFICATE",
    "ARM_CLIENT_CERTIFICATE_PATH",
    "ARM_ENVIRONMENT",
    "ARM_OIDC_REQUEST_TOKEN",
    "ARM_OIDC_REQUEST_URL",
    "ARM_OIDC_TOKEN",
    "ARM_OIDC_TOKEN_FILE_PATH",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLOUD",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_PASSWORD",
    "AZURE_USERNAME",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "MSI_ENDPOINT",
    "MSI_SECRET",
];
/// Variables in which clients look for the authorities that they trust.
const AUTHORITIES: [&str; 4] = [
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
];
/// Variables in which clients look for a proxy to hosts behind TLS.
const PROXIES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
/// The variables in which clients look for a subscription.
const SUBSCRIPTIONS: [&str; 2] = [SUBSCRIPTION, "ARM_SUBSCRIPTION_ID"];

/// Restricts clients of the real cloud to the credentials that they are given, in this subscription.
pub fn confine(subscription: &str, folder: &Path) -> ClientEnvironment {
    let mut redirect = ClientEnvironment::default();
    for name in SUBSCRIPTIONS {
        redirect.set(name, subscription, "the scenario's subscription");
    }
    let config = folder.join("azure");
    redirect.set(
        "AZURE_CONFIG_DIR",
        config.display().to_string(),
        "a folder of its own in place of your settings and log-ins",
    );
    for (name, value, about) in [
        (
            "AZURE_CORE_COLLECT_TELEMETRY",
            "false",
            "az reports nothing",
        ),
        ("AZURE_CORE_NO_COLOR", "true", "az writes plain text"),
        (
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL",
            "no",
            "az installs nothing",
        ),
        (
            "ARM_USE_CLI",
            "false",
            "log-ins of az are not looked for (terraform)",
        ),
        (
            "ARM_USE_MSI",
            "false",
            "a machine's own identity is not looked for (terraform)",
        ),
    ] {
        redirect.set(name, value, about);
    }
    for name in TAKEN_OUT {
        redirect.unset(name, "would lead elsewhere");
    }
    redirect
}

/// The environment of clients of `served`.
pub fn client_environment(
    served: &dyn Served,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> ClientEnvironment {
    let mut redirect = confine(rehearsal::SUBSCRIPTION, folder);
    let address = served.address();
    let principal = [
        (
            TENANT,
            "ARM_TENANT_ID",
            rehearsal::TENANT,
            "the one simulated tenant",
        ),
        (
            CLIENT,
            "ARM_CLIENT_ID",
            rehearsal::CLIENT_ID,
            "the application that the simulator knows",
        ),
        (
            SECRET,
            "ARM_CLIENT_SECRET",
            rehearsal::CLIENT_SECRET,
            "its made-up secret",
        ),
    ];
    for (azure, arm, value, about) in principal {
        redirect.set(azure, value, about);
        redirect.set(arm, value, about);
    }
    redirect.set(
        "ARM_METADATA_HOSTNAME",
        address.to_string(),
        "where the cloud says what it is (terraform)",
    );
    redirect.set(
        "ARM_RESOURCE_PROVIDER_REGISTRATIONS",
        "none",
        "terraform registers no namespaces that are not simulated",
    );
    redirect.set(
        "AZURE_AUTHORITY_HOST",
        format!("https://{address}"),
        "where tokens are given out (client libraries)",
    );
    redirect.set(
        "AZURE_CORE_INSTANCE_DISCOVERY",
        "false",
        "az asks no other host about the authority",
    );
    for name in PROXIES {
        let about = "the door to the simulated hosts of the public cloud; all others are refused";
        redirect.set(name, format!("http://{address}"), about);
    }
    // A trial serves anew, with another authority, in the same folder: a file that is there stays as it is.
    let path = folder.join(format!("azure-authority-{}.pem", address.port()));
    redirect.trust(&AUTHORITIES, path, served.authority_pem());
    let is_set = |name: &str| {
        let mut known = redirect.variables.iter();
        known.any(|variable| variable.name == name)
    };
    let is_ours = |name: &str| name.starts_with("AZURE_") || name.starts_with("ARM_");
    let others = environment.keys();
    let others: Vec<String> = others
        .filter(|name| is_ours(name) && !is_set(name))
        .cloned()
        .collect();
    for name in others {
        redirect.unset(&name, "would lead elsewhere");
    }
    redirect
}
