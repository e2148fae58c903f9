//! An HTTP function as a value: its role and its handler.
//!
//! The handler's type says which principal it takes, and the table of routes says which proof a route asks for. The two
//! cannot disagree: an [`Endpoint`] that contradicts the table does not compile.

use filot_app::context::Context;
use filot_app::request_context::RequestContext;
use filot_platform::Role;
use futures::future::BoxFuture;
use http::HeaderMap;

use crate::admission;
use crate::api::{Auth, ROUTES};
use crate::call::Call;
use crate::principal::Principal;
use crate::reply::Answer;

/// A function's work. Boxed, so that everything around it is compiled once, here, and a program is only linked.
pub type Handler<P> = for<'a> fn(&'a Context, Call, RequestContext<P>) -> BoxFuture<'a, Answer>;

/// The answer of a function, and the limit headers that go with it.
pub struct Answered {
    /// `RateLimit-*`; none when the route has no limit or nothing could be counted.
    pub limit_headers: HeaderMap,
    /// The handler's answer, or why it was not asked.
    pub answer: Answer,
}

/// An HTTP function, whatever principal its handler takes.
pub trait HttpFunction: Sync {
    /// Names its configuration and its rows of [`ROUTES`].
    fn role(&self) -> Role;

    /// Counts and authenticates a request, then has it handled.
    fn answer<'a>(&'a self, context: &'a Context, call: Call) -> BoxFuture<'a, Answered>;
}

/// A function whose handler takes a principal of type `P`.
#[derive(Debug)]
pub struct Endpoint<P> {
    role: Role,
    handler: Handler<P>,
}

impl<P: Principal> Endpoint<P> {
    /// A function that answers the routes of `role`. The handler's principal is the one that they ask for:
    ///
    /// ```no_run
    /// use filot_app::auth::principal::Service;
    /// use filot_edge::endpoint::{Endpoint, HttpFunction};
    /// use filot_edge::{Reply, Role};
    ///
    /// static REVIEW_GET: &dyn HttpFunction =
    ///     &Endpoint::<Service>::new(Role::ReviewGet, |_, _, _| Box::pin(async { Ok(Reply::no_content()) }));
    /// ```
    ///
    /// With another principal, or for a role without routes, it does not compile:
    ///
    /// ```compile_fail
    /// use filot_app::auth::principal::Nobody;
    /// use filot_edge::endpoint::{Endpoint, HttpFunction};
    /// use filot_edge::{Reply, Role};
    ///
    /// static REVIEW_GET: &dyn HttpFunction =
    ///     &Endpoint::<Nobody>::new(Role::ReviewGet, |_, _, _| Box::pin(async { Ok(Reply::no_content()) }));
    /// ```
    pub const fn new(role: Role, handler: Handler<P>) -> Self {
        assert!(takes_every_route(role, P::PROOFS), "the handler's principal is not what its routes ask for");
        Self { role, handler }
    }
}

/// Whether there are routes of `role`, and each of them asks for one of `proofs`.
const fn takes_every_route(role: Role, proofs: &[Auth]) -> bool {
    let (mut i, mut found) = (0, false);
    while i < ROUTES.len() {
        if ROUTES[i].role as u8 == role as u8 {
            found = true;
            if !contains(proofs, ROUTES[i].auth) {
                return false;
            }
        }
        i += 1;
    }
    found
}

const fn contains(proofs: &[Auth], auth: Auth) -> bool {
    let mut i = 0;
    while i < proofs.len() {
        if proofs[i] as u8 == auth as u8 {
            return true;
        }
        i += 1;
    }
    false
}

impl<P: Principal> HttpFunction for Endpoint<P> {
    fn role(&self) -> Role {
        self.role
    }

    fn answer<'a>(&'a self, context: &'a Context, call: Call) -> BoxFuture<'a, Answered> {
        Box::pin(async move {
            let admission = admission::admit(self.role, context, &call).await;
            let answer = async {
                let principal = P::authenticate(admission.outcome?, context, &call).await?;
                let request =
                    RequestContext { principal, correlation_id: call.correlation_id.clone(), now: call.now };
                (self.handler)(context, call, request).await
            };
            Answered { limit_headers: admission.headers, answer: answer.await }
        })
    }
}
