//! The file of a state file.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trunkline_fuzz::take("state", bytes));
