//! Lists: pages, versions and forms.
//!
//! Source: the documentation of the API concepts (retrieving large results sets in chunks, resource
//! versions).

use serde_json::{Value, json};

use crate::answer::Ask;
use crate::finding::{Finding, Outcome, hold, same};
use crate::place::{Place, items, names};

async fn maps(place: &Place<'_>, count: usize) -> Outcome {
    for number in 0..count {
        let map = json!({
            "metadata": {"name": format!("m{number}"), "labels": {"made": "here"}},
            "data": {"a": "1"},
        });
        place.make_at(&place.core("configmaps"), &map).await?;
    }
    Ok(())
}

/// A list that selects what a case has made.
fn made(place: &Place<'_>, more: &str) -> String {
    place.core(&format!("configmaps?labelSelector=made%3Dhere{more}"))
}

fn version(list: &Value) -> String {
    list["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

pub(super) async fn a_list_names_its_type_and_its_version(place: &Place<'_>) -> Outcome {
    maps(place, 2).await?;
    let list = place.get(&made(place, "")).await?.expect(200)?;
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
        // What an item is, the list says.
        for field in ["kind", "apiVersion"] {
            hold(item.get(field).is_none(), || {
                format!("an item has a {field}: {item}")
            })?;
        }
    }
    let everywhere =
        "/api/v1/configmaps?labelSelector=made%3Dhere&fieldSelector=metadata.namespace";
    let list = place
        .get(&format!("{everywhere}%3D{}", place.namespace))
        .await?
        .expect(200)?;
    same("the names in all name spaces", names(&list).len(), 2)
}

pub(super) async fn a_list_is_read_in_pages_of_one_moment(place: &Place<'_>) -> Outcome {
    maps(place, 5).await?;
    // Without a selection the server knows what remains; the certificate authority is there too.
    let root = place.core("configmaps/kube-root-ca.crt");
    place
        .wait("the certificate authority", &root, |_| true)
        .await?;
    let first = place
        .get(&place.core("configmaps?limit=2"))
        .await?
        .expect(200)?;
    same("the items of the first page", items(&first).len(), 2)?;
    same("what remains", &first["metadata"]["remainingItemCount"], 4)?;
    let moment = version(&first);
    // Later changes do not show: all pages are of the moment of the first one.
    let late = json!({"metadata": {"name": "m9", "labels": {"made": "here"}}});
    place.make_at(&place.core("configmaps"), &late).await?;
    place
        .delete(&place.core("configmaps/m4"), &Value::Null)
        .await?
        .expect(200)?;
    let mut seen = names(&first);
    let mut page = first;
    for _ in 0..10 {
        let Some(token) = page["metadata"]["continue"].as_str() else {
            break;
        };
        let path = place.core(&format!("configmaps?limit=2&continue={token}"));
        page = place.get(&path).await?.expect(200)?;
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
    place: &Place<'_>,
) -> Outcome {
    maps(place, 3).await?;
    let page = place.get(&made(place, "&limit=2")).await?.expect(200)?;
    same("the items", items(&page).len(), 2)?;
    hold(page["metadata"]["continue"].is_string(), || {
        format!("nothing follows: {}", page["metadata"])
    })?;
    hold(page["metadata"].get("remainingItemCount").is_none(), || {
        format!("it counts: {}", page["metadata"])
    })?;
    let all = place.get(&made(place, "&limit=3")).await?.expect(200)?;
    hold(all["metadata"].get("continue").is_none(), || {
        format!("something follows: {}", all["metadata"])
    })
}

pub(super) async fn a_token_that_is_none_is_refused(place: &Place<'_>) -> Outcome {
    let path = place.core("configmaps?limit=1&continue=none");
    let status = place.get(&path).await?.refused(400, "BadRequest")?;
    let message = status["message"].as_str().unwrap_or_default();
    hold(message.contains("continue key is not valid"), || {
        format!("the message is {message}")
    })?;
    let path = place.core("configmaps?limit=x");
    place.get(&path).await?.refused(400, "BadRequest")?;
    Ok(())
}

pub(super) async fn a_version_that_is_no_number_is_refused(place: &Place<'_>) -> Outcome {
    let path = place.core("configmaps?resourceVersion=abc");
    place.get(&path).await?.refused(400, "BadRequest")?;
    let path = place.core("configmaps?resourceVersionMatch=Exact");
    let status = place.get(&path).await?.refused(422, "Invalid")?;
    same(
        "the field",
        &status["details"]["causes"][0]["field"],
        "resourceVersionMatch",
    )
}

pub(super) async fn a_version_of_the_future_is_not_there_yet(place: &Place<'_>) -> Outcome {
    let path = place.core("configmaps?resourceVersion=99999999999");
    let answer = place.get(&path).await?;
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

pub(super) async fn an_exact_version_shows_the_past(place: &Place<'_>) -> Outcome {
    maps(place, 2).await?;
    let then = place.get(&made(place, "")).await?.expect(200)?;
    place
        .delete(&place.core("configmaps/m0"), &Value::Null)
        .await?
        .expect(200)?;
    let change = json!({"data": {"a": "2"}});
    place
        .merge(&place.core("configmaps/m1"), &change)
        .await?
        .expect(200)?;
    let version = version(&then);
    let exact = format!("&resourceVersion={version}&resourceVersionMatch=Exact");
    let past = place.get(&made(place, &exact)).await?.expect(200)?;
    same("the past", &past["items"], &then["items"])?;
    let newer = format!("&resourceVersion={version}&resourceVersionMatch=NotOlderThan");
    let now = place.get(&made(place, &newer)).await?.expect(200)?;
    let number = |list: &Value| self::version(list).parse::<u64>().unwrap_or(0);
    hold(number(&now) >= number(&then), || {
        format!("the list is older than {version}: {}", now["metadata"])
    })
}

pub(super) async fn a_list_of_metadata_has_nothing_else(place: &Place<'_>) -> Outcome {
    maps(place, 1).await?;
    let whole = place.get(&place.core("configmaps/m0")).await?.expect(200)?;
    let form = |kind: &str| format!("application/json;as={kind};v=v1;g=meta.k8s.io");
    let accept = form("PartialObjectMetadataList");
    let ask = Ask::new("GET", made(place, ""), String::new()).accept(&accept);
    let list = place.ask(ask).await?.expect(200)?;
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
    let ask = Ask::new("GET", place.core("configmaps/m0"), String::new()).accept(&accept);
    let one = place.ask(ask).await?.expect(200)?;
    same("one object", &one, &expected)
}
