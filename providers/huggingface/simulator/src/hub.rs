//! The Hub as endpoints see it: which models exist, what they are for, which need a licence to be accepted, and their
//! revisions.
//!
//! The models are real ones by their names, tasks and gates. Their revisions are made up: each has the branches `main`
//! and `v2`.

use sha2::{Digest as _, Sha256};

use crate::repositories;
use crate::state::State;

/// A model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) id: &'static str,
    pub(crate) task: &'static str,
    /// Whether it is one of those that take minutes to load.
    pub(crate) is_large: bool,
    /// Whether its licence has to be accepted, which no one here did.
    pub(crate) is_gated: bool,
}

const fn model(id: &'static str, task: &'static str) -> Model {
    Model {
        id,
        task,
        is_large: false,
        is_gated: false,
    }
}

/// All models that can be deployed.
pub(crate) const MODELS: &[Model] = &[
    model("gpt2", TEXT),
    model("openai-community/gpt2", TEXT),
    model("HuggingFaceTB/SmolLM2-135M-Instruct", TEXT),
    model("ProsusAI/finbert", CLASSIFICATION),
    model(
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        CLASSIFICATION,
    ),
    model("sentence-transformers/all-MiniLM-L6-v2", EMBEDDINGS),
    model("BAAI/bge-small-en-v1.5", "feature-extraction"),
    Model {
        is_large: true,
        ..model("Qwen/Qwen2.5-7B-Instruct", TEXT)
    },
    Model {
        is_large: true,
        ..model("mistralai/Mistral-7B-Instruct-v0.3", TEXT)
    },
    Model {
        is_large: true,
        is_gated: true,
        ..model("meta-llama/Llama-3.1-8B-Instruct", TEXT)
    },
];

pub(crate) const TEXT: &str = "text-generation";
pub(crate) const CLASSIFICATION: &str = "text-classification";
pub(crate) const EMBEDDINGS: &str = "sentence-similarity";

/// The branches of every model.
const BRANCHES: &[&str] = &["main", "v2"];

/// The public model of this id.
pub(crate) fn public(id: &str) -> Option<Model> {
    MODELS.iter().find(|one| one.id == id).copied()
}

/// The model of this id: a public one, or one that was made in the account. What that one is for is not known.
pub(crate) fn find(state: &State, id: &str) -> Option<Model> {
    let own = repositories::has_model(state, id).then_some(model("", ""));
    public(id).or(own)
}

/// So many hexadecimal digits, at most 64, that a text always has.
pub(crate) fn hex(text: &str, digits: usize) -> String {
    let hash = Sha256::digest(text);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.chars().take(digits).collect()
}

/// The commit at the head of a branch.
pub(crate) fn commit(id: &str, branch: &str) -> String {
    hex(&format!("{id}@{branch}"), 40)
}

/// The commit of a revision: a branch, or a commit; `None` if there is none such.
pub(crate) fn resolve(id: &str, revision: Option<&str>) -> Option<String> {
    let revision = revision.unwrap_or("main");
    let mut branches = BRANCHES.iter();
    let found = branches.find(|branch| **branch == revision || commit(id, branch) == revision)?;
    Some(commit(id, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_a_branch_or_a_commit() {
        let main = commit("gpt2", "main");
        assert_eq!(main.len(), 40);
        assert_eq!(resolve("gpt2", None), Some(main.clone()));
        assert_eq!(resolve("gpt2", Some(&main)), Some(main.clone()));
        assert_ne!(resolve("gpt2", Some("v2")), Some(main));
        assert_eq!(resolve("gpt2", Some("nope")), None);
    }
}
