//! The part of a request that every use case takes besides its input: the principal, the correlation id, and the time.

use chrono::{DateTime, Utc};
use filot_domain::CorrelationId;
use filot_store::Origin;

use crate::auth::principal::Acts;

/// A request of a principal. A use case names the principal it serves in the type: `RequestContext<SignedInUser>`.
#[derive(Debug, Clone)]
pub struct RequestContext<P> {
    /// The caller, by a verified proof.
    pub principal: P,
    /// Follows the request through every component and log line.
    pub correlation_id: CorrelationId,
    /// When the request came. Everything in it goes by this time.
    pub now: DateTime<Utc>,
}

impl<P: Acts> RequestContext<P> {
    /// The origin that the store writes beside a change: the actor and the correlation id.
    pub fn origin(&self) -> Origin {
        Origin { actor: self.principal.actor(), correlation_id: self.correlation_id.clone() }
    }
}
