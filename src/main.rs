//! The `trunkline` command. Everything it does is in the library; this hands it the arguments.
fn main() {}
