//! The checks after a fault run. They read the database and the bucket directly and judge by the domain's own tables.

use std::collections::{BTreeMap, BTreeSet};

use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::{DocumentStatus, VerificationStatus};
use uuid::Uuid;

use super::app::{Accepted, Seen};
use super::rows::{Document, DocumentState, Review, documents, reviews};
use crate::simulators::buli2::Task;
use crate::stack::deploy::{BUCKET, ENVIRONMENT};
use crate::{Result, Stack};

/// One check and its violations.
#[derive(Debug, Default)]
pub struct Check {
    /// The promise that it checks.
    pub promise: &'static str,
    /// Number of rows, documents or decisions that it read.
    pub looked_at: usize,
    /// Each violation, as text.
    pub violations: Vec<String>,
}

/// Runs all checks.
pub async fn all(stack: &Stack, seen: &Seen) -> Result<Vec<Check>> {
    let sql = stack.database.owner().await?;
    let documents = documents(&sql).await?;
    let reviews = reviews(&sql).await?;
    let tasks = stack.buli2.tasks();
    Ok(vec![
        finished(&seen.accepted, &documents, &reviews)?,
        erased(&seen.erased, &documents, &reviews, &tasks)?,
        decided_once(&documents),
        folded(&documents),
        fenced(&documents),
        reviewed(&documents, &reviews, &tasks),
        first_decision_holds(&reviews, &tasks),
        stored(stack, &documents).await?,
        dead_letters(stack).await?,
        no_panic(stack)?,
    ])
}

/// INV-1: every accepted document belongs to its owner, and is in a final state or waits for a human.
fn finished(
    accepted: &[Accepted],
    documents: &BTreeMap<Uuid, Document>,
    reviews: &[Review],
) -> Result<Check> {
    let with_human: BTreeSet<Uuid> = reviews
        .iter()
        .filter(|review| {
            review.status == ReviewStatus::Pending && review.dispatch == DispatchState::Acknowledged
        })
        .map(|review| review.document)
        .collect();
    let mut violations = Vec::new();
    for Accepted { id, user } in accepted {
        let key: Uuid = id.parse()?;
        match documents.get(&key) {
            None => violations.push(format!("{id}: answered 201 and not in the database")),
            Some(document) if document.user.to_string() != *user => {
                violations.push(format!("{id}: belongs to somebody else"));
            }
            Some(document) if document.at.status.is_final() => {}
            Some(Document { at, .. })
                if at.verification == VerificationStatus::PendingManualReview
                    && with_human.contains(&key) => {}
            Some(Document { at, .. }) => violations.push(format!("{id}: is still {at:?}")),
        }
    }
    Ok(Check {
        promise: "INV-1: what was answered 201 is final or with a human",
        looked_at: accepted.len(),
        violations,
    })
}

/// Documents that their owners erased are erased, and BULI2 has cancelled their reviews.
fn erased(
    erased: &[String],
    documents: &BTreeMap<Uuid, Document>,
    reviews: &[Review],
    tasks: &BTreeMap<String, Task>,
) -> Result<Check> {
    let mut violations = Vec::new();
    for id in erased {
        let status = documents.get(&id.parse()?).map(|document| document.at.status);
        if status != Some(DocumentStatus::Erased) {
            violations.push(format!("{id}: erased for its owner, and {status:?}"));
        }
    }
    let withdrawn = reviews.iter().filter(|review| review.status == ReviewStatus::Cancelled);
    for review in withdrawn {
        if tasks.get(&review.id.to_string()).is_some_and(|task| !task.is_cancelled) {
            violations.push(format!("review {}: cancelled, and BULI2 does not know", review.id));
        }
    }
    Ok(Check { promise: "what was erased is gone, also for BULI2", looked_at: erased.len(), violations })
}

/// INV-2: one evaluation per reading, one decision per evaluation or escalation.
fn decided_once(documents: &BTreeMap<Uuid, Document>) -> Check {
    let mut violations = Vec::new();
    for document in documents.values() {
        let count = |name: &str| document.events.iter().filter(|event| event.name == name).count();
        let (readings, scored, decided) = (count("read"), count("scored"), count("decided"));
        let due = scored + count("escalated");
        let is_decided_once = scored == document.evaluations
            && scored <= readings
            && readings <= 1 + count("requeued")
            && if document.at.status == DocumentStatus::Completed { decided == due } else { decided <= due };
        if !is_decided_once {
            violations.push(format!(
                "{}: {readings} readings, {} evaluations, {scored} scored, {decided} decided of {due}",
                document.id, document.evaluations
            ));
        }
    }
    Check { promise: "INV-2: nothing is decided twice", looked_at: documents.len(), violations }
}

/// INV-2: the row is the fold of its events along known edges.
fn folded(documents: &BTreeMap<Uuid, Document>) -> Check {
    let wrong = |document: &Document| fold(document).err().map(|why| format!("{}: {why}", document.id));
    Check {
        promise: "INV-2: every row is the fold of its events along the domain's edges",
        looked_at: documents.values().map(|document| document.events.len()).sum(),
        violations: documents.values().filter_map(wrong).collect(),
    }
}

fn fold(document: &Document) -> std::result::Result<(), String> {
    let mut at: Option<DocumentState> = None;
    for event in &document.events {
        let after = &event.after;
        let Some(before) = at else {
            let begins = (DocumentStatus::Receiving, VerificationStatus::Pending, 1, 0, 0);
            let is = (after.status, after.verification, after.version, after.attempts, after.epoch);
            if event.name != "created" || event.from.is_some() || is != begins {
                return Err(format!("begins with {} {after:?}", event.name));
            }
            at = Some(after.clone());
            continue;
        };
        if event.from != Some((before.status, before.verification)) {
            return Err(format!("{} at {} does not begin where the last ended", event.name, after.version));
        }
        let is_edge = before.status.allows(&event.name, after.status)
            && (before.verification == after.verification
                || before.verification.allows(&event.name, after.verification))
            && after.status.may_be(after.verification);
        let attempts = match event.name.as_str() {
            "attempt_failed" | "gave_up" => before.attempts + 1,
            "requeued" => 0,
            _ => before.attempts,
        };
        let claims = i64::from(matches!(event.name.as_str(), "claimed" | "reclaimed"));
        let counts = (after.version, after.attempts, after.epoch);
        if !is_edge || counts != (before.version + 1, attempts, before.epoch + claims) {
            return Err(format!("{} leads from {before:?} to {after:?}", event.name));
        }
        at = Some(after.clone());
    }
    if at.as_ref() == Some(&document.at) {
        Ok(())
    } else {
        Err(format!("the events lead to {at:?}, the row is {:?}", document.at))
    }
}

/// INV-3: only the holder of the lease wrote a result.
fn fenced(documents: &BTreeMap<Uuid, Document>) -> Check {
    let (mut writes, mut violations) = (0, Vec::new());
    for document in documents.values() {
        let mut holder: Option<&str> = None;
        for event in &document.events {
            match event.name.as_str() {
                "claimed" | "reclaimed" => holder = Some(&event.actor),
                "read" | "given_back" | "gave_up" | "attempt_failed" => {
                    writes += 1;
                    // Any worker may record a lost lease.
                    let is_found = event.reason.as_deref() == Some("worker_lost");
                    if holder.is_none() || (!is_found && holder != Some(&event.actor)) {
                        violations.push(format!(
                            "{}: {} wrote {} at epoch {}, the lease was {holder:?}'s",
                            document.id, event.actor, event.name, event.after.epoch
                        ));
                    }
                    holder = None;
                }
                _ => {}
            }
        }
    }
    Check { promise: "INV-3: only the holder of the lease wrote", looked_at: writes, violations }
}

/// INV-5: every review reached BULI2 once, and every document that waits for a human has a review.
fn reviewed(
    documents: &BTreeMap<Uuid, Document>,
    reviews: &[Review],
    tasks: &BTreeMap<String, Task>,
) -> Check {
    let mut violations = Vec::new();
    let mut of_document: BTreeMap<Uuid, usize> = BTreeMap::new();
    for review in reviews {
        *of_document.entry(review.document).or_default() += 1;
        let task = tasks.get(&review.id.to_string());
        let is_known = task.is_some_and(|task| review.task.as_ref().is_none_or(|id| *id == task.task_id));
        let is_right = match review.dispatch {
            DispatchState::Acknowledged => is_known && review.task.is_some(),
            DispatchState::Withdrawn => review.status != ReviewStatus::Pending,
            DispatchState::Queued | DispatchState::Sending | DispatchState::Refused => false,
        };
        if !is_right {
            violations.push(format!(
                "review {}: {:?}, {:?}, task {:?}; BULI2 has {:?}",
                review.id,
                review.status,
                review.dispatch,
                review.task,
                task.map(|task| &task.task_id)
            ));
        }
    }
    let known: BTreeSet<String> = reviews.iter().map(|review| review.id.to_string()).collect();
    violations.extend(
        tasks.keys().filter(|id| !known.contains(*id)).map(|id| format!("BULI2 has {id}, we do not")),
    );
    for document in documents.values() {
        let awaits = document.at.status == DocumentStatus::AiEvaluated;
        let count = of_document.get(&document.id).copied().unwrap_or_default();
        if awaits && count != 1 {
            violations.push(format!("{}: awaits a human and has {count} reviews", document.id));
        }
    }
    Check { promise: "INV-5: every review reached BULI2, none is lost", looked_at: reviews.len(), violations }
}

/// INV-2, INV-6: the first decision of a review holds, and no forged one was accepted.
fn first_decision_holds(reviews: &[Review], tasks: &BTreeMap<String, Task>) -> Check {
    let mut violations = Vec::new();
    for review in reviews {
        let said = tasks.get(&review.id.to_string()).map(|task| task.said.as_slice()).unwrap_or_default();
        let status: &str = review.status.into();
        for said in said {
            let believed = said.status < 300;
            // Decisions about an erased document have no effect.
            let is_erased = review.status == ReviewStatus::Cancelled;
            let is_wrong = if said.is_signed {
                believed && said.decision != status && !is_erased
            } else {
                // A killed function answers with a server error.
                said.status != 401 && said.status < 500
            };
            if is_wrong {
                violations.push(format!("review {} is {status}, and {said:?}", review.id));
            }
        }
    }
    Check {
        promise: "INV-2, INV-6: the first decision holds, nothing contrary or forged was taken",
        looked_at: tasks.values().map(|task| task.said.len()).sum(),
        violations,
    }
}

async fn objects(stack: &Stack) -> Result<BTreeSet<String>> {
    let (mut objects, s3) = (BTreeSet::new(), stack.s3());
    let mut pages = s3.list_objects_v2().bucket(BUCKET).into_paginator().send();
    while let Some(page) = pages.next().await {
        objects.extend(page?.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
    }
    Ok(objects)
}

/// Whether an erased document's object is still there.
pub async fn is_to_be_removed(stack: &Stack) -> Result<bool> {
    let objects = objects(stack).await?;
    let sql = stack.database.owner().await?;
    let erased = "SELECT object_key FROM documents WHERE status = 'erased' AND object_key IS NOT NULL";
    Ok(sql.query(erased, &[]).await?.iter().any(|row| objects.contains(row.get::<_, &str>(0))))
}

/// INV-1: no object without a row, no stored document without its object.
async fn stored(stack: &Stack, documents: &BTreeMap<Uuid, Document>) -> Result<Check> {
    let objects = objects(stack).await?;
    let rows: BTreeSet<&str> =
        documents.values().filter_map(|document| document.object_key.as_deref()).collect();
    let strays = objects.iter().filter(|key| !rows.contains(key.as_str()));
    let mut violations: Vec<String> = strays.map(|key| format!("{key}: an object without a row")).collect();
    for document in documents.values() {
        let is_there = document.object_key.as_ref().is_some_and(|key| objects.contains(key));
        match document.at.status {
            DocumentStatus::Receiving => {}
            DocumentStatus::Erased if is_there => {
                violations.push(format!("{}: erased, and its object is there", document.id))
            }
            DocumentStatus::Erased => {}
            status if !is_there => violations.push(format!("{}: {status:?} without an object", document.id)),
            _ => {}
        }
    }
    Ok(Check {
        promise: "INV-1: every object has its row, every row its object",
        looked_at: objects.len(),
        violations,
    })
}

async fn dead_letters(stack: &Stack) -> Result<Check> {
    use aws_sdk_sqs::types::QueueAttributeName::{
        ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as InFlight,
    };
    let (sqs, mut violations) = (stack.sqs(), Vec::new());
    for kind in ["gpu", "cpu"] {
        let name = format!("filot-ocr-{kind}-dead-letters-{ENVIRONMENT}");
        let url = sqs.get_queue_url().queue_name(&name).send().await?.queue_url;
        let attributes = sqs
            .get_queue_attributes()
            .set_queue_url(url)
            .attribute_names(Visible)
            .attribute_names(InFlight)
            .send()
            .await?
            .attributes
            .unwrap_or_default();
        if attributes.len() != 2 || attributes.values().any(|count| count != "0") {
            violations.push(format!("{name}: {attributes:?}"));
        }
    }
    Ok(Check { promise: "the dead-letter queues are empty", looked_at: 2, violations })
}

/// INV-8
fn no_panic(stack: &Stack) -> Result<Check> {
    let (mut lines, mut violations) = (0, Vec::new());
    for entry in std::fs::read_dir(stack.logs())? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        lines += text.lines().count();
        let told = text.lines().filter(|line| line.contains("panicked"));
        violations.extend(told.map(|line| format!("{}: {line}", path.display())));
    }
    Ok(Check { promise: "INV-8: nothing panicked (lines of all logs)", looked_at: lines, violations })
}
