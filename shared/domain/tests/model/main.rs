//! A model of the life of a document, checked exhaustively: every order of steps, with every fault in between.
//!
//! What is modelled is the protocol by which workers, functions, the sweeper, the dispatcher, the reviewer and the user
//! write one row without ever meeting: conditional updates on status, version and lease. `stateright` visits every state
//! that some order of their steps can lead to, and asks in each whether the promises hold.
//!
//! The steps are the domain's own: [`filot_domain::lifecycle`]'s typed edges, [`filot_domain::retry::after_failure`],
//! [`filot_domain::review::effect_of`], [`filot_domain::breaker::Breaker`]. The conditions around them are those of the
//! SQL, said once more in Rust:
//!
//! | Model | Product |
//! |---|---|
//! | `Doc::take`, `take_under_lease` | `store::step::take`, with `HOLDS_LEASE` |
//! | `claim`, `heartbeat`, `commit`, `fail`, `give_back` | the functions of these names in `store::worker`, and what the worker's `decide.rs` makes of their answers |
//! | `scored`, `not_scored`, `move_on` | the worker's `report.rs` |
//! | `retry_upload`, `go_on_uploading` | `app::upload` over `store::begin_upload`, `finish_upload` |
//! | `go_on_enqueueing` | `app::enqueue` over `store::mark_enqueued` |
//! | `start_scoring`, `commit_evaluation` | `app::score_document` over `store::load_for_scoring`, `commit_evaluation` |
//! | `sweep_lost`, `sweep_leftover`, `go_on_removing` | `app::sweep` over `store::lost_documents`, `half_received`, `take_due_erasures`, `object_deleted` |
//! | `requeue`, `escalate`, `erase`, `resend` | the functions of these names in `store` |
//! | `take_dispatch`, `admit`, `hand_over`, `record_answer`, `finish_dispatch` | `app::dispatch_reviews` over `store`'s dispatch and `breaker_*` |
//! | `callback` | `store::apply_callback` |
//!
//! What can go wrong, between any two steps: a task or a function dies and loses its memory; a commit succeeds and its
//! answer is lost; a message is lost, comes twice, or comes to another worker while the first works on; a lease runs out
//! although its holder lives; two scorings of one reading run at once and disagree; the reviewer takes a review and the
//! answer is lost, decides before we know that it has it, says the same twice, or the contrary; the user erases, escalates
//! or asks for another try at any moment.
//!
//! What is left out, and why that hides nothing:
//! - Time. Whatever is due at some time may be due at any time, and a lease may have run out at any time. One thing is
//!   kept: a function lives for a minute, so some minutes after a document left `receiving` no upload of it is alive.
//! - How many messages: a queue has none for a document, or one or more.
//! - Versions and epochs beyond "the row's own" and "an older one"; see [`state::CURRENT`]. This makes the states finitely
//!   many without a bound on the length of histories.
//! - The owner of a lease: two tasks of one process have the same.
//! - The triggers and CHECKs of the database. The conditions of the updates have to be enough by themselves; the tables of
//!   edges and the CHECKs are properties here.
//! - What a card says, and the score: any decision may come out.
//! - The number of functions at once, and in some models the number of faults, are bounded: see the tests.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise"
)]

mod functions;
mod model;
mod plants;
mod properties;
mod recovery;
mod reviews;
mod rows;
mod state;
mod worker;

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::Instant;

use chrono::TimeDelta;
use filot_domain::breaker::BreakerPolicy;
use filot_domain::retry::{Backoff, RetryPolicy};
use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::model::Lifecycle;
use crate::plants::{Plant, Plants};

fn lifecycle(documents: usize, calls: usize, faults: Option<u8>, plants: &'static [Plant]) -> Lifecycle {
    let second = TimeDelta::seconds(1);
    Lifecycle {
        documents,
        tasks: 2,
        calls,
        faults,
        policy: RetryPolicy {
            max_attempts: 1,
            cpu_fallback: true,
            backoff: Backoff { base: second, cap: second },
        },
        breaker: BreakerPolicy { failure_threshold: 1, cooldown: second },
        plants: Plants(plants),
        recoveries: Mutex::new(HashMap::new()),
    }
}

/// Visits everything, says how much that was, and wants every property to hold.
fn holds(model: Lifecycle) {
    let (documents, workers, functions) = (model.documents, model.tasks, model.calls);
    let faults = model.faults.map_or_else(|| "unbounded".to_owned(), |faults| faults.to_string());
    let began = Instant::now();
    let checker = model.checker().spawn_bfs().join();
    println!(
        "model: documents={documents} workers={workers} functions={functions} faults={faults} states={} transitions={} \
         depth={} seconds={:.1}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        began.elapsed().as_secs_f64()
    );
    checker.assert_properties();
}

/// Wants the checker to find that `property` does not hold.
fn breaks(calls: usize, faults: Option<u8>, plants: &'static [Plant], property: &'static str) {
    let model = lifecycle(1, calls, faults, plants);
    let stop = HasDiscoveries::AnyOf(BTreeSet::from([property]));
    let checker = model.checker().finish_when(stop).spawn_bfs().join();
    let states = checker.unique_state_count();
    let Some(path) = checker.discovery(property) else {
        panic!("{plants:?} was not found in {states} states");
    };
    let steps = path.into_actions();
    println!("model: planted={plants:?} breaks={property:?} states={states} steps={}", steps.len());
    for step in steps {
        println!("  {step:?}");
    }
}

#[test]
fn inv_1_2_3_5_one_document_any_number_of_faults() {
    holds(lifecycle(1, 1, None, &[]));
}

#[test]
fn inv_1_2_3_5_one_document_functions_at_once() {
    holds(lifecycle(1, 2, Some(3), &[]));
}

#[test]
fn inv_1_2_3_4_5_two_documents() {
    holds(lifecycle(2, 1, Some(1), &[]));
}

/// Version and epoch are two fences before the same field: either alone keeps a zombie out.
#[test]
fn inv_3_either_fence_is_enough() {
    for plant in [&[Plant::LeaseWithoutEpoch], &[Plant::LeaseWithoutVersion]] {
        let checker = lifecycle(1, 1, Some(2), plant).checker().spawn_bfs().join();
        for property in checker.model().properties() {
            if property.expectation == Expectation::Always {
                checker.assert_no_discovery(property.name);
            }
        }
    }
}

#[test]
fn inv_3_found_a_write_without_a_fence() {
    breaks(1, Some(2), &[Plant::LeaseWithoutEpoch, Plant::LeaseWithoutVersion], properties::INV_3);
}

#[test]
fn inv_1_found_a_message_that_is_the_only_hope() {
    breaks(1, Some(1), &[Plant::InsertThenHope], properties::INV_1);
}

#[test]
fn inv_1_found_that_nobody_sweeps() {
    breaks(1, Some(1), &[Plant::NoSweeper], properties::INV_1);
}

#[test]
fn inv_1_found_a_dispatch_that_nobody_takes_again() {
    breaks(1, Some(1), &[Plant::DispatchLeaseForEver], properties::INV_1);
}

#[test]
fn inv_2_found_a_second_evaluation() {
    breaks(2, Some(1), &[Plant::ScoringDoesNotLook], properties::INV_2_ONCE);
}

#[test]
fn inv_2_found_a_decision_along_no_edge() {
    breaks(1, Some(1), &[Plant::CallbackDoesNotLook], properties::INV_2_FOLD);
}

#[test]
fn inv_5_found_a_contrary_decision() {
    breaks(1, Some(1), &[Plant::CallbackDoesNotLook], properties::INV_5_FIRST);
}

#[test]
fn inv_5_found_a_review_outside_the_scoring_transaction() {
    breaks(1, Some(1), &[Plant::ReviewAfterScoring], properties::INV_5_DISPATCH);
}

#[test]
fn inv_5_found_an_acknowledgement_before_the_call() {
    breaks(1, Some(1), &[Plant::AcknowledgeFirst], properties::INV_5_DISPATCH);
}

/// A defect that the first version had.
#[test]
fn found_a_note_that_moves_a_document_back() {
    breaks(1, Some(1), &[Plant::NoteMovesBack], properties::TRIES);
}

/// A defect that the first version had.
#[test]
fn found_a_gpu_worker_that_takes_the_cpus_try() {
    breaks(1, Some(1), &[Plant::GpuTakesAnything], properties::FALLBACK);
}

/// A defect that the first version had.
#[test]
fn inv_1_found_an_object_that_outlives_its_row() {
    breaks(2, Some(2), &[Plant::ObjectNotedAtOnce], properties::INV_1_OBJECT);
}
