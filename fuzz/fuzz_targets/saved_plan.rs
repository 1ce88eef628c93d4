//! The file of a saved plan.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trunkline_fuzz::take("saved_plan", bytes));
