//! Discovery, version and health, which clients ask for first.

use serde_json::Value;

use crate::answer::Ask;
use crate::finding::{Outcome, hold, same};
use crate::test_namespace::TestNamespace;

pub(super) async fn the_version_is_reported(ns: &TestNamespace<'_>) -> Outcome {
    for path in ["/version", "/version/"] {
        let version = ns.get(path).await?.expect(200)?;
        let text = |field: &str| version[field].as_str().unwrap_or_default().to_owned();
        same("the major version", text("major").as_str(), "1")?;
        let begins = format!("v{}.{}.", text("major"), text("minor"));
        hold(text("gitVersion").starts_with(&begins), || {
            format!("the version is {version}")
        })?;
        for field in [
            "gitCommit",
            "gitTreeState",
            "buildDate",
            "goVersion",
            "compiler",
            "platform",
        ] {
            hold(!text(field).is_empty(), || {
                format!("there is no {field}: {version}")
            })?;
        }
    }
    Ok(())
}

pub(super) async fn the_server_says_that_it_is_healthy(ns: &TestNamespace<'_>) -> Outcome {
    for path in ["/healthz", "/livez", "/readyz"] {
        let answer = ns
            .ask(Ask::new("GET", path, String::new()).accept(""))
            .await?;
        same(&format!("the code of {path}"), answer.code, 200)?;
        same(&format!("the text of {path}"), answer.text().as_str(), "ok")?;
    }
    Ok(())
}

fn resource<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    list["resources"]
        .as_array()?
        .iter()
        .find(|resource| resource["name"] == name)
}

pub(super) async fn groups_and_resources_are_listed(ns: &TestNamespace<'_>) -> Outcome {
    let versions = ns.get("/api").await?.expect(200)?;
    same("the kind of /api", &versions["kind"], "APIVersions")?;
    same(
        "the versions",
        &versions["versions"],
        &serde_json::json!(["v1"]),
    )?;
    let groups = ns.get("/apis").await?.expect(200)?;
    same("the kind of /apis", &groups["kind"], "APIGroupList")?;
    for (group, version) in [("apps", "apps/v1"), ("batch", "batch/v1")] {
        let found = groups["groups"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|found| {
                found["name"] == group && found["preferredVersion"]["groupVersion"] == version
            });
        hold(found, || format!("the group {group} is not in {groups}"))?;
        let one = ns.get(&format!("/apis/{group}")).await?.expect(200)?;
        same("the kind of the group", &one["kind"], "APIGroup")?;
    }
    for (path, name, kind, namespaced, short) in [
        ("/api/v1", "pods", "Pod", true, "po"),
        ("/api/v1", "nodes", "Node", false, "no"),
        ("/apis/apps/v1", "deployments", "Deployment", true, "deploy"),
        ("/apis/apps/v1", "replicasets", "ReplicaSet", true, "rs"),
        ("/apis/batch/v1", "jobs", "Job", true, ""),
    ] {
        let list = ns.get(path).await?.expect(200)?;
        same("the kind", &list["kind"], "APIResourceList")?;
        let found = resource(&list, name).cloned().unwrap_or_default();
        same(&format!("the kind of {name}"), &found["kind"], kind)?;
        same(
            &format!("whether {name} have namespaces"),
            &found["namespaced"],
            namespaced,
        )?;
        let verbs = found["verbs"].as_array().cloned().unwrap_or_default();
        for verb in [
            "create", "delete", "get", "list", "patch", "update", "watch",
        ] {
            hold(verbs.iter().any(|known| known == verb), || {
                format!("{name} do not know {verb}: {found}")
            })?;
        }
        let shorts = found["shortNames"].as_array().cloned().unwrap_or_default();
        hold(
            short.is_empty() || shorts.iter().any(|known| known == short),
            || format!("{name} are not short {short}: {found}"),
        )?;
    }
    let core = ns.get("/api/v1").await?.expect(200)?;
    let apps = ns.get("/apis/apps/v1").await?.expect(200)?;
    for (list, name) in [
        (&core, "pods/log"),
        (&core, "pods/status"),
        (&core, "namespaces/finalize"),
        (&core, "serviceaccounts/token"),
        (&apps, "deployments/scale"),
        (&apps, "deployments/status"),
    ] {
        hold(resource(list, name).is_some(), || {
            format!("{name} is not listed")
        })?;
    }
    Ok(())
}

pub(super) async fn groups_come_aggregated_when_asked_for(ns: &TestNamespace<'_>) -> Outcome {
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                  application/json";
    for (path, group, plural) in [("/api", "", "pods"), ("/apis", "apps", "deployments")] {
        let ask = Ask::new("GET", path, String::new()).accept(accept);
        let answer = ns.ask(ask).await?;
        let media = answer.header("content-type");
        same(
            "the media type",
            media.as_str(),
            accept.trim_end_matches(",application/json"),
        )?;
        let list = answer.expect(200)?;
        same("the kind", &list["kind"], "APIGroupDiscoveryList")?;
        same(
            "the API version",
            &list["apiVersion"],
            "apidiscovery.k8s.io/v2",
        )?;
        let all = list["items"].as_array().cloned().unwrap_or_default();
        let found = all
            .iter()
            .find(|item| item["metadata"]["name"].as_str().unwrap_or_default() == group);
        let found = found.cloned().unwrap_or_default();
        let version = &found["versions"][0];
        same("the version", &version["version"], "v1")?;
        let resources = version["resources"].as_array().cloned().unwrap_or_default();
        hold(
            resources.iter().any(|known| known["resource"] == plural),
            || format!("{plural} are not in {found}"),
        )?;
    }
    Ok(())
}
