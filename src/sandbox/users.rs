//! Removal of users, the only change of users that the API offers.

use std::sync::Arc;

use super::{
    fault::Refusal,
    state::{RecordType, SandboxState, User},
};

impl SandboxState {
    /// Removes a user and returns who it was. The owner stays.
    pub(super) fn remove_user(&mut self, id: &str) -> Result<Arc<User>, Refusal> {
        let at = self.users.iter().position(|user| user.id == id).ok_or(Refusal::NotFound)?;
        match self.users[at].role {
            RecordType::OrganizationOwner => Err(Refusal::Forbidden),
            RecordType::OrganizationSubUser => Ok(self.users.remove(at)),
        }
    }
}
