//! The claimed type of a document, the kind of card in its picture, and the fields read from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::reason::ReasonCode;

/// The type of a document, as the user claims it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    EnumIter,
    IntoStaticStr,
)]
pub enum DocumentType {
    /// National identity card.
    #[serde(rename = "KTP")]
    #[strum(serialize = "KTP")]
    Ktp,
    /// Tax card.
    #[serde(rename = "NPWP")]
    #[strum(serialize = "NPWP")]
    Npwp,
}

impl DocumentType {
    /// The card that a document of this type should show.
    pub const fn expected_kind(self) -> CardKind {
        match self {
            Self::Ktp => CardKind::Ktp,
            Self::Npwp => CardKind::Npwp,
        }
    }

    /// The fields that say whose card it is: the numbers and words by which the holder is found again. A document of this
    /// type is only approved automatically if each was read with hardly a doubt
    /// ([`crate::scoring::Thresholds::confidence_floor`]).
    pub const fn critical_fields(self) -> &'static [FieldName] {
        match self {
            Self::Ktp => &[FieldName::Nik, FieldName::Name, FieldName::BirthDate],
            Self::Npwp => &[FieldName::NpwpNumber, FieldName::Name],
        }
    }

    /// The fields that identify the holder: a document of this type is only approved automatically if all of them were
    /// read ([`crate::scoring::Thresholds::identifying_floor`]). The critical ones are among them.
    ///
    /// KTP: what a financial service must know of a natural person and finds on the card, by the regulation of the
    /// Financial Services Authority POJK 8/2023, article 25 (1) a 1: name, number, address, place and date of birth,
    /// citizenship, occupation, gender, marital status. Religion besides, as one of the four closed fields, which stand on
    /// every card: where one is missing, part of the card was not seen. Header, RT/RW, village and district only make the
    /// address more precise, `Berlaku Hingga` says nothing of a citizen (see [`crate::scoring`]), and the blood group is
    /// often blank.
    ///
    /// NPWP: number and name, by which the tax office knows its holder. Old cards have no NIK line, and some cards print no
    /// address or an abbreviated one.
    pub const fn identifying_fields(self) -> &'static [FieldName] {
        use FieldName as F;
        match self {
            Self::Ktp => &[
                F::Nik,
                F::Name,
                F::BirthPlace,
                F::BirthDate,
                F::Gender,
                F::Address,
                F::Religion,
                F::MaritalStatus,
                F::Occupation,
                F::Citizenship,
            ],
            Self::Npwp => &[F::NpwpNumber, F::Name],
        }
    }

    /// Every field that such a card carries, in reading order.
    pub const fn fields(self) -> &'static [FieldName] {
        use FieldName as F;
        match self {
            Self::Ktp => &[
                F::Province,
                F::Regency,
                F::Nik,
                F::Name,
                F::BirthPlace,
                F::BirthDate,
                F::Gender,
                F::BloodType,
                F::Address,
                F::RtRw,
                F::Village,
                F::District,
                F::Religion,
                F::MaritalStatus,
                F::Occupation,
                F::Citizenship,
                F::ValidUntil,
            ],
            Self::Npwp => &[F::NpwpNumber, F::Name, F::Nik, F::Address],
        }
    }
}

/// The kind of card in a picture.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    EnumIter,
    IntoStaticStr,
)]
pub enum CardKind {
    /// National identity card.
    #[serde(rename = "KTP")]
    #[strum(serialize = "KTP")]
    Ktp,
    /// Tax card, either layout.
    #[serde(rename = "NPWP")]
    #[strum(serialize = "NPWP")]
    Npwp,
    /// Neither, or nothing legible.
    #[default]
    #[serde(rename = "unknown")]
    #[strum(serialize = "unknown")]
    Unknown,
}

/// A field of a card. The text form is the JSON name used in every interface.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    EnumIter,
    IntoStaticStr,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum FieldName {
    /// 16 digits.
    Nik,
    /// 15 or 16 digits.
    NpwpNumber,
    /// As printed, upper case.
    Name,
    /// Place of birth.
    BirthPlace,
    /// ISO 8601 date.
    BirthDate,
    /// `LAKI-LAKI` or `PEREMPUAN`; `MALE` or `FEMALE` on a foreign resident's card.
    Gender,
    /// `A`, `B`, `AB`, `O`, with or without rhesus, `-`, or the words for unknown (`TDK TAHU`).
    BloodType,
    /// Street address, wrapped lines joined by one space.
    Address,
    /// `NNN/NNN`; a dash stands for either number or for both.
    RtRw,
    /// Kelurahan or desa.
    Village,
    /// Kecamatan.
    District,
    /// From a closed vocabulary.
    Religion,
    /// From a closed vocabulary.
    MaritalStatus,
    /// Open vocabulary of about 90 values.
    Occupation,
    /// `WNI`, `WNA`, or the country of a foreign resident.
    Citizenship,
    /// `SEUMUR HIDUP` or an ISO 8601 date.
    ValidUntil,
    /// Without the word `PROVINSI`.
    Province,
    /// With `KABUPATEN` or `KOTA`, as printed.
    Regency,
}

/// One field as read: the normalised value and how sure the reader is of all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldReading {
    /// Dates ISO 8601, numbers digits only, everything else as printed in upper case.
    pub value: String,
    /// Probability that the whole value is right, 0 to 1.
    pub confidence: f32,
}

/// How good the picture is, each measure 0 (unusable) to 1 (no complaint).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Whether the card's outline was found; if not, the whole image was read.
    pub card_found: bool,
    /// Width of the card in source pixels.
    pub card_width_px: u32,
    /// Sharpness of the print.
    pub sharpness: f32,
    /// Evenness and level of light.
    pub exposure: f32,
    /// Share of the card free of glare.
    pub glare_free: f32,
    /// How free it is of signs of a drawing: ground of a few exact colours, without a camera's noise.
    #[serde(default = "no_sign")]
    pub drawing_free: f32,
    /// How free it is of signs of a photographed screen.
    #[serde(default = "no_sign")]
    pub screen_free: f32,
    /// How free it is of signs of a printed copy.
    #[serde(default = "no_sign")]
    pub copy_free: f32,
    /// How free the fields are of signs of an edit.
    #[serde(default = "no_sign")]
    pub edit_free: f32,
    /// The picture's light, sharpness and size together. Signs that it is not one of a card do not count: a reason says them.
    pub overall: f32,
}

/// What a reading says that was stored before a sign was looked for.
const fn no_sign() -> f32 {
    1.0
}

/// Nothing good is known of the picture, and nothing suspicious.
impl Default for Quality {
    fn default() -> Self {
        Self {
            card_found: false,
            card_width_px: 0,
            sharpness: 0.0,
            exposure: 0.0,
            glare_free: 0.0,
            drawing_free: no_sign(),
            screen_free: no_sign(),
            copy_free: no_sign(),
            edit_free: no_sign(),
            overall: 0.0,
        }
    }
}

/// A picture of a card as 128 bits that hardly change when it is encoded again, scaled, or altered in few places. How they
/// are made is the reader's affair; two that differ in at most [`PictureHash::SAME_WITHIN`] bits are of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureHash(pub [u64; 2]);

impl PictureHash {
    /// Bits in which two hashes of one picture may differ (measured: `docs/security.md`).
    pub const SAME_WITHIN: u32 = 7;

    /// Bits in which two hashes differ.
    pub fn distance(self, other: Self) -> u32 {
        let ([a, b], [c, d]) = (self.0, other.0);
        (a ^ c).count_ones() + (b ^ d).count_ones()
    }
}

/// 32 hexadecimal digits.
impl std::fmt::Display for PictureHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [high, low] = self.0;
        write!(f, "{high:016x}{low:016x}")
    }
}

/// Text that is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a picture hash has 32 hexadecimal digits")]
pub struct PictureHashError;

impl std::str::FromStr for PictureHash {
    type Err = PictureHashError;

    fn from_str(text: &str) -> Result<Self, PictureHashError> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let half =
            |range| text.get(range).filter(|_| is_hex).and_then(|half| u64::from_str_radix(half, 16).ok());
        match (half(0..16), half(16..32)) {
            (Some(high), Some(low)) => Ok(Self([high, low])),
            _ => Err(PictureHashError),
        }
    }
}

impl Serialize for PictureHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PictureHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Everything a reader says about one picture.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CardReading {
    /// Kind of card in the picture.
    pub kind: CardKind,
    /// The fields that could be read; a field that could not is absent.
    pub fields: BTreeMap<FieldName, FieldReading>,
    /// Quality of the picture, 0 to 1.
    pub quality: Quality,
    /// The reader's remarks for the scorer and the user.
    pub reasons: Vec<ReasonCode>,
    /// The recognised lines, for the human reviewer. Identity data: never logged.
    pub text: String,
    /// The flat card's picture; `None` where there was none to look at, and in readings of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_hash: Option<PictureHash>,
}

impl CardReading {
    /// The value of a field, if it was read.
    pub fn value(&self, field: FieldName) -> Option<&str> {
        self.fields.get(&field).map(|reading| reading.value.as_str())
    }

    /// The confidence of a field, 0 if it was not read.
    pub fn confidence(&self, field: FieldName) -> f32 {
        self.fields.get(&field).map_or(0.0, |reading| reading.confidence)
    }
}
