//! What was refused is remembered, attempts are counted, and a card is its user's own (INV-4).

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::retry::AfterFailure;
use filot_domain::review::ReviewDecision;
use filot_domain::{
    CardKind, CardReading, Decision, DocumentId, DocumentType, FieldName, FieldReading, PictureHash,
    ReasonCode,
};
use filot_store::{
    BeginUpload, Callback, CallbackOutcome, Caller, Decided, FraudPolicy, IdempotencyKey, NewDocument,
    Profile, Store, StoreConfig, UserLimits,
};

use crate::fixture::{NIK, World, config, evaluation, ktp, new_document, origin};

/// A card that shares nothing with another: `n` says everything about it.
fn card(n: u16) -> CardReading {
    let mut card = ktp(&format!("317401570895{n:04}"));
    put(&mut card, FieldName::BirthDate, &format!("19{:02}-01-{:02}", 40 + n / 20, 1 + n % 20));
    card.picture_hash = Some(picture(n));
    card
}

/// Hashes of different pictures, far from each other.
fn picture(n: u16) -> PictureHash {
    let scattered = |seed: u64| (u64::from(n) + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    PictureHash([scattered(1), scattered(0x51)])
}

fn put(card: &mut CardReading, field: FieldName, value: &str) {
    card.fields.insert(field, FieldReading { value: value.to_owned(), confidence: 0.99 });
}

/// Scores a new document of the user's with this reading and, where it matters, this file.
async fn sent(
    world: &World,
    caller: &Caller,
    reading: &CardReading,
    file: Option<[u8; 32]>,
    decision: Decision,
    now: DateTime<Utc>,
) -> Decided {
    let new = new_document(DocumentType::Ktp);
    let new = NewDocument { content_sha256: file.unwrap_or(new.content_sha256), ..new };
    let document = world.read_as(caller, new, reading).await;
    let scored = world.for_scoring(document).await;
    world.store.commit_evaluation(&scored, &evaluation(decision), &origin(), now).await.unwrap()
}

async fn erase(world: &World, caller: &Caller, document: DocumentId) {
    world.store.erase_document(caller, document, &origin(), world.now).await.unwrap();
}

async fn says(world: &World, decided: &Decided, decision: ReviewDecision) {
    let review = decided.review;
    let said = Callback { review, task_id: None, document: None, user_id: None, decision, notes: None };
    let outcome = world.store.apply_callback(&said, &origin(), world.now).await.unwrap();
    assert!(matches!(outcome, CallbackOutcome::Applied { .. }), "{outcome:?}");
}

async fn marks(world: &World, document: DocumentId) -> String {
    let sql = "SELECT concat(count(*), ' ', count(expires_at)) FROM document_marks WHERE document_id = $1";
    world.value(sql, document).await.unwrap()
}

/// The ways in which a document is refused, or not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    AwaitsHuman,
    ByScore,
    ByHuman,
    ByScoreThenErased,
    ByHumanThenErased,
    ErasedWhileAwaited,
    Escalated,
}

async fn refused(world: &World, reading: &CardReading, file: [u8; 32], how: Refusal) {
    use Refusal as R;
    let caller = world.user().await;
    let decision = match how {
        R::ByScore | R::ByScoreThenErased | R::Escalated => Decision::AutoReject,
        _ => Decision::NeedsReview,
    };
    let decided = sent(world, &caller, reading, Some(file), decision, world.now).await;
    if matches!(how, R::ByHuman | R::ByHumanThenErased) {
        says(world, &decided, ReviewDecision::Rejected).await;
    }
    if how == R::Escalated {
        world.store.escalate(&caller, decided.document, &origin(), world.now).await.unwrap();
    }
    if matches!(how, R::ByScoreThenErased | R::ByHumanThenErased | R::ErasedWhileAwaited) {
        erase(world, &caller, decided.document).await;
    }
}

#[tokio::test]
async fn inv_4_what_was_refused_before_goes_to_a_human() {
    use Refusal as R;
    let world = World::new().await;
    let hows = [
        R::AwaitsHuman,
        R::ByScore,
        R::ByHuman,
        R::ByScoreThenErased,
        R::ByHumanThenErased,
        R::ErasedWhileAwaited,
        R::Escalated,
    ];
    for (n, how) in hows.into_iter().enumerate() {
        let n = u16::try_from(n).unwrap() * 10 + 100;
        let (first, file) = (card(n), [u8::try_from(n % 251).unwrap(); 32]);
        refused(&world, &first, file, how).await;
        // Everything of the next card is other but for one thing. Another user sends it each time.
        let mut number = card(n + 1);
        number.fields.insert(FieldName::Nik, first.fields[&FieldName::Nik].clone());
        let mut person = card(n + 2);
        person.fields.insert(FieldName::BirthDate, first.fields[&FieldName::BirthDate].clone());
        let mut near = card(n + 3);
        let PictureHash([high, low]) = picture(n);
        near.picture_hash = Some(PictureHash([high ^ 0b111 << 17, low ^ 0b1111 << 60]));
        let same_file = card(n + 4);
        let mut far = card(n + 5);
        far.picture_hash = Some(PictureHash([high ^ 0b111 << 17, low ^ 0b11111 << 59]));
        for (reading, sha256, expected) in [
            (&number, None, vec![ReasonCode::NumberSeenBefore]),
            (&person, None, vec![ReasonCode::PersonSeenBefore]),
            (&near, None, vec![ReasonCode::PictureSeenBefore]),
            (&same_file, Some(file), vec![ReasonCode::FileSeenBefore]),
            (&far, None, vec![]),
            (&card(n + 6), None, vec![]),
        ] {
            let caller = world.user().await;
            let decided = sent(&world, &caller, reading, sha256, Decision::AutoApprove, world.now).await;
            assert_eq!(decided.reasons, expected, "{how:?}");
            let passed = decided.decision == Decision::AutoApprove;
            assert_eq!(passed, expected.is_empty(), "{how:?} {expected:?}");
            // Taken back, so that it does not stand in the way of the next: a human approved it.
            if let Some(review) = decided.review {
                let said = Callback {
                    review: Some(review),
                    task_id: None,
                    document: None,
                    user_id: None,
                    decision: ReviewDecision::Approved,
                    notes: None,
                };
                world.store.apply_callback(&said, &origin(), world.now).await.unwrap();
            }
            erase(&world, &caller, decided.document).await;
        }
    }
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn inv_4_another_users_picture_and_file_are_not_approved() {
    let world = World::new().await;
    let (owner, thief) = (world.user().await, world.user().await);
    let file = [7; 32];
    let first = sent(&world, &owner, &card(1), Some(file), Decision::AutoApprove, world.now).await;
    assert_eq!(first.decision, Decision::AutoApprove);
    // The owner may send it again.
    let again = sent(&world, &owner, &card(1), Some(file), Decision::AutoApprove, world.now).await;
    assert_eq!((again.decision, again.reasons), (Decision::AutoApprove, vec![]));
    let mut forged = card(2);
    forged.picture_hash = Some(picture(1));
    let copied = sent(&world, &thief, &forged, None, Decision::AutoApprove, world.now).await;
    assert_eq!(copied.reasons, [ReasonCode::PictureSeenBefore]);
    let stranger = world.user().await;
    let copied = sent(&world, &stranger, &card(3), Some(file), Decision::AutoApprove, world.now).await;
    assert_eq!(copied.reasons, [ReasonCode::FileSeenBefore]);
}

#[tokio::test]
async fn a_refusal_is_remembered_for_its_time_and_no_longer() {
    let world = World::new().await;
    let caller = world.user().await;
    let rejected = sent(&world, &caller, &card(1), None, Decision::AutoReject, world.now).await;
    let withdrawn = sent(&world, &caller, &card(2), None, Decision::NeedsReview, world.now).await;
    assert_eq!(marks(&world, withdrawn.document).await, "4 0", "for as long as a human is awaited");
    let approved = sent(&world, &world.user().await, &card(3), None, Decision::AutoApprove, world.now).await;
    assert_eq!(marks(&world, approved.document).await, "4 0");
    erase(&world, &caller, rejected.document).await;
    erase(&world, &caller, withdrawn.document).await;
    for document in [rejected.document, withdrawn.document] {
        assert_eq!(marks(&world, document).await, "4 4", "a tombstone with a time");
    }
    let memory = FraudPolicy::default().memory;
    let (before, after) =
        (world.now + memory - TimeDelta::seconds(1), world.now + memory + TimeDelta::seconds(1));
    for (number, at, passes) in [(1, before, false), (2, before, false), (1, after, true), (2, after, true)] {
        let other = world.user().await;
        let decided = sent(&world, &other, &card(number), None, Decision::AutoApprove, at).await;
        assert_eq!(decided.decision == Decision::AutoApprove, passes, "{number} {at} {:?}", decided.reasons);
        if let Some(review) = decided.review {
            assert!(!passes);
            let said = Callback {
                review: Some(review),
                task_id: None,
                document: None,
                user_id: None,
                decision: ReviewDecision::Approved,
                notes: None,
            };
            world.store.apply_callback(&said, &origin(), at).await.unwrap();
        }
        erase(&world, &other, decided.document).await;
        assert_eq!(marks(&world, decided.document).await, "0 0", "nothing is kept of what was approved");
    }
    let forgotten = world.store.forget_expired(100, before).await.unwrap().marks;
    assert_eq!(forgotten, 0);
    assert_eq!(world.store.forget_expired(100, after).await.unwrap().marks, 8);
    assert_eq!(marks(&world, rejected.document).await, "0 0");
    assert_eq!(marks(&world, approved.document).await, "4 0");
}

#[tokio::test]
async fn inv_4_erasing_while_a_human_is_awaited_blocks_what_follows() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let pending = sent(&world, &caller, &card(1), None, Decision::NeedsReview, world.now).await;
    erase(&world, &caller, pending.document).await;
    let next = sent(&world, &caller, &card(2), None, Decision::AutoApprove, world.now).await;
    assert_eq!(next.reasons, [ReasonCode::ErasedWhilePending]);
    assert!(next.review.is_some());
    let theirs = sent(&world, &other, &card(3), None, Decision::AutoApprove, world.now).await;
    assert_eq!(theirs.decision, Decision::AutoApprove, "others are not concerned");
    let later = world.now + FraudPolicy::default().memory + TimeDelta::seconds(1);
    says(&world, &next, ReviewDecision::Approved).await;
    let later = sent(&world, &caller, &card(2), None, Decision::AutoApprove, later).await;
    assert_eq!(later.decision, Decision::AutoApprove, "{:?}", later.reasons);
}

#[tokio::test]
async fn inv_4_a_human_approval_forgives_the_users_own_refusals() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    sent(&world, &caller, &card(1), None, Decision::AutoReject, world.now).await;
    sent(&world, &other, &card(1), None, Decision::AutoReject, world.now).await;
    let better = sent(&world, &caller, &card(1), None, Decision::AutoApprove, world.now).await;
    assert!(better.reasons.contains(&ReasonCode::NumberSeenBefore));
    says(&world, &better, ReviewDecision::Approved).await;
    let third = sent(&world, &caller, &card(1), None, Decision::AutoApprove, world.now).await;
    assert_eq!(third.decision, Decision::NeedsReview, "another's refusal is not forgiven");
    // Without the other one, nothing stands in the way.
    let alone = world.user().await;
    sent(&world, &alone, &card(2), None, Decision::AutoReject, world.now).await;
    let better = sent(&world, &alone, &card(2), None, Decision::AutoApprove, world.now).await;
    says(&world, &better, ReviewDecision::Approved).await;
    let third = sent(&world, &alone, &card(2), None, Decision::AutoApprove, world.now).await;
    assert_eq!((third.decision, third.reasons), (Decision::AutoApprove, vec![]));
}

#[tokio::test]
async fn inv_4_of_two_scored_at_once_the_second_sees_the_first() {
    let world = World::new().await;
    for n in 0..12 {
        let callers = [world.user().await, world.user().await];
        // They share the picture, nearly, and nothing else.
        let (mut one, mut two) = (card(2 * n + 1), card(2 * n + 2));
        one.picture_hash = Some(picture(500 + n));
        let PictureHash([high, low]) = picture(500 + n);
        two.picture_hash = Some(PictureHash([high ^ 1 << n, low ^ 1 << (n + 20)]));
        let new = || new_document(DocumentType::Ktp);
        let one = world.read_as(&callers[0], new(), &one).await;
        let two = world.read_as(&callers[1], new(), &two).await;
        let (first, second) = (world.for_scoring(one).await, world.for_scoring(two).await);
        let (review, approve, origin) =
            (evaluation(Decision::NeedsReview), evaluation(Decision::AutoApprove), origin());
        let (_, approved) = futures::join!(
            world.store.commit_evaluation(&first, &review, &origin, world.now),
            world.store.commit_evaluation(&second, &approve, &origin, world.now)
        );
        if approved.unwrap().decision == Decision::AutoApprove {
            let sql =
                "SELECT recorded_at::text FROM document_events WHERE document_id = $1 AND event = 'scored'";
            let (awaits, passed) = (world.value(sql, one).await, world.value(sql, two).await);
            assert!(passed < awaits, "it was approved after the other was known to await a human");
        }
    }
}

fn store_with(world: &World, fraud: FraudPolicy) -> Store {
    Store::connect(StoreConfig { fraud, ..config(world.db.app_url()) }).unwrap()
}

#[tokio::test]
async fn a_user_may_not_try_for_ever() {
    let world = World::new().await;
    let policy = FraudPolicy { attempts_per_user: 3, ..FraudPolicy::default() };
    let store = store_with(&world, policy);
    let caller = world.user().await;
    let begin = async |caller: &Caller, new: NewDocument, now| {
        store.begin_upload(caller, &new, &UserLimits::NONE, &origin(), now).await.unwrap()
    };
    let ktp = || new_document(DocumentType::Ktp);
    // Neither what was approved counts nor what nobody could read.
    world.decided(&caller, NIK, Decision::AutoApprove).await;
    let broken = world.uploaded(&caller).await;
    let lease = world.claimed(broken, "w", world.now).await.lease;
    let (reason, fail) = (ReasonCode::FileUnreadable, AfterFailure::Fail);
    world.store.record_failure(&lease, reason, fail, &origin(), world.now).await.unwrap();
    // A rejection, one that is erased, and one under way do.
    sent(&world, &caller, &card(1), None, Decision::AutoReject, world.now).await;
    let withdrawn = sent(&world, &caller, &card(2), None, Decision::NeedsReview, world.now).await;
    erase(&world, &caller, withdrawn.document).await;
    let key = IdempotencyKey { key: "third".to_owned(), request_hash: [1; 32] };
    let third = NewDocument { idempotency: Some(key.clone()), ..ktp() };
    let BeginUpload::Fresh { document, .. } = begin(&caller, third, world.now).await else {
        panic!("refused")
    };
    let queue = filot_domain::retry::QueueKind::Cpu;
    store.finish_upload(document, queue, &origin(), world.now).await.unwrap();

    let until = world.now + policy.attempts_window;
    match begin(&caller, ktp(), world.now).await {
        BeginUpload::TooManyAttempts { until: said } => assert_eq!(said, until),
        other => panic!("{other:?}"),
    }
    let again = NewDocument { idempotency: Some(key), ..ktp() };
    assert!(matches!(begin(&caller, again, world.now).await, BeginUpload::Replay { .. }), "no new attempt");
    let last_moment = until - TimeDelta::seconds(1);
    let another = world.user().await;
    assert!(matches!(begin(&another, ktp(), world.now).await, BeginUpload::Fresh { .. }));
    // Their session would be over by then, so the row is asked directly.
    let sql = format!("UPDATE sessions SET expires_at = '{}'", until + TimeDelta::days(1));
    world.owner().await.batch_execute(&sql).await.unwrap();
    assert!(matches!(begin(&caller, ktp(), last_moment).await, BeginUpload::TooManyAttempts { .. }));
    assert!(matches!(begin(&caller, ktp(), until).await, BeginUpload::Fresh { .. }), "its time is over");
}

#[tokio::test]
async fn inv_4_a_number_tried_too_often_goes_to_a_human() {
    let world = World::new().await;
    let store = store_with(&world, FraudPolicy { attempts_per_identity: 2, ..FraudPolicy::default() });
    let caller = world.user().await;
    let send = async |now| {
        let document = world.read(&caller, NIK).await;
        let scored = world.for_scoring(document).await;
        store.commit_evaluation(&scored, &evaluation(Decision::AutoApprove), &origin(), now).await.unwrap()
    };
    assert_eq!(send(world.now).await.decision, Decision::AutoApprove);
    assert_eq!(send(world.now).await.decision, Decision::AutoApprove);
    let third = send(world.now).await;
    assert_eq!(
        (third.decision, third.reasons.clone()),
        (Decision::NeedsReview, vec![ReasonCode::TooManyAttempts])
    );
    says(&world, &third, ReviewDecision::Approved).await;
    let later = world.now + FraudPolicy::default().attempts_window + TimeDelta::seconds(1);
    assert_eq!(send(later).await.decision, Decision::AutoApprove);
}

#[tokio::test]
async fn inv_4_a_card_in_another_name_goes_to_a_human() {
    let world = World::new().await;
    let named = async |name: Option<&str>| {
        let caller = world.user().await;
        let profile = Profile { full_name: name.map(str::to_owned), phone: None };
        world.store.put_profile(&caller, &profile, world.now).await.unwrap();
        caller
    };
    for (n, (name, expected)) in [
        (Some("Siti Contoh, S.Kom"), vec![]),
        (Some("Contoh"), vec![]),
        (None, vec![]),
        (Some("Budi Contoh"), vec![ReasonCode::ProfileNameMismatch]),
    ]
    .into_iter()
    .enumerate()
    {
        let caller = named(name).await;
        let reading = card(u16::try_from(n).unwrap() + 10);
        let decided = sent(&world, &caller, &reading, None, Decision::AutoApprove, world.now).await;
        assert_eq!(decided.reasons, expected, "{name:?}");
        assert_eq!(decided.decision == Decision::AutoApprove, expected.is_empty(), "{name:?}");
    }

    // The tax card of somebody else, by its number and by its name.
    for (n, number, name, expected) in [
        (20, "3174015708950020", "SITI CONTOH", vec![]),
        (21, "3174015708950099", "SITI CONTOH", vec![ReasonCode::CardsNikMismatch]),
        (22, "714236502123000", "BUDI CONTOH", vec![ReasonCode::CardsNameMismatch]),
    ] {
        let caller = named(None).await;
        let decided = sent(&world, &caller, &card(n), None, Decision::AutoApprove, world.now).await;
        assert_eq!(decided.decision, Decision::AutoApprove, "{:?}", decided.reasons);
        let mut tax_card = CardReading { kind: CardKind::Npwp, ..CardReading::default() };
        put(&mut tax_card, FieldName::NpwpNumber, number);
        put(&mut tax_card, FieldName::Name, name);
        let document = world.read_as(&caller, new_document(DocumentType::Npwp), &tax_card).await;
        let scored = world.for_scoring(document).await;
        let approve = evaluation(Decision::AutoApprove);
        let decided = world.store.commit_evaluation(&scored, &approve, &origin(), world.now).await.unwrap();
        assert_eq!(decided.reasons, expected, "{number} {name}");
    }
}
