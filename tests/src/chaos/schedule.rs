//! Which fault happens when: a pure function of a seed and a length, so that a failed run can be repeated.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::faults::fault_proxy::FaultRates;
use crate::simulators::buli2::Health;

/// A fault, or its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// SIGKILL to a worker and its readers; another one is started.
    KillWorker,
    /// SIGTERM to a worker; another one is started.
    EndWorker,
    /// SIGSTOP to a working worker, for longer than its lease.
    FreezeWorker,
    /// SIGCONT to the stopped worker.
    ThawWorker,
    /// SIGKILL to one reader.
    KillReader,
    /// SIGKILL to every running instance of a function.
    KillFunction(&'static str),
    /// Postgres is killed.
    StopPostgres,
    /// Postgres recovers.
    StartPostgres,
    /// Redis is killed and loses all its data.
    StopRedis,
    /// Redis starts again, empty.
    StartRedis,
    /// The queues cannot be reached.
    CloseQueues,
    /// The queues can be reached again.
    OpenQueues,
    /// Sets the fault rates of the queues.
    Queues(FaultRates),
    /// Sets the fault rates of the storage.
    Storage(FaultRates),
    /// Sets the fault rates of invocations.
    Functions(FaultRates),
    /// Sets how BULI2 behaves.
    Buli2(Health),
    /// This many messages are sent again, some of them late.
    CopyMessages(u32),
    /// Up to ten messages are received and not processed; they become visible again after these seconds.
    HoldMessages(i32),
    /// Two sweepers and two dispatchers run at the same time.
    RaceSchedules,
}

/// An action and its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// Time since the start of the run.
    pub at: Duration,
    /// What happens.
    pub action: Action,
}

/// Functions that are killed.
const VICTIMS: [&str; 6] =
    ["documents-upload", "scoring", "review-callback", "review-dispatch", "sweeper", "documents-get"];
/// Longer than the worker's lease (`chaos::LEASE_S`).
pub const FREEZE: Duration = Duration::from_secs(8);

/// Plans a run of `length`: every fault happens at least once, Postgres restarts twice, and all faults end in time.
pub fn plan(seed: u64, length: Duration) -> Vec<Planned> {
    let minutes = length.as_secs_f64() / 60.0;
    let mut plan = Planner { dice: StdRng::seed_from_u64(seed), length, planned: Vec::new() };
    let per_minute = |count: f64| ((count * minutes).round() as u32).max(1);

    plan.moments(per_minute(3.0), |_| Action::KillWorker);
    plan.moments(per_minute(0.5), |_| Action::EndWorker);
    plan.moments(per_minute(2.0), |_| Action::KillReader);
    plan.moments(per_minute(4.0), |dice| Action::KillFunction(VICTIMS.choose(dice).unwrap_or(&"scoring")));
    plan.moments(per_minute(4.0), |dice| Action::CopyMessages(dice.random_range(5..20)));
    plan.moments(per_minute(3.0), |dice| Action::HoldMessages(dice.random_range(0..8)));
    plan.moments(per_minute(1.0), |_| Action::RaceSchedules);

    let s = Duration::from_secs;
    plan.windows(per_minute(1.0), (FREEZE, FREEZE), |_| (Action::FreezeWorker, Action::ThawWorker));
    plan.windows(2, (s(1), s(4)), |_| (Action::StopPostgres, Action::StartPostgres));
    plan.windows(per_minute(0.4), (s(5), s(20)), |_| (Action::StopRedis, Action::StartRedis));
    plan.windows(per_minute(0.4), (s(5), s(15)), |_| (Action::CloseQueues, Action::OpenQueues));
    plan.windows(per_minute(0.5), (s(5), s(20)), |dice| {
        let rates = FaultRates { refuse: dice.random_range(0.1..0.3), lose: 0.2, hang: None };
        (Action::Queues(rates), Action::Queues(FaultRates::default()))
    });
    plan.windows(per_minute(0.6), (s(4), s(15)), |dice| {
        let all = dice.random_bool(0.3);
        let rates = FaultRates { refuse: if all { 1.0 } else { 0.35 }, lose: 0.15, hang: None };
        (Action::Storage(rates), Action::Storage(FaultRates::default()))
    });
    plan.windows(per_minute(0.7), (s(4), s(12)), |dice| {
        let hang = Duration::from_millis(dice.random_range(500..3000));
        let rates = FaultRates { refuse: 0.2, lose: 0.3, hang: Some((0.4, hang)) };
        (Action::Functions(rates), Action::Functions(FaultRates::default()))
    });
    // The longest windows: BULI2 fails about half of the time.
    let troubles = [
        Health::Answers(503, None),
        Health::LosesAnswers,
        Health::Answers(429, Some(2)),
        Health::Hangs,
        Health::Answers(500, None),
    ];
    let mut next = 0;
    plan.windows(per_minute(0.5).max(2), (s(8), s(120)), |_| {
        let trouble = troubles[next % troubles.len()];
        next += 1;
        (Action::Buli2(trouble), Action::Buli2(Health::Well))
    });

    plan.planned.sort_by_key(|planned| planned.at);
    plan.planned
}

struct Planner {
    dice: StdRng,
    length: Duration,
    planned: Vec<Planned>,
}

impl Planner {
    /// `count` moments, one in each of as many equal parts of the run.
    fn moments(&mut self, count: u32, action: impl Fn(&mut StdRng) -> Action) {
        for n in 0..count {
            let at = self.length.mul_f64((f64::from(n) + self.dice.random::<f64>()) / f64::from(count));
            let action = action(&mut self.dice);
            self.planned.push(Planned { at, action });
        }
    }

    /// `count` windows, one in each of as many equal parts of the run, at most six tenths of a part long: two of a kind
    /// never overlap, and each ends within the run.
    fn windows(
        &mut self,
        count: u32,
        (shortest, longest): (Duration, Duration),
        mut actions: impl FnMut(&mut StdRng) -> (Action, Action),
    ) {
        let part = self.length / count;
        for n in 0..count {
            let most = longest.min(part.mul_f64(0.6));
            let least = shortest.min(most);
            let time = least + (most - least).mul_f64(self.dice.random());
            let begin = part * n + (part - time).mul_f64(self.dice.random());
            let (first, last) = actions(&mut self.dice);
            self.planned.push(Planned { at: begin, action: first });
            self.planned.push(Planned { at: begin + time, action: last });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_plan_and_every_fault_ends() {
        let length = Duration::from_secs(90);
        for seed in 0..50 {
            let planned = plan(seed, length);
            assert_eq!(planned, plan(seed, length));
            let count = |action: Action| planned.iter().filter(|planned| planned.action == action).count();
            assert_eq!((count(Action::StopPostgres), count(Action::StartPostgres)), (2, 2));
            for (first, last) in [
                (Action::StopRedis, Action::StartRedis),
                (Action::CloseQueues, Action::OpenQueues),
                (Action::FreezeWorker, Action::ThawWorker),
            ] {
                assert!(count(first) >= 1 && count(first) == count(last));
            }
            assert!(count(Action::KillWorker) >= 4 && count(Action::Buli2(Health::Well)) >= 2);
            assert!(planned.iter().all(|planned| planned.at <= length));
            let last_rates = planned.iter().rfind(|planned| matches!(planned.action, Action::Storage(_)));
            assert_eq!(
                last_rates.map(|planned| planned.action),
                Some(Action::Storage(FaultRates::default()))
            );
        }
        assert_ne!(plan(1, length), plan(2, length));
    }
}
