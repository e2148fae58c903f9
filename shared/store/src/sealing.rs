//! Sealing of personal fields (AES-256-GCM) and keyed hashes of identity numbers (HMAC-SHA256).
//!
//! A sealed value is `1 · length of key id · key id · 12-byte random nonce · ciphertext and tag`. The associated data
//! is `table.column/row id`, so that a value moved to another row or column does not open.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use filot_domain::PictureHash;
use filot_domain::fraud::MarkKind;
use filot_domain::scoring::Identity;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::config::{IdentityHashKey, SealingKeys};
use crate::error::{Result, StoreError};

const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 12;

/// A column that holds sealed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    FullName,
    Phone,
    DocumentResult,
    DocumentText,
    ReviewNotes,
    RefreshSuccessor,
    IdempotentResponse,
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::FullName => "profiles.full_name",
            Self::Phone => "profiles.phone",
            Self::DocumentResult => "documents.result",
            Self::DocumentText => "documents.ocr_text",
            Self::ReviewNotes => "manual_reviews.notes",
            Self::RefreshSuccessor => "refresh_tokens.successor",
            Self::IdempotentResponse => "idempotency_keys.response",
        }
    }

    fn associated_data(self, row: Uuid) -> Vec<u8> {
        format!("{}/{row}", self.name()).into_bytes()
    }
}

/// Seals and opens personal fields.
pub(crate) struct Sealer {
    keys: SealingKeys,
    identity: IdentityHashKey,
}

impl Sealer {
    pub(crate) fn new(keys: SealingKeys, identity: IdentityHashKey) -> Self {
        Self { keys, identity }
    }

    pub(crate) fn seal(&self, column: Column, row: Uuid, plain: &[u8]) -> Result<Vec<u8>> {
        let (id, Some(key)) = self.keys.active() else {
            return Err(StoreError::Sealing("sealed: no active key"));
        };
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let cipher = Aes256Gcm::new(&(*key).into());
        let aad = column.associated_data(row);
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_| StoreError::Sealing("sealed: too long"))?;
        let id_len = u8::try_from(id.len()).map_err(|_| StoreError::Sealing("sealed: key id too long"))?;
        let mut out = Vec::with_capacity(2 + id.len() + NONCE_BYTES + sealed.len());
        out.extend([FORMAT, id_len]);
        out.extend(id.as_bytes());
        out.extend(nonce);
        out.extend(sealed);
        Ok(out)
    }

    pub(crate) fn open(&self, column: Column, row: Uuid, sealed: &[u8]) -> Result<Vec<u8>> {
        let malformed = || StoreError::Sealing("opened: malformed");
        let (&[format, id_len], rest) = sealed.split_first_chunk::<2>().ok_or_else(malformed)?;
        if format != FORMAT {
            return Err(malformed());
        }
        let (id, rest) = rest.split_at_checked(usize::from(id_len)).ok_or_else(malformed)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(malformed)?;
        let id = std::str::from_utf8(id).map_err(|_| malformed())?;
        let key = self.keys.get(id).ok_or(StoreError::Sealing("opened: its key is not configured"))?;
        let aad = column.associated_data(row);
        Aes256Gcm::new(&(*key).into())
            .decrypt(&Nonce::from(*nonce), Payload { msg: body, aad: &aad })
            .map_err(|_| StoreError::Sealing("opened: it was changed or moved"))
    }

    pub(crate) fn seal_text(
        &self,
        column: Column,
        row: Uuid,
        plain: Option<&str>,
    ) -> Result<Option<Vec<u8>>> {
        plain.map(|plain| self.seal(column, row, plain.as_bytes())).transpose()
    }

    pub(crate) fn open_text(
        &self,
        column: Column,
        row: Uuid,
        sealed: Option<&[u8]>,
    ) -> Result<Option<String>> {
        let Some(sealed) = sealed else { return Ok(None) };
        let plain = self.open(column, row, sealed)?;
        String::from_utf8(plain).map(Some).map_err(|_| StoreError::Corrupt { what: "sealed text" })
    }

    /// The keyed hash under which an identity is claimed and found.
    pub(crate) fn identity_hash(&self, identity: &Identity) -> Result<Vec<u8>> {
        let kind: &str = identity.kind.into();
        Ok(self.keyed(kind, identity.number.as_bytes())?.to_vec())
    }

    /// The keyed hash by which something that identifies a document is found again.
    pub(crate) fn mark_hash(&self, kind: MarkKind, data: &[u8]) -> Result<Vec<u8>> {
        Ok(self.keyed(kind.into(), data)?.to_vec())
    }

    /// A picture's hash, its bits in another order and some of them turned, as the key says. Distances stay what they are,
    /// and whoever has a picture but not the key cannot look for it.
    pub(crate) fn masked_picture(&self, picture: PictureHash) -> Result<PictureHash> {
        const BITS: usize = 128;
        let mut order: [usize; BITS] = std::array::from_fn(|at| at);
        let mut numbers = Vec::with_capacity(BITS);
        for block in 0_u8..8 {
            let random = self.keyed("picture_order", &[block])?;
            numbers.extend(random.chunks_exact(2).map(|two| usize::from(two[0]) << 8 | usize::from(two[1])));
        }
        // Fisher and Yates; that 65,536 is no multiple of every size matters to nobody here.
        for (at, number) in (1..BITS).rev().zip(numbers) {
            order.swap(at, number % (at + 1));
        }
        let bit = |PictureHash([high, low]): PictureHash, at: usize| {
            if at < 64 { high >> (63 - at) & 1 } else { low >> (127 - at) & 1 }
        };
        let mask = self.keyed("picture_mask", &[])?;
        let mut masked = [0_u64; 2];
        for (at, from) in order.into_iter().enumerate() {
            let turned = u64::from(mask[at / 8] >> (at % 8) & 1);
            masked[at / 64] = masked[at / 64] << 1 | (bit(picture, from) ^ turned);
        }
        Ok(PictureHash(masked))
    }

    fn keyed(&self, purpose: &str, data: &[u8]) -> Result<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.identity.bytes())
            .map_err(|_| StoreError::Config("the identity hash key cannot be used".to_owned()))?;
        mac.update(purpose.as_bytes());
        mac.update(b":");
        mac.update(data);
        Ok(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use filot_domain::scoring::IdentityKind;

    use super::*;

    fn sealer(active: &str, ids: &[(&str, u8)]) -> Sealer {
        let keys = ids.iter().map(|(id, byte)| ((*id).to_owned(), [*byte; 32]));
        Sealer::new(SealingKeys::new(active, keys).unwrap(), IdentityHashKey::new(&[7; 32]).unwrap())
    }

    #[test]
    fn inv_7_what_is_sealed_opens_only_where_it_was_sealed() {
        let sealer = sealer("k1", &[("k1", 1)]);
        let (row, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = sealer.seal(Column::FullName, row, b"SITI CONTOH").unwrap();
        assert_eq!(sealer.open(Column::FullName, row, &sealed).unwrap(), b"SITI CONTOH");
        assert!(sealer.open(Column::FullName, other, &sealed).is_err(), "another row");
        assert!(sealer.open(Column::Phone, row, &sealed).is_err(), "another column");
        assert!(!sealed.windows(4).any(|w| w == b"SITI"));
        assert_ne!(sealed, sealer.seal(Column::FullName, row, b"SITI CONTOH").unwrap(), "nonces repeat");
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let sealer = sealer("k1", &[("k1", 1)]);
        let row = Uuid::from_u128(1);
        let sealed = sealer.seal(Column::Phone, row, b"0812").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(Column::Phone, row, &changed).is_err(), "byte {at}");
            assert!(sealer.open(Column::Phone, row, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn rotation_keeps_values_readable_until_their_key_is_gone() {
        let row = Uuid::from_u128(1);
        let before = sealer("k1", &[("k1", 1)]);
        let old = before.seal(Column::Phone, row, b"0812").unwrap();
        let rotating = sealer("k2", &[("k1", 1), ("k2", 2)]);
        assert_eq!(rotating.open(Column::Phone, row, &old).unwrap(), b"0812");
        let new = rotating.seal(Column::Phone, row, b"0812").unwrap();
        let after = sealer("k2", &[("k2", 2)]);
        assert_eq!(after.open(Column::Phone, row, &new).unwrap(), b"0812");
        assert!(after.open(Column::Phone, row, &old).is_err());
    }

    #[test]
    fn masked_pictures_keep_their_distances_and_hide_their_bits() {
        let one = sealer("k1", &[("k1", 1)]);
        let (plain, near) = (PictureHash([0, 0]), PictureHash([1 << 40, 0b110]));
        let masked = |sealer: &Sealer, picture| sealer.masked_picture(picture).unwrap();
        assert_eq!(masked(&one, plain).distance(masked(&one, near)), 3);
        assert_eq!(masked(&one, PictureHash([u64::MAX; 2])).distance(masked(&one, plain)), 128);
        assert!(masked(&one, plain).distance(plain) > 30);
        let keys = SealingKeys::new("k1", [("k1".to_owned(), [1; 32])]).unwrap();
        let other = Sealer::new(keys, IdentityHashKey::new(&[8; 32]).unwrap());
        assert!(masked(&one, plain).distance(masked(&other, plain)) > 30);
    }

    #[test]
    fn identity_hashes_depend_on_kind_number_and_key() {
        let one = sealer("k1", &[("k1", 1)]);
        let identity = |kind, number: &str| Identity { kind, number: number.to_owned() };
        let nik = one.identity_hash(&identity(IdentityKind::Nik, "3171015708950001")).unwrap();
        assert_eq!(nik.len(), 32);
        assert_ne!(nik, one.identity_hash(&identity(IdentityKind::Npwp, "3171015708950001")).unwrap());
        assert_ne!(nik, one.identity_hash(&identity(IdentityKind::Nik, "3171015708950002")).unwrap());
        let keys = SealingKeys::new("k1", [("k1".to_owned(), [1; 32])]).unwrap();
        let other = Sealer::new(keys, IdentityHashKey::new(&[8; 32]).unwrap());
        assert_ne!(nik, other.identity_hash(&identity(IdentityKind::Nik, "3171015708950001")).unwrap());
    }
}
