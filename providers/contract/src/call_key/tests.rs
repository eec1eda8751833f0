//! Calls are told apart by what they are about.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;

use super::*;
use crate::run::Run;

fn keys() -> CallKeys {
    CallKeys::of(&Run::new("r1-0a1b2c3d", "me", Timestamp::UNIX_EPOCH))
}

fn key_of(line: &str, body: &str) -> CallKey {
    let (method, path) = line.split_once(' ').expect("a line");
    let request = Request::builder().method(method).uri(path);
    keys().key(
        &request
            .body(Bytes::from(body.to_owned()))
            .expect("a request"),
    )
}

#[track_caller]
fn same(one: &CallKey, other: &CallKey, expected: bool) {
    assert_eq!(one == other, expected, "{one} and {other}");
}

#[test]
fn a_key_has_a_hint_for_people() {
    let check = |line: &str, body: &str, expected: &str| {
        let key = key_of(line, body).to_string();
        assert_eq!(key.rsplit_once('~').map(|it| it.0), Some(expected), "{key}");
    };
    let subnet = "Action=CreateSubnet&VpcId=vpc-0a1b2c3d4e5f60718&CidrBlock=10.0.2.0%2F24&\
                  TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=kp-r1-0a1b2c3d-private-0";
    check("POST /", subnet, "NAME-private-0,10.0.2.0/24");
    let group = r#"{"nodegroupName": "workers", "clientRequestToken": "x"}"#;
    check(
        "POST /clusters/kp-r1-0a1b2c3d/node-groups",
        group,
        "workers,NAME",
    );
    check("POST /", "Action=CreateInternetGateway", "");
    check("POST /", "UserData=c2VjcmV0&Password=hunter2&Size=20", "20");
}

#[test]
fn tokens_dates_and_the_order_of_maps_make_no_difference() {
    let one = r#"{"name": "a", "clientRequestToken": "x1", "at": "2026-11-02T09:05:00Z"}"#;
    let other = r#"{"at": "2026-11-03T01:00:00Z", "clientRequestToken": "x2", "name": "a"}"#;
    same(&key_of("POST /c", one), &key_of("POST /c", other), true);
    let third = r#"{"name": "b", "clientRequestToken": "x1"}"#;
    same(&key_of("POST /c", one), &key_of("POST /c", third), false);
    same(&key_of("POST /c", one), &key_of("POST /d", one), false);
}

#[test]
fn a_pattern_is_a_whole_key_or_words_of_a_request() {
    let key = key_of("POST /", "CidrBlock=10.0.2.0/24&VpcId=vpc-1&Name=x y");
    let check = |pattern: &str, expected: bool| {
        let pattern = KeyPattern::read(pattern).expect("a pattern");
        assert_eq!(pattern.matches(&key), expected, "{pattern}");
    };
    check(&key.to_string(), true);
    check("10.0.2.0/24", true);
    check("vpc-1,10.0.2.0/24", true);
    check("x_y", true);
    check("10.0.3.0/24", false);
    check("10.0.2.0", false);
    check("10.0.2.0/24~00000000", false);
    for wrong in ["", "a=b", "a]b", "a#b"] {
        assert_eq!(KeyPattern::read(wrong), None, "{wrong}");
    }
}

mod in_a_trial {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use http::Response;

    use super::*;
    use crate::call::{Dialect, ErrorKind, Signature, Targets};
    use crate::transport::{SharedTransport, Transport, TransportError};

    /// A cloud that answers `made ID` to each change, and the rest of the line to each read; it keeps the keys.
    #[derive(Debug, Default)]
    struct Cloud(Mutex<(Vec<String>, Vec<&'static str>)>);

    #[derive(Debug)]
    struct Words;

    impl Dialect for Words {
        fn signature(&self, request: &Request<Bytes>) -> Signature {
            Signature {
                service: "s".to_owned(),
                operation: request.uri().path().trim_start_matches('/').to_owned(),
                mutating: request.method() == "POST",
            }
        }

        fn error(&self, _: &Request<Bytes>, _: &ErrorKind) -> Response<Bytes> {
            Response::new(Bytes::new())
        }

        fn targets(&self, _: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
            let text = response.map(|it| String::from_utf8_lossy(it.body()).into_owned());
            let made = text.iter().filter_map(|text| text.strip_prefix("made "));
            Targets {
                names: Vec::new(),
                made: made.map(str::to_owned).collect(),
            }
        }

        fn error_code(&self, _: &Response<Bytes>) -> Option<String> {
            None
        }
    }

    #[async_trait]
    impl Transport for Cloud {
        async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
            let mut inner = self.0.lock().expect("not poisoned");
            let key = request
                .extensions()
                .get::<CallKey>()
                .map(ToString::to_string);
            inner.0.extend(key);
            Ok(Response::new(Bytes::from(inner.1.remove(0))))
        }
    }

    /// Sends requests (`METHOD /Operation body`) to a cloud that gives these answers. Returns the keys, and whether each
    /// answer has changed.
    async fn sent(calls: &[&str], answers: &[&'static str]) -> (Vec<String>, Vec<bool>) {
        let cloud = Arc::new(Cloud(Mutex::new((Vec::new(), answers.to_vec()))));
        let keys = keys();
        let inner = Arc::clone(&cloud) as SharedTransport;
        let transport = keys.name(keys.learn(inner, Arc::new(Words)));
        let mut changed = Vec::new();
        for call in calls {
            let words: Vec<&str> = call.splitn(3, ' ').collect();
            let request = Request::builder().method(words[0]).uri(words[1]);
            let request = request.body(Bytes::from(words[2].to_owned()));
            let answer = transport.send(request.expect("a request")).await;
            let answer = answer.expect("an answer");
            changed.push(answer.extensions().get::<AnswerChanged>().is_some());
        }
        let keys = cloud.0.lock().expect("not poisoned").0.clone();
        (keys, changed)
    }

    #[tokio::test]
    async fn an_id_is_called_by_what_made_it_in_whatever_order_it_was_made() {
        let calls = [
            "POST /CreateNet block=10.1.0.0/16",
            "POST /CreateNet block=10.2.0.0/16",
            "POST /Delete id=net-0000000000000001",
            "POST /Delete id=net-0000000000000002",
        ];
        let ids = ["made net-0000000000000001", "made net-0000000000000002"];
        let (keys, _) = sent(&calls, &[ids[0], ids[1], "", ""]).await;
        let (turned, _) = sent(&calls, &[ids[1], ids[0], "", ""]).await;
        assert_ne!(keys[2], keys[3]);
        assert_eq!((&keys[2], &keys[3]), (&turned[3], &turned[2]));
        let hint = "Net:10.1.0.0/16,Delete~";
        assert!(keys[2].starts_with(hint), "{}", keys[2]);
    }

    #[tokio::test]
    async fn an_answer_has_changed_when_more_than_ids_of_requests_and_dates_differ() {
        let calls = ["GET /Look id=1"; 4];
        let answers = [
            "pending 2026-11-02T09:05:00Z",
            "pending 2026-11-02T09:06:00Z",
            "ready 2026-11-02T09:07:00Z",
            "ready 2026-11-02T09:08:00Z",
        ];
        let (_, changed) = sent(&calls, &answers).await;
        assert_eq!(changed, [false, false, true, false]);
    }
}
