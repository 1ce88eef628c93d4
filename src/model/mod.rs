//! The words that every part of Trunkline shares: identities, what is wanted and what is live.
//!
//! Plain values of the standard library: nothing here reads a file, speaks HTTP or knows a format.

mod code;
mod day;
mod desired;
mod email;
mod error_chain;
mod ids;
mod live;
mod state;
mod text;
mod watch;

pub use code::Code;
pub use day::{Day, NoDay};
pub use desired::{
    Accepted, Budget, Budgets, Desired, PasswordSource, Policy, Presence, UnlistedAccounts,
    UnlistedUsers, WantedAccount, WantedUser,
};
pub use email::Email;
pub use error_chain::error_chain;
pub use ids::{AccountId, UserId};
pub use live::{ChannelPool, Gap, Half, Live, LiveAccount, LiveUser, Role, Status, UserStatus};
pub use state::{Create, Remainder, State};
pub use text::is_harmful;
pub use watch::{
    Details, Difference, DifferenceKey, Event, Heals, Notification, Notified, Unknown, Watch,
};
