//! The control routes, and faults that are set through them.

use std::net::SocketAddr;

use serde_json::Value;

use super::small::{ask, body, raw, served, status};

fn json(address: SocketAddr, method: &str, path: &str, sent: &str) -> Value {
    let answer = ask(address, method, &format!("/_kubeproof/{path}"), sent);
    assert_eq!(status(&answer), "200", "{answer}");
    serde_json::from_str(body(&answer)).expect("JSON")
}

#[test]
fn inventory_and_journal_show_what_was_done_and_a_reset_clears_them() {
    served(&[], |address| {
        ask(address, "POST", "/make", "one");
        let inventory = json(address, "GET", "inventory", "");
        assert_eq!(inventory["resources"][0]["id"], "one");
        let journal = json(address, "GET", "journal", "");
        assert_eq!(journal["calls"][0]["target"], "POST /make");
        assert_eq!(journal["calls"][0]["status"], 200);
        assert_eq!(journal["forgotten"], 0);
        assert_eq!(json(address, "GET", "meter", "")["usd"], "0");
        json(address, "POST", "reset", "");
        let inventory = json(address, "GET", "inventory", "");
        assert_eq!(inventory["resources"], Value::Array(Vec::new()));
        let journal = json(address, "GET", "journal", "");
        assert_eq!(journal["calls"], Value::Array(Vec::new()));
    });
}

#[test]
fn faults_are_injected_and_counted_and_can_be_replaced() {
    served(&["small:make=quota"], |address| {
        let refused = ask(address, "POST", "/make", "one");
        assert_eq!((status(&refused), body(&refused)), ("400", "Quota"));
        let faults = json(address, "GET", "faults", "");
        assert_eq!(faults["faults"][0]["struck"], 1);
        let other = r#"{"faults": ["small:make#2=lost-response"]}"#;
        json(address, "POST", "faults", other);
        assert_eq!(status(&ask(address, "POST", "/make", "two")), "200");
        // Applied, and never answered.
        assert_eq!(ask(address, "POST", "/make", "three"), "");
        let inventory = json(address, "GET", "inventory", "");
        assert_eq!(inventory["resources"].as_array().map(Vec::len), Some(2));
    });
}

#[test]
fn wrong_faults_are_refused_and_change_nothing() {
    served(&["small:make=quota"], |address| {
        for wrong in [
            "",
            "[]",
            r#"{"faults": ["nonsense"]}"#,
            r#"{"faults": [1]}"#,
        ] {
            let answer = ask(address, "POST", "/_kubeproof/faults", wrong);
            assert_eq!(status(&answer), "400", "{answer}");
        }
        let faults = json(address, "GET", "faults", "");
        assert_eq!(faults["faults"][0]["fault"], "small:make#1=quota");
    });
}

#[test]
fn unknown_control_routes_are_refused_by_name() {
    served(&[], |address| {
        let answer = ask(address, "GET", "/_kubeproof/nonsense", "");
        assert_eq!(status(&answer), "404");
        assert!(answer.contains("unknown route `nonsense`"), "{answer}");
        let answer = ask(address, "DELETE", "/_kubeproof/journal", "");
        assert_eq!(status(&answer), "405");
    });
}

#[test]
fn a_web_page_cannot_reset_an_account() {
    served(&[], |address| {
        ask(address, "POST", "/make", "one");
        for headers in [
            "host: evil.example",
            "host: localhost\r\norigin: http://evil.example",
            "host: localhost\r\norigin: null",
        ] {
            let request = format!(
                "POST /_kubeproof/reset HTTP/1.1\r\n{headers}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            );
            let answer = raw(address, request.as_bytes());
            assert_eq!(status(&answer), "403", "{headers}: {answer}");
            assert!(
                body(&answer).contains("the control routes are not for"),
                "{answer}"
            );
        }
        let inventory = json(address, "GET", "inventory", "");
        assert_eq!(inventory["resources"][0]["id"], "one");
    });
}
