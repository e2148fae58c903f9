//! The life of a document and of its human review: the one table of states and edges.
//!
//! The tables below generate the enums that are stored, a marker type per state, and a type per edge. A step along an
//! edge can only be written from a state the edge leaves, so an illegal transition does not compile:
//!
//! ```compile_fail
//! use filot_domain::lifecycle::{InState, document::{edge, state}};
//! fn decide_twice(done: InState<state::Completed>) {
//!     let _ = done.step(edge::Decide); // no edge `decided` leaves `completed`
//! }
//! ```
//!
//! The database holds the same table and a trigger that refuses any other edge; a test in `filot-store` compares the
//! two. `docs/architecture.md` has the drawing.
//!
//! Each state names the functions that move a document or a review out of it: those of `filot-app` by module and name, those
//! of the worker as `worker::…`. Every one of them goes through `filot-store`.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::ids::DocumentId;

/// One row of a table of edges, in the text forms that are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeRow {
    /// Name of the event that a step along this edge records.
    pub event: &'static str,
    /// State before.
    pub from: &'static str,
    /// State after.
    pub to: &'static str,
}

/// A state as a type.
pub trait State: Copy + Send + Sync + 'static {
    /// The enum the state belongs to.
    type Status: Copy + PartialEq + Into<&'static str>;
    /// The state as a value.
    const STATUS: Self::Status;
}

/// An edge as a type, for each state it leaves.
pub trait Edge<From: State>: Copy + Send + Sync + 'static {
    /// State after.
    type To: State<Status = From::Status>;
    /// Name of the event that a step along this edge records.
    const EVENT: &'static str;
}

macro_rules! state_machine {
    (
        $(#[$enum_doc:meta])* $status:ident in $module:ident {
            $( $(#[$state_doc:meta])* $state:ident = $state_text:literal, )+
        }
        edges {
            $( $(#[$edge_doc:meta])* $edge:ident = $event:literal : $($from:ident)|+ => $to:ident; )+
        }
    ) => {
        $(#[$enum_doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, EnumIter,
            IntoStaticStr,
        )]
        pub enum $status {
            $(
                $(#[$state_doc])*
                #[serde(rename = $state_text)]
                #[strum(serialize = $state_text)]
                $state,
            )+
        }

        impl $status {
            /// Every legal edge, one row per state it leaves.
            pub const EDGES: &'static [EdgeRow] = &[
                $($( EdgeRow { event: $event, from: $module::text::$from, to: $module::text::$to }, )+)+
            ];

            /// Whether `event` may lead from this state to `to`.
            pub fn allows(self, event: &str, to: Self) -> bool {
                let (from, to): (&str, &str) = (self.into(), to.into());
                Self::EDGES.iter().any(|row| row.event == event && row.from == from && row.to == to)
            }
        }

        #[doc = concat!("[`", stringify!($status), "`] as types.")]
        pub mod $module {
            #[expect(non_upper_case_globals, reason = "named after the states they spell")]
            pub(super) mod text {
                $( pub const $state: &str = $state_text; )+
            }

            /// A marker type per state.
            pub mod state {
                use super::super::{State, $status};
                $(
                    $(#[$state_doc])*
                    #[derive(Debug, Clone, Copy)]
                    pub struct $state;
                    impl State for $state {
                        type Status = $status;
                        const STATUS: $status = $status::$state;
                    }
                )+
            }

            /// A type per edge.
            pub mod edge {
                use super::{super::Edge, state};
                $(
                    $(#[$edge_doc])*
                    #[derive(Debug, Clone, Copy)]
                    pub struct $edge;
                    $(
                        impl Edge<state::$from> for $edge {
                            type To = state::$to;
                            const EVENT: &'static str = $event;
                        }
                    )+
                )+
            }
        }
    };
}

state_machine! {
    /// The stage of the pipeline that a document is in. From every state but the last, `delete_document::delete_document` and
    /// `sweep::sweep` (retention) erase it.
    DocumentStatus in document {
        /// The row exists, its object not yet; never shown to anyone. `upload::upload` moves it on when the object is stored;
        /// `sweep::sweep` erases it when the upload died.
        Receiving = "receiving",
        /// Stored, waiting for a worker. `worker::document::handle` claims it.
        Uploaded = "uploaded",
        /// A worker holds it, or held it and another will follow. `worker::document::handle` commits the reading, records a
        /// failure, gives it back, or claims it over a lost lease.
        Processing = "processing",
        /// Read, not yet scored. `score_document::score_document` moves it on.
        OcrCompleted = "ocr_completed",
        /// Scored; a human's decision is awaited. `review_callback::review_callback` brings that decision. A decision of the
        /// score alone moves it on in the transaction that scored it.
        AiEvaluated = "ai_evaluated",
        /// Decided. `escalate::escalate` takes an automatic rejection back to a human.
        Completed = "completed",
        /// Could not be read; the reason says why. `process::process` queues it again when its owner asks.
        Failed = "failed",
        /// Erased: an audit stub remains, and nothing moves it any more.
        Erased = "erased",
    }
    edges {
        /// The object is in storage.
        Store = "stored": Receiving => Uploaded;
        /// A worker takes it.
        Claim = "claimed": Uploaded => Processing;
        /// Another worker takes it after a retry, a give-back or a lost lease.
        Reclaim = "reclaimed": Processing => Processing;
        /// An attempt failed and another is due.
        Retry = "attempt_failed": Processing => Processing;
        /// The worker gives it back unfinished, at no cost.
        GiveBack = "given_back": Processing => Processing;
        /// The card was read.
        Read = "read": Processing => OcrCompleted;
        /// Every attempt failed, or the file can never be read.
        GiveUp = "gave_up": Processing => Failed;
        /// The user asks for another try.
        Requeue = "requeued": Failed => Uploaded;
        /// The reading was scored.
        Score = "scored": OcrCompleted => AiEvaluated;
        /// The score, or a human, decided.
        Decide = "decided": AiEvaluated => Completed;
        /// The user objects to an automatic rejection.
        Escalate = "escalated": Completed => AiEvaluated;
        /// The user, or retention, erases it.
        Erase = "erased":
            Receiving | Uploaded | Processing | OcrCompleted | AiEvaluated | Completed | Failed => Erased;
    }
}

state_machine! {
    /// Whether the document is genuine, as far as the score or a human has decided.
    VerificationStatus in verification {
        /// Not scored yet. `score_document::score_document` moves it on.
        Pending = "pending",
        /// Approved by score, for good.
        AutoApproved = "auto_approved",
        /// Rejected by score. `escalate::escalate` moves it to a human.
        AutoRejected = "auto_rejected",
        /// A human will decide. `review_callback::review_callback` brings the decision.
        PendingManualReview = "pending_manual_review",
        /// Approved by a human, for good.
        ManuallyApproved = "manually_approved",
        /// Rejected by a human, for good.
        ManuallyRejected = "manually_rejected",
    }
    edges {
        /// The score approves.
        AutoApprove = "scored": Pending => AutoApproved;
        /// The score rejects.
        AutoReject = "scored": Pending => AutoRejected;
        /// The score leaves it to a human.
        SendToReview = "scored": Pending => PendingManualReview;
        /// The user asks for a human after an automatic rejection.
        EscalateRejection = "escalated": AutoRejected => PendingManualReview;
        /// A human approves.
        ManuallyApprove = "decided": PendingManualReview => ManuallyApproved;
        /// A human rejects.
        ManuallyReject = "decided": PendingManualReview => ManuallyRejected;
    }
}

state_machine! {
    /// The decision of a human review.
    ReviewStatus in review {
        /// Waiting for the reviewer. `review_callback::review_callback` brings the decision; erasing the document cancels it.
        Pending = "pending",
        /// The reviewer approved, for good.
        Approved = "approved",
        /// The reviewer rejected, for good.
        Rejected = "rejected",
        /// Its document was erased first, for good.
        Cancelled = "cancelled",
    }
    edges {
        /// The reviewer approves.
        Approve = "approved": Pending => Approved;
        /// The reviewer rejects.
        Reject = "rejected": Pending => Rejected;
        /// The document is gone.
        Cancel = "cancelled": Pending => Cancelled;
    }
}

state_machine! {
    /// The way of a human review to the reviewer: the state of its outbox row. `dispatch_reviews::dispatch_reviews` moves it,
    /// except where a state says otherwise.
    DispatchState in dispatch {
        /// Waits to be sent, at once or after a back-off. A decision that comes first (`review_callback::review_callback`) or an
        /// erasure takes it out of the outbox.
        Queued = "queued",
        /// A dispatcher holds it under a lease. A decision or an erasure takes it out of the outbox.
        Sending = "sending",
        /// The reviewer has it. News for the reviewer sends it again; erasing the document withdraws it.
        Acknowledged = "acknowledged",
        /// The reviewer refuses it for good; the review says so. `escalate::escalate` sends it again; erasing the document
        /// withdraws it.
        Refused = "refused",
        /// No longer wanted: decided before it was sent, or erased. Nothing moves it any more.
        Withdrawn = "withdrawn",
    }
    edges {
        /// A dispatcher takes it; an expired lease is taken again.
        Take = "taken": Queued | Sending => Sending;
        /// Sending failed; it waits for its next turn.
        Defer = "deferred": Sending => Queued;
        /// The reviewer answered with a task id.
        Acknowledge = "acknowledged": Sending | Queued => Acknowledged;
        /// The reviewer answered with a final error.
        Refuse = "refused": Sending => Refused;
        /// Nobody wants the review any more.
        Withdraw = "withdrawn": Queued | Sending | Acknowledged | Refused => Withdrawn;
        /// An operator or an escalation asks for it again, or there is news that the reviewer must have.
        Resend = "resent": Refused | Acknowledged => Queued;
    }
}

impl VerificationStatus {
    /// Whether a human or the score has decided.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::PendingManualReview)
    }
}

impl DocumentStatus {
    /// Whether the pipeline does nothing more with the document unless a user asks.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Erased)
    }

    /// Whether a row may hold this pair of states. The database has the same rule as a named CHECK.
    pub const fn may_be(self, verification: VerificationStatus) -> bool {
        use VerificationStatus as V;
        match self {
            Self::Receiving | Self::Uploaded | Self::Processing | Self::OcrCompleted | Self::Failed => {
                matches!(verification, V::Pending)
            }
            Self::AiEvaluated => {
                matches!(verification, V::AutoApproved | V::AutoRejected | V::PendingManualReview)
            }
            Self::Completed => {
                matches!(
                    verification,
                    V::AutoApproved | V::AutoRejected | V::ManuallyApproved | V::ManuallyRejected
                )
            }
            Self::Erased => true,
        }
    }
}

/// A document known to have been in state `S` at `version`.
///
/// The knowledge may be out of date by the time it is used; the store therefore applies a [`Step`] only while the row
/// still has this state and this version.
#[derive(Debug, Clone, Copy)]
pub struct InState<S> {
    id: DocumentId,
    version: i64,
    state: PhantomData<S>,
}

impl<S: State<Status = DocumentStatus>> InState<S> {
    /// The knowledge that a row which was just read is in state `S`; `None` if it is in another.
    pub fn witness(id: DocumentId, status: DocumentStatus, version: i64) -> Option<Self> {
        (status == S::STATUS).then_some(Self { id, version, state: PhantomData })
    }

    /// The document.
    pub const fn id(&self) -> DocumentId {
        self.id
    }

    /// The row's version when it was read.
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// A step along an edge that leaves `S`.
    pub fn step<E: Edge<S>>(self, _edge: E) -> Step<S, E> {
        Step { from: self, edge: PhantomData }
    }
}

/// A legal step that is not yet taken.
#[derive(Debug, Clone, Copy)]
pub struct Step<S, E> {
    from: InState<S>,
    edge: PhantomData<E>,
}

impl<S, E> Step<S, E>
where
    S: State<Status = DocumentStatus>,
    E: Edge<S>,
{
    /// The document.
    pub const fn id(&self) -> DocumentId {
        self.from.id
    }

    /// The version the row must still have.
    pub const fn version(&self) -> i64 {
        self.from.version
    }

    /// The status the row must still have.
    pub const fn from_status(&self) -> DocumentStatus {
        S::STATUS
    }

    /// The status the row gets.
    pub fn to_status(&self) -> DocumentStatus {
        <E::To as State>::STATUS
    }

    /// The event that is recorded.
    pub const fn event(&self) -> &'static str {
        E::EVENT
    }

    /// The document after the step, which the store raises the version for.
    pub fn taken(self) -> InState<E::To> {
        InState { id: self.from.id, version: self.from.version + 1, state: PhantomData }
    }
}
