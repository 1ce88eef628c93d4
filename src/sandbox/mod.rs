//! The account API on loopback.
