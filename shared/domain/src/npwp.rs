//! NPWP and NITKU: tax numbers.
//!
//! 15 digits `ST.sss.sss.C-KPP.BBB` (nine-digit taxpayer number, tax office, branch); since PMK 112/2022 16 digits: the
//! NIK for resident persons, otherwise `0` and the 15 digits. A NITKU is 16 digits and six for the place of business.

use std::fmt;
use std::str::FromStr;

use crate::nik::Nik;

/// Why a text is no NPWP number or NITKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NpwpError {
    /// Another number of digits than the form has.
    #[error("the number has {0} digits")]
    Length(usize),
    /// Something else than digits and the punctuation of the printed forms.
    #[error("character {0} belongs to no printed form")]
    Character(usize),
    /// 16 digits that are neither a NIK nor `0` and a 15-digit number.
    #[error("the 16-digit form holds neither a NIK nor a 15-digit number")]
    Form,
    /// All zeros.
    #[error("the taxpayer number is all zeros")]
    Zero,
}

/// The form of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NpwpForm {
    /// 15 digits.
    Fifteen,
    /// 16 digits: `0` and the 15 digits.
    Sixteen,
    /// 16 digits: a NIK.
    Nik,
}

/// A well-formed NPWP number. Identity data: its `Debug` form is masked, and it has no `Display`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Npwp {
    digits: String,
    form: NpwpForm,
}

impl fmt::Debug for Npwp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Npwp({:?}, ***)", self.form)
    }
}

/// The digits of a printed number: dots, dashes and spaces between digits are dropped, anything else refused.
fn digits_of(text: &str) -> Result<String, NpwpError> {
    let mut digits = String::with_capacity(22);
    for (i, c) in text.trim().chars().enumerate() {
        match c {
            '0'..='9' if digits.len() < 32 => digits.push(c),
            '0'..='9' => return Err(NpwpError::Length(33)),
            '.' | '-' | ' ' => {}
            _ => return Err(NpwpError::Character(i + 1)),
        }
    }
    Ok(digits)
}

impl FromStr for Npwp {
    type Err = NpwpError;

    /// Takes the bare digits and both printed forms.
    fn from_str(text: &str) -> Result<Self, NpwpError> {
        let digits = digits_of(text)?;
        if digits.bytes().all(|b| b == b'0') && !digits.is_empty() {
            return Err(NpwpError::Zero);
        }
        let form = match digits.len() {
            15 => NpwpForm::Fifteen,
            16 if digits.starts_with('0') => NpwpForm::Sixteen,
            16 if digits.parse::<Nik>().is_ok() => NpwpForm::Nik,
            16 => return Err(NpwpError::Form),
            n => return Err(NpwpError::Length(n)),
        };
        Ok(Self { digits, form })
    }
}

impl Npwp {
    /// The digits as printed: 15 or 16.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// The form of the number.
    pub const fn form(&self) -> NpwpForm {
        self.form
    }

    /// One spelling per taxpayer: 16 digits, so that both printings of one number hash alike.
    pub fn canonical(&self) -> String {
        match self.form {
            NpwpForm::Fifteen => format!("0{}", self.digits),
            NpwpForm::Sixteen | NpwpForm::Nik => self.digits.clone(),
        }
    }

    /// The NIK, when the number is one.
    pub fn as_nik(&self) -> Option<Nik> {
        (self.form == NpwpForm::Nik).then(|| self.digits.parse().ok()).flatten()
    }

    /// Whether the ninth digit of the taxpayer number is the check digit of the first eight; `None` for a NIK.
    ///
    /// Weights 1,2,1,2,1,2,1,2, digits of products summed, ten minus the sum modulo ten (Luhn's scheme). The rule was
    /// never published by the tax office: a mismatch is a signal, not a reason to reject.
    pub fn check_digit_matches(&self) -> Option<bool> {
        let fifteen = match self.form {
            NpwpForm::Fifteen => self.digits.as_str(),
            NpwpForm::Sixteen => self.digits.get(1..)?,
            NpwpForm::Nik => return None,
        };
        let mut digits = fifteen.bytes().map(|b| u32::from(b - b'0'));
        let sum: u32 = digits
            .by_ref()
            .take(8)
            .enumerate()
            .map(|(i, digit)| {
                let product = digit * if i % 2 == 0 { 1 } else { 2 };
                product / 10 + product % 10
            })
            .sum();
        digits.next().map(|check| (10 - sum % 10) % 10 == check)
    }
}

/// The number of a place of business: an NPWP of 16 digits and six more.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Nitku {
    npwp: Npwp,
    place: String,
}

impl fmt::Debug for Nitku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nitku(***)")
    }
}

impl FromStr for Nitku {
    type Err = NpwpError;

    fn from_str(text: &str) -> Result<Self, NpwpError> {
        let digits = digits_of(text)?;
        match (digits.len(), digits.get(..16), digits.get(16..)) {
            (22, Some(npwp), Some(place)) => Ok(Self { npwp: npwp.parse()?, place: place.to_owned() }),
            (n, _, _) => Err(NpwpError::Length(n)),
        }
    }
}

impl Nitku {
    /// The taxpayer's number.
    pub const fn npwp(&self) -> &Npwp {
        &self.npwp
    }

    /// The six digits of the place; `000000` is the head office.
    pub fn place(&self) -> &str {
        &self.place
    }
}
