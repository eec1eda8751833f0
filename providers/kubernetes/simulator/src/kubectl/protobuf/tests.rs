//! Protobuf bodies by hand, byte for byte as the encoding guide says.

use super::*;

/// A field of bytes: its tag, and what is in it. Short ones only.
fn field(tag: u8, inner: &[u8]) -> Vec<u8> {
    let length = u8::try_from(inner.len()).expect("a short field");
    // A tag from 16 on takes two bytes.
    let key = match tag {
        ..16 => vec![tag << 3 | 2],
        _ => vec![(tag << 3 | 2) | 0x80, tag >> 4],
    };
    [&key[..], &[length], inner].concat()
}

fn body(version: &str, kind: &str, object: &[u8]) -> Vec<u8> {
    let meta = [field(1, version.as_bytes()), field(2, kind.as_bytes())].concat();
    let envelope = [field(1, &meta), field(2, object)].concat();
    [MAGIC, &envelope].concat()
}

#[track_caller]
fn check(version: &str, kind: &str, object: &[u8], expected: Value) {
    assert_eq!(read(&body(version, kind, object)), Ok(expected));
}

#[track_caller]
fn refused(bytes: &[u8], expected: Unread) {
    assert_eq!(read(bytes), Err(expected));
}

// The tags below are those of Kubernetes' generated.proto.

#[test]
fn names_labels_and_times_are_read_and_what_go_writes_of_nothing_is_left_out() {
    let label = [field(1, b"app"), field(2, b"web")].concat();
    let metadata = [
        field(1, b"a"),    // name
        field(2, b""),     // generateName
        vec![7 << 3, 0],   // generation
        field(8, b""),     // creationTimestamp
        field(11, &label), // labels
    ]
    .concat();
    let expected = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "a", "labels": {"app": "web"}},
        "spec": {}, "status": {},
    });
    let object = [field(1, &metadata), field(2, b""), field(3, b"")].concat();
    check("v1", "Namespace", &object, expected);
    let deleted = field(9, &[1 << 3, 60]); // deletionTimestamp, second 60
    let expected = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"deletionTimestamp": "1970-01-01T00:01:00Z"},
    });
    check("v1", "Namespace", &field(1, &deleted), expected);
}

#[test]
fn lists_numbers_quantities_and_embedded_structures_are_read() {
    let limit = [field(1, b"cpu"), field(2, &field(1, b"100m"))].concat();
    let volume = [
        field(1, b"v"),
        field(2, &field(19, &field(1, &field(1, b"settings")))), // volumeSource.configMap.name
    ]
    .concat();
    let port = [vec![1 << 3, 1], field(3, b"http")].concat(); // IntOrString: a text
    let probe = field(1, &field(2, &field(2, &port))); // handler.httpGet.port
    let container = [
        field(1, b"c"),
        field(3, b"sh"),
        field(3, b"-c"),
        field(8, &field(1, &limit)), // resources.limits
        field(10, &probe),           // livenessProbe
    ]
    .concat();
    let pod = [field(1, &volume), field(2, &container), vec![4 << 3, 30]].concat();
    let expected = json!({
        "apiVersion": "v1", "kind": "Pod",
        "spec": {
            "volumes": [{"name": "v", "configMap": {"name": "settings"}}],
            "containers": [{
                "name": "c", "command": ["sh", "-c"],
                "resources": {"limits": {"cpu": "100m"}},
                "livenessProbe": {"httpGet": {"port": "http"}},
            }],
            "terminationGracePeriodSeconds": 30,
        },
    });
    check("v1", "Pod", &field(2, &pod), expected);
}

#[test]
fn bytes_are_base64_and_groups_lose_their_domain() {
    let data = [field(1, b"key"), field(2, b"\x00\xff")].concat();
    let expected = json!({"apiVersion": "v1", "kind": "Secret", "data": {"key": "AP8="}});
    check("v1", "Secret", &field(2, &data), expected);
    let attributes = field(1, &[field(2, b"create"), field(5, b"jobs")].concat());
    let expected = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "create", "resource": "jobs"}},
    });
    let version = "authorization.k8s.io/v1";
    check(
        version,
        "SelfSubjectAccessReview",
        &field(2, &attributes),
        expected,
    );
}

#[test]
fn broken_and_unknown_bodies_are_reported() {
    refused(
        b"{}",
        Unread::Broken("it does not begin with `k8s` and a zero"),
    );
    refused(b"k8s\0\x0a\x05ab", SHORT);
    refused(
        b"k8s\0\x0b",
        Unread::Broken("it has a field of an unknown form"),
    );
    let endless = [MAGIC, &[0xff; 11]].concat();
    refused(&endless, Unread::Broken("it has a number that is too long"));
    let unknown = Unread::Unknown("example.com/v1 Thing".to_owned());
    refused(&body("example.com/v1", "Thing", b""), unknown);
    let name = field(1, &field(1, b"\xff"));
    let broken = Unread::Broken("it has a text that is not UTF-8");
    refused(&body("v1", "Namespace", &name), broken);
    let number = field(1, &[1 << 3, 1]);
    let broken = Unread::Broken("it has a field of another form than its type");
    refused(&body("v1", "Namespace", &number), broken);
}

#[test]
fn every_message_that_a_field_names_is_in_the_table() {
    let special = [
        "Time",
        "MicroTime",
        "Quantity",
        "IntOrString",
        "FieldsV1",
        "RawExtension",
    ];
    for (message, fields) in MESSAGES.iter() {
        for field in fields.values() {
            let kind = field.kind.trim_start_matches(['*', '%']);
            let short = kind.rsplit('.').next().unwrap_or_default();
            let known =
                !kind.contains('.') || special.contains(&short) || MESSAGES.contains_key(kind);
            assert!(known, "{message}: {kind}");
        }
    }
}
