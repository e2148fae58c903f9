use filot_domain::lifecycle::document::state;
use filot_domain::lifecycle::InState;

fn forge(id: filot_domain::DocumentId) -> InState<state::Completed> {
    InState { id, version: 1, state: std::marker::PhantomData }
}

fn main() {}
