//! The Kubernetes side against a simulated cluster in memory, under a paused clock.

#[path = "cluster/cloud.rs"]
mod cloud;
#[path = "cluster/controllers.rs"]
mod controllers;
#[path = "cluster/gpu.rs"]
mod gpu;
#[path = "cluster/job.rs"]
mod job;
#[path = "cluster/leftovers.rs"]
mod leftovers;
#[path = "cluster/machines.rs"]
mod machines;
#[path = "cluster/ready.rs"]
mod ready;
#[path = "cluster/scale.rs"]
mod scale;
#[path = "cluster/transport.rs"]
mod transport;
#[path = "cluster/wire.rs"]
mod wire;
#[path = "cluster/workload.rs"]
mod workload;
