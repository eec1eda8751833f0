//! The nodes: scheduler, kubelet, the programs that containers run, and their logs.

pub(crate) mod addresses;
pub(crate) mod curl;
pub(crate) mod device_plugin;
pub(crate) mod kubelet;
pub(crate) mod logs;
pub(crate) mod nodes;
pub mod other_scheduler;
pub(crate) mod outside;
pub(crate) mod pod_status;
pub mod probe;
pub(crate) mod program;
pub(crate) mod remote;
pub(crate) mod scheduler;
pub(crate) mod shell;
pub(crate) mod shell_words;
