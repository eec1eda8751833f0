//! The corpus of leaks and bystanders, as data: what the files in `testdata/leaks` hold.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// Leaks and bystanders of one cloud, and how to make them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpus {
    /// The scenario whose account it is, from the root of the repository.
    pub scenario: String,
    /// The most calls that the audit of all of it may make.
    pub calls_max: u64,
    /// What texts may name with a dollar sign.
    pub variables: BTreeMap<String, String>,
    pub services: BTreeMap<String, Service>,
    /// Values that entries refer to.
    #[serde(default, rename = "marks")]
    _marks: Value,
    /// Calls that give the run's own tokens, and those of others; they are made again before tokens expire.
    #[serde(default)]
    pub login: Vec<Vec<Value>>,
    #[serde(default)]
    pub login_of_others: Vec<Vec<Value>>,
    /// Calls that are made first: identities of others.
    #[serde(default)]
    pub setup: Vec<Vec<Value>>,
    pub leaks: Vec<Entry>,
    pub bystanders: Vec<Entry>,
}

/// Where a service is, and how its calls are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub url: String,
    pub form: Form,
    /// The version of a query, the prefix of a target; or what every address ends with.
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// How calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A form with an action.
    Query,
    /// JSON, and a header that names the operation.
    Target,
    /// JSON, by method and path.
    Rest,
    /// A form, by method and path.
    #[serde(rename = "form")]
    Encoded,
}

/// Something in an account, and whose it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub id: String,
    #[serde(rename = "type")]
    pub resource_type: String,
    /// What sort of leak or bystander it is.
    pub form: String,
    /// Why it is, or is not, the run's.
    pub why: String,
    /// Its id, the end of its id, or its name.
    pub is: String,
    /// Entries that must be made before it.
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub calls: Vec<Vec<Value>>,
    #[serde(default)]
    pub expected: Expected,
    /// Of a bystander: whether it appears while the run is going on.
    #[serde(default)]
    pub during: bool,
    /// Of a bystander that appears: whether the run made it.
    #[serde(default)]
    pub by_run: bool,
}

/// What an audit must say of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// A leak is an orphan, and a bystander is not the run's.
    #[default]
    Plain,
    /// The cloud keeps it by design: named, and no orphan.
    Retained,
    /// Nothing shows whose it is: named, and neither an orphan nor clean.
    Unknown,
    /// It does not exist any more, whatever an index shows.
    Gone,
}

/// The sorts of leaks and bystanders.
const FORMS: &[&str] = &[
    // Leaks.
    "tagged",
    "untagged",
    "named",
    "described",
    "another-region",
    "unlisted-place",
    "child",
    "deleted-parent",
    "controller",
    "disk-of-a-claim",
    "assignment",
    "made-again",
    "soft-deleted",
    // Bystanders.
    "near-name",
    "shared",
    "mis-tagged",
    "older",
    "default",
    "other-run",
    "ghost",
];

/// The corpus of a cloud.
pub fn read(cloud: &str) -> Corpus {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/leaks");
    let file = folder.join(format!("{cloud}.yaml"));
    let text = std::fs::read_to_string(&file).expect("a corpus");
    let corpus: Corpus =
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for entry in corpus.entries() {
        assert!(FORMS.contains(&entry.form.as_str()), "{}", entry.id);
        assert!(!entry.why.is_empty(), "{}: no reason", entry.id);
    }
    let mut names: Vec<&str> = corpus.entries().map(|entry| entry.id.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "{cloud}: an entry is there twice");
    corpus
}

impl Corpus {
    /// Leaks, then bystanders.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.leaks.iter().chain(&self.bystanders)
    }

    /// An entry by its id.
    #[track_caller]
    pub fn entry(&self, id: &str) -> &Entry {
        let found = self.entries().find(|entry| entry.id == id);
        found.unwrap_or_else(|| panic!("no entry {id}"))
    }
}
