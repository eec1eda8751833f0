//! The report for scripts: records, matrix and criteria as one JSON document. Field names are public and stable.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::criteria::{Criterion, criteria};
use crate::judge;
use crate::matrix::{MatrixRow, matrix};
use crate::output::Output;
use crate::record::Record;

/// What `verify --format json` prints, after what every output begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// The document as indented text, with what every JSON output begins with.
pub fn render(records: &[Record]) -> String {
    Output::new(judge::all(records), document(records)).text()
}
