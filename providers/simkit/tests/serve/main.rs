//! A small cloud over sockets: control routes, faults, answers in parts, TLS, and hostile clients.
//!
//! All in one target, so that the small cloud is compiled once.

mod acknowledged;
mod control;
mod hostile;
mod listeners;
mod parts;
mod small;
