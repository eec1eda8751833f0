//! A simulated Hugging Face account: Inference Endpoints, Jobs, Spaces, and what they cost.
//!
//! It speaks the public REST APIs of both hosts. Each product has a folder and a table of operations of its own.
