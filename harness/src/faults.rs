//! Campaigns: fail every call of a clean run in every documented way, one lifecycle each.
//!
//! `injection_points` finds the calls of the clean run, `schedules` combines the faults (one by one as they are run,
//! because there are hundreds of thousands of pairs), and `campaign` runs the lifecycles on threads that share nothing.
//! These are pure data; only `campaign` and `lifecycle` run anything. `inspect::ground_truth` audits the simulator's
//! ground truth instead of the account. Faults are injected only into calls of the first provision and of the first
//! teardown: the others are the oracles' own probes. A read can be stale only if the same read was made before the last
//! change, and only an accepted call can fail later; elsewhere these effects are not planned.
//!
//! - With a transient fault the provisioner may succeed or fail; an attempt without an injected fault must succeed. With
//!   a lasting fault it may fail, with a message, until the fault is over; then teardown must finish. After `cancel`
//!   there is no other attempt: teardown follows.
//! - The clean run must pass, both as a whole trial and as a lifecycle of the campaign: anything unknown in it makes the
//!   campaign unknown, with the reason.
//! - A recovered cluster is checked through the kubeconfig that the provisioner returned: it must be the run's (by the
//!   uid of `kube-system`), with all its nodes Ready. After teardown only what the provider retains by design may be
//!   left, as often as after the clean run.
//! - A program is run clean three times, and a fault is aimed at a call by what it is about
//!   (`ec2:CreateSubnet[NAME-private-0~fd0edd80]`, `kubeproof_contract::call_key`), because its calls may come in any order.
//!   A change that is not in all three runs is *unstable*: it is named, nothing is aimed at it, and the verdict is unknown.
//!   A read is a point at its first call in a part of the lifecycle, and where its answer first changes (`#changed`). Calls
//!   of one operation in one part are siblings: the first and the last stand for all, unless `--every` is given (`classes`).
//! - Each thread rehearses programs in a sandbox of its own (`trial_context::sandbox`). A fault in the teardown goes on from a
//!   checkpoint after a clean provision in that sandbox. A second provision and a second teardown (O7) follow the clean runs
//!   and one lifecycle in ten (`Trial::tries_again`). A lifecycle whose fault is unreached is run up to three times.
//! - What was not run of the plan (`--within`, `--sample`, Ctrl-C) is named, and the verdict is unknown unless there are
//!   findings.
//! - With `--out` each result is written as it comes (`results_file`); `--resume` takes those that are there in place of running their
//!   lifecycles, after the clean runs, and sums them up in the same order.
//! - A fault that was not injected where it was aimed is *unreached*: it counts neither way, and without a known reason
//!   the verdict is unknown.
//! - What a provisioner keeps from one process to the next it writes to `Connection::disk`, whose writes are calls of the
//!   service `disk`: a process can die before a write (the file is one write behind), during it (`torn-write`) or after
//!   it, its disk can be lost with it (`lost-disk`) or be full (`write-fails`). The reference provisioners write nothing
//!   there but when they last asked for something; variants in the tests do more.
//! - Each attempt may make as many calls as a trial (`limits.calls`).
//! - What the provider can show to be a limit of the cloud (`Documented::limit`: the duplicate made by a late request
//!   whose process has died, for a call without a client token) is reported separately from findings, with the reason and
//!   its source, and does not fail a campaign.
//! - A finding of several faults is reduced to the faults that it needs (`shrink`) and shown with the calls around the
//!   first one, and a command that replays exactly this lifecycle.
//! - `trace_hash` is a sum over the journals, so threads and shards do not change it. `elapsed_seconds` of merged parts
//!   is their sum.

mod baseline;
pub mod campaign;
pub mod classes;
mod clean;
pub mod injection_points;
pub mod keyed_points;
pub mod lifecycle;
mod options;
mod plan;
pub mod plan_file;
mod reorder_buffer;
pub mod results_file;
pub mod schedules;
pub mod shard;
pub mod shrink;
mod summary;
