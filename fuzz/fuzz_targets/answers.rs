//! Answers of the API, by way of a socket.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trunkline_fuzz::take("answers", bytes));
