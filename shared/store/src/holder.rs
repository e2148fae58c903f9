//! Whose card it is: what is known of a user against what a card says.

use filot_domain::fraud::{UsersCard, whose_card};
use filot_domain::{CardReading, DocumentId, DocumentType, ReasonCode, UserId};

use crate::db::{Db, Store, p};
use crate::documents::reading;
use crate::error::Result;
use crate::row::{get, parse};
use crate::sealing::Column;

/// Other cards of the user that are compared, the newest.
const CARDS_MAX: i64 = 10;

impl Store {
    /// What speaks against the card being the user's own: the name in their profile, and their other cards, as far as these
    /// are approved or await a human.
    pub(crate) async fn holder_reasons(
        &self,
        db: &impl Db,
        document: DocumentId,
        user: UserId,
        card: UsersCard<'_>,
    ) -> Result<Vec<ReasonCode>> {
        let (document, user) = (document.as_uuid(), user.as_uuid());
        let profile = db.fetch_opt("SELECT full_name FROM profiles WHERE user_id = $1", &[p(&user)]).await?;
        let sealed: Option<&[u8]> = profile.as_ref().map_or(Ok(None), |row| get(row, "full_name"))?;
        let profile_name = self.sealer().open_text(Column::FullName, user, sealed)?;
        let sql = "SELECT id, type, result, ocr_text FROM documents \
                   WHERE user_id = $1 AND id <> $2 AND status IN ('ai_evaluated', 'completed') \
                     AND verification_status IN ('auto_approved', 'manually_approved', 'pending_manual_review') \
                   ORDER BY created_at DESC LIMIT $3";
        let mut cards: Vec<(DocumentType, CardReading)> = Vec::new();
        for row in db.fetch(sql, &[p(&user), p(&document), p(&CARDS_MAX)]).await? {
            if let Some(reading) = reading(self.sealer(), &row)? {
                cards.push((parse(&row, "type")?, reading));
            }
        }
        let others: Vec<UsersCard<'_>> =
            cards.iter().map(|(claimed, reading)| UsersCard { claimed: *claimed, reading }).collect();
        Ok(whose_card(card, profile_name.as_deref(), &others))
    }
}
