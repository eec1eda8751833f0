//! The number of tests that run in parallel when tests mostly wait for programs.

use std::num::NonZero;
use std::thread::available_parallelism;

use libtest_mimic::Arguments;

/// Parallel tests per core: programs sleep between polls, and clusters take time to start.
const FOR_EACH_CORE: usize = 2;

/// Sets the number of parallel tests, unless `--test-threads` is given.
pub fn for_waiting_tests(arguments: &mut Arguments) {
    let cores = available_parallelism().map_or(1, NonZero::get);
    arguments.test_threads.get_or_insert(cores * FOR_EACH_CORE);
}
