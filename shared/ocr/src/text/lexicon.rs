//! Words that a field can hold, and which of them a misread text means.
//!
//! Owns the nearly closed vocabulary of occupations and how alike two words look; the closed ones are the domain's. It must not know where on
//! the card a word stood.

use crate::text::words::bare;

/// `Pekerjaan`: the civil register's list (form F-1.01 of Ministry of Home Affairs Regulation 109/2019), with and without the
/// abbreviations in brackets. Nearly closed: other words occur, and stand as they were read.
pub const OCCUPATIONS: &[&str] = &[
    "BELUM/TIDAK BEKERJA",
    "MENGURUS RUMAH TANGGA",
    "PELAJAR/MAHASISWA",
    "PENSIUNAN",
    "PEGAWAI NEGERI SIPIL",
    "PEGAWAI NEGERI SIPIL (PNS)",
    "TENTARA NASIONAL INDONESIA",
    "TENTARA NASIONAL INDONESIA (TNI)",
    "KEPOLISIAN RI",
    "KEPOLISIAN RI (POLRI)",
    "PERDAGANGAN",
    "PETANI/PEKEBUN",
    "PETERNAK",
    "NELAYAN/PERIKANAN",
    "INDUSTRI",
    "KONSTRUKSI",
    "TRANSPORTASI",
    "KARYAWAN SWASTA",
    "KARYAWAN BUMN",
    "KARYAWAN BUMD",
    "KARYAWAN HONORER",
    "BURUH HARIAN LEPAS",
    "BURUH TANI/PERKEBUNAN",
    "BURUH NELAYAN/PERIKANAN",
    "BURUH PETERNAKAN",
    "PEMBANTU RUMAH TANGGA",
    "TUKANG CUKUR",
    "TUKANG LISTRIK",
    "TUKANG BATU",
    "TUKANG KAYU",
    "TUKANG SOL SEPATU",
    "TUKANG LAS/PANDAI BESI",
    "TUKANG JAHIT",
    "TUKANG GIGI",
    "PENATA RIAS",
    "PENATA BUSANA",
    "PENATA RAMBUT",
    "MEKANIK",
    "SENIMAN",
    "TABIB",
    "PARAJI",
    "PERANCANG BUSANA",
    "PENTERJEMAH",
    "IMAM MASJID",
    "PENDETA",
    "PASTOR",
    "WARTAWAN",
    "USTADZ/MUBALIGH",
    "JURU MASAK",
    "PROMOTOR ACARA",
    "ANGGOTA DPR-RI",
    "ANGGOTA DPD",
    "ANGGOTA BPK",
    "PRESIDEN",
    "WAKIL PRESIDEN",
    "ANGGOTA MAHKAMAH KONSTITUSI",
    "ANGGOTA KABINET/KEMENTERIAN",
    "DUTA BESAR",
    "GUBERNUR",
    "WAKIL GUBERNUR",
    "BUPATI",
    "WAKIL BUPATI",
    "WALIKOTA",
    "WAKIL WALIKOTA",
    "ANGGOTA DPRD PROVINSI",
    "ANGGOTA DPRD KABUPATEN/KOTA",
    "DOSEN",
    "GURU",
    "PILOT",
    "PENGACARA",
    "NOTARIS",
    "ARSITEK",
    "AKUNTAN",
    "KONSULTAN",
    "DOKTER",
    "BIDAN",
    "PERAWAT",
    "APOTEKER",
    "PSIKIATER/PSIKOLOG",
    "PENYIAR TELEVISI",
    "PENYIAR RADIO",
    "PELAUT",
    "PENELITI",
    "SOPIR",
    "PIALANG",
    "PARANORMAL",
    "PEDAGANG",
    "PERANGKAT DESA",
    "KEPALA DESA",
    "BIARAWATI",
    "BIARAWAN",
    "WIRASWASTA",
    "LAINNYA",
];

/// Characters that recognisers take for each other, because they look alike when print is small or blurred.
const ALIKE: [&str; 14] = [
    "OQD0CGU", "I1LTJ|/!", "B8RPE3", "S5", "Z27", "UVWY", "MNHWKR", "EFB", "A4", "XKY", "PFR", "G6C", "NAM",
    "HU",
];

/// For each ASCII character, those that it is alike, as bits.
static ALIKE_BITS: [u128; 128] = alike_bits();

const fn alike_bits() -> [u128; 128] {
    let mut bits = [0_u128; 128];
    let mut group = 0;
    while group < ALIKE.len() {
        let letters = ALIKE[group].as_bytes();
        let mut i = 0;
        while i < letters.len() {
            let mut j = 0;
            while j < letters.len() {
                bits[letters[i] as usize] |= 1 << letters[j];
                j += 1;
            }
            i += 1;
        }
        group += 1;
    }
    bits
}

/// What it costs to take one character for another: nothing to 1.
fn replacing(a: char, b: char) -> f32 {
    if a == b {
        0.0
    } else if b.is_ascii() && ALIKE_BITS.get(a as usize).is_some_and(|bits| bits >> (b as u32) & 1 == 1) {
        0.45
    } else {
        1.0
    }
}

/// What it costs to lose a character, or to see one where there is none.
const fn losing(c: char) -> f32 {
    match c {
        '.' | ',' | '\'' | ' ' | '-' | ':' | '/' => 0.35,
        'I' | '1' | 'L' | 'J' | 'T' => 0.6,
        _ => 1.0,
    }
}

/// How differently two texts look: edits, of which those that recognisers often make count less. Texts are short.
pub fn difference(a: &str, b: &str) -> f32 {
    let b: Vec<char> = b.chars().take(128).collect();
    let mut row = vec![0.0_f32; b.len() + 1];
    for (j, c) in b.iter().enumerate() {
        row[j + 1] = row[j] + losing(*c);
    }
    for ca in a.chars().take(128) {
        let mut diagonal = row[0];
        row[0] += losing(ca);
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + replacing(ca, *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + losing(*cb)).min(diagonal + losing(ca));
        }
    }
    row[b.len()]
}

/// A word that a text may mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess<'a> {
    /// The word.
    pub word: &'a str,
    /// [`difference`] from the text, as a share of the word's length.
    pub share: f32,
    /// By how much, in the same measure, the next best word differs more.
    pub lead: f32,
}

/// The word that looks most like a text; of words that look the same, the first.
pub fn nearest<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> Option<Guess<'a>> {
    let text = text.trim();
    let length = text.chars().count();
    let mut best: Option<(&'a str, f32)> = None;
    let mut second = f32::MAX;
    for word in words {
        // Lengths alone may tell that another word is nearer: the tables are long.
        let least = 0.35 * word.len().abs_diff(length) as f32;
        if best.is_some_and(|(_, found)| least > found) && least > second {
            continue;
        }
        let now = difference(text, word);
        match best {
            Some((known, _)) if bare(known) == bare(word) && now >= best.map_or(now, |(_, d)| d) => {}
            Some((known, found)) if now < found => {
                if bare(known) != bare(word) {
                    second = found;
                }
                best = Some((word, now));
            }
            Some(_) => second = second.min(now),
            None => best = Some((word, now)),
        }
    }
    let (word, found) = best?;
    let length = word.chars().count().max(1) as f32;
    Some(Guess { word, share: found / length, lead: (second - found).min(length) / length })
}

#[cfg(test)]
mod tests {
    use filot_domain::vocabulary::RELIGIONS;

    use super::*;

    fn guess(text: &str, words: &[&'static str]) -> (&'static str, f32, f32) {
        let found = nearest(text, words.iter().copied()).unwrap();
        let word = *words.iter().find(|word| **word == found.word).unwrap();
        (word, found.share, found.lead)
    }

    #[test]
    fn usual_confusions_differ_less_than_others() {
        assert_eq!(difference("ISLAM", "ISLAM"), 0.0);
        assert!(difference("PAGITAN", "PACITAN") < 0.5);
        assert!(difference("PAXITAN", "PACITAN") >= 1.0);
        assert!(difference("BELUMI/TIDAK BEKERJA", "BELUM/TIDAK BEKERJA") < 0.7);
        assert!((difference("", "ABC") - 3.0).abs() < 1e-6);
        assert_eq!(difference("AB", "BA"), difference("BA", "AB"));
    }

    #[test]
    fn misread_occupations_and_religions_are_known_again() {
        assert_eq!(guess("PELAJAFUMAHASIIWA", OCCUPATIONS).0, "PELAJAR/MAHASISWA");
        assert_eq!(guess("BURUH NELAYAN PERIKANAN", OCCUPATIONS).0, "BURUH NELAYAN/PERIKANAN");
        assert_eq!(guess("LAM", RELIGIONS).0, "ISLAM");
        let (word, share, lead) = guess("PETANY/PEKEBUN", OCCUPATIONS);
        assert_eq!(word, "PETANI/PEKEBUN");
        assert!(share < 0.1 && lead > 0.3, "{share} {lead}");
    }

    #[test]
    fn a_word_in_two_spellings_is_no_rival_of_itself() {
        let (_, share, lead) = guess("WALIKOTA", &["WALI KOTA", "WALIKOTA", "GUBERNUR"]);
        assert!(share == 0.0 && lead > 0.5, "{lead}");
        assert_eq!(nearest("X", std::iter::empty()), None);
    }
}
