//! The positions of accounts and users in a manifest, for reports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::ManifestDocument;
use super::reading::{SourceLocation, Written};
use super::source::SourceFile;
use crate::model::Email;

/// The positions of the accounts and users of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    accounts: BTreeMap<Email, Listed>,
    users: BTreeMap<Email, Listed>,
}

/// The position of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    file: Arc<PathBuf>,
    line: u64,
}

impl Listed {
    /// The position at a line of a file, counted from 1.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, line: u64) -> Self {
        Self { file: Arc::new(file.into()), line }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line of its email, counted from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }
}

impl Places {
    /// Creates the positions of accounts and users.
    #[must_use]
    pub fn new(accounts: BTreeMap<Email, Listed>, users: BTreeMap<Email, Listed>) -> Self {
        Self { accounts, users }
    }

    /// The position of an account, if it is listed.
    #[must_use]
    pub fn account(&self, email: &Email) -> Option<&Listed> {
        self.accounts.get(email)
    }

    /// The position of a user, if listed.
    #[must_use]
    pub fn user(&self, email: &Email) -> Option<&Listed> {
        self.users.get(email)
    }

    pub(super) fn of(sources: &[SourceFile], documents: &[ManifestDocument]) -> Self {
        let files: Vec<_> = sources.iter().map(|source| Arc::new(source.path.clone())).collect();
        let listed = |location: SourceLocation| Listed {
            file: Arc::clone(&files[location.file]),
            line: location.span.line(),
        };
        let entry = |email: &Option<Written<Email>>| {
            email.as_ref().map(|email| (email.value.clone(), listed(email.location)))
        };
        let accounts = documents.iter().flat_map(|document| &document.accounts);
        let users = documents.iter().filter_map(|document| document.users.as_ref()).flatten();
        Self {
            accounts: accounts.filter_map(|account| entry(&account.value.email)).collect(),
            users: users.filter_map(|user| entry(&user.value.email)).collect(),
        }
    }
}
