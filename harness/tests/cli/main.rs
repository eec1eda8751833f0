//! The program as a user sees it: exit codes, messages, and what goes to which stream. Runs the binary itself.

mod allow;
mod attest;
mod bad_input;
mod choice;
#[cfg(target_os = "linux")]
mod clock;
mod cost;
mod defects;
#[cfg(unix)]
mod engine;
#[cfg(unix)]
mod env_file;
#[cfg(unix)]
mod external;
mod faults;
mod finding_ids;
mod folders;
mod fuzz;
mod help;
#[cfg(target_os = "linux")]
mod hostile;
mod injection;
#[cfg(unix)]
mod interrupt;
mod judge;
#[cfg(unix)]
mod kind;
#[cfg(unix)]
mod kind_leaks;
mod live_plan;
mod outputs;
mod program;
mod records;
mod refusals;
#[cfg(unix)]
mod resume;
mod schema;
#[cfg(unix)]
mod secrets;
mod shards;
mod simulate;
#[cfg(target_os = "linux")]
mod stopped;
mod streams;
#[cfg(unix)]
mod sweep;
#[path = "../support/tables.rs"]
mod tables;
mod variables;
mod way_in;
