//! What only kubectl needs: tables, protobuf bodies and the `OpenAPI` documents.

pub(crate) mod openapi;
pub(crate) mod protobuf;
pub(crate) mod table_cells;
pub(crate) mod tables;
pub(crate) mod workload_cells;
