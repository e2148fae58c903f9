//! A worker's task: claim, then one of commit, failure or giving back, then scoring or the other queue.
//!
//! `filot-store`'s `worker.rs` and the worker's own `document.rs`, `decide.rs` and `report.rs`.

use filot_domain::ReasonCode;
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::lifecycle::{DocumentStatus, Edge, InState, State, Step};
use filot_domain::retry::{AfterFailure, FailureKind, QueueKind, after_failure};

use crate::model::Lifecycle;
use crate::plants::{Plant, Plants};
use crate::state::{Doc, Task, World, id_of, slot, then};

/// Every random number: the pauses it spreads are no part of the model.
const RANDOM: f64 = 0.5;

impl Lifecycle {
    /// `Store::claim`, and what `decide::unclaimed` makes of a refusal. `None` where nothing happens: the message is
    /// hidden and comes back.
    pub fn claim(
        &self,
        world: &mut World,
        task: usize,
        doc: usize,
        from: QueueKind,
        restarted: bool,
    ) -> Option<()> {
        let row = &mut world.docs[doc];
        let waits = matches!(row.status, DocumentStatus::Uploaded | DocumentStatus::Processing);
        if waits && self.is_past_gpu(row) && from == QueueKind::Gpu {
            // `Rerouted`: its tries on the GPU are used up.
            row.messages[slot(from)] = false;
            world.tasks[task] = Task::Moving { doc, from, to: QueueKind::Cpu, sent: false };
            return Some(());
        }
        let next = match row.status {
            DocumentStatus::Receiving => return None,
            DocumentStatus::OcrCompleted => Task::Scoring { doc, from },
            DocumentStatus::AiEvaluated
            | DocumentStatus::Completed
            | DocumentStatus::Failed
            | DocumentStatus::Erased => Task::Idle,
            DocumentStatus::Uploaded => {
                let uploaded = witness::<state::Uploaded>(doc, row.status, row.version)?;
                take_lease(row, uploaded.step(edge::Claim), doc, from, self.plants)?
            }
            DocumentStatus::Processing => {
                let lost = if row.leased && !restarted { self.count_loss(row, doc, from)? } else { None };
                match lost {
                    Some(stop) => stop,
                    None => {
                        let processing = witness::<state::Processing>(doc, row.status, row.version)?;
                        take_lease(row, processing.step(edge::Reclaim), doc, from, self.plants)?
                    }
                }
            }
        };
        row.messages[slot(from)] = false;
        world.tasks[task] = next;
        Some(())
    }

    fn is_past_gpu(&self, row: &Doc) -> bool {
        !self.plants.has(Plant::GpuTakesAnything)
            && row.queue == QueueKind::Cpu
            && self.policy.cpu_fallback
            && row.attempts >= self.policy.max_attempts
    }

    /// `count_loss` of the store: `Some(None)` goes on to claim, `Some(Some(task))` ends with that task.
    fn count_loss(&self, row: &mut Doc, doc: usize, serves: QueueKind) -> Option<Option<Task>> {
        let lost = witness::<state::Processing>(doc, row.status, row.version)?;
        let reason = ReasonCode::WorkerLost;
        let verification = row.verification;
        let attempts = row.attempts + 1;
        match after_failure(&self.policy, reason, attempts, row.queue, then(), RANDOM) {
            AfterFailure::Retry { queue: next, .. } => {
                let here = next == row.queue || next == serves;
                row.take(lost.step(edge::Retry), verification)?;
                (row.attempts, row.queue, row.leased) = (attempts, next, false);
                Some((!here).then_some(Task::Moving { doc, from: serves, to: next, sent: false }))
            }
            AfterFailure::Fail => {
                row.take(lost.step(edge::GiveUp), verification)?;
                gave_up(row, reason, self);
                Some(Some(Task::Idle))
            }
        }
    }

    /// `Store::heartbeat`: nothing, unless the lease is lost; then the work is dropped (`while_leased`).
    pub fn heartbeat(&self, world: &mut World, task: usize) -> Option<()> {
        let Task::Reading { doc, from, epoch, .. } = world.tasks[task] else { return None };
        let row = &world.docs[doc];
        if row.status == DocumentStatus::Processing && row.leased && row.epoch == epoch {
            return None;
        }
        give_up_message(world, task, doc, from)
    }

    /// `Store::commit_reading`. `is_seen`: the answer arrives; without it the worker writes once more (`persist`).
    pub fn commit(&self, world: &mut World, task: usize, is_seen: bool) -> Option<()> {
        let Task::Reading { doc, from, .. } = world.tasks[task] else { return None };
        if !under_lease(world, task, edge::Read, self.plants)? {
            return give_up_message(world, task, doc, from);
        }
        let row = &mut world.docs[doc];
        (row.watched, row.log.tried_on_cpu) = (true, false);
        if is_seen {
            world.tasks[task] = Task::Scoring { doc, from };
        }
        Some(())
    }

    /// `after_failure`, `Store::record_failure` and `decide::after_attempt`.
    pub fn fail(&self, world: &mut World, task: usize, reason: ReasonCode, is_seen: bool) -> Option<()> {
        let Task::Reading { doc, from, attempts, queue, .. } = world.tasks[task] else { return None };
        let next = after_failure(&self.policy, reason, attempts + 1, queue, then(), RANDOM);
        let written = match next {
            AfterFailure::Retry { .. } => under_lease(world, task, edge::Retry, self.plants)?,
            AfterFailure::Fail => under_lease(world, task, edge::GiveUp, self.plants)?,
        };
        if !written {
            return give_up_message(world, task, doc, from);
        }
        let row = &mut world.docs[doc];
        match next {
            AfterFailure::Retry { queue, .. } => {
                (row.attempts, row.queue, row.watched) = (row.attempts + 1, queue, true);
                if is_seen && queue != from {
                    world.tasks[task] = Task::Moving { doc, from, to: queue, sent: false };
                } else if is_seen {
                    give_up_message(world, task, doc, from)?;
                }
            }
            AfterFailure::Fail => {
                gave_up(row, reason, self);
                if is_seen {
                    world.tasks[task] = Task::Idle;
                }
            }
        }
        Some(())
    }

    /// `Store::give_back`.
    pub fn give_back(&self, world: &mut World, task: usize, is_seen: bool) -> Option<()> {
        let Task::Reading { doc, from, .. } = world.tasks[task] else { return None };
        if under_lease(world, task, edge::GiveBack, self.plants)? {
            world.docs[doc].watched = true;
            if !is_seen {
                return Some(());
            }
        }
        give_up_message(world, task, doc, from)
    }

    /// `report::score` has its answer: the message is deleted.
    pub fn scored(&self, world: &mut World, task: usize) -> Option<()> {
        let Task::Scoring { doc, .. } = world.tasks[task] else { return None };
        if !matches!(world.docs[doc].status, DocumentStatus::AiEvaluated | DocumentStatus::Completed) {
            return None;
        }
        world.tasks[task] = Task::Idle;
        Some(())
    }

    /// `report::score` has none: the message stays.
    pub fn not_scored(&self, world: &mut World, task: usize) -> Option<()> {
        let Task::Scoring { doc, from } = world.tasks[task] else { return None };
        give_up_message(world, task, doc, from)
    }

    /// `report::move_to`: sends, then notes; then the message is deleted.
    pub fn move_on(&self, world: &mut World, task: usize) -> Option<()> {
        let Task::Moving { doc, to, sent, .. } = &mut world.tasks[task] else { return None };
        let (doc, to) = (*doc, *to);
        if *sent {
            mark_enqueued(&mut world.docs[doc], to, self.plants);
            world.tasks[task] = Task::Idle;
        } else {
            *sent = true;
            world.docs[doc].messages[slot(to)] = true;
        }
        Some(())
    }

    /// The process dies; or it lives and lets go of the message. In both cases the message comes back.
    pub fn crash_task(&self, world: &mut World, task: usize) -> Option<()> {
        match world.tasks[task] {
            Task::Idle => None,
            Task::Reading { doc, from, .. }
            | Task::Scoring { doc, from }
            | Task::Moving { doc, from, .. } => give_up_message(world, task, doc, from),
        }
    }

    /// The message becomes visible although its task goes on.
    pub fn redeliver(&self, world: &mut World, task: usize) -> Option<()> {
        let (Task::Reading { doc, from, .. } | Task::Scoring { doc, from } | Task::Moving { doc, from, .. }) =
            world.tasks[task]
        else {
            return None;
        };
        let message = &mut world.docs[doc].messages[slot(from)];
        (!std::mem::replace(message, true)).then_some(())
    }
}

/// `Store::mark_enqueued`: a note may move a document that nobody holds to the CPU's queue, never back.
pub fn mark_enqueued(row: &mut Doc, queue: QueueKind, plants: Plants) {
    if matches!(row.status, DocumentStatus::Uploaded | DocumentStatus::Processing) {
        row.watched = true;
        if queue == QueueKind::Cpu && !row.leased || plants.has(Plant::NoteMovesBack) {
            row.queue = queue;
        }
    }
}

/// What somebody knows, or believes to know, of a document.
pub fn witness<S: State<Status = DocumentStatus>>(
    doc: usize,
    status: DocumentStatus,
    version: i64,
) -> Option<InState<S>> {
    InState::witness(id_of(doc), status, version)
}

fn take_lease<S, E>(
    row: &mut Doc,
    step: Step<S, E>,
    doc: usize,
    from: QueueKind,
    plants: Plants,
) -> Option<Task>
where
    S: State<Status = DocumentStatus>,
    E: Edge<S, To = state::Processing>,
{
    let verification = row.verification;
    let taken = row.take(step, verification)?;
    row.epoch += 1;
    (row.leased, row.watched) = (true, true);
    if !plants.has(Plant::GpuTakesAnything) {
        // From now on it says who reads it.
        row.queue = from;
    }
    row.log.tried_on_cpu |= from == QueueKind::Cpu;
    Some(Task::Reading {
        doc,
        from,
        version: taken.version(),
        epoch: row.epoch,
        attempts: row.attempts,
        queue: row.queue,
    })
}

/// A step that the task's lease allows, from what the task remembers; `false` if it missed.
fn under_lease<E>(world: &mut World, task: usize, edge: E, plants: Plants) -> Option<bool>
where
    E: Edge<state::Processing>,
{
    let Task::Reading { doc, version, epoch, .. } = world.tasks[task] else { return None };
    let lease = witness::<state::Processing>(doc, DocumentStatus::Processing, version)?;
    Some(world.docs[doc].take_under_lease(lease.step(edge), epoch, plants))
}

fn gave_up(row: &mut Doc, reason: ReasonCode, model: &Lifecycle) {
    (row.watched, row.leased) = (false, false);
    row.attempts += 1;
    let wanted_more_tries = reason.failure_kind() == FailureKind::Transient;
    row.log.untried |= wanted_more_tries && model.policy.cpu_fallback && !row.log.tried_on_cpu;
    row.log.tried_on_cpu = false;
}

/// The task ends and its message comes back (`Fate::Hide`).
fn give_up_message(world: &mut World, task: usize, doc: usize, from: QueueKind) -> Option<()> {
    world.docs[doc].messages[slot(from)] = true;
    world.tasks[task] = Task::Idle;
    Some(())
}
