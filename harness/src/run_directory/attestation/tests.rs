//! What an attestation is worth, and what makes it worthless.

use super::*;

fn now() -> Timestamp {
    "2026-11-30T10:00:00Z".parse().expect("a date")
}

/// The folder of a run that was attested, and the key.
fn attested() -> (tempfile::TempDir, SigningKey) {
    let folder = tempfile::tempdir().expect("a folder");
    for file in [RECORD_FILE, JOURNAL_FILE] {
        std::fs::write(folder.path().join(file), "{}\n").expect("written");
    }
    let key = SigningKey::make(&folder.path().join("key")).expect("a key");
    let words = ("Ada", "I watched it");
    sign(folder.path(), "r1", words, &key, now()).expect("signed");
    (folder, key)
}

#[track_caller]
fn is(folder: &Path, trusted: &[String], expected: &Standing) {
    let found = check(folder, "r1", trusted).expect("readable");
    assert_eq!(found.as_ref(), Some(expected));
}

#[test]
fn a_trusted_key_counts_and_another_is_told() {
    let (folder, key) = attested();
    let valid = Standing::Valid {
        name: "Ada".to_owned(),
        statement: "I watched it".to_owned(),
    };
    is(folder.path(), &[key.public()], &valid);
    let unknown = Standing::UnknownKey {
        name: "Ada".to_owned(),
        key: key.public(),
    };
    is(folder.path(), &[], &unknown);
    let other = SigningKey::make(&folder.path().join("other")).expect("a key");
    is(folder.path(), &[other.public()], &unknown);
    let nothing = tempfile::tempdir().expect("a folder");
    assert_eq!(check(nothing.path(), "r1", &[]).expect("none"), None);
}

#[test]
fn a_changed_record_or_journal_is_told() {
    for (file, what) in [(RECORD_FILE, "record"), (JOURNAL_FILE, "journal")] {
        let (folder, key) = attested();
        std::fs::write(folder.path().join(file), "{ }\n").expect("written");
        is(folder.path(), &[key.public()], &Standing::Changed(what));
    }
    let (folder, key) = attested();
    let found = check(folder.path(), "r2", &[key.public()]).expect("readable");
    assert_eq!(found, Some(Standing::Changed("run")));
}

#[test]
fn every_field_is_signed() {
    let changes: [fn(&mut Attestation); 7] = [
        |it| it.name.push('x'),
        |it| it.statement.push('x'),
        |it| it.run_id = "r2".to_owned(),
        |it| it.signed_at += jiff::SignedDuration::from_secs(1),
        |it| it.record_sha256 = it.journal_sha256.replace('A', "B"),
        |it| it.schema_version = 2,
        |it| it.signature = BASE64_STANDARD.encode([0; 64]),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let (folder, key) = attested();
        let path = folder.path().join(FILE);
        let text = std::fs::read_to_string(&path).expect("there");
        let mut attestation: Attestation = serde_json::from_str(&text).expect("one");
        let before = attestation.clone();
        change(&mut attestation);
        if attestation == before {
            attestation.record_sha256.push('x');
        }
        let text = serde_json::to_string(&attestation).expect("JSON");
        std::fs::write(path, text).expect("written");
        let found = check(folder.path(), "r1", &[key.public()]).expect("readable");
        assert_eq!(found, Some(Standing::Forged), "change {index}");
    }
    // Signed anew with another key, it is that key's.
    let (folder, key) = attested();
    let other = SigningKey::make(&folder.path().join("other")).expect("a key");
    sign(folder.path(), "r1", ("Ada", "x"), &other, now()).expect("signed");
    let found = check(folder.path(), "r1", &[key.public()]).expect("readable");
    assert!(matches!(found, Some(Standing::UnknownKey { .. })));
}

#[test]
fn a_name_and_a_statement_are_lines_and_a_key_is_not_overwritten() {
    let (folder, key) = attested();
    let refused = |name: &str, statement: &str| {
        let words = (name, statement);
        sign(folder.path(), "r1", words, &key, now()).is_err()
    };
    assert!(refused("", "x") && refused("Ada", "  ") && refused("Ada\nrun r2", "x"));
    assert!(refused("Ada", &"x".repeat(TEXT_MAX + 1)));
    assert!(SigningKey::make(&folder.path().join("key")).is_err());
    std::fs::write(folder.path().join("no-key"), "hello").expect("written");
    assert!(SigningKey::read(&folder.path().join("no-key")).is_err());
}
