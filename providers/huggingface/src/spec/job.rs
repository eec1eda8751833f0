//! A job as a scenario asks for it: one container on hardware of Hugging Face, billed by the minute.

use kubeproof_contract::checked;
use kubeproof_contract::checked::ValueError;
use kubeproof_contract::scenario::Word;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of hardware for jobs, such as `cpu-basic` or `a10g-small`.
pub type Flavor = Word;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobSpec {
    /// The hardware.
    pub flavor: Flavor,
    /// The image of its container, from a public registry.
    pub image: String,
    /// What it runs. Teardown cancels it if it still runs.
    pub command: Command,
}

checked!(
    /// A program and its arguments.
    Command(Vec<String>) from Vec<String>, "Vec<String>", "Vec<String>",
    |words| {
        let fits = words.first().is_some_and(|program| !program.is_empty());
        ValueError::unless(fits, words, |words| format!(
            "{words:?} is no command: a program and its arguments"
        ))
    },
    |words| words
);
