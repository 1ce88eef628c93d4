//! An error and its causes on one line.

use std::error::Error;
use std::iter::successors;

/// Joins the messages of an error and its causes with `: `. A cause that its parent's message already
/// ends with is not repeated.
#[must_use]
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let chain = successors(Some(error), |&error: &&(dyn Error + 'static)| error.source());
    let mut messages: Vec<String> = chain.map(ToString::to_string).collect();
    messages.dedup_by(|cause, parent| parent.ends_with(cause.as_str()));
    messages.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("reading a.json")]
    struct ReadError(#[source] std::io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("starting: {0}")]
    struct StartError(#[source] std::io::Error);

    #[test]
    fn each_cause_is_printed_once() {
        let denied = || std::io::Error::other("permission denied");
        assert_eq!(error_chain(&ReadError(denied())), "reading a.json: permission denied");
        assert_eq!(error_chain(&StartError(denied())), "starting: permission denied");
    }
}
