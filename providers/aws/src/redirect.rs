//! Redirecting: the environment that sends AWS clients to a served account, and nowhere else.
//!
//! Apart from serving because it is knowledge of the clients: what the AWS CLI, boto3, terraform's AWS
//! provider and the SDKs of all languages read. Sources: AWS SDKs and Tools Reference Guide ("Settings
//! reference", "Service-specific endpoints"); the pages of AWS CLI and terraform-provider-aws.

use std::collections::BTreeMap;
use std::path::Path;

use kubeproof_contract::serve::{Redirect, Served};

use crate::rehearsal::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::spec::Region;

/// Where clients look for a region, in their order.
const REGION_VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Variables that would choose other credentials or another way than ours.
const TAKEN_OUT: &[&str] = &[
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
];

/// What the variables of one service's endpoint begin with: they win over the one of all services.
const SERVICE_ENDPOINT: &str = "AWS_ENDPOINT_URL_";

/// The region that a caller's environment names, else the usual one.
///
/// # Errors
/// When there is no such region.
pub fn region(environment: &BTreeMap<String, String>) -> Result<Region, String> {
    let named = REGION_VARIABLES
        .iter()
        .find_map(|name| Some((name, environment.get(*name)?)))
        .filter(|(_, region)| !region.is_empty());
    match named {
        None => Ok(Region::default()),
        Some((name, region)) => {
            Region::try_from(region.clone()).map_err(|problem| format!("{name}: {problem}"))
        }
    }
}

/// What keeps clients to the keys that they are given, in this region of the real AWS.
pub fn confine(region: &Region, folder: &Path) -> Redirect {
    let mut redirect = Redirect::default();
    for name in REGION_VARIABLES {
        redirect.set(name, region.0.clone(), "the scenario's region");
    }
    keep_to_keys(&mut redirect, folder);
    redirect
}

/// No other credentials are found: neither a machine's own nor the user's files.
fn keep_to_keys(redirect: &mut Redirect, folder: &Path) {
    redirect.set(
        "AWS_EC2_METADATA_DISABLED",
        "true",
        "a machine's own credentials are not looked for",
    );
    for (name, file) in [
        ("AWS_CONFIG_FILE", "aws-config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "aws-credentials"),
    ] {
        let path = folder.join(file);
        let about = "an empty file in place of your own settings and keys";
        redirect.set(name, path.display().to_string(), about);
        redirect.files.push((path, String::new()));
    }
}

/// The environment of clients of `served`.
pub fn redirect(
    served: &dyn Served,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Redirect {
    let mut redirect = Redirect::default();
    let url = format!("http://{}", served.address());
    redirect.set(
        "AWS_ENDPOINT_URL",
        url,
        "where all services are (AWS CLI, boto3, terraform, all SDKs)",
    );
    redirect.set(
        "AWS_ACCESS_KEY_ID",
        ACCESS_KEY_ID,
        "the key that the simulator knows",
    );
    redirect.set(
        "AWS_SECRET_ACCESS_KEY",
        SECRET_ACCESS_KEY,
        "its made-up secret: signatures are checked",
    );
    let region = region(environment).unwrap_or_default().0;
    for name in REGION_VARIABLES {
        redirect.set(name, region.clone(), "the one simulated region");
    }
    keep_to_keys(&mut redirect, folder);
    redirect.set("AWS_PAGER", "", "the AWS CLI (version 2) does not page");
    let of_services = environment
        .keys()
        .map(String::as_str)
        .filter(|name| name.starts_with(SERVICE_ENDPOINT));
    for name in TAKEN_OUT.iter().copied().chain(of_services) {
        redirect.unset(name, "would lead elsewhere");
    }
    redirect
}
