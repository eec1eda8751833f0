//! The run's resource group, and the one of the cluster's nodes.

use kubeproof_cloudkit::CallError;
use kubeproof_contract::run::Run;
use serde_json::Value;

use super::Findings;
use super::cluster::Seen;
use crate::api::Api;
use crate::spec::AksSpec;

pub(super) async fn judge(
    api: &Api,
    spec: &AksSpec,
    run: &Run,
    cluster: &Result<Option<Seen>, CallError>,
) -> Result<Findings, CallError> {
    let subscription = spec.subscription.0.as_str();
    let name = super::super::group(spec, run);
    let read = |name: String| async move {
        api.find::<Value>("resourceGroups.get", &[subscription, &name])
            .await
    };
    let group = read(name.clone()).await?;
    let mut found = Findings::default();
    own(&mut found, spec, run, &name, group.as_ref());
    let Some(cluster) = cluster.as_ref().map_err(Clone::clone)? else {
        found.wrong.push("there is no cluster".to_owned());
        return Ok(found);
    };
    let nodes = cluster.properties.node_resource_group.clone();
    let group = read(nodes.clone()).await?;
    of_nodes(&mut found, spec, cluster, (&nodes, group.as_ref()));
    Ok(found)
}

/// What any group must be.
fn usual(found: &mut Findings, spec: &AksSpec, name: &str, group: Option<&Value>) -> bool {
    let Some(group) = group else {
        found
            .wrong
            .push(format!("there is no resource group {name}"));
        return false;
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let state = text(&group["properties"]["provisioningState"]);
    found.require(state == "Succeeded", || format!("{name} is {state}"));
    let (location, asked) = (text(&group["location"]), &spec.location.0);
    // A group that was there may be anywhere: it only holds the data of what is in it.
    let is_existing = spec.resource_group.as_ref().is_some_and(|it| it.0 == name);
    found.require(is_existing || location == *asked, || {
        format!("{name} is in {location}, asked for {asked}")
    });
    found.note(format!("{name} is {state} in {location}"));
    true
}

fn own(found: &mut Findings, spec: &AksSpec, run: &Run, name: &str, group: Option<&Value>) {
    if !usual(found, spec, name, group) {
        return;
    }
    let marked = group.is_some_and(|group| is_of(run, group));
    match spec.resource_group {
        None => found.require(marked, || format!("{name} does not carry the run's tag")),
        Some(_) => found.require(!marked, || {
            format!("{name} was there before, and carries the run's tag")
        }),
    }
}

fn is_of(run: &Run, group: &Value) -> bool {
    let tags = serde_json::from_value(group["tags"].clone()).unwrap_or_default();
    run.owns(&tags)
}

fn of_nodes(
    found: &mut Findings,
    spec: &AksSpec,
    cluster: &Seen,
    (name, group): (&str, Option<&Value>),
) {
    if !usual(found, spec, name, group) {
        return;
    }
    let owner = group.and_then(|group| group["managedBy"].as_str());
    let is_its = owner.is_some_and(|owner| owner.eq_ignore_ascii_case(&cluster.id));
    found.require(is_its, || {
        let owner = owner.unwrap_or("nothing");
        format!("{name} is managed by {owner}, not by the cluster")
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::cluster::tests::{run, seen};
    use super::*;
    use crate::spec::tests::spec;

    fn group(change: &Value) -> Value {
        let mut group =
            json!({"location": "eastus", "properties": {"provisioningState": "Succeeded"}});
        for (member, value) in change.as_object().unwrap() {
            group[member] = value.clone();
        }
        group
    }

    #[test]
    fn the_runs_group_is_marked_and_one_that_was_there_is_not() {
        let marks = json!({"tags": {"kubeproof:run": "r1"}});
        let check = |asked: Value, shown: Option<&Value>, expected: &str| {
            let mut found = Findings::default();
            own(&mut found, &spec(asked), &run(), "g", shown);
            assert_eq!(found.wrong.join("; "), expected);
        };
        check(json!({}), Some(&group(&marks)), "");
        check(
            json!({}),
            Some(&group(&json!({}))),
            "g does not carry the run's tag",
        );
        check(json!({}), None, "there is no resource group g");
        let elsewhere = group(&json!({"location": "westus"}));
        check(json!({"resource_group": "g"}), Some(&elsewhere), "");
        check(
            json!({"resource_group": "g"}),
            Some(&group(&marks)),
            "g was there before, and carries the run's tag",
        );
        let ending = json!({"properties": {"provisioningState": "Deleting"}, "tags": {"kubeproof:run": "r1"}});
        check(json!({}), Some(&group(&ending)), "g is Deleting");
    }

    #[test]
    fn the_group_of_nodes_is_the_clusters() {
        let cluster = seen(json!({}));
        let check = |shown: Value, expected: &str| {
            let mut found = Findings::default();
            let shown = group(&shown);
            of_nodes(&mut found, &spec(json!({})), &cluster, ("mc", Some(&shown)));
            assert_eq!(found.wrong.join("; "), expected);
        };
        check(json!({"managedBy": cluster.id.to_uppercase()}), "");
        check(
            json!({"managedBy": "/x"}),
            "mc is managed by /x, not by the cluster",
        );
        check(json!({}), "mc is managed by nothing, not by the cluster");
        check(
            json!({"managedBy": cluster.id, "location": "westus"}),
            "mc is in westus, asked for eastus",
        );
    }
}
