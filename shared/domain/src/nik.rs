//! NIK: the 16-digit number of a person, `PPKKCC DDMMYY SSSS`.
//!
//! The area code is that of the first registration and never changes; women's day of birth is raised by 40; the serial
//! runs from 0001. The layout is that of Government Regulation 37/2007, article 37. The century is not encoded.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

/// Sex as the civil register records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gender {
    /// `LAKI-LAKI`
    Male,
    /// `PEREMPUAN`
    Female,
}

impl Gender {
    /// The word printed on a citizen's KTP.
    pub const fn as_printed(self) -> &'static str {
        match self {
            Self::Male => "LAKI-LAKI",
            Self::Female => "PEREMPUAN",
        }
    }

    /// From the word printed on a KTP, in Indonesian, or in English on a foreign resident's.
    pub fn from_printed(text: &str) -> Option<Self> {
        match text {
            "LAKI-LAKI" | "MALE" => Some(Self::Male),
            "PEREMPUAN" | "FEMALE" => Some(Self::Female),
            _ => None,
        }
    }
}

/// Why 16 characters are no NIK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NikError {
    /// Another length than 16.
    #[error("a NIK has 16 digits, this has {0} characters")]
    Length(usize),
    /// Something else than an ASCII digit.
    #[error("character {0} is not a digit")]
    NotADigit(usize),
    /// No province has this code: they run from 11 to 99 and none ends in a province-wide zero.
    #[error("no area code begins with these two digits")]
    Area,
    /// Day, month and year name no date in either century.
    #[error("digits 7 to 12 are no date")]
    Date,
    /// Serials start at 0001.
    #[error("the serial 0000 is not given out")]
    Serial,
}

/// A well-formed NIK. Identity data: its `Debug` form is masked, and it has no `Display`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nik([u8; 16]);

impl fmt::Debug for Nik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nik(****************)")
    }
}

impl FromStr for Nik {
    type Err = NikError;

    fn from_str(text: &str) -> Result<Self, NikError> {
        let digits: [u8; 16] =
            text.as_bytes().try_into().map_err(|_| NikError::Length(text.chars().count()))?;
        if let Some(position) = digits.iter().position(|b| !b.is_ascii_digit()) {
            return Err(NikError::NotADigit(position + 1));
        }
        let nik = Self(digits);
        if nik.pair(0) < 11 || nik.pair(2) == 0 || nik.pair(4) == 0 {
            return Err(NikError::Area);
        }
        if nik.birth_dates().iter().all(Option::is_none) {
            return Err(NikError::Date);
        }
        if digits.ends_with(b"0000") {
            return Err(NikError::Serial);
        }
        Ok(nik)
    }
}

impl Nik {
    /// The 16 digits.
    pub fn as_str(&self) -> &str {
        // Only ASCII digits get in; the empty string is unreachable.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The six-digit code of the district of first registration.
    pub fn area(&self) -> &str {
        self.as_str().get(..6).unwrap_or_default()
    }

    /// The two-digit province code.
    pub fn province(&self) -> &str {
        self.as_str().get(..2).unwrap_or_default()
    }

    /// The gender that the day of birth encodes.
    pub fn gender(&self) -> Gender {
        if self.pair(6) > 40 { Gender::Female } else { Gender::Male }
    }

    /// The date of birth in the 20th and in the 21st century, where such a date exists.
    pub fn birth_dates(&self) -> [Option<NaiveDate>; 2] {
        let day = if self.pair(6) > 40 { self.pair(6) - 40 } else { self.pair(6) };
        [1900, 2000].map(|century| {
            NaiveDate::from_ymd_opt(
                century + i32::from(self.pair(10)),
                u32::from(self.pair(8)),
                u32::from(day),
            )
        })
    }

    /// Whether the NIK was issued for this date of birth, in whichever century.
    pub fn encodes_birth_date(&self, date: NaiveDate) -> bool {
        self.birth_dates().contains(&Some(date))
    }

    fn pair(&self, at: usize) -> u8 {
        let digit = |i: usize| self.0.get(i).map_or(0, |b| b - b'0');
        digit(at) * 10 + digit(at + 1)
    }
}

/// Full years between `born` and `today`; `None` if `born` is in the future.
pub fn age_on(born: NaiveDate, today: NaiveDate) -> Option<i32> {
    if born > today {
        return None;
    }
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    Some(today.year() - born.year() - i32::from(!had_birthday))
}
