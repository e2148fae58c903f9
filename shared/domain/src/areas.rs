//! The area codes that a NIK can begin with: provinces, regencies and districts, the union of the years 2016 to 2025.
//!
//! A NIK keeps the code of its first registration, so codes that were abolished since are known here too. The table is
//! searched as it lies in the binary: nothing is parsed at start-up. Where it comes from: `data/README.md`.

/// Lines `code<TAB>name`, sorted by code as text; codes have 2, 4 or 6 digits.
static TABLE: &str = include_str!("../data/areas.tsv");

/// The name of a province, by its two-digit code.
pub fn province_name(code: &str) -> Option<&'static str> {
    (code.len() == 2).then(|| find(code)).flatten()
}

/// The name of a regency or city, with `KABUPATEN` or `KOTA`, by its four-digit code.
pub fn regency_name(code: &str) -> Option<&'static str> {
    (code.len() == 4).then(|| find(code)).flatten()
}

/// The name of a district, by its six-digit code.
pub fn district_name(code: &str) -> Option<&'static str> {
    (code.len() == 6).then(|| find(code)).flatten()
}

/// Whether a district ever had this six-digit code.
pub fn is_known(code: &str) -> bool {
    district_name(code).is_some()
}

/// Binary search over the lines of the table.
fn find(code: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let middle = low + (high - low) / 2;
        // Byte positions are only ever cut at line ends, which are character boundaries.
        let start = TABLE.as_bytes().get(..middle)?.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = TABLE.get(start..)?.lines().next()?;
        let (found, name) = line.split_once('\t')?;
        match found.cmp(code) {
            std::cmp::Ordering::Equal => return Some(name),
            std::cmp::Ordering::Less => low = start + line.len() + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}
