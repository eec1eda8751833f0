//! Tables: what kubectl prints.
//!
//! Source: the documentation of the API concepts (receiving resources as tables), and the columns
//! that `kubectl get` shows.

use serde_json::{Value, json};

use crate::answer::Ask;
use crate::finding::{Finding, Outcome, hold, same};
use crate::test_namespace::TestNamespace;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

async fn table(ns: &TestNamespace<'_>, path: &str) -> Outcome<Value> {
    let ask = Ask::new("GET", path, String::new()).accept(TABLE);
    let table = ns.ask(ask).await?.expect(200)?;
    same("the kind", &table["kind"], "Table")?;
    same("the API version", &table["apiVersion"], "meta.k8s.io/v1")?;
    Ok(table)
}

fn columns(table: &Value) -> Vec<(String, i64)> {
    let definitions = table["columnDefinitions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    definitions
        .iter()
        .map(|column| {
            let name = column["name"].as_str().unwrap_or_default().to_owned();
            (name, column["priority"].as_i64().unwrap_or(-1))
        })
        .collect()
}

fn rows(table: &Value) -> &[Value] {
    table["rows"].as_array().map_or(&[], Vec::as_slice)
}

/// The columns of workloads: path, what is shown, and what is shown when asked for more.
fn of_workloads(ns: &TestNamespace<'_>) -> Vec<(String, &'static str, &'static str)> {
    vec![
        (
            ns.batch("jobs"),
            "Name Status Completions Duration Age",
            "Containers Images Selector",
        ),
        (
            ns.apps("deployments"),
            "Name Ready Up-to-date Available Age",
            "Containers Images Selector",
        ),
        (
            ns.apps("statefulsets"),
            "Name Ready Age",
            "Containers Images",
        ),
        (
            ns.apps("daemonsets"),
            "Name Desired Current Ready Up-to-date Available Node-Selector Age",
            "Containers Images Selector",
        ),
        (
            ns.batch("cronjobs"),
            "Name Schedule Timezone Suspend Active Last-Schedule Age",
            "Containers Images Selector",
        ),
        (
            format!(
                "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
                ns.namespace
            ),
            "Name Min-Available Max-Unavailable Allowed-Disruptions Age",
            "",
        ),
        (
            ns.apps("replicasets"),
            "Name Desired Current Ready Age",
            "Containers Images Selector",
        ),
    ]
}

/// The columns of everything else.
fn of_others(ns: &TestNamespace<'_>) -> Vec<(String, &'static str, &'static str)> {
    let core = |plural: &str| ns.core(plural);
    vec![
        (core("configmaps"), "Name Data Age", ""),
        (core("secrets"), "Name Type Data Age", ""),
        (core("serviceaccounts"), "Name Secrets Age", ""),
        (
            core("pods"),
            "Name Ready Status Restarts Age",
            "IP Node Nominated-Node Readiness-Gates",
        ),
        (
            core("services"),
            "Name Type Cluster-IP External-IP Port(s) Age",
            "Selector",
        ),
        (
            core("events"),
            "Last-Seen Type Reason Object Message",
            "Subobject Source First-Seen Count Name",
        ),
        (
            core("persistentvolumeclaims"),
            "Name Status Volume Capacity Access-Modes StorageClass VolumeAttributesClass Age",
            "VolumeMode",
        ),
        ("/api/v1/namespaces".to_owned(), "Name Status Age", ""),
        (
            "/api/v1/nodes".to_owned(),
            "Name Status Roles Age Version",
            "Internal-IP External-IP OS-Image Kernel-Version Container-Runtime",
        ),
        (
            "/apis/storage.k8s.io/v1/storageclasses".to_owned(),
            "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age",
            "",
        ),
    ]
}

pub(super) async fn a_table_has_the_columns_of_its_type(ns: &TestNamespace<'_>) -> Outcome {
    for (path, shown, wide) in of_others(ns).into_iter().chain(of_workloads(ns)) {
        let table = table(ns, &path).await?;
        let of = |priority: i64| {
            let names: Vec<String> = columns(&table)
                .into_iter()
                .filter(|(_, found)| *found == priority)
                .map(|(name, _)| name.replace(' ', "-"))
                .collect();
            names.join(" ")
        };
        same(&format!("the columns of {path}"), of(0).as_str(), shown)?;
        same(&format!("the wide columns of {path}"), of(1).as_str(), wide)?;
    }
    Ok(())
}

pub(super) async fn a_table_has_a_row_for_each_object(ns: &TestNamespace<'_>) -> Outcome {
    let deployment = json!({
        "metadata": {"name": "d"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": ns.shell("Always", "sleep 1000"),
            },
        },
    });
    let path = ns.apps("deployments");
    ns.make_at(&path, &deployment).await?;
    let there = |found: &Value| found["status"]["availableReplicas"] == 2;
    let made = ns
        .wait("the pods", &ns.apps("deployments/d"), there)
        .await?;
    let table = table(ns, &path).await?;
    let row = rows(&table).first().cloned().unwrap_or_default();
    let cells = row["cells"].as_array().cloned().unwrap_or_default();
    same("the number of cells", cells.len(), columns(&table).len())?;
    let expected = [json!("d"), json!("2/2"), json!(2), json!(2)];
    same(
        "the first cells",
        cells.get(..4).unwrap_or_default(),
        &expected[..],
    )?;
    let expected = [json!("c"), json!(ns.target.image), json!("app=d")];
    same(
        "the last cells",
        cells.get(5..).unwrap_or_default(),
        &expected[..],
    )?;
    let partial = json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": made["metadata"],
    });
    same("the object of the row", &row["object"], &partial)?;
    pods_in_rows(ns).await
}

async fn pods_in_rows(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("pods?labelSelector=app%3Dd");
    let table = table(ns, &path).await?;
    same("the number of rows", rows(&table).len(), 2)?;
    for row in rows(&table) {
        let cells = &row["cells"];
        same("the cell of readiness", &cells[1], "1/1")?;
        same("the cell of status", &cells[2], "Running")?;
        same("the cell of restarts", &cells[3], "0")?;
        same("the cell of the nominated node", &cells[7], "<none>")?;
    }
    Ok(())
}

pub(super) async fn one_object_comes_as_a_table_too(ns: &TestNamespace<'_>) -> Outcome {
    let map = json!({"metadata": {"name": "m"}, "data": {"a": "1", "b": "2"}});
    let map = ns.make_at(&ns.core("configmaps"), &map).await?;
    let path = ns.core("configmaps/m");
    let one = table(ns, &path).await?;
    same("the number of rows", rows(&one).len(), 1)?;
    let row = rows(&one)
        .first()
        .ok_or_else(|| Finding::new("the table has no row"))?;
    let cells = row["cells"].as_array().cloned().unwrap_or_default();
    same(
        "the first cells",
        cells.get(..2).unwrap_or_default(),
        &[json!("m"), json!(2)][..],
    )?;
    let version = &one["metadata"]["resourceVersion"];
    same("the version", version, &map["metadata"]["resourceVersion"])?;
    let whole = table(ns, &format!("{path}?includeObject=Object")).await?;
    same("the whole object", &rows(&whole)[0]["object"], &map)?;
    let none = table(ns, &format!("{path}?includeObject=None")).await?;
    hold(rows(&none)[0]["object"].is_null(), || {
        format!("it has an object: {none}")
    })
}

pub(super) async fn an_error_is_not_a_table(ns: &TestNamespace<'_>) -> Outcome {
    let ask = Ask::new("GET", ns.core("configmaps/none"), String::new()).accept(TABLE);
    ns.ask(ask).await?.refused(404, "NotFound")?;
    Ok(())
}
