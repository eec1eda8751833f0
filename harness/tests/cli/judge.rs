//! A published schema, as an independent validator understands it.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::program::{json, kubeproof};

pub struct Judge {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Judge {
    /// The schema that `kubeproof schema` prints with these options.
    pub fn of(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let schema = json(&kubeproof(folder.path(), &[&["schema"], options].concat()));
        let place = "https://kubeproof.example/schema.json";
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource(place, schema).expect("a document");
        let index = compiler.compile(place, &mut schemas);
        let index = index.unwrap_or_else(|error| panic!("{options:?}: {error}"));
        Self { schemas, index }
    }

    /// The schema of a command's output.
    pub fn of_output(command: &str) -> Self {
        Self::of(&["--output", command])
    }

    /// What is wrong with a document, if anything.
    pub fn problem(&self, document: &Value) -> Option<String> {
        let judged = self.schemas.validate(document, self.index);
        judged.err().map(|error| format!("{error:#}"))
    }

    /// The document fits the schema and states its versions; without any one of its keys it does not fit.
    #[track_caller]
    pub fn accepts(&self, document: &Value) {
        assert_eq!(self.problem(document), None, "{document:#}");
        assert_eq!(document["schema_version"], 1);
        assert_eq!(document["tool_version"], env!("CARGO_PKG_VERSION"));
        for key in document.as_object().expect("an object").keys() {
            let mut without = document.clone();
            without.as_object_mut().expect("an object").remove(key);
            assert!(self.problem(&without).is_some(), "without {key}");
        }
    }
}
