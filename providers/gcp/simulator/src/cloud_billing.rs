//! Cloud Billing, version 1: whether the project is billed, and by which account.

use kubeproof_simkit::router::on;
use serde_json::json;

use crate::route::{Call, Service, Table, table};
use crate::state::State;
use crate::wire::{ErrorShape, Outcome};

/// The service.
pub(crate) const SERVICE: Service = Service {
    name: "cloudbilling",
    host: "cloudbilling.googleapis.com",
    base: "/v1",
    is_optional: true,
    errors: ErrorShape::Status,
    tables: &[TABLE],
};

#[rustfmt::skip]
const TABLE: Table = table(&[
    on("GET", "/projects/{project}/billingInfo", "cloudbilling.projects.getBillingInfo", get),
    on("GET", "/services", "cloudbilling.services.list", services),
]);

/// The billing account.
const ACCOUNT: &str = "billingAccounts/01A2B3-C4D5E6-F70819";

fn get(state: &mut State, _call: &Call<'_>) -> Outcome {
    let project = &state.setup.project;
    let mut info = json!({
        "name": format!("projects/{project}/billingInfo"),
        "projectId": project,
        "billingAccountName": "",
        "billingEnabled": state.setup.is_billed,
    });
    if state.setup.is_billed {
        info["billingAccountName"] = json!(ACCOUNT);
    }
    Ok(info)
}

/// The two services whose prices matter here, by their public ids.
fn services(_state: &mut State, _call: &Call<'_>) -> Outcome {
    let service = |id: &str, name: &str| {
        json!({
            "name": format!("services/{id}"), "serviceId": id, "displayName": name,
            "businessEntityName": "businessEntities/GCP",
        })
    };
    Ok(json!({"services": [
        service("6F81-5844-456A", "Compute Engine"),
        service("CCD8-9BF1-090E", "Kubernetes Engine"),
    ]}))
}
