//! Passwords of accounts to create, read before anything is sent.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use crate::model::{Email, PasswordSource};
use crate::plan::{Action, Plan};
use crate::telnyx::secret_file;

/// A password that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("reading the password of {email}")]
pub struct PasswordError {
    /// The account.
    pub email: Email,
    /// The reason.
    pub source: PasswordFlaw,
}

/// The reason why a password could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PasswordFlaw {
    /// The variable is not set, or is not text.
    #[error("the variable {0}")]
    Variable(String, #[source] std::env::VarError),
    /// The file cannot be read.
    #[error("the file {}", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// The password is empty.
    #[error("it is empty")]
    Empty,
}

/// Reads the password of each account that is created with one.
///
/// # Errors
///
/// If one cannot be read, or is empty.
pub fn passwords(plan: &Plan) -> Result<BTreeMap<Email, SecretString>, PasswordError> {
    let mut passwords = BTreeMap::new();
    for action in plan.requested() {
        let Action::CreateAccount(new) = action else { continue };
        let Some(source) = &new.password_from else { continue };
        let email = || new.email.clone();
        let password =
            password(source).map_err(|source| PasswordError { email: email(), source })?;
        passwords.insert(email(), password);
    }
    Ok(passwords)
}

fn password(source: &PasswordSource) -> Result<SecretString, PasswordFlaw> {
    let text = match source {
        PasswordSource::Env(name) => SecretString::from(
            std::env::var(name).map_err(|error| PasswordFlaw::Variable(name.clone(), error))?,
        ),
        PasswordSource::File(path) => {
            secret_file(path).map_err(|error| PasswordFlaw::File(path.clone(), error))?
        }
    };
    // Editors end a file with a line break, which is not part of the password.
    let text = text.expose_secret();
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(PasswordFlaw::Empty);
    }
    Ok(SecretString::from(text))
}
