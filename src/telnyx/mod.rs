//! The client of the Telnyx API: converts between the model and HTTP.
//!
//! A [`Session`] is the connection of one key. It provides a [`Reader`], which can only read, and a
//! [`Writer`], which can only write. Their requests share one rate limit.

mod base_url;
mod bodies;
mod client;
mod details;
mod error;
mod failure;
mod fence;
mod hint;
mod http;
mod pace;
mod pages;
mod read;
mod retry;
mod secret;
mod wire;
mod write;

use std::sync::Arc;

pub use base_url::{BaseUrl, BaseUrlError};
pub use client::{ConfigError, SessionConfig, api_client, client};
pub use details::{AccountDetails, AccountFilter, BalanceDetails, UserDetails};
pub use error::{AnswerFault, Detail, Error, ErrorKind};
pub use fence::Fence;
pub use http::{Answered, RequestProgress};
pub use pace::retry_after;
pub use read::{AccountSelection, Begun, Credentials, Listing, Reader, StatusFilter};
pub use retry::RetryBudget;
pub use secret::secret_file;
pub use write::{AccountRequest, Created, Writer};

/// The connection of one key.
#[derive(Clone, Debug)]
pub struct Session {
    http: Arc<http::Http>,
}

impl Session {
    /// Creates a session. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// If the key is invalid in a header, or the HTTP client cannot be created.
    pub fn new(config: SessionConfig) -> Result<Self, ConfigError> {
        Ok(Self { http: Arc::new(http::Http::new(config)?) })
    }

    /// Returns a reader.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.http))
    }

    /// Stops sending: every unsent request ends with [`ErrorKind::Stopped`]. Requests in flight finish and are
    /// not retried.
    pub fn stop(&self) {
        self.http.stop();
    }

    /// Progress of the requests.
    #[must_use]
    pub fn progress(&self) -> RequestProgress {
        self.http.progress()
    }

    /// Returns a writer.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.http))
    }
}
