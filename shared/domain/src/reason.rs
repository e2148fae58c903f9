//! Machine-readable reasons: stable codes that the mobile app, the reviewer and the audit trail share.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

/// Why a document got the score, the decision or the failure it got.
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
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReasonCode {
    // What was seen
    /// The picture shows neither a KTP nor an NPWP card.
    NotACard,
    /// The picture shows the other kind of card than the one claimed.
    WrongKind,
    /// The card's outline was not found; the whole picture was read.
    CardNotFound,

    // Picture quality
    /// The print is not sharp.
    Blurred,
    /// Too little light.
    TooDark,
    /// A reflection covers part of the card.
    Glare,
    /// The card is too small in the picture.
    LowResolution,
    /// An edge of the card is outside the picture.
    CutOff,
    /// The file does not hold the whole picture: rows of pixels are missing.
    PictureIncomplete,
    /// No colour: a photocopy, or a picture in grey.
    Grayscale,
    /// A new photograph would help.
    Retake,

    // Whether it is a picture of a card
    /// The card has flat colours without a camera's noise: a drawing, or a picture made by a program.
    DrawingSuspected,
    /// The card shows the pixels of a screen.
    ScreenSuspected,
    /// The card shows the dots of a printer: a printed copy.
    CopySuspected,
    /// A field's noise or edges are not those of the other fields: it may have been edited.
    EditSuspected,

    // Completeness
    /// A field that identifies the holder, without which no automatic approval is possible, was not read.
    CriticalFieldMissing,
    /// Another field was not read.
    FieldMissing,

    // Format
    /// The NIK does not have its form.
    NikMalformed,
    /// The NIK's area code is none that was ever in use (soft).
    NikAreaUnknown,
    /// The NPWP number does not have its form.
    NpwpMalformed,
    /// The NPWP's check digit does not match (soft: it never rejects, but a human looks whether a digit was misread).
    NpwpCheckDigit,
    /// A date is none.
    DateMalformed,
    /// A value does not have its field's form, or is not in its vocabulary.
    ValueUnknown,
    /// Gender, religion, marital status or citizenship has a value that no card has: misread, or no card's.
    ClosedValueUnknown,

    // Consistency
    /// The NIK encodes another birth date than the one printed.
    NikBirthDateMismatch,
    /// The NIK encodes another gender than the one printed.
    NikGenderMismatch,
    /// The NIK's province is not the one in the card's header (soft: a NIK keeps its first area).
    NikProvinceMismatch,
    /// The number on an NPWP card says another NIK than the card's NIK line.
    NpwpNikMismatch,
    /// The holder is under 17. A KTP is for those who are older or married, and a human decides whether this one is.
    HolderTooYoung,
    /// The card is past its validity date. Foreign residents' alone expire.
    Expired,
    /// The card of a foreign resident: a human decides on it.
    ForeignResident,

    // Confidence
    /// A critical field was read with less confidence than its floor.
    LowConfidence,
    /// Print runs on beyond the place where a critical field was read: there may be more of it.
    ValueCutOff,

    // Whose card
    /// The name on the card contradicts the name in the user's profile.
    ProfileNameMismatch,
    /// The name on the card contradicts the one on another card of the user's.
    CardsNameMismatch,
    /// The NIK on the card is not the one on another card of the user's.
    CardsNikMismatch,

    // Identity
    /// Another user already holds this identity.
    IdentityHeldByAnother,
    /// A reviewer approved the document while another user held its identity: the approval did not count.
    IdentityConflict,

    // What was refused before
    /// The number stands on another document that was rejected, awaits a human, or was erased while it did.
    NumberSeenBefore,
    /// Name and birth date stand together on another document that was rejected, awaits a human, or was erased while it did.
    PersonSeenBefore,
    /// The same file was sent before and rejected, awaits a human, or was erased while it did; or it is another user's.
    FileSeenBefore,
    /// Nearly the same picture was sent before and rejected, awaits a human, or was erased while it did; or it is another
    /// user's.
    PictureSeenBefore,
    /// The user erased a document while a human was to decide on it, not long ago.
    ErasedWhilePending,
    /// More documents show this number than one holder needs.
    TooManyAttempts,

    // Failures
    /// The file is damaged or not what it claims to be.
    FileUnreadable,
    /// The picture has more pixels than are read.
    ImageTooLarge,
    /// The PDF cannot be rendered: encrypted, without a page, beyond its bounds, or with a picture that cannot be decoded.
    PdfUnsupported,
    /// Reading took too long or too much memory.
    ReaderExhausted,
    /// The reader stopped unexpectedly.
    ReaderCrashed,
    /// The stored file is gone.
    FileMissing,
    /// Workers disappeared while they held this document.
    WorkerLost,
}
