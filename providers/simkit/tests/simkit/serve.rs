//! A small cloud over sockets: control routes, faults, answers in parts, TLS, and hostile clients.
//!
//! They share one small cloud.

mod acknowledged;
mod control;
mod hostile;
mod listeners;
mod parts;
mod small;
