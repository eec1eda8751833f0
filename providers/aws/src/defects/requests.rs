//! What the wrong provisioners ask instead, in EC2's query protocol, and what they are told.

use bytes::Bytes;
use http::{Request, Response, header};
use kubeproof_contract::run::{RUN_TAG, Run};
use serde_json::json;

/// The part of the name of an address that no one uses.
pub(super) const SPARE: &str = "spare";
/// How an address's specification of tags begins.
const TAGS: &str = "TagSpecification.";
/// The nodes that are made up: more than any scenario asks for.
const NODES: usize = 500;

type Form = Vec<(String, String)>;

fn form(request: &Request<Bytes>) -> Form {
    form_urlencoded::parse(request.body())
        .into_owned()
        .collect()
}

/// The same request with other parameters. Its headers stay, with the length of the old body left out.
fn with_form(request: &Request<Bytes>, form: Form) -> Request<Bytes> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let mut changed = request.clone().map(|_| Bytes::from(body));
    changed.headers_mut().remove(header::CONTENT_LENGTH);
    changed
}

/// The listing of a run's VPCs, with a pattern of their names in place of the run's tag.
fn vpcs_named(run: &Run, request: &Request<Bytes>, pattern: &str) -> Request<Bytes> {
    let mut form = form(request);
    let by_run = format!("tag:{RUN_TAG}");
    for (_, value) in &mut form {
        if *value == by_run {
            "tag:Name".clone_into(value);
        } else if *value == run.id {
            pattern.clone_into(value);
        }
    }
    with_form(request, form)
}

pub(super) fn vpcs_of_every_run(run: &Run, request: Request<Bytes>) -> Request<Bytes> {
    vpcs_named(run, &request, "kp-*")
}

pub(super) fn vpcs_named_as_this_run(run: &Run, request: Request<Bytes>) -> Request<Bytes> {
    vpcs_named(run, &request, &format!("{}*", run.name("")))
}

/// The allocation of another address, after that of one that is used.
pub(super) fn spare_address(
    run: &Run,
    request: &Request<Bytes>,
    _: &Response<Bytes>,
) -> Option<Request<Bytes>> {
    let used = run.name("nat-");
    let mut form = form(request);
    let name = form.iter_mut().find(|(_, value)| value.starts_with(&used));
    name?.1 = run.name(SPARE);
    Some(with_form(request, form))
}

pub(super) fn without_tags(request: Request<Bytes>) -> Request<Bytes> {
    let mut form = form(&request);
    form.retain(|(key, _)| !key.starts_with(TAGS));
    with_form(&request, form)
}

/// The call that gives an address its tags after it was allocated.
pub(super) fn tagging_of_address(
    _: &Run,
    request: &Request<Bytes>,
    answer: &Response<Bytes>,
) -> Option<Request<Bytes>> {
    let answer = std::str::from_utf8(answer.body()).ok()?;
    let (_, after) = answer.split_once("<allocationId>")?;
    let (id, _) = after.split_once("</allocationId>")?;
    let given = form(request);
    let mut tagging: Form = vec![
        ("Action".to_owned(), "CreateTags".to_owned()),
        ("ResourceId.1".to_owned(), id.to_owned()),
    ];
    tagging.extend(given.iter().filter(|(key, _)| key == "Version").cloned());
    let tags = given.iter().filter_map(|(key, value)| {
        let (_, tag) = key.strip_prefix(TAGS)?.split_once(".Tag.")?;
        Some((format!("Tag.{tag}"), value.clone()))
    });
    tagging.extend(tags);
    Some(with_form(request, tagging))
}

fn json_answer(body: &serde_json::Value) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    let json = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// The node group that was asked about, as if it were active.
pub(super) fn active_node_group(run: &Run, request: &Request<Bytes>) -> Response<Bytes> {
    let name = request.uri().path().rsplit('/').next();
    json_answer(&json!({ "nodegroup": {
        "nodegroupName": name,
        "status": "ACTIVE",
        "tags": { RUN_TAG: run.id },
    }}))
}

/// Nodes that are all Ready.
pub(super) fn ready_nodes(_: &Run, _: &Request<Bytes>) -> Response<Bytes> {
    let node = |index: usize| {
        json!({
            "metadata": { "name": format!("node-{index}") },
            "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
        })
    };
    let nodes: Vec<serde_json::Value> = (0..NODES).map(node).collect();
    json_answer(&json!({
        "apiVersion": "v1", "kind": "NodeList", "metadata": {}, "items": nodes,
    }))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const ALLOCATE: &str = "Action=AllocateAddress&Version=2016-11-15&Domain=vpc\
        &TagSpecification.1.ResourceType=elastic-ip\
        &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=kp-r1-nat-a\
        &TagSpecification.1.Tag.2.Key=kubeproof%3Arun&TagSpecification.1.Tag.2.Value=r1";

    fn run() -> Run {
        Run::new("r1", "me", Timestamp::UNIX_EPOCH)
    }

    fn request(body: &'static str) -> Request<Bytes> {
        Request::new(Bytes::from_static(body.as_bytes()))
    }

    #[track_caller]
    fn check(request: Option<Request<Bytes>>, expected: &str) {
        let body = request.map(Request::into_body).unwrap_or_default();
        assert_eq!(std::str::from_utf8(&body), Ok(expected));
    }

    #[test]
    fn an_address_is_allocated_twice_or_tagged_later() {
        let allocated = Response::new(Bytes::from_static(
            b"<AllocateAddressResponse><allocationId>eipalloc-1</allocationId></AllocateAddressResponse>",
        ));
        let spare = spare_address(&run(), &request(ALLOCATE), &allocated);
        check(spare, &ALLOCATE.replace("nat-a", SPARE));
        check(
            Some(without_tags(request(ALLOCATE))),
            "Action=AllocateAddress&Version=2016-11-15&Domain=vpc",
        );
        check(
            tagging_of_address(&run(), &request(ALLOCATE), &allocated),
            "Action=CreateTags&ResourceId.1=eipalloc-1&Version=2016-11-15\
             &Tag.1.Key=Name&Tag.1.Value=kp-r1-nat-a&Tag.2.Key=kubeproof%3Arun&Tag.2.Value=r1",
        );
    }

    #[test]
    fn networks_are_listed_by_name() {
        let by_tag = "Action=DescribeVpcs&Version=2016-11-15\
            &Filter.1.Name=tag%3Akubeproof%3Arun&Filter.1.Value.1=r1";
        let start =
            "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag%3AName&Filter.1.Value.1=";
        let every = vpcs_of_every_run(&run(), request(by_tag));
        check(Some(every), &format!("{start}kp-*"));
        let own = vpcs_named_as_this_run(&run(), request(by_tag));
        check(Some(own), &format!("{start}kp-r1*"));
    }
}
