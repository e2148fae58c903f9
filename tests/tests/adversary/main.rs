//! Whoever wants an approval that is not theirs, or a number that helps to get one, on the running stack.
//!
//! Each module is one adversary. What it tries goes through [`Attempts`], which counts what was tried and what paid; the
//! suite fails if anything did, and if one of them tried less than it should. To add an adversary, add a module with a
//! function that takes the stack and the attempts, and call it from a test here.

mod attempts;
mod curious;
mod dishonest;
mod identity;
mod whose_card;

use std::time::Duration;

use attempts::Attempts;
use filot_e2e::cards::Cards;
use filot_e2e::simulators::buli2::Reviewer;
use filot_e2e::{Options, Result, Stack};

/// How long a document may take to its decision.
const PATIENCE: Duration = Duration::from_secs(90);
/// Attempts a user has here, so that a user reaches the end of them below the limit of requests.
const ATTEMPTS_PER_USER: usize = 5;

/// A stack as production configures it: owners see no numbers, and attempts are bounded.
async fn stack() -> Result<Stack> {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let settings = vec![
        setting("OWNER_SEES_SCORES", "false"),
        setting("ATTEMPTS_PER_USER", &ATTEMPTS_PER_USER.to_string()),
    ];
    let stack = Stack::start(Options { settings, ..Options::default() }).await?;
    stack.buli2.set_reviewer(Reviewer::Asleep);
    Ok(stack)
}

/// INV-4, INV-6: nobody forges their way past the human.
#[tokio::test(flavor = "multi_thread")]
async fn inv_4_no_attempt_of_an_adversary_pays() -> Result<()> {
    let (stack, cards) = (stack().await?, Cards::of_a_forger()?);
    let mut attempts = Attempts::default();
    dishonest::tries(&stack, &cards, &mut attempts).await?;
    curious::tries(&stack, &cards, &mut attempts).await?;
    identity::tries(&stack, &cards, &mut attempts).await?;
    whose_card::tries(&stack, &cards, &mut attempts).await?;
    println!("{}", attempts.report());
    attempts.assert_none_paid(&[
        ("the dishonest user", 12),
        ("the curious user", 20),
        ("two users with one identity", 6),
        ("somebody else's card", 4),
    ]);
    Ok(())
}
