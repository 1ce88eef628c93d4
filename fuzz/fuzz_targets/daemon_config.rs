//! The configuration of the daemon.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trunkline_fuzz::take("daemon_config", bytes));
