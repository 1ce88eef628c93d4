//! A small world to plan for: an organization, its manifest, and a state that may be current, outdated or empty.
//! It can be read, and a plan can be applied to it.

mod generate;

use trunkline::model::*;
use trunkline::plan::*;

pub(crate) use generate::{rich_worlds, worlds};

/// An entry of a user who may be there.
pub(crate) const PRESENT: Presence = Presence::Present { groups: None, until: None };

/// A day, as the manifest writes it.
pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// The id of the account or user of that place; a UUID, as everything else is that Telnyx gives out.
pub(crate) fn uuid(place: usize) -> String {
    format!("00000000-0000-4000-8000-{place:012}")
}

/// An organization, including what the API hides, and its manifest.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub want: Desired,
    pub accounts: Vec<Customer>,
    pub users: Vec<LiveUser>,
    pub allocatable: u64,
    /// The channel limit of a new account.
    pub allotment: u64,
    pub state: State,
    pub gaps: Vec<Gap>,
    /// The owner's email, as accounts report it.
    pub owner: Option<Email>,
}

/// A managed account, with what the API hides.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub account: LiveAccount,
    pub cancelled: bool,
    pub limit: u64,
}

pub(crate) const TODAY: &str = "2026-03-01";

/// The agreement of the state with the live side.
#[derive(Clone, Copy, Debug)]
enum Memory {
    None,
    /// Everything that is there is recorded as it is.
    Whole,
    /// Some of it is.
    Part,
    /// A limit was changed since.
    Old,
}

impl World {
    fn present(&self) -> impl Iterator<Item = &Customer> {
        self.accounts.iter().filter(|customer| !customer.cancelled)
    }

    pub(crate) fn allocated(&self) -> u64 {
        self.present().map(|customer| customer.limit).sum()
    }

    fn remember(&mut self, memory: Memory) {
        let all: Vec<_> = self.present().map(|one| (one.account.id.clone(), one.limit)).collect();
        let known = match memory {
            Memory::None => return,
            Memory::Whole | Memory::Old => all.len(),
            Memory::Part => all.len() / 2,
        };
        self.state.limits = all.into_iter().take(known).collect();
        self.take_remainder();
        if let (Memory::Old, Some(first)) = (memory, self.accounts.first_mut()) {
            first.limit += 1;
            self.allocatable += 1;
        }
    }

    fn take_remainder(&mut self) {
        let unrecorded = self.present().map(|one| one.account.id.clone());
        let unrecorded = unrecorded.filter(|id| !self.state.limits.contains_key(id)).collect();
        let channels = i64::try_from(self.allocated()).unwrap() - self.state.acknowledged();
        self.state.remainder = Some(Remainder { channels, unrecorded });
    }

    /// The result of a complete read.
    pub(crate) fn read(&self) -> Live {
        let side = |cancelled| {
            let those = self.accounts.iter().filter(move |one| one.cancelled == cancelled);
            those.map(|one| one.account.clone()).collect::<Vec<_>>()
        };
        // Every balance differs, some are below zero, and an account with rollup billing has none.
        let balances = self.accounts.iter().enumerate().filter_map(|(place, one)| {
            let amount = format!("{}.50", i64::try_from(place).unwrap() * 7 - 10).parse().unwrap();
            let balance = Balance { amount, currency: Some("USD".to_owned()) };
            let own = one.account.rollup_billing != Some(true);
            own.then(|| (one.account.id.clone(), balance))
        });
        let limits = self.want.accounts.values().any(|want| want.channel_limit.is_some());
        Live {
            owners: self.owner.iter().cloned().collect(),
            manager: Some(AccountId::new(uuid(999))),
            accounts: side(false),
            cancelled: side(true),
            users: self.want.users.is_some().then(|| self.users.clone()),
            channels: limits.then(|| ChannelPool {
                allocatable: self.allocatable,
                allocated: self.allocated(),
            }),
            balances: balances.collect(),
            gaps: self.gaps.clone(),
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(&self.want, &self.read(), &self.state, day(TODAY))
    }

    /// Carries out a plan, as an executor would: says which limits the pool refused for good.
    pub(crate) fn apply(&mut self, plan: &Plan) -> Vec<Action> {
        if plan.inventory.channels != Channels::Unmanaged {
            self.state.limits = plan.inventory.limits.clone();
        }
        let mut refused = Vec::new();
        let all: Vec<Action> = plan.requested().cloned().collect();
        let mut actions = all.as_slice();
        while let Some(first) = actions.first() {
            let phase = actions.iter().take_while(|action| action.phase() == first.phase()).count();
            let (mut open, rest) = (actions[..phase].to_vec(), &actions[phase..]);
            // Who is refused waits while others free channels.
            loop {
                let before = open.len();
                open.retain(|action| !self.perform(action));
                if open.is_empty() || open.len() == before {
                    break;
                }
            }
            refused.extend(open);
            actions = rest;
        }
        if plan.inventory.channels != Channels::Unmanaged {
            self.take_remainder();
        }
        refused
    }

    fn perform(&mut self, action: &Action) -> bool {
        match action {
            Action::RemoveUser { id, .. } => self.users.retain(|user| user.id != *id),
            Action::DisableAccount { target, email } => {
                self.customer(target, email).account.status = Some(Status::Disabled);
            }
            Action::EnableAccount { id, email, .. } => {
                let target = AccountTarget::Live(id.clone());
                self.customer(&target, email).account.status = Some(Status::Enabled);
            }
            Action::UpdateAccount { id, email, after, .. } => {
                let target = AccountTarget::Live(id.clone());
                self.customer(&target, email).account.custom_pricing = Some(*after);
            }
            Action::SetChannelLimit { target, email, after, .. } => {
                let (allocated, allocatable) = (self.allocated(), self.allocatable);
                let customer = self.customer(target, email);
                if allocated - customer.limit + after > allocatable && *after > customer.limit {
                    return false;
                }
                customer.limit = *after;
                let id = customer.account.id.clone();
                self.state.limits.insert(id, *after);
            }
            Action::CreateAccount(new) => self.create(new),
        }
        true
    }

    fn create(&mut self, new: &PlannedAccount) {
        let id = AccountId::new(uuid(self.accounts.len() + 100));
        let spare = self.allocatable.saturating_sub(self.allocated());
        self.accounts.push(Customer {
            account: LiveAccount {
                id,
                email: new.email.clone(),
                name: Some(new.name.clone()),
                manager: Some(AccountId::new(uuid(999))),
                api_user: None,
                custom_pricing: Some(new.custom_pricing.unwrap_or(false)),
                rollup_billing: Some(new.rollup_billing.unwrap_or(false)),
                status: Some(Status::Enabled),
            },
            cancelled: false,
            limit: self.allotment.min(spare),
        });
    }

    fn customer(&mut self, target: &AccountTarget, email: &Email) -> &mut Customer {
        let is = |one: &&mut Customer| match target {
            AccountTarget::Live(id) => one.account.id == *id,
            AccountTarget::Created => !one.cancelled && one.account.email == *email,
        };
        self.accounts.iter_mut().find(is).unwrap()
    }
}
