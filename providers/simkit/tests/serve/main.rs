//! A small cloud over sockets: control routes, faults, answers in parts, TLS, and hostile clients.
//!
//! One target: the small cloud is compiled once.

mod acknowledged;
mod control;
mod hostile;
mod parts;
mod small;
mod ways;
