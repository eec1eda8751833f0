//! The meter, the paced clock, the server and the proxy.
//!
//! One target, so that it is linked once.

mod meter_bills;
mod meter_laws;
mod paced_clock;
mod proxy;
mod serve;
