//! Test data for suites that try every route: users, sessions, and a document in every state that a route needs.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::cards::Cards;
use crate::simulators::buli2::Reviewer;
use crate::stack::account::Account;
use crate::{Result, Stack};

const PATIENCE: Duration = Duration::from_secs(90);

/// A review that BULI2 has accepted and not decided.
#[derive(Debug, Clone)]
pub struct Review {
    /// UUID of the review.
    pub id: String,
    /// UUID of its document.
    pub document: String,
}

/// The test data.
#[derive(Debug)]
pub struct World {
    /// Owner of the documents without a review.
    pub owner: Account,
    /// Another logged-in user, without documents.
    pub stranger: Account,
    /// A user whose session a test may end.
    pub leaving: Account,
    /// A user who has logged out.
    pub gone: Account,
    /// A user whose account was deleted.
    pub deleted: Account,
    /// A user whose refresh token has expired.
    pub faded: Account,
    /// An automatically approved document.
    pub approved: String,
    /// A failed document.
    pub failed: String,
    /// An automatically rejected document.
    pub rejected: String,
    /// A document that a test may delete.
    pub disposable: String,
    /// Reviews that a test may decide. Their documents belong to none of the users here.
    pub reviews: Vec<Review>,
    /// A review that must stay undecided: the card can be fetched only until the decision.
    pub undecided: Review,
}

impl World {
    /// Creates the data through the API and waits until every document has its state.
    pub async fn new(stack: &Stack) -> Result<Self> {
        stack.buli2.set_reviewer(Reviewer::Asleep);
        let (cards, owner) = (Cards::demo()?, Account::new(stack).await?);
        // A suite acts as the owner and may delete any document that the owner's list shows. That would cancel a review.
        let reviewed = Account::new(stack).await?;
        let mut documents = Vec::new();
        for (account, file) in [
            (&owner, "ktp-scan.jpg"),
            (&owner, "corrupt.jpg"),
            (&owner, "receipt.jpg"),
            (&owner, "receipt.jpg"),
            (&reviewed, "ktp-contradiction.jpg"),
            (&reviewed, "ktp-contradiction.jpg"),
            (&reviewed, "ktp-contradiction.jpg"),
        ] {
            let (card, content) = cards.get(file)?;
            documents.push(stack.api.uploaded(&account.user(), &card.document_type, file, &content).await?);
        }
        let [approved, failed, rejected, disposable, first, second, third] = &documents[..] else {
            return Err("seven documents were uploaded".into());
        };
        for (id, state) in [
            (approved, "completed/auto_approved"),
            (failed, "failed/pending"),
            (rejected, "completed/auto_rejected"),
            (disposable, "completed/auto_rejected"),
        ] {
            stack.wait_for(id, &[state], PATIENCE).await?;
        }
        let mut reviews = Vec::new();
        for document in [first, second] {
            reviews.push(acknowledged(stack, document).await?);
        }

        let undecided = acknowledged(stack, third).await?;

        let gone = Account::new(stack).await?;
        stack.api.call(Method::POST, "/auth/logout", Some(&gone.access), None).await?.expect(204)?;
        let deleted = Account::new(stack).await?;
        let id: uuid::Uuid = deleted.id.parse()?;
        stack.sql.execute("UPDATE users SET deleted_at = now() WHERE id = $1", &[&id]).await?;
        let faded = Account::new(stack).await?;
        let session: uuid::Uuid = faded.session.parse()?;
        let past = "UPDATE refresh_tokens SET issued_at = now() - interval '31 days', \
                    expires_at = now() - interval '1 day' WHERE session_id = $1";
        stack.sql.execute(past, &[&session]).await?;
        Ok(Self {
            stranger: Account::new(stack).await?,
            leaving: Account::new(stack).await?,
            gone,
            deleted,
            faded,
            approved: approved.clone(),
            failed: failed.clone(),
            rejected: rejected.clone(),
            disposable: disposable.clone(),
            reviews,
            undecided,
            owner,
        })
    }
}

/// The review of a document, after BULI2 has accepted it.
async fn acknowledged(stack: &Stack, document: &str) -> Result<Review> {
    stack.wait_for(document, &["ai_evaluated/pending_manual_review"], PATIENCE).await?;
    let key: uuid::Uuid = document.parse()?;
    let sql = "SELECT id FROM manual_reviews WHERE document_id = $1 AND dispatch_state = 'acknowledged'";
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(row) = stack.sql.query_opt(sql, &[&key]).await? {
            let id = row.get::<_, uuid::Uuid>(0).to_string();
            return Ok(Review { id, document: document.to_owned() });
        }
        if Instant::now() > deadline {
            return Err("BULI2 never took a review".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
