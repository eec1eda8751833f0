//! The directory and role assignments: what is not known at once, what stays, and what can be restored.

use serde_json::{Value, json};

use crate::bench::{Bench, group, network, token_request};

const CONTRIBUTOR: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7";
const GUID: &str = "eb7f4194-f509-4202-aadb-72fabfe5ba59";

fn identity() -> String {
    group("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1")
}

fn assignment(scope: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{GUID}")
}

fn role(principal: &str, kind: &str) -> Value {
    let mut body =
        json!({"properties": {"roleDefinitionId": CONTRIBUTOR, "principalId": principal}});
    if !kind.is_empty() {
        body["properties"]["principalType"] = json!(kind);
    }
    body
}

/// A subscription with an identity: the object id of its principal.
fn with_identity() -> (Bench, String) {
    let mut bench = Bench::new().with_group();
    let made = bench
        .is(
            201,
            &format!("PUT {}", identity()),
            json!({"location": "eastus"}),
        )
        .body;
    let principal = made["properties"]["principalId"]
        .as_str()
        .unwrap()
        .to_owned();
    (bench, principal)
}

#[test]
fn a_principal_is_not_known_at_once_unless_its_type_is_given() {
    let (mut bench, principal) = with_identity();
    let line = format!("PUT {}", assignment(&group("")));
    bench.refused(&line, role(&principal, ""), 400, "PrincipalNotFound");
    bench.wait(60);
    bench.is(201, &line, role(&principal, ""));
    let (mut bench, principal) = with_identity();
    bench.is(201, &line, role(&principal, "ServicePrincipal"));
    // The same again is no error, and another name for it is one.
    bench.is(201, &line, role(&principal, "ServicePrincipal"));
    let other = line.replace(GUID, "bd2ac52f-af38-4c63-aeb6-217aca77e596");
    bench.refused(
        &other,
        role(&principal, "ServicePrincipal"),
        409,
        "RoleAssignmentExists",
    );
    let wrong = line.replace(GUID, "mine");
    bench.refused(
        &wrong,
        role(&principal, "ServicePrincipal"),
        400,
        "InvalidRoleAssignmentId",
    );
}

#[test]
fn an_assignment_stays_when_its_principal_goes_and_goes_with_its_scope() {
    let (mut bench, principal) = with_identity();
    let subnet = json!([{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}]);
    let body = json!({"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnet}});
    bench.made(&format!("PUT {}", network("virtualNetworks/v")), body);
    let scope = network("virtualNetworks/v/subnets/s");
    bench.is(
        201,
        &format!("PUT {}", assignment(&scope)),
        role(&principal, "ServicePrincipal"),
    );
    bench.is(200, &format!("DELETE {}", identity()), Value::Null);
    assert_eq!(bench.names("role_assignment").len(), 1);
    let list = |scope: &str, filter: &str| {
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments{filter}")
    };
    let count =
        |bench: &mut Bench, path: String| bench.get(&path)["value"].as_array().unwrap().len();
    let of_principal = format!("?$filter=principalId%20eq%20%27{principal}%27");
    assert_eq!(count(&mut bench, list(&group(""), &of_principal)), 1);
    assert_eq!(count(&mut bench, list(&group(""), "?$filter=atScope()")), 2);
    assert_eq!(count(&mut bench, list(&scope, "?$filter=atScope()")), 3);
    bench.made(
        &format!("DELETE {}", network("virtualNetworks/v")),
        Value::Null,
    );
    assert!(bench.names("role_assignment").is_empty());
}

#[test]
fn a_scope_and_a_role_have_to_exist_and_the_caller_must_be_permitted() {
    let (mut bench, principal) = with_identity();
    let nowhere = assignment(&network("virtualNetworks/none"));
    bench.refused(
        &format!("PUT {nowhere}"),
        role(&principal, "ServicePrincipal"),
        404,
        "ResourceNotFound",
    );
    let mut unknown = role(&principal, "ServicePrincipal");
    unknown["properties"]["roleDefinitionId"] = json!("/x");
    bench.refused(
        &format!("PUT {}", assignment(&group(""))),
        unknown,
        400,
        "RoleDefinitionDoesNotExist",
    );
    bench.is(
        204,
        &format!("DELETE {}", assignment(&group(""))),
        Value::Null,
    );
    let mut bench = Bench::with(|setup| setup.may_assign_roles = false).with_group();
    bench.refused(
        &format!("PUT {}", assignment(&group(""))),
        role(&principal, "ServicePrincipal"),
        403,
        "AuthorizationFailed",
    );
}

#[test]
fn roles_are_found_by_name() {
    let mut bench = Bench::new();
    let list = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName%20eq%20%27Network%20Contributor%27";
    let found = bench.get(list);
    assert_eq!(found["value"][0]["id"], CONTRIBUTOR);
    assert_eq!(found["value"].as_array().unwrap().len(), 1);
}

#[test]
fn a_deleted_application_takes_its_principal_along_and_can_be_restored_or_purged() {
    let mut bench = Bench::new();
    let before = bench.all();
    let application = bench
        .is(
            201,
            "POST /v1.0/applications",
            json!({"displayName": "kp-r1", "tags": ["kubeproof:run=r1"]}),
        )
        .body;
    let (id, app) = (
        application["id"].as_str().unwrap(),
        application["appId"].as_str().unwrap(),
    );
    let principal = bench
        .is(201, "POST /v1.0/servicePrincipals", json!({"appId": app}))
        .body;
    bench.refused(
        "POST /v1.0/servicePrincipals",
        json!({"appId": app}),
        409,
        "Request_MultipleObjectsWithSameKeyValue",
    );
    let found = bench.get("/v1.0/applications?$filter=startswith(displayName,%27kp-r1%27)");
    assert_eq!(found["value"].as_array().unwrap().len(), 1);
    bench.is(204, &format!("DELETE /v1.0/applications/{id}"), Value::Null);
    assert_eq!(bench.names("deleted_application"), ["kp-r1"]);
    assert_eq!(bench.names("deleted_service_principal"), ["kp-r1"]);
    bench.is(
        200,
        &format!("POST /v1.0/directory/deletedItems/{id}/restore"),
        Value::Null,
    );
    assert_eq!(bench.names("app_registration_sp"), ["kp-r1"]);
    bench.is(204, &format!("DELETE /v1.0/applications/{id}"), Value::Null);
    for id in [id, principal["id"].as_str().unwrap()] {
        bench.is(
            204,
            &format!("DELETE /v1.0/directory/deletedItems/{id}"),
            Value::Null,
        );
    }
    bench.refused(
        &format!("DELETE /v1.0/directory/deletedItems/{id}"),
        Value::Null,
        404,
        "Request_ResourceNotFound",
    );
    assert_eq!(bench.all(), before);
}

#[test]
fn a_new_principal_signs_in_after_a_while_with_a_secret_that_is_shown_once() {
    let mut bench = Bench::new();
    let application = bench
        .is(
            201,
            "POST /v1.0/applications",
            json!({"displayName": "kp-r1"}),
        )
        .body;
    let (id, app) = (
        application["id"].as_str().unwrap(),
        application["appId"].as_str().unwrap(),
    );
    bench.is(201, "POST /v1.0/servicePrincipals", json!({"appId": app}));
    let made = bench
        .is(
            200,
            &format!("POST /v1.0/applications/{id}/addPassword"),
            json!({"passwordCredential": {"displayName": "x"}}),
        )
        .body;
    let secret = made["secretText"].as_str().unwrap().to_owned();
    let shown = bench.get(&format!("/v1.0/applications/{id}"));
    assert_eq!(shown["passwordCredentials"][0]["secretText"], Value::Null);
    let scope = "https://management.azure.com/.default";
    assert_eq!(bench.send(&token_request(app, &secret, scope)).status, 401);
    bench.wait(60);
    assert_eq!(bench.send(&token_request(app, &secret, scope)).status, 200);
    let key = json!({"keyId": made["keyId"]});
    bench.is(
        204,
        &format!("POST /v1.0/applications/{id}/removePassword"),
        key,
    );
    assert_eq!(bench.send(&token_request(app, &secret, scope)).status, 401);
}
