#[allow(dead_code, unused)]
#[path = "it/support/mod.rs"]
mod support;
#[path = "it/variants/mod.rs"]
mod variants;
