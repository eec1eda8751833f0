//! A small cloud over sockets: control routes, faults, answers in parts, TLS, the door for clients with a fixed
//! host, and hostile clients.
//!
//! They share one small cloud.

mod acknowledged;
mod control;
pub mod door;
mod hostile;
mod listeners;
mod parts;
pub mod small;
