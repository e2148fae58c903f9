//! The words that a KTP's closed fields can hold: what the reader takes a misread text for, and what scoring accepts.

/// `Jenis Kelamin`.
pub const GENDERS: &[&str] = &["LAKI-LAKI", "PEREMPUAN"];

/// `Agama`, in the spellings of all print runs.
pub const RELIGIONS: &[&str] = &[
    "ISLAM",
    "KRISTEN",
    "KATOLIK",
    "KATHOLIK",
    "HINDU",
    "BUDHA",
    "BUDDHA",
    "KONGHUCU",
    "KHONGHUCU",
    "KEPERCAYAAN",
    "KEPERCAYAAN TERHADAP TUHAN YME",
];

/// `Status Perkawinan`.
pub const MARITAL: &[&str] =
    &["BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI", "KAWIN TERCATAT", "KAWIN BELUM TERCATAT"];

/// `Kewarganegaraan`.
pub const CITIZENSHIPS: &[&str] = &["WNI", "WNA"];
