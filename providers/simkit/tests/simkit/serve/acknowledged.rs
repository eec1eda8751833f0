//! Faults that the simulator carries out, over sockets: they count only when it acknowledges them.

use std::net::SocketAddr;

use serde_json::Value;

use super::small::{ask, body, served, status};

/// How often the first fault was seen and injected, according to the control route.
fn tally(address: SocketAddr) -> (u64, u64) {
    let answer = ask(address, "GET", "/_kubeproof/faults", "");
    let tally: Value = serde_json::from_str(body(&answer)).expect("JSON");
    let count = |key: &str| tally["faults"][0][key].as_u64().expect("a number");
    (count("seen"), count("struck"))
}

/// Under this fault, checks for each call (path and body) its answer and the fault's counts after it.
#[track_caller]
fn check(fault: &str, calls: &[(&str, &str, &str, (u64, u64))]) {
    let calls: Vec<_> = calls.to_vec();
    let calls: Vec<_> = calls
        .into_iter()
        .map(|(path, sent, expected, count)| {
            (path.to_owned(), sent.to_owned(), expected.to_owned(), count)
        })
        .collect();
    let fault = fault.to_owned();
    let name = fault.clone();
    served(&[&name], move |address| {
        for (path, sent, expected, count) in calls {
            let answer = ask(address, "POST", &path, &sent);
            assert_eq!(body(&answer), expected, "{fault} {path} {sent}");
            assert_eq!(tally(address), count, "{fault} {path} {sent}");
            // Clients must not see the acknowledgement.
            assert!(!answer.to_lowercase().contains("kubeproof"), "{answer}");
        }
    });
}

const EFFECTS: [&str; 5] = [
    "async-fail(X)",
    "async-stuck",
    "async-late(2)",
    "partial",
    "stale-read(30)",
];

#[test]
fn an_effect_that_the_simulator_does_not_acknowledge_was_not_injected() {
    for effect in EFFECTS {
        check(
            &format!("small:make={effect}"),
            &[
                ("/make", "one", "made", (1, 0)),
                ("/make", "two", "made", (2, 0)),
            ],
        );
    }
}

#[test]
fn an_effect_that_the_simulator_acknowledges_counts() {
    for effect in EFFECTS {
        check(
            &format!("small:later={effect}"),
            &[
                ("/later", "", effect, (1, 1)),
                ("/later", "", "no fault", (2, 1)),
            ],
        );
    }
}

#[test]
fn a_refused_call_takes_no_fault_and_the_first_that_is_accepted_does() {
    check(
        "small:later=async-fail(X)",
        &[
            ("/later", "refused", "refused", (1, 0)),
            ("/later", "", "async-fail(X)", (2, 1)),
            ("/later", "", "no fault", (3, 1)),
        ],
    );
}

#[test]
fn a_call_that_is_applied_later_counts_once_it_is_applied() {
    served(&["small:make=late-apply(30)"], |address| {
        // Applied a minute and a half later on the cloud's clock; the client gets no answer.
        let answer = ask(address, "POST", "/make", "one");
        assert_eq!(status(&answer), "", "{answer}");
        let applied = |address| {
            let inventory = ask(address, "GET", "/_kubeproof/inventory", "");
            body(&inventory).contains("\"one\"")
        };
        while !applied(address) {
            std::thread::yield_now();
        }
        assert_eq!(tally(address), (1, 1));
    });
}

#[test]
fn a_fault_header_from_a_client_is_ignored() {
    served(&[], |address| {
        let request = "POST /later HTTP/1.1\r\nhost: x\r\nx-kubeproof-async-fault: async-stuck\r\n\
                       connection: close\r\ncontent-length: 0\r\n\r\n";
        let answer = super::small::raw(address, request.as_bytes());
        assert_eq!(body(&answer), "no fault");
    });
}
