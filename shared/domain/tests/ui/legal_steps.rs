use filot_domain::DocumentId;
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::lifecycle::{DocumentStatus, InState};

fn main() {
    let id: DocumentId = "00000000-0000-7000-8000-000000000101".parse().unwrap();
    let uploaded = InState::<state::Uploaded>::witness(id, DocumentStatus::Uploaded, 2).unwrap();
    let read = uploaded.step(edge::Claim).taken().step(edge::Read).taken();
    let decided = read.step(edge::Score).taken().step(edge::Decide).taken();
    assert_eq!(decided.version(), 6);
    assert!(InState::<state::Uploaded>::witness(id, DocumentStatus::Completed, 2).is_none());
}
