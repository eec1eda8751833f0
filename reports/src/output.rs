//! What every JSON output of kubeproof begins with: the version of its form, the version of the tool, and the overall
//! verdict.

use kubeproof_contract::check::Verdict;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

/// The version of the form of JSON outputs. It grows when a key goes or changes its meaning, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;
/// The version of kubeproof.
pub const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A JSON output: the common fields, then its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output<T> {
    /// The version of the form of this output.
    pub schema_version: u32,
    /// The version of kubeproof that wrote it.
    pub tool_version: String,
    /// The overall verdict, as in the exit code: `pass` is 0, `fail` is 1, everything else 3.
    pub verdict: Verdict,
    /// Its content.
    #[serde(flatten)]
    pub content: T,
}

impl<T: Serialize> Output<T> {
    /// An output of this version.
    pub fn new(verdict: Verdict, content: T) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool_version: TOOL_VERSION.to_owned(),
            verdict,
            content,
        }
    }

    /// The output as indented text that ends with a line break.
    pub fn text(&self) -> String {
        // Plain data with text keys always serialises; if that ever changes, a reader must notice.
        let text = serde_json::to_string_pretty(self)
            .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
        text + "\n"
    }
}

/// The JSON schema of an output with this content, as it is written.
pub fn schema<T: JsonSchema>() -> serde_json::Value {
    plain_schema::<Output<T>>()
}

/// The JSON schema of a document that contains its versions itself.
pub fn plain_schema<T: JsonSchema>() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}
