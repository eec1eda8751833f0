//! Who a control plane acts as: its role in a subnet, the secret of its application; and what the autoscaler does.

use kubeproof_simkit::cloud::{Cloud as _, Reply};
use serde_json::{Value, json};

use crate::bench::{Bench, cluster, group, network, request, two_nodes};

const ROLE: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7";
const READER: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7";

fn create() -> String {
    format!("PUT {}", cluster(""))
}

/// A cluster in a subnet, which acts as an identity; the object id of that one's principal.
fn in_subnet(bench: &mut Bench) -> (Value, String) {
    let body = json!({"location": "eastus", "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
        "subnets": [{"name": "s", "properties": {"addressPrefix": "10.9.0.0/18"}}],
    }});
    bench.made(&format!("PUT {}", network("virtualNetworks/v")), body);
    let path = group("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/acts-as");
    let made = bench.is(201, &format!("PUT {path}"), json!({"location": "eastus"}));
    let principal = made.body["properties"]["principalId"].as_str().unwrap();
    let mut body = two_nodes();
    body["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": {path: {}}});
    body["properties"]["agentPoolProfiles"][0]["vnetSubnetID"] =
        json!(network("virtualNetworks/v/subnets/s"));
    (body, principal.to_owned())
}

fn give(bench: &mut Bench, scope: &str, role: &str, principal: &str, number: u8) {
    let path = format!(
        "{scope}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-0000000000{number:02}"
    );
    let body = json!({"properties": {
        "roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal",
    }});
    bench.is(201, &format!("PUT {path}"), body);
}

#[test]
fn a_control_plane_joins_a_subnet_only_with_a_role_in_it() {
    let mut bench = Bench::new().with_group();
    let (body, principal) = in_subnet(&mut bench);
    let fails = |bench: &mut Bench| {
        let ended = bench.done(&create(), body.clone());
        assert_eq!(ended["status"], "Failed");
        assert_eq!(ended["error"]["code"], "LinkedAuthorizationFailed");
        assert!(
            ended["error"]["message"]
                .as_str()
                .unwrap()
                .contains("subnets/join/action")
        );
    };
    fails(&mut bench);
    let subnet = network("virtualNetworks/v/subnets/s");
    give(&mut bench, &subnet, READER, &principal, 1);
    fails(&mut bench);
    // A role above does, too.
    give(
        &mut bench,
        &network("virtualNetworks/v"),
        ROLE,
        &principal,
        2,
    );
    bench.made(&create(), body.clone());
    let more = json!({"properties": {"count": 1, "vmSize": "Standard_D2s_v3", "mode": "User", "vnetSubnetID": subnet}});
    bench.made(&format!("PUT {}", cluster("/agentPools/more")), more);
}

#[test]
fn an_application_signs_in_with_its_own_secret() {
    let mut bench = Bench::new().with_group();
    let made = bench.is(201, "POST /v1.0/applications", json!({"displayName": "a"}));
    let (id, client) = (made.body["id"].clone(), made.body["appId"].clone());
    bench.is(
        201,
        "POST /v1.0/servicePrincipals",
        json!({"appId": client}),
    );
    let path = format!(
        "POST /v1.0/applications/{}/addPassword",
        id.as_str().unwrap()
    );
    let secret = bench.is(200, &path, json!({})).body["secretText"].clone();
    let mut body = two_nodes();
    body.as_object_mut().unwrap().remove("identity");
    let profile = |secret: &Value| json!({"clientId": client, "secret": secret});
    body["properties"]["servicePrincipalProfile"] = profile(&secret);
    bench.refused(&create(), body.clone(), 400, "ServicePrincipalNotFound");
    bench.wait(60);
    body["properties"]["servicePrincipalProfile"] = profile(&json!("wrong"));
    bench.refused(
        &create(),
        body.clone(),
        400,
        "ServicePrincipalValidationClientError",
    );
    body["properties"]["servicePrincipalProfile"] = profile(&secret);
    bench.made(&create(), body);
    let shown = bench.get(&cluster(""));
    assert_eq!(
        shown["properties"]["servicePrincipalProfile"],
        json!({ "clientId": client })
    );
    // It may change what is in the group of nodes.
    assert_eq!(bench.names("role_assignment").len(), 1);
}

/// The API server of the cluster, as its users call it.
struct Kubernetes {
    token: String,
    host: String,
}

impl Kubernetes {
    fn of(bench: &mut Bench) -> Self {
        use base64::Engine as _;
        let line = format!("POST {}", cluster("/listClusterUserCredential"));
        let given = bench.is(200, &line, Value::Null).body;
        let given = given["kubeconfigs"][0]["value"].as_str().unwrap();
        let given = base64::engine::general_purpose::STANDARD
            .decode(given)
            .unwrap();
        let config: Value = serde_json::from_slice(&given).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            token: text(&config["users"][0]["user"]["token"]),
            host: text(&config["clusters"][0]["cluster"]["server"]),
        }
    }

    fn call(&self, bench: &mut Bench, method: &str, path: &str, body: &Value) -> Value {
        let mut sent = request(&format!("{method} /"), &self.token, body);
        *sent.uri_mut() = format!("{}{path}", self.host).parse().unwrap();
        bench.cloud.advance(bench.now);
        let Reply::Now(answer) = bench.cloud.answer(&sent) else {
            panic!("no whole answer");
        };
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    fn nodes(&self, bench: &mut Bench) -> Vec<Value> {
        let nodes = self.call(bench, "GET", "/api/v1/nodes", &Value::Null);
        nodes["items"].as_array().unwrap().clone()
    }

    /// The number of nodes after so many seconds.
    fn nodes_after(&self, bench: &mut Bench, seconds: i64) -> usize {
        for _ in 0..seconds / 10 {
            bench.wait(10);
        }
        self.nodes(bench).len()
    }
}

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{
        "name": "work", "image": "busybox:1.36", "command": ["sleep", "100000"],
        "resources": {"requests": {"cpu": "1500m"}},
    }]}})
}

#[test]
fn a_pool_grows_for_pods_that_fit_nowhere_and_shrinks_when_nodes_are_idle() {
    let mut bench = Bench::new().with_group();
    let mut body = two_nodes();
    body["properties"]["agentPoolProfiles"] = json!([{
        "name": "main", "mode": "System", "count": 1, "vmSize": "Standard_D2s_v3",
        "enableAutoScaling": true, "minCount": 1, "maxCount": 3,
    }]);
    bench.made(&create(), body);
    let kubernetes = Kubernetes::of(&mut bench);
    const PODS: &str = "/api/v1/namespaces/default/pods";
    for name in ["a", "b", "c", "d"] {
        kubernetes.call(&mut bench, "POST", PODS, &pod(name));
    }
    assert_eq!(kubernetes.nodes_after(&mut bench, 60), 1);
    assert_eq!(kubernetes.nodes_after(&mut bench, 60), 2);
    // The fourth pod would need one more than the most.
    assert_eq!(kubernetes.nodes_after(&mut bench, 1200), 3);
    let count = |bench: &mut Bench| {
        let pool = bench.get(&cluster("/agentPools/main"));
        pool["properties"]["count"].as_u64()
    };
    assert_eq!(count(&mut bench), Some(3));
    for name in ["a", "b", "c", "d"] {
        kubernetes.call(
            &mut bench,
            "DELETE",
            &format!("{PODS}/{name}"),
            &Value::Null,
        );
    }
    assert_eq!(kubernetes.nodes_after(&mut bench, 540), 3);
    assert_eq!(kubernetes.nodes_after(&mut bench, 3600), 1);
    assert_eq!(count(&mut bench), Some(1));
}

#[test]
fn nodes_have_the_taints_of_their_pool_and_that_of_spot_machines() {
    let mut bench = Bench::new().with_group();
    bench.made(&create(), two_nodes());
    let spare = json!({"properties": {
        "count": 1, "vmSize": "Standard_D2s_v3", "mode": "User", "scaleSetPriority": "Spot",
        "nodeTaints": ["team=a:NoExecute"],
    }});
    bench.made(&format!("PUT {}", cluster("/agentPools/spare")), spare);
    let kubernetes = Kubernetes::of(&mut bench);
    let nodes = kubernetes.nodes(&mut bench);
    let taints = |pool: &str| -> Vec<Value> {
        let mut nodes = nodes.iter();
        let node = nodes.find(|node| node["metadata"]["labels"]["agentpool"] == pool);
        let taints = node.unwrap()["spec"]["taints"].as_array().cloned();
        taints.unwrap_or_default()
    };
    assert_eq!(taints("main"), [Value::Null; 0]);
    assert_eq!(
        taints("spare"),
        [
            json!({"key": "team", "value": "a", "effect": "NoExecute"}),
            json!({"key": "kubernetes.azure.com/scalesetpriority", "value": "spot", "effect": "NoSchedule"}),
        ]
    );
}
