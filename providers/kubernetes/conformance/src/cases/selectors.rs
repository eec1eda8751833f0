//! Label and field selectors.
//!
//! Source: the documentation of labels and selectors, and of field selectors.

use serde_json::{Value, json};

use crate::finding::{Outcome, same};
use crate::test_namespace::{TestNamespace, names};

/// A text, encoded for a query.
fn quoted(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

async fn selected(ns: &TestNamespace<'_>, plural: &str, kind: &str, text: &str) -> Outcome<String> {
    let path = ns.core(&format!("{plural}?{kind}Selector={}", quoted(text)));
    let list = ns.get(&path).await?.expect(200)?;
    Ok(names(&list).join(" "))
}

pub(super) async fn labels_select_in_every_way(ns: &TestNamespace<'_>) -> Outcome {
    for (name, labels) in [
        ("a", json!({"app": "web", "tier": "front"})),
        ("b", json!({"app": "api", "tier": "back"})),
        ("c", json!({"app": "web", "size": "5"})),
        ("d", Value::Null),
    ] {
        let secret = json!({"metadata": {"name": name, "labels": labels}});
        ns.make_at(&ns.core("secrets"), &secret).await?;
    }
    for (text, expected) in [
        ("", "a b c d"),
        ("app=web", "a c"),
        ("app==web,tier=front", "a"),
        ("app!=web", "b d"),
        ("app in (web, api),tier", "a b"),
        ("app notin (web)", "b d"),
        ("tier", "a b"),
        ("!tier", "c d"),
        ("tier notin (front),tier", "b"),
        ("size>4", "c"),
        ("size<5", ""),
        ("app=", ""),
    ] {
        let seen = selected(ns, "secrets", "label", text).await?;
        same(&format!("what `{text}` selects"), seen.as_str(), expected)?;
    }
    Ok(())
}

pub(super) async fn fields_select_by_name_and_phase(ns: &TestNamespace<'_>) -> Outcome {
    for (name, kind) in [("a", "Opaque"), ("b", "example.com/t")] {
        let secret = json!({"metadata": {"name": name}, "type": kind});
        ns.make_at(&ns.core("secrets"), &secret).await?;
    }
    for (text, expected) in [
        ("metadata.name=a", "a"),
        ("metadata.name!=a", "b"),
        ("type=Opaque", "a"),
        ("type==example.com/t,metadata.name=b", "b"),
        ("metadata.name=a,metadata.name=b", ""),
    ] {
        let seen = selected(ns, "secrets", "field", text).await?;
        same(&format!("what `{text}` selects"), seen.as_str(), expected)?;
    }
    let mut spec = ns.shell("Never", "true");
    spec["nodeSelector"] = json!({"no": "where"});
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    ns.make_at(&ns.core("pods"), &pod).await?;
    for (text, expected) in [
        ("status.phase=Pending", "p"),
        ("status.phase=Running", ""),
        ("spec.nodeName=", "p"),
        ("spec.restartPolicy=Never", "p"),
        ("spec.serviceAccountName=default", "p"),
    ] {
        let seen = selected(ns, "pods", "field", text).await?;
        same(&format!("what `{text}` selects"), seen.as_str(), expected)?;
    }
    Ok(())
}

pub(super) async fn an_invalid_selector_is_refused(ns: &TestNamespace<'_>) -> Outcome {
    for text in ["a b", "a in (b", "a in b", "=b", "a,,b", "-a=b", "a=b c"] {
        let path = ns.core(&format!("secrets?labelSelector={}", quoted(text)));
        let answer = ns.get(&path).await?;
        same(&format!("the code for `{text}`"), answer.code, 400)?;
        answer.refused(400, "BadRequest")?;
    }
    let path = ns.core("secrets?fieldSelector=metadata.name");
    ns.get(&path).await?.refused(400, "BadRequest")?;
    Ok(())
}

pub(super) async fn a_field_that_cannot_be_selected_by_is_refused(
    ns: &TestNamespace<'_>,
) -> Outcome {
    for (plural, text) in [("configmaps", "data.a=1"), ("pods", "spec.color=red")] {
        let path = ns.core(&format!("{plural}?fieldSelector={}", quoted(text)));
        ns.get(&path).await?.refused(400, "BadRequest")?;
    }
    Ok(())
}
