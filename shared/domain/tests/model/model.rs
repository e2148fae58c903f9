//! The model as `stateright` wants it: which actions there are, and what each leads to.

use std::collections::HashMap;
use std::sync::Mutex;

use filot_domain::breaker::BreakerPolicy;
use filot_domain::lifecycle::DocumentStatus;
use filot_domain::retry::{QueueKind, RetryPolicy};
use filot_domain::review::ReviewDecision;
use filot_domain::{Decision, ReasonCode};
use stateright::{Model, Property};

use crate::plants::Plants;
use crate::properties;
use crate::state::{Answer, CURRENT, Call, Doc, Errand, Mark, Task, World, slot};

/// One model: how much there is of everything, and what is wrong with it.
pub struct Lifecycle {
    pub documents: usize,
    /// Messages that workers hold at once.
    pub tasks: usize,
    /// Invocations of functions at once.
    pub calls: usize,
    /// Faults in one history; `None`: as many as there may be.
    pub faults: Option<u8>,
    pub policy: RetryPolicy,
    pub breaker: BreakerPolicy,
    pub plants: Plants,
    /// What is known of histories that go on without a fault; see [`crate::recovery`].
    pub recoveries: Mutex<HashMap<World, bool>>,
}

/// One step. What it does in the product is said where it is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    // Functions
    RetryUpload { doc: usize },
    GoOnUploading { call: usize },
    GoOnEnqueueing { call: usize },
    StartScoring { doc: usize, decision: Decision },
    CommitEvaluation { call: usize },
    WriteReviewLate { call: usize },
    CrashCall { call: usize },
    // The sweeper
    SweepLost { doc: usize, reroute: bool },
    SweepLeftover { doc: usize },
    GoOnRemoving { call: usize },
    // The user
    Requeue { doc: usize },
    Escalate { doc: usize },
    Erase { doc: usize },
    // The queue
    Lose { doc: usize, queue: QueueKind },
    Redeliver { task: usize },
    // Workers
    Claim { task: usize, doc: usize, from: QueueKind, restarted: bool },
    Heartbeat { task: usize },
    Commit { task: usize, is_seen: bool },
    Fail { task: usize, reason: ReasonCode, is_seen: bool },
    GiveBack { task: usize, is_seen: bool },
    Scored { task: usize },
    NotScored { task: usize },
    MoveOn { task: usize },
    CrashTask { task: usize },
    // Reviews
    TakeDispatch { doc: usize },
    Admit { call: usize, is_cooled: bool },
    HandOver { call: usize, answer: Answer, has_arrived: bool },
    RecordAnswer { call: usize },
    FinishDispatch { call: usize },
    Resend { doc: usize },
    Callback { doc: usize, decision: ReviewDecision, with_task: bool },
}

const DECISIONS: [Decision; 3] = [Decision::AutoApprove, Decision::AutoReject, Decision::NeedsReview];

impl Lifecycle {
    /// Whether an action is one that has to be counted where faults are bounded. A claim over a lease is a fault if its
    /// holder lives: its lease ran out although it beats.
    pub fn is_fault(&self, world: &World, action: Action) -> bool {
        use Action as A;
        let is_held = |doc: usize| world.tasks.iter().any(|task| task.holds(doc, &world.docs[doc]));
        match action {
            A::RetryUpload { .. }
            | A::CrashCall { .. }
            | A::Lose { .. }
            | A::Redeliver { .. }
            | A::GiveBack { .. }
            | A::CrashTask { .. }
            | A::Commit { is_seen: false, .. }
            | A::Fail { is_seen: false, .. }
            | A::Resend { .. }
            | A::Requeue { .. } => true,
            // With one document users are as free as they are; with more they share the budget.
            A::Erase { .. } | A::Escalate { .. } => self.documents > 1,
            A::SweepLost { reroute: true, .. } => true,
            A::HandOver { answer, .. } => answer != Answer::Accepted,
            A::Admit { is_cooled, .. } => !is_cooled,
            A::NotScored { task } => world.tasks[task]
                .doc()
                .is_some_and(|doc| world.docs[doc].status == DocumentStatus::OcrCompleted),
            A::Claim { doc, restarted, .. } => restarted || is_held(doc),
            A::SweepLost { doc, .. } => world.docs[doc].messages != [false; 2] || is_held(doc),
            A::StartScoring { doc, .. } => {
                world.calls.iter().any(|call| matches!(call, Call::Score { doc: d, .. } if *d == doc))
            }
            A::TakeDispatch { doc } => {
                world.calls.iter().any(|call| matches!(call, Call::Dispatch { doc: d, .. } if *d == doc))
            }
            A::SweepLeftover { doc } => world.calls.iter().any(
                |call| matches!(call, Call::Remove { doc: d, .. } | Call::Upload { doc: d, .. } if *d == doc),
            ),
            _ => false,
        }
    }

    fn actions_on_document(&self, world: &World, doc: usize, actions: &mut Vec<Action>) {
        use Action as A;
        use DocumentStatus as D;
        let row = &world.docs[doc];
        for queue in [QueueKind::Gpu, QueueKind::Cpu] {
            if row.messages[slot(queue)] {
                actions.push(A::Lose { doc, queue });
                if let Some(task) = world.tasks.iter().position(|task| *task == Task::Idle) {
                    for restarted in [false, true] {
                        if !restarted || row.leased {
                            actions.push(A::Claim { task, doc, from: queue, restarted });
                        }
                    }
                }
            }
        }
        match row.status {
            D::Receiving => actions.extend([A::RetryUpload { doc }, A::SweepLeftover { doc }]),
            D::Uploaded | D::Processing => {
                actions.extend([false, true].map(|reroute| A::SweepLost { doc, reroute }));
            }
            D::OcrCompleted => {
                actions.extend(DECISIONS.map(|decision| A::StartScoring { doc, decision }));
            }
            D::AiEvaluated => {}
            D::Completed => actions.push(A::Escalate { doc }),
            D::Failed => actions.push(A::Requeue { doc }),
            D::Erased => actions.push(A::SweepLeftover { doc }),
        }
        actions.push(A::Erase { doc });
        if row.review.is_some() {
            actions.extend([A::TakeDispatch { doc }, A::Resend { doc }]);
        }
        if row.at_reviewer {
            for decision in [ReviewDecision::Approved, ReviewDecision::Rejected] {
                actions.extend([false, true].map(|with_task| A::Callback { doc, decision, with_task }));
            }
        }
    }

    fn actions_of_task(task: usize, state: &Task, actions: &mut Vec<Action>) {
        use Action as A;
        match state {
            Task::Idle => return,
            Task::Reading { .. } => {
                for is_seen in [true, false] {
                    actions.push(A::Commit { task, is_seen });
                    actions.push(A::GiveBack { task, is_seen });
                    for reason in [ReasonCode::ReaderCrashed, ReasonCode::FileUnreadable] {
                        actions.push(A::Fail { task, reason, is_seen });
                    }
                }
                actions.push(A::Heartbeat { task });
            }
            Task::Scoring { .. } => actions.extend([A::Scored { task }, A::NotScored { task }]),
            Task::Moving { .. } => actions.push(A::MoveOn { task }),
        }
        actions.extend([A::Redeliver { task }, A::CrashTask { task }]);
    }

    fn actions_of_call(call: usize, state: &Call, actions: &mut Vec<Action>) {
        use Action as A;
        actions.push(A::CrashCall { call });
        match state {
            Call::Upload { .. } => actions.push(A::GoOnUploading { call }),
            Call::Enqueue { .. } => actions.push(A::GoOnEnqueueing { call }),
            Call::Score { .. } => actions.push(A::CommitEvaluation { call }),
            Call::WriteReview { .. } => actions.push(A::WriteReviewLate { call }),
            Call::Remove { .. } => actions.push(A::GoOnRemoving { call }),
            Call::Dispatch { errand, .. } => match errand {
                Errand::Taken => {
                    actions.extend([true, false].map(|is_cooled| A::Admit { call, is_cooled }));
                }
                Errand::Loaded => actions.extend(
                    [
                        (Answer::Accepted, true),
                        (Answer::Unreachable, true),
                        (Answer::Unreachable, false),
                        (Answer::Refused, false),
                    ]
                    .map(|(answer, has_arrived)| A::HandOver {
                        call,
                        answer,
                        has_arrived,
                    }),
                ),
                Errand::Answered(_) => actions.push(A::RecordAnswer { call }),
                Errand::Recorded(_) => actions.push(A::FinishDispatch { call }),
            },
        }
    }

    /// Carries out an action; `None` if it changes nothing.
    pub fn carry_out(&self, world: &mut World, action: Action) -> Option<()> {
        use Action as A;
        match action {
            A::RetryUpload { doc } => self.retry_upload(world, doc),
            A::GoOnUploading { call } => self.go_on_uploading(world, call),
            A::GoOnEnqueueing { call } => self.go_on_enqueueing(world, call),
            A::StartScoring { doc, decision } => self.start_scoring(world, doc, decision),
            A::CommitEvaluation { call } => self.commit_evaluation(world, call),
            A::WriteReviewLate { call } => self.write_review_late(world, call),
            A::CrashCall { call } => {
                world.calls.remove(call);
                Some(())
            }
            A::SweepLost { doc, reroute } => self.sweep_lost(world, doc, reroute),
            A::SweepLeftover { doc } => self.sweep_leftover(world, doc),
            A::GoOnRemoving { call } => self.go_on_removing(world, call),
            A::Requeue { doc } => self.requeue(world, doc),
            A::Escalate { doc } => self.escalate(world, doc),
            A::Erase { doc } => self.erase(world, doc),
            A::Lose { doc, queue } => {
                world.docs[doc].messages[slot(queue)] = false;
                Some(())
            }
            A::Redeliver { task } => self.redeliver(world, task),
            A::Claim { task, doc, from, restarted } => self.claim(world, task, doc, from, restarted),
            A::Heartbeat { task } => self.heartbeat(world, task),
            A::Commit { task, is_seen } => self.commit(world, task, is_seen),
            A::Fail { task, reason, is_seen } => self.fail(world, task, reason, is_seen),
            A::GiveBack { task, is_seen } => self.give_back(world, task, is_seen),
            A::Scored { task } => self.scored(world, task),
            A::NotScored { task } => self.not_scored(world, task),
            A::MoveOn { task } => self.move_on(world, task),
            A::CrashTask { task } => self.crash_task(world, task),
            A::TakeDispatch { doc } => self.take_dispatch(world, doc),
            A::Admit { call, is_cooled } => self.admit(world, call, is_cooled),
            A::HandOver { call, answer, has_arrived } => self.hand_over(world, call, answer, has_arrived),
            A::RecordAnswer { call } => self.record_answer(world, call),
            A::FinishDispatch { call } => self.finish_dispatch(world, call),
            A::Resend { doc } => self.resend(world, doc),
            A::Callback { doc, decision, with_task } => self.callback(world, doc, decision, with_task),
        }
    }
}

impl Model for Lifecycle {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let (docs, calls) = if self.documents == 1 {
            (vec![Doc::begun()], vec![Call::Upload { doc: 0, version: CURRENT, put: false }])
        } else {
            (vec![Doc::uploaded(); self.documents], Vec::new())
        };
        let tasks = vec![Task::Idle; self.tasks];
        let faults_left = self.faults.unwrap_or_default();
        vec![World { docs, tasks, calls, breaker: Mark::CLOSED, holder: None, faults_left }.settled()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for doc in 0..world.docs.len() {
            self.actions_on_document(world, doc, actions);
        }
        for (task, state) in world.tasks.iter().enumerate() {
            Self::actions_of_task(task, state, actions);
        }
        for (call, state) in world.calls.iter().enumerate() {
            Self::actions_of_call(call, state, actions);
        }
        if self.faults.is_some() && world.faults_left == 0 {
            actions.retain(|action| !self.is_fault(world, *action));
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        if self.faults.is_some() && self.is_fault(world, action) {
            next.faults_left = next.faults_left.checked_sub(1)?;
        }
        self.carry_out(&mut next, action)?;
        Some(next.settled())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
