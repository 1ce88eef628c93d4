//! The sandbox over real HTTP: what it answers, what it refuses, what it keeps.

mod accounts;
mod data;
mod garbage;
mod http;
mod killed;
mod lists;
mod shapes;
mod support;
mod users;
mod variants;
