//! The types that all modules share: identities, the desired side, the live side and the state.
//!
//! Plain values without IO, HTTP or formats.

mod amount;
mod code;
mod day;
mod desired;
mod email;
mod error_chain;
mod ids;
mod live;
mod shell;
mod state;
mod text;
mod watch;

pub use amount::{Amount, InvalidAmount};
pub use code::Code;
pub use day::{Day, InvalidDay};
pub use desired::{
    Accepted, AccessPolicy, Budget, Budgets, Desired, PasswordSource, Policy, Presence, StaleUsers,
    UnlistedAccounts, UnlistedUsers, WantedAccount, WantedUser,
};
pub use email::Email;
pub use error_chain::error_chain;
pub use ids::{AccountId, UserId};
pub use live::{
    Balance, ChannelPool, Gap, Half, LastSignIn, Live, LiveAccount, LiveUser, Role, Status,
    UserStatus,
};
pub use shell::shell_word;
pub use state::{Create, Remainder, State};
pub use text::is_harmful;
pub use watch::{
    DaemonMemory, Details, Difference, DifferenceKey, Event, Heals, Notification, Notified,
    Severity, UnknownRuns,
};
