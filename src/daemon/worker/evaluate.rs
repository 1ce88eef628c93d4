//! The evaluation of a run: what to remember, report and heal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tracing::Instrument as _;

use super::{Completed, Worker};
use crate::daemon::drift::{RunResult, Transition, advance, allow, record};
use crate::daemon::notify::outbox;
use crate::daemon::run::{Healing, RunReport, heal};
use crate::model::{Details, DifferenceKey, error_chain};
use crate::state::LeaderCheck;

impl Worker {
    pub(super) async fn evaluate(&mut self, report: RunReport, at: Timestamp, took: Duration) {
        if !self.leadership.is_leader() {
            // The new leader does its own run. If no other replica leads, run again here.
            self.pending |= !self.leadership.is_standby();
            return self.free();
        }
        let RunReport { mut result, manager, healable } = report;
        self.manager = manager.or(self.manager.take());
        let binding = self.setup.binding(self.manager.as_ref());
        // Without the memory, every difference would be reported again.
        if let Err(error) = self.persistence.load(&binding).await {
            result = RunResult::Unknown(error_chain(&error));
        }
        let targets = self.setup.targets();
        // An earlier process may have had other targets.
        outbox::retain_targets(&mut self.persistence.memory.outbox, &targets);
        self.stats.count(&result, at, took);
        let now = seconds(at);
        let memory = std::mem::take(&mut self.persistence.memory);
        let (mut memory, mut transitions) = advance(memory, &result, now, self.setup.thresholds);
        let open = |key: DifferenceKey| {
            let difference = memory.differences.get(&key)?;
            difference.notified.as_ref()?;
            Some((key, difference.details.clone()))
        };
        let leader = self.leadership.may_write();
        let wanted: BTreeMap<DifferenceKey, Details> =
            healable.into_iter().filter(|_| leader.is_some()).filter_map(open).collect();
        let (allowed, suspended) = allow(&mut memory.heals, wanted, now);
        self.log_suspended(&suspended);
        transitions.extend(suspended);
        let id = || uuid::Uuid::new_v4().to_string();
        let notifications = outbox::notifications(&transitions, now, &targets, id);
        let dropped = outbox::put(&mut memory.outbox, notifications);
        if dropped > 0 {
            let organization = self.setup.label();
            tracing::error!(organization, dropped, "the outbox is full; notifications dropped");
        }
        self.stats.counts.dropped += dropped as u64;
        self.persistence.memory = memory;
        self.save().await;
        match leader {
            Some(leader) if !allowed.is_empty() && !self.inputs.stop.is_cancelled() => {
                self.heal(allowed, leader);
            }
            Some(_) | None => self.free(),
        }
    }

    fn log_suspended(&self, suspended: &[Transition]) {
        if !suspended.is_empty() {
            let (organization, differences) = (self.setup.label(), suspended.len());
            tracing::warn!(organization, differences, "healing suspended: they keep coming back");
        }
    }

    fn heal(&mut self, differences: BTreeMap<DifferenceKey, Details>, leader: LeaderCheck) {
        let (setup, store) = (Arc::clone(&self.setup), self.persistence.store().clone());
        let stop = self.stop_healing.subscribe();
        let slots = Arc::clone(&self.inputs.slots);
        let span = tracing::info_span!("heal", organization = setup.label());
        let healing = async move {
            let _slot = slots.acquire().await;
            let differences = differences.into_keys().collect();
            Completed::Heal(heal(&setup, (&store, leader), &differences, stop).await)
        };
        self.work.push(Box::pin(healing.instrument(span)));
    }

    pub(super) fn healed(&mut self, healing: Healing) {
        let Healing { healed, error } = healing;
        self.stats.counts.healed += healed.len() as u64;
        record(&mut self.persistence.memory.heals, healed, seconds(Timestamp::now()));
        if let Some(error) = error {
            tracing::warn!(organization = self.setup.label(), error, "healing failed");
        }
    }
}

fn seconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_second()).unwrap_or_default()
}
