//! An error in words, with its causes: for logs, and for whoever is told that nobody can say how it is.

use std::error::Error;
use std::iter::successors;

/// An error and what has caused it, in one line. What an error says of its cause itself is said once.
pub(super) fn words(error: &(dyn Error + 'static)) -> String {
    let chain = successors(Some(error), |&error: &&(dyn Error + 'static)| error.source());
    let mut causes: Vec<String> = chain.map(ToString::to_string).collect();
    causes.dedup_by(|cause, before| before.ends_with(cause.as_str()));
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("reading a.json")]
    struct Reading(#[source] std::io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("starting: {0}")]
    struct Starting(#[source] std::io::Error);

    #[test]
    fn a_cause_is_said_and_said_once() {
        let denied = || std::io::Error::other("permission denied");
        assert_eq!(words(&Reading(denied())), "reading a.json: permission denied");
        assert_eq!(words(&Starting(denied())), "starting: permission denied");
    }
}
