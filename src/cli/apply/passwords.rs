//! Passwords of accounts to create, read before anything is sent.

use std::collections::BTreeMap;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::exit::Failure;
use crate::model::{Email, PasswordSource};
use crate::plan::{Action, Plan};
use crate::telnyx::secret_file;

const HINT: &str = "Nothing was sent. Correct password_from of this account, or set what it names.";

/// Reads the password of each account that is created with one.
pub(super) fn read(plan: &Plan) -> Result<BTreeMap<Email, SecretString>, Failure> {
    let mut passwords = BTreeMap::new();
    for action in plan.requested() {
        let Action::CreateAccount(new) = action else { continue };
        let Some(source) = &new.password_from else { continue };
        let password =
            password(source).with_context(|| format!("reading the password of {}", new.email));
        let password = password.map_err(|error| Failure::new(error, HINT))?;
        passwords.insert(new.email.clone(), password);
    }
    Ok(passwords)
}

fn password(source: &PasswordSource) -> anyhow::Result<SecretString> {
    let text = match source {
        PasswordSource::Env(name) => {
            SecretString::from(std::env::var(name).with_context(|| format!("the variable {name}"))?)
        }
        PasswordSource::File(path) => {
            secret_file(path).with_context(|| format!("the file {}", path.display()))?
        }
    };
    // Editors end a file with a line break, which is not part of the password.
    let text = text.expose_secret();
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    anyhow::ensure!(!text.is_empty(), "it is empty");
    Ok(SecretString::from(text))
}
