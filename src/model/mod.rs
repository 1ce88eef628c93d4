//! The words that every part of Trunkline shares: identities, what is wanted and what is live.
//!
//! Plain values of the standard library: nothing here reads a file, speaks HTTP or knows a format.

mod desired;
mod email;
mod ids;
mod live;
mod text;

pub use desired::{
    Budget, Budgets, Desired, Policy, UnlistedAccounts, UnlistedUsers, WantedAccount, WantedUser,
};
pub use email::Email;
pub use ids::{AccountId, UserId};
pub use live::{ChannelPool, Live, LiveAccount, LiveUser, Role, Status, UserStatus};
pub use text::is_harmful;
