//! Lists: pages, versions and forms.
//!
//! Source: the documentation of the API concepts (retrieving large results sets in chunks, resource
//! versions).

use serde_json::{Value, json};

use crate::answer::Ask;
use crate::finding::{Finding, Outcome, hold, same};
use crate::test_namespace::{TestNamespace, items, names};

async fn maps(ns: &TestNamespace<'_>, count: usize) -> Outcome {
    for number in 0..count {
        let map = json!({
            "metadata": {"name": format!("m{number}"), "labels": {"made": "here"}},
            "data": {"a": "1"},
        });
        ns.make_at(&ns.core("configmaps"), &map).await?;
    }
    Ok(())
}

/// A list of what the case has created.
fn made(ns: &TestNamespace<'_>, more: &str) -> String {
    ns.core(&format!("configmaps?labelSelector=made%3Dhere{more}"))
}

fn version(list: &Value) -> String {
    list["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

pub(super) async fn a_list_names_its_type_and_its_version(ns: &TestNamespace<'_>) -> Outcome {
    maps(ns, 2).await?;
    let list = ns.get(&made(ns, "")).await?.expect(200)?;
    same("the kind", &list["kind"], "ConfigMapList")?;
    same("the API version", &list["apiVersion"], "v1")?;
    hold(version(&list).parse::<u64>().is_ok(), || {
        format!("the version is {}", version(&list))
    })?;
    same(
        "the names",
        names(&list),
        vec!["m0".to_owned(), "m1".to_owned()],
    )?;
    for item in items(&list) {
        // Kind and version are in the list, not in its items.
        for field in ["kind", "apiVersion"] {
            hold(item.get(field).is_none(), || {
                format!("an item has a {field}: {item}")
            })?;
        }
    }
    let everywhere =
        "/api/v1/configmaps?labelSelector=made%3Dhere&fieldSelector=metadata.namespace";
    let list = ns
        .get(&format!("{everywhere}%3D{}", ns.namespace))
        .await?
        .expect(200)?;
    same("the names in all namespaces", names(&list).len(), 2)
}

pub(super) async fn a_list_is_read_in_pages_of_one_moment(ns: &TestNamespace<'_>) -> Outcome {
    maps(ns, 5).await?;
    // Without a selection the server knows what remains; the certificate authority is there too.
    let root = ns.core("configmaps/kube-root-ca.crt");
    ns.wait("the certificate authority", &root, |_| true)
        .await?;
    let first = ns.get(&ns.core("configmaps?limit=2")).await?.expect(200)?;
    same("the items of the first page", items(&first).len(), 2)?;
    same("what remains", &first["metadata"]["remainingItemCount"], 4)?;
    let moment = version(&first);
    // Later changes are not visible: all pages show the version of the first one.
    let late = json!({"metadata": {"name": "m9", "labels": {"made": "here"}}});
    ns.make_at(&ns.core("configmaps"), &late).await?;
    ns.delete(&ns.core("configmaps/m4"), &Value::Null)
        .await?
        .expect(200)?;
    let mut seen = names(&first);
    let mut page = first;
    for _ in 0..10 {
        let Some(token) = page["metadata"]["continue"].as_str() else {
            break;
        };
        let path = ns.core(&format!("configmaps?limit=2&continue={token}"));
        page = ns.get(&path).await?.expect(200)?;
        same("the version of a page", version(&page), moment.clone())?;
        hold(items(&page).len() <= 2, || {
            format!("a page is too long: {page}")
        })?;
        seen.extend(names(&page));
    }
    let expected = ["kube-root-ca.crt", "m0", "m1", "m2", "m3", "m4"];
    same("all names", seen, expected.map(str::to_owned).to_vec())?;
    hold(page["metadata"].get("remainingItemCount").is_none(), || {
        format!("the last page says that more remain: {}", page["metadata"])
    })
}

pub(super) async fn a_page_of_a_selection_does_not_count_what_remains(
    ns: &TestNamespace<'_>,
) -> Outcome {
    maps(ns, 3).await?;
    let page = ns.get(&made(ns, "&limit=2")).await?.expect(200)?;
    same("the items", items(&page).len(), 2)?;
    hold(page["metadata"]["continue"].is_string(), || {
        format!("nothing follows: {}", page["metadata"])
    })?;
    hold(page["metadata"].get("remainingItemCount").is_none(), || {
        format!("it counts: {}", page["metadata"])
    })?;
    let all = ns.get(&made(ns, "&limit=3")).await?.expect(200)?;
    hold(all["metadata"].get("continue").is_none(), || {
        format!("something follows: {}", all["metadata"])
    })
}

pub(super) async fn an_invalid_continue_token_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("configmaps?limit=1&continue=none");
    let status = ns.get(&path).await?.refused(400, "BadRequest")?;
    let message = status["message"].as_str().unwrap_or_default();
    hold(message.contains("continue key is not valid"), || {
        format!("the message is {message}")
    })?;
    let path = ns.core("configmaps?limit=x");
    ns.get(&path).await?.refused(400, "BadRequest")?;
    Ok(())
}

pub(super) async fn a_version_that_is_not_a_number_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("configmaps?resourceVersion=abc");
    ns.get(&path).await?.refused(400, "BadRequest")?;
    let path = ns.core("configmaps?resourceVersionMatch=Exact");
    let status = ns.get(&path).await?.refused(422, "Invalid")?;
    same(
        "the field",
        &status["details"]["causes"][0]["field"],
        "resourceVersionMatch",
    )
}

pub(super) async fn a_future_version_does_not_exist_yet(ns: &TestNamespace<'_>) -> Outcome {
    let path = ns.core("configmaps?resourceVersion=99999999999");
    let answer = ns.get(&path).await?;
    same(
        "when to come again",
        answer.header("retry-after").as_str(),
        "1",
    )?;
    let status = answer.refused(504, "Timeout")?;
    let causes = json!([{
        "reason": "ResourceVersionTooLarge", "message": "Too large resource version",
    }]);
    same("the causes", &status["details"]["causes"], &causes)?;
    same("the seconds", &status["details"]["retryAfterSeconds"], 1)
}

pub(super) async fn an_exact_version_shows_the_past(ns: &TestNamespace<'_>) -> Outcome {
    maps(ns, 2).await?;
    let then = ns.get(&made(ns, "")).await?.expect(200)?;
    ns.delete(&ns.core("configmaps/m0"), &Value::Null)
        .await?
        .expect(200)?;
    let change = json!({"data": {"a": "2"}});
    ns.merge(&ns.core("configmaps/m1"), &change)
        .await?
        .expect(200)?;
    let version = version(&then);
    let exact = format!("&resourceVersion={version}&resourceVersionMatch=Exact");
    let past = ns.get(&made(ns, &exact)).await?.expect(200)?;
    same("the past", &past["items"], &then["items"])?;
    let newer = format!("&resourceVersion={version}&resourceVersionMatch=NotOlderThan");
    let now = ns.get(&made(ns, &newer)).await?.expect(200)?;
    let number = |list: &Value| self::version(list).parse::<u64>().unwrap_or(0);
    hold(number(&now) >= number(&then), || {
        format!("the list is older than {version}: {}", now["metadata"])
    })
}

pub(super) async fn a_list_of_metadata_has_nothing_else(ns: &TestNamespace<'_>) -> Outcome {
    maps(ns, 1).await?;
    let whole = ns.get(&ns.core("configmaps/m0")).await?.expect(200)?;
    let form = |kind: &str| format!("application/json;as={kind};v=v1;g=meta.k8s.io");
    let accept = form("PartialObjectMetadataList");
    let ask = Ask::new("GET", made(ns, ""), String::new()).accept(&accept);
    let list = ns.ask(ask).await?.expect(200)?;
    same("the kind", &list["kind"], "PartialObjectMetadataList")?;
    same("the API version", &list["apiVersion"], "meta.k8s.io/v1")?;
    let expected = json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": whole["metadata"],
    });
    let first = items(&list)
        .first()
        .ok_or_else(|| Finding::new("the list is empty"))?;
    same("the item", first, &expected)?;
    let accept = form("PartialObjectMetadata");
    let ask = Ask::new("GET", ns.core("configmaps/m0"), String::new()).accept(&accept);
    let one = ns.ask(ask).await?.expect(200)?;
    same("one object", &one, &expected)
}
