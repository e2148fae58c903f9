use filot_domain::lifecycle::InState;
use filot_domain::lifecycle::document::{edge, state};

fn decide_twice(done: InState<state::Completed>) {
    let _ = done.step(edge::Decide);
}

fn main() {}
