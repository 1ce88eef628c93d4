//! A spreadsheet, saved as CSV.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trunkline_fuzz::take("spreadsheet", bytes));
