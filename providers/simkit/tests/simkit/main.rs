//! The meter, the paced clock and the server.
//!
//! One target, so that it is linked once.

mod meter_bills;
mod meter_laws;
mod paced_clock;
mod serve;
