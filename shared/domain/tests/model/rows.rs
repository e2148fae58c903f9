//! Writing rows, as `filot-store` does it: conditional on what the writer knows.
//!
//! The triggers and CHECKs of the database are left out on purpose. The conditions alone have to be enough; what the
//! database would refuse is noted, and a property says that it never happens.

use filot_domain::lifecycle::{
    DispatchState, DocumentStatus, Edge, InState, ReviewStatus, State, Step, VerificationStatus,
};

use crate::plants::{Plant, Plants};
use crate::state::{Doc, Review};

impl Doc {
    /// `step::take` of the store: an UPDATE with the version and the status it starts from.
    pub fn take<S, E>(&mut self, step: Step<S, E>, verification: VerificationStatus) -> Option<InState<E::To>>
    where
        S: State<Status = DocumentStatus>,
        E: Edge<S>,
    {
        if self.version != step.version() || self.status != step.from_status() {
            return None;
        }
        self.write(step.event(), step.to_status(), verification);
        Some(step.taken())
    }

    /// `step::take` with `HOLDS_LEASE`.
    pub fn take_under_lease<S, E>(&mut self, step: Step<S, E>, epoch: i64, plants: Plants) -> bool
    where
        S: State<Status = DocumentStatus>,
        E: Edge<S>,
    {
        let version_holds = plants.has(Plant::LeaseWithoutVersion) || self.version == step.version();
        let lease_holds = self.leased && (plants.has(Plant::LeaseWithoutEpoch) || self.epoch == epoch);
        if self.status != step.from_status() || !version_holds || !lease_holds {
            return false;
        }
        // INV-3, said without the two conditions above.
        self.log.stale_write |= !self.leased || self.epoch != epoch;
        self.write(step.event(), step.to_status(), self.verification);
        self.leased = false;
        true
    }

    /// An UPDATE without a condition, and what the trigger writes about it.
    pub fn write(&mut self, event: &str, to: DocumentStatus, verification: VerificationStatus) {
        let log = &mut self.log;
        let follows = (log.status, log.verification) == (self.status, self.verification);
        let verification_is_known =
            verification == self.verification || self.verification.allows(event, verification);
        log.broken |=
            !follows || !self.status.allows(event, to) || !verification_is_known || !to.may_be(verification);
        (log.status, log.verification) = (to, verification);
        (self.status, self.verification) = (to, verification);
        self.version += 1;
    }

    /// The review and its dispatch are one row.
    pub fn insert_review(&mut self) {
        self.log.reviews = (self.log.reviews + 1).min(2);
        self.review = Some(Review {
            status: ReviewStatus::Pending,
            dispatch: DispatchState::Queued,
            epoch: 1,
            task: false,
        });
    }

    /// An UPDATE of the review's `status`.
    pub fn write_review(&mut self, event: &str, to: ReviewStatus) {
        let Some(review) = &mut self.review else { return };
        self.log.broken |= !review.status.allows(event, to);
        review.status = to;
    }

    /// An UPDATE of the review's `dispatch_state`.
    pub fn write_dispatch(&mut self, event: &str, to: DispatchState) {
        let Some(review) = &mut self.review else { return };
        self.log.broken |= !review.dispatch.allows(event, to);
        review.dispatch = to;
    }

    /// Whether the named CHECKs of the schema that bind several columns would let this row be.
    pub fn passes_checks(&self) -> bool {
        use DocumentStatus as D;
        let waits = matches!(self.status, D::Receiving | D::Uploaded | D::Processing | D::OcrCompleted);
        let is_watched = self.watched == (waits || self.status == D::Erased && self.key);
        let leased_while_processing = !self.leased || self.status == D::Processing;
        let keeps_object = self.key || self.status == D::Erased;
        let review_is_sound = self.review.as_ref().is_none_or(|review| {
            use DispatchState as S;
            let pending = review.status == ReviewStatus::Pending;
            let pending_is_dispatched = !pending || review.dispatch != S::Withdrawn;
            let decided_is_settled = pending || !matches!(review.dispatch, S::Queued | S::Sending);
            let acknowledged_pair = review.dispatch != S::Acknowledged || review.task;
            pending_is_dispatched && decided_is_settled && acknowledged_pair
        });
        is_watched && leased_while_processing && keeps_object && review_is_sound
    }
}
