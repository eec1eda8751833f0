//! How many tests run at once where most of a test's time is spent waiting for a program.

use std::num::NonZero;
use std::thread::available_parallelism;

use libtest_mimic::Arguments;

/// Tests at once for each core: programs sleep between their polls, and clusters take their time to start.
const FOR_EACH_CORE: usize = 2;

/// Sets the number of tests at once, unless `--test-threads` says one.
pub fn for_waiting_tests(arguments: &mut Arguments) {
    let cores = available_parallelism().map_or(1, NonZero::get);
    arguments.test_threads.get_or_insert(cores * FOR_EACH_CORE);
}
