//! INV-2: a step along an edge that the table does not have does not compile.

#[test]
fn inv_2_illegal_transitions_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/legal_steps.rs");
    cases.compile_fail("tests/ui/decide_a_completed_document.rs");
    cases.compile_fail("tests/ui/claim_an_erased_document.rs");
    cases.compile_fail("tests/ui/forge_a_state.rs");
}
