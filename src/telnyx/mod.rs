//! HTTP to Telnyx and back: the words of the model on one side, the wire on the other.
//!
//! A [`Session`] is the connection of one key; it hands out a [`Reader`], which can only look, and a
//! [`Writer`], which can only change. All their requests share one pace.

mod base_url;
mod details;
mod error;
mod fence;
mod http;
mod pace;
mod pages;
mod read;
mod retry;
mod wire;
mod write;

use std::sync::Arc;

pub use base_url::{BaseUrl, BaseUrlError};
pub use details::{AccountDetails, AccountFilter, Balance, UserDetails};
pub use error::{AnswerFault, Detail, Error, ErrorKind};
pub use fence::Fence;
pub use http::{Answered, ConfigError, RequestProgress, SessionConfig, api_client, client};
pub use pace::retry_after;
pub use read::{AccountSelection, Begun, Credentials, Listing, Reader, StatusFilter};
pub use retry::RetryBudget;
pub use write::{AccountRequest, Created, Writer};

/// The connection of one key.
#[derive(Clone, Debug)]
pub struct Session {
    http: Arc<http::Http>,
}

impl Session {
    /// Makes a connection. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the key cannot be sent in a header, or no HTTP client can be made.
    pub fn new(config: SessionConfig) -> Result<Self, ConfigError> {
        Ok(Self { http: Arc::new(http::Http::new(config)?) })
    }

    /// What can only look.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.http))
    }

    /// From now on nothing is sent: every request that has not left ends with [`ErrorKind::Stopped`]. What is
    /// under way is finished, and not sent again.
    pub fn stop(&self) {
        self.http.stop();
    }

    /// How far the requests are, for whoever shows it to a person.
    #[must_use]
    pub fn progress(&self) -> RequestProgress {
        self.http.progress()
    }

    /// What can only change.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.http))
    }
}
