//! The report for scripts: records, matrix and criteria as one JSON document.
//!
//! Apart from the formats for people, because its field names are public and stable.

use serde::{Deserialize, Serialize};

use crate::criteria::{Criterion, criteria};
use crate::matrix::{MatrixRow, matrix};
use crate::record::Record;

/// The document that `verify --format json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The records, as they are on disk.
    pub records: Vec<Record>,
    /// The matrix.
    pub matrix: Vec<MatrixRow>,
    /// The success criteria.
    pub criteria: Vec<Criterion>,
}

/// The document of the records.
pub fn document(records: &[Record]) -> Document {
    Document {
        records: records.to_vec(),
        matrix: matrix(records),
        criteria: criteria(records),
    }
}

/// The document as indented text.
pub fn render(records: &[Record]) -> String {
    // Plain data with text keys always serialises; if that ever changes, a reader must notice.
    let text = serde_json::to_string_pretty(&document(records))
        .unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
    text + "\n"
}
