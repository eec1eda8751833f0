//! Cloud Asset Inventory, version 1: a search over the resources of all services, some minutes late.

use jiff::SignedDuration;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::inventory;
use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ApiError, ErrorShape, Outcome, listed, time};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "cloudasset",
    host: "cloudasset.googleapis.com",
    base: "/v1",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[TABLE],
};

const TABLE: Table = table(&[on(
    "GET",
    "/projects/{project}:searchAllResources",
    "cloudasset.v1.searchAllResources",
    search,
)]);

/// A new resource shows after this long.
const LAG: SignedDuration = SignedDuration::from_mins(5);
/// Most results of a page, and as many as one has when the caller does not say.
const PAGE: (usize, usize) = (500, 100);

/// The asset types: ours, the service, Google's, and its collection in paths. What is not here is not searched.
const TYPES: &[(&str, &str, &str, &str)] = &[
    ("gke_cluster", "container", "Cluster", "clusters"),
    ("network", "compute", "Network", "networks"),
    ("subnetwork", "compute", "Subnetwork", "subnetworks"),
    ("firewall_rule", "compute", "Firewall", "firewalls"),
    ("router", "compute", "Router", "routers"),
    ("route", "compute", "Route", "routes"),
    ("address", "compute", "Address", "addresses"),
    ("disk", "compute", "Disk", "disks"),
    ("instance", "compute", "Instance", "instances"),
    (
        "instance_template",
        "compute",
        "InstanceTemplate",
        "instanceTemplates",
    ),
    (
        "instance_group_manager",
        "compute",
        "InstanceGroupManager",
        "instanceGroupManagers",
    ),
    (
        "forwarding_rule",
        "compute",
        "ForwardingRule",
        "forwardingRules",
    ),
    ("target_pool", "compute", "TargetPool", "targetPools"),
    (
        "service_account",
        "iam",
        "ServiceAccount",
        "serviceAccounts",
    ),
];

fn search(state: &mut State, call: &Call<'_>) -> Outcome {
    let query = call.request.uri().query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    let types: Vec<String> = pairs
        .filter(|(key, _)| key == "assetTypes")
        .map(|(_, value)| value)
        .collect();
    let terms = terms(call.query("query").unwrap_or_default())?;
    let (most, usual) = PAGE;
    let size = call
        .query("pageSize")
        .map_or(Some(usual), |text| text.parse().ok());
    let size = size.ok_or_else(|| ApiError::invalid("The page size is no number."))?;
    let shown = |resource: &Resource| shown(state, resource);
    let all = inventory::all(state);
    let found = all
        .iter()
        .filter(|one| {
            one.created_at
                .is_none_or(|at| state.now.duration_since(at) >= LAG)
        })
        .filter(|one| terms.iter().all(|term| term.fits(one)))
        .filter_map(shown)
        .filter(|one| {
            let of = one["assetType"].as_str().unwrap_or_default();
            types.is_empty() || types.iter().any(|wanted| wanted == of)
        });
    listed("results", found, call.query("pageToken"), size.min(most))
}

/// One condition of a query. All must hold.
#[derive(Debug, PartialEq, Eq)]
enum Term {
    /// `labels.KEY:VALUE` or `labels.KEY=VALUE`.
    Label(String, String),
    /// A word in the name.
    Word(String),
}

impl Term {
    fn fits(&self, resource: &Resource) -> bool {
        match self {
            Self::Label(key, value) => resource.tags.get(key) == Some(value),
            Self::Word(word) => resource.id.contains(word.as_str()),
        }
    }
}

fn terms(query: &str) -> Result<Vec<Term>, ApiError> {
    let words = query.split_whitespace().filter(|word| *word != "AND");
    let read = |word: &str| {
        let word = word.replace('"', "");
        if let Some(label) = word.strip_prefix("labels.") {
            let pair = label.split_once([':', '=']);
            let pair = pair.map(|(key, value)| Term::Label(key.to_owned(), value.to_owned()));
            return pair.ok_or_else(|| ApiError::not_simulated(&format!("query {word}")));
        }
        if word.contains([':', '=', '(', ')', '*']) || word == "OR" || word == "NOT" {
            return Err(ApiError::not_simulated(&format!("query {word}")));
        }
        Ok(Term::Word(word))
    };
    words.map(read).collect()
}

/// A resource as the API shows it; `None` if its type is not searched.
fn shown(state: &State, resource: &Resource) -> Option<Value> {
    let known = TYPES
        .iter()
        .find(|(own, ..)| *own == resource.resource_type);
    let (_, service, kind, collection) = known?;
    let location = resource
        .scope
        .as_str()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let place = match (*service, location) {
        ("iam", _) => String::new(),
        ("container", place) => format!("locations/{place}/"),
        (_, "global") => "global/".to_owned(),
        (_, zone) if zone.matches('-').count() > 1 => format!("zones/{zone}/"),
        (_, region) => format!("regions/{region}/"),
    };
    let project = &state.setup.project;
    let mut shown = json!({
        "name": format!("//{service}.googleapis.com/projects/{project}/{place}{collection}/{}", resource.id),
        "assetType": format!("{service}.googleapis.com/{kind}"),
        "project": format!("projects/{}", state.setup.project_number),
        "displayName": resource.id,
        "location": location,
    });
    if !resource.tags.is_empty() {
        shown["labels"] = json!(resource.tags);
    }
    if !resource.state.is_empty() {
        shown["state"] = json!(resource.state);
    }
    if let Some(at) = resource.created_at {
        shown["createTime"] = json!(time(at));
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_labels_and_words_and_what_it_has_besides_is_refused_by_name() {
        let check = |query: &str, expected: Option<Vec<Term>>| {
            assert_eq!(terms(query).ok(), expected, "{query}");
        };
        let label = |key: &str, value: &str| Term::Label(key.to_owned(), value.to_owned());
        check("", Some(Vec::new()));
        check(
            "labels.kubeproof-run:r1",
            Some(vec![label("kubeproof-run", "r1")]),
        );
        let both = vec![label("a", "b"), Term::Word("kp-r1".to_owned())];
        check("labels.a=b AND kp-r1", Some(both));
        check("state:RUNNING", None);
        check("a OR b", None);
        check("labels.a", None);
    }
}
