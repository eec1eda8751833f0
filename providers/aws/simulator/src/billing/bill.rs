//! The bill: what of the meter's usage is published by now, in rows per day.
