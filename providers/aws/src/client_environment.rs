//! The environment that sends AWS clients to a served account, and nowhere else.
//!
//! It covers what the AWS CLI, boto3, terraform's AWS provider and the SDKs of all languages read. Sources: AWS SDKs
//! and Tools Reference Guide ("Settings reference", "Service-specific endpoints"); the pages of AWS CLI and
//! terraform-provider-aws.

use std::collections::BTreeMap;
use std::path::Path;

use kubeproof_contract::checked::ValueError;
use kubeproof_contract::serve::{ClientEnvironment, Served};

use crate::rehearsal::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::spec::Region;

/// The variables in which clients look for a region, in their order.
const REGION_VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Variables that would select other credentials or another endpoint.
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

/// The prefix of variables for one service's endpoint, which win over the one for all services.
const SERVICE_ENDPOINT: &str = "AWS_ENDPOINT_URL_";

/// A variable that names no region of AWS.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {source}")]
pub struct RegionError {
    variable: &'static str,
    source: ValueError,
}

/// The region that a caller's environment names, else the default one.
///
/// # Errors
/// When the region is unknown.
pub fn region(environment: &BTreeMap<String, String>) -> Result<Region, RegionError> {
    let named = REGION_VARIABLES
        .iter()
        .find_map(|name| Some((*name, environment.get(*name)?)))
        .filter(|(_, region)| !region.is_empty());
    match named {
        None => Ok(Region::default()),
        Some((variable, region)) => {
            let read = Region::try_from(region.clone());
            read.map_err(|source| RegionError { variable, source })
        }
    }
}

/// Restricts clients of the real AWS to the keys that they are given, in this region.
pub fn confine(region: &Region, folder: &Path) -> ClientEnvironment {
    let mut redirect = ClientEnvironment::default();
    for name in REGION_VARIABLES {
        redirect.set(name, region.0.clone(), "the scenario's region");
    }
    keep_to_keys(&mut redirect, folder);
    redirect
}

/// Hides all other credentials: the machine's own and the user's files.
fn keep_to_keys(redirect: &mut ClientEnvironment, folder: &Path) {
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

/// The environment for clients of `served`.
pub fn client_environment(
    served: &dyn Served,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> ClientEnvironment {
    let mut redirect = ClientEnvironment::default();
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
