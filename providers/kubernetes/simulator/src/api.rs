//! Requests to the API: routing, access, reads, writes, patches and watches.

pub(crate) mod access;
pub(crate) mod access_review;
pub(crate) mod apply;
pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod defaults;
pub(crate) mod delete;
pub(crate) mod diff;
pub(crate) mod eviction;
pub(crate) mod field_managers;
pub(crate) mod field_set;
pub(crate) mod list;
pub(crate) mod name_rules;
pub(crate) mod options;
pub(crate) mod patch;
pub(crate) mod pod_defaults;
pub(crate) mod route;
pub(crate) mod scale;
pub(crate) mod selector_parser;
pub(crate) mod selectors;
pub(crate) mod strategic;
pub(crate) mod tokens;
pub(crate) mod validate;
pub(crate) mod validate_workloads;
pub(crate) mod watch;
