//! The area codes that a NIK can begin with: provinces, regencies and districts, the union of the years 2016 to 2025, and
//! the villages of each district.
//!
//! A NIK keeps the code of its first registration, so codes that were abolished since are known here too. The tables are
//! searched as they lie in the binary: nothing is parsed at start-up. Where they come from: `data/README.md`.

/// Lines `code<TAB>name`, sorted by code as text; codes have 2, 4 or 6 digits.
static TABLE: &str = include_str!("../data/areas.tsv");
/// Lines `district code<TAB>village;village;…`, sorted by code. Only programs that ask for villages carry it.
static VILLAGES: &str = include_str!("../data/villages.tsv");

/// The name of a province, by its two-digit code.
pub fn province_name(code: &str) -> Option<&'static str> {
    (code.len() == 2).then(|| find(TABLE, code)).flatten()
}

/// The name of a regency or city, with `KABUPATEN` or `KOTA`, by its four-digit code.
pub fn regency_name(code: &str) -> Option<&'static str> {
    (code.len() == 4).then(|| find(TABLE, code)).flatten()
}

/// The name of a district, by its six-digit code.
pub fn district_name(code: &str) -> Option<&'static str> {
    (code.len() == 6).then(|| find(TABLE, code)).flatten()
}

/// Whether two spellings name the same province: cards write `DKI JAKARTA` and `DI YOGYAKARTA` where the law says
/// `DAERAH KHUSUS IBUKOTA JAKARTA` and `DAERAH ISTIMEWA YOGYAKARTA`, and Aceh carried another name until 2009.
pub fn is_same_province(one: &str, other: &str) -> bool {
    fn proper(name: &str) -> impl Iterator<Item = &str> {
        const RANKS: [&str; 9] =
            ["DAERAH", "KHUSUS", "IBUKOTA", "ISTIMEWA", "DKI", "DKJ", "DI", "NANGGROE", "DARUSSALAM"];
        name.split([' ', '.']).filter(|word| !word.is_empty() && !RANKS.contains(word) && word.len() > 1)
    }
    proper(one).eq(proper(other))
}

/// Provinces that were divided while electronic cards were issued, whole and part: North Kalimantan by Law 20/2012, those of
/// Papua by Laws 14, 15, 16 and 29 of 2022.
const DIVIDED: [(&str, &str); 5] = [
    ("KALIMANTAN TIMUR", "KALIMANTAN UTARA"),
    ("PAPUA", "PAPUA SELATAN"),
    ("PAPUA", "PAPUA TENGAH"),
    ("PAPUA", "PAPUA PEGUNUNGAN"),
    ("PAPUA BARAT", "PAPUA BARAT DAYA"),
];

/// Whether somebody registered in one province may carry a card of the other without having moved: it is the same one, or was
/// divided off since.
pub fn is_province_or_part(registered: &str, printed: &str) -> bool {
    is_same_province(registered, printed)
        || DIVIDED.iter().any(|(whole, part)| *whole == registered && is_same_province(part, printed))
}

/// Whether a district ever had this six-digit code.
pub fn is_known(code: &str) -> bool {
    district_name(code).is_some()
}

/// Codes and names of all provinces.
pub fn provinces() -> impl Iterator<Item = (&'static str, &'static str)> {
    lines_from(0).filter(|(code, _)| code.len() == 2)
}

/// Codes and names of the regencies of a province, or of the districts of a regency: what has two digits more. Empty for
/// anything else than a code of two or four digits.
pub fn within(code: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let start = if matches!(code.len(), 2 | 4) { position(TABLE, code).ok() } else { None };
    lines_from(start.unwrap_or(TABLE.len()))
        .take_while(move |(found, _)| found.starts_with(code))
        .filter(move |(found, _)| found.len() == code.len() + 2)
}

/// The names of a district's villages, from its six-digit code: what any year knows.
pub fn villages(district: &str) -> impl Iterator<Item = &'static str> {
    find(VILLAGES, district).into_iter().flat_map(|names| names.split(';'))
}

/// The lines of the area table from a byte position on, which is a line's beginning.
fn lines_from(start: usize) -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.get(start..).unwrap_or_default().lines().filter_map(|line| line.split_once('\t'))
}

/// The row of a code in a table.
fn find(table: &'static str, code: &str) -> Option<&'static str> {
    let start = position(table, code).ok()?;
    Some(table.get(start..)?.lines().next()?.split_once('\t')?.1)
}

/// Binary search over the lines of a table: where the line of this code begins, or else where it would.
fn position(table: &str, code: &str) -> Result<usize, usize> {
    let (mut low, mut high) = (0, table.len());
    while low < high {
        let middle = low + (high - low) / 2;
        // Byte positions are only ever cut at line ends, which are character boundaries.
        let head = table.as_bytes().get(..middle).unwrap_or_default();
        let start = head.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = table.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        match line.split_once('\t').map_or("", |(found, _)| found).cmp(code) {
            std::cmp::Ordering::Equal => return Ok(start),
            std::cmp::Ordering::Less => low = start + line.len() + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    Err(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_well_formed() {
        let mut last = "";
        for line in TABLE.lines() {
            let (code, name) = line.split_once('\t').unwrap_or_default();
            assert!(matches!(code.len(), 2 | 4 | 6), "{line}");
            assert!(code.bytes().all(|b| b.is_ascii_digit()) && !name.trim().is_empty(), "{line}");
            assert!(last < code, "{last} before {code}");
            last = code;
        }
    }

    #[test]
    fn every_line_is_found_and_has_its_area_above() {
        let mut districts = 0;
        for line in TABLE.lines() {
            let (code, name) = line.split_once('\t').unwrap_or_default();
            assert_eq!(find(TABLE, code), Some(name), "{code}");
            assert!(code.len() == 2 || find(TABLE, &code[..code.len() - 2]).is_some(), "{code}");
            districts += usize::from(code.len() == 6);
        }
        assert!(districts > 7_700, "{districts}");
    }

    #[test]
    fn names_by_level() {
        assert_eq!(province_name("75"), Some("GORONTALO"));
        assert_eq!(regency_name("6271"), Some("KOTA PALANGKARAYA"));
        assert_eq!(district_name("317106"), Some("MENTENG"));
        assert!(is_known("110101"));
    }

    #[test]
    fn what_lies_within_an_area() {
        assert_eq!(provinces().count(), 38);
        assert!(within("31").any(|area| area == ("3171", "KOTA JAKARTA PUSAT")));
        let districts: Vec<&str> = within("3171").map(|(_, name)| name).collect();
        assert!(districts.contains(&"MENTENG") && districts.len() == 8, "{districts:?}");
        assert!(villages("317106").any(|name| name == "GONDANGDIA"));
        for code in ["", "3", "317", "317106", "99", "9999"] {
            assert_eq!(within(code).count(), 0, "{code}");
        }
        assert_eq!(villages("000000").chain(villages("31")).count(), 0);
        for line in VILLAGES.lines() {
            let code = line.split('\t').next().unwrap_or_default();
            assert!(code.len() == 6 && villages(code).all(|name| !name.trim().is_empty()), "{line}");
        }
    }

    #[test]
    fn a_province_is_itself_whatever_its_rank_is_called() {
        for (one, other) in [
            ("DAERAH KHUSUS IBUKOTA JAKARTA", "DKI JAKARTA"),
            ("DAERAH ISTIMEWA YOGYAKARTA", "D.I. YOGYAKARTA"),
            ("DAERAH ISTIMEWA YOGYAKARTA", "DI YOGYAKARTA"),
            ("ACEH", "NANGGROE ACEH DARUSSALAM"),
            ("JAWA TIMUR", "JAWA TIMUR"),
        ] {
            assert!(is_same_province(one, other) && is_same_province(other, one), "{one} {other}");
        }
        assert!(is_same_province("DAERAH KHUSUS IBUKOTA JAKARTA", "DAERAH KHUSUS JAKARTA"));
        assert!(!is_same_province("JAWA TIMUR", "JAWA BARAT"));
        assert!(!is_same_province("PAPUA", "PAPUA BARAT"));
        assert!(!is_same_province("DKI JAKARTA", "DI YOGYAKARTA"));
    }

    #[test]
    fn a_divided_province_keeps_its_numbers() {
        for part in ["PAPUA SELATAN", "PAPUA TENGAH", "PAPUA PEGUNUNGAN"] {
            assert!(is_province_or_part("PAPUA", part) && !is_province_or_part(part, "PAPUA"), "{part}");
            assert!(provinces().any(|(_, name)| name == part), "{part}");
        }
        assert!(is_province_or_part("PAPUA BARAT", "PAPUA BARAT DAYA"));
        assert!(is_province_or_part("DAERAH KHUSUS IBUKOTA JAKARTA", "DKI JAKARTA"));
        assert!(!is_province_or_part("PAPUA", "PAPUA BARAT DAYA") && !is_province_or_part("PAPUA", "BALI"));
        let known: Vec<&str> = provinces().map(|(_, name)| name).collect();
        assert!(DIVIDED.iter().all(|(whole, part)| known.contains(whole) && known.contains(part)));
    }

    #[test]
    fn abolished_codes_are_known() {
        // Merauke belonged to Papua (91) until 2022 and belongs to South Papua (93) since.
        assert_eq!(regency_name("9101"), Some("KABUPATEN MERAUKE"));
        assert_eq!(regency_name("9301"), Some("KABUPATEN MERAUKE"));
        assert!(is_known("910101") && is_known("930101"));
    }

    #[test]
    fn what_is_no_code_is_not_found() {
        for code in ["", "1", "00", "99", "999999", "1101011", "11010", "ab", "11\t", "zzzzzz", "000000"] {
            assert_eq!(province_name(code).or(regency_name(code)).or(district_name(code)), None, "{code}");
        }
        // The level must fit as well.
        assert_eq!(province_name("1101"), None);
        assert_eq!(district_name("11"), None);
    }
}
