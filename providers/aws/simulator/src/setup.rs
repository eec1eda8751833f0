//! How a simulated account is set up: seed, region, quotas, permissions, bystanders.

use jiff::Timestamp;
use serde_json::Value;

/// The account id of every simulated account.
pub const ACCOUNT_ID: &str = "123456789012";
/// The access key id that the simulator knows.
pub const ACCESS_KEY_ID: &str = "AKIAKUBEPROOFREHEARS";
/// The key of the same user that may do no more than [`Setup::limit`] allows. It has the same secret.
pub const LIMITED_ACCESS_KEY_ID: &str = "AKIAKUBEPROOFLIMITED";
/// The secret key that goes with it: made up, and useless elsewhere.
pub const SECRET_ACCESS_KEY: &str = "kubeproof/rehearsal/only/not/a/real/secret";

/// How a simulated account is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Determines ids, durations and consistency lags.
    pub seed: u64,
    /// The region of all regional resources.
    pub region: String,
    /// The date at which the account begins.
    pub start: Timestamp,
    /// An IAM policy document that limits the caller; without one everything is allowed.
    pub policy: Option<Value>,
    /// An IAM policy document for the limited key; without one there is no such key.
    pub limit: Option<Value>,
    /// Whether resources of other owners and shared ones exist from the start.
    pub bystanders: bool,
    /// Quotas that differ from AWS's defaults: quota code → value.
    pub quotas: std::collections::BTreeMap<String, u32>,
    /// Most items on a page, if less than the API's own maximum: exercises pagination in tests.
    pub page_size_max: usize,
}

impl Setup {
    /// A typical account in a region.
    pub fn new(seed: u64, region: &str, start: Timestamp) -> Self {
        Self {
            seed,
            region: region.to_owned(),
            start,
            policy: None,
            limit: None,
            bystanders: true,
            quotas: std::collections::BTreeMap::new(),
            page_size_max: 1000,
        }
    }

    /// The availability zones of the region: `(name, id)`.
    pub fn zones(&self) -> Vec<(String, String)> {
        let short = zone_id_prefix(&self.region);
        let zones = if self.region == "us-east-1" {
            ZONES_OF_US_EAST_1
        } else {
            ZONES
        };
        zones
            .iter()
            .map(|(letter, n)| (format!("{}{letter}", self.region), format!("{short}-az{n}")))
            .collect()
    }
}

/// The letters of a typical region's zones, with the numbers of their ids.
const ZONES: &[(&str, u8)] = &[("a", 1), ("b", 2), ("c", 3)];
/// us-east-1 has six. Which letter has which id differs between accounts; here it is the `e` that
/// EKS refuses (`use1-az3`).
const ZONES_OF_US_EAST_1: &[(&str, u8)] =
    &[("a", 1), ("b", 2), ("c", 4), ("d", 6), ("e", 3), ("f", 5)];

/// `us-east-1` → `use1`: the form of zone ids.
fn zone_id_prefix(region: &str) -> String {
    let parts: Vec<&str> = region.split('-').collect();
    match parts[..] {
        [area, direction, number] => {
            let direction: String = match direction {
                "northeast" => "ne".to_owned(),
                "southeast" => "se".to_owned(),
                "northwest" => "nw".to_owned(),
                "southwest" => "sw".to_owned(),
                other => other.chars().take(1).collect(),
            };
            format!("{area}{direction}{number}")
        }
        _ => region.replace('-', ""),
    }
}
