//! Whether two ways of writing a name may be of one person.
//!
//! People write their names with and without titles, shortened, in another order. None of this is a contradiction; a word
//! that the other name has no room for is. That two names agree proves nothing: it is only no reason to doubt.

/// Titles before a name, and the particles of a patronymic. Single letters are initials, so `H.` and `K.H.` are none.
const TITLES: &[&str] = &[
    "ALM", "ALMH", "APT", "BIN", "BINTI", "BT", "BTE", "DR", "DRA", "DRG", "DRH", "DRS", "HAJI", "HAJJAH",
    "HJ", "IR", "KH", "KRT", "MR", "MRS", "NS", "PROF", "RADEN", "RM", "RR", "TN", "NY", "SDR", "SDRI",
];

/// Academic degrees behind a name, without their full stops.
const DEGREES: &[&str] = &[
    "AMD", "AMDKEB", "AMDKEP", "BA", "BE", "BSC", "LC", "MA", "MAG", "MBA", "MENG", "MH", "MHUM", "MKES",
    "MKOM", "MM", "MPD", "MSC", "MSI", "MT", "PHD", "SAG", "SE", "SFARM", "SH", "SHI", "SHUM", "SIKOM",
    "SIP", "SKEP", "SKED", "SKM", "SKOM", "SP", "SPD", "SPDI", "SPSI", "SPT", "SS", "SSI", "SSN", "SSOS",
    "ST", "STP", "STR",
];

/// Short and other spellings of frequent names, each with the one that stands for all.
const SPELLINGS: &[(&str, &[&str])] = &[
    (
        "MUHAMMAD",
        &[
            "MHD",
            "MUH",
            "MUHD",
            "MUHAMAD",
            "MUHAMMED",
            "MUCH",
            "MUCHAMAD",
            "MUCHAMMAD",
            "MOH",
            "MOHD",
            "MOHAMAD",
            "MOHAMMAD",
            "MOHAMED",
            "MOHAMMED",
            "MOCH",
            "MOCHAMAD",
            "MOCHAMMAD",
            "MOKHAMAD",
            "MOKHAMMAD",
        ],
    ),
    ("AHMAD", &["ACHMAD", "AKHMAD", "AHMD", "AHMED"]),
    ("ABDUL", &["ABD", "ABDL", "ABDOEL"]),
    ("SITI", &["STI"]),
    ("GUSTI", &["GST"]),
    ("NYOMAN", &["NYM"]),
    ("WAYAN", &["WYN"]),
    ("KETUT", &["KT"]),
    ("MADE", &["MD"]),
    ("KADEK", &["KD"]),
];

/// Words this long may differ in one letter, as between two spellings or after a misread one.
const SIMILAR_LETTERS_MIN: usize = 5;

/// The words of a name in upper case, in order: without titles, degrees and punctuation, each in its one spelling.
pub fn words(name: &str) -> Vec<String> {
    let upper = name.to_uppercase();
    let (front, back) = upper.split_once(',').unwrap_or((&upper, ""));
    let mut found = plain_words(front);
    // Behind a comma stand degrees; what is none is part of the name.
    found.extend(plain_words(back).into_iter().filter(|word| word.chars().count() > 1));
    let is_name = |word: &String| !TITLES.contains(&word.as_str()) && !DEGREES.contains(&word.as_str());
    // Titles are all there is of a name that looks like one.
    if found.iter().any(is_name) {
        found.retain(is_name);
    }
    found.into_iter().map(|word| one_spelling(&word)).collect()
}

/// Whether two names cannot be of one person. A name without a word contradicts none.
pub fn contradict(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    if one.is_empty() || other.is_empty() {
        return false;
    }
    !(is_within(&one, &other) || is_within(&other, &one) || one.concat() == other.concat())
}

/// Letters and digits; a full stop or a blank ends a word. `S.KOM` is one: its dots stand between letters without blanks, and
/// only a degree has more than one letter behind one.
fn plain_words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for token in text.split(|c: char| c.is_whitespace() || c == ',' || c == '-' || c == '/') {
        let letters: String = token.chars().filter(|c| c.is_alphanumeric()).collect();
        if DEGREES.contains(&letters.as_str()) && token.contains('.') {
            continue;
        }
        for part in token.split('.') {
            let word: String = part.chars().filter(|c| c.is_alphanumeric()).collect();
            if !word.is_empty() {
                found.push(word);
            }
        }
    }
    found
}

fn one_spelling(word: &str) -> String {
    // The spelling of before 1947 and 1972: SOEKARNO, DJOKO, TJIPTO.
    let modern = word.replace("OE", "U").replace("DJ", "J").replace("TJ", "C");
    let listed =
        SPELLINGS.iter().find(|(_, others)| others.contains(&word) || others.contains(&modern.as_str()));
    listed.map_or(modern, |(one, _)| (*one).to_owned())
}

/// Whether every word of `few` has a word of its own in `many`, or two neighbours that it joins.
///
/// Initials fit any word that begins with them, and may be missing altogether.
fn is_within(few: &[String], many: &[String]) -> bool {
    let mut free: Vec<Option<&str>> = many.iter().map(|word| Some(word.as_str())).collect();
    let (initials, full): (Vec<&String>, Vec<&String>) = few.iter().partition(|word| is_initial(word));
    let has_full_word = !full.is_empty();
    let mut words = full.into_iter().peekable();
    while let Some(word) = words.next() {
        if take(&mut free, word) || take_two(&mut free, word) {
            continue;
        }
        // Two words here may be one there.
        let pair = words.peek().map(|next| format!("{word}{next}"));
        if pair.is_some_and(|pair| take(&mut free, &pair)) {
            words.next();
            continue;
        }
        return false;
    }
    has_full_word || initials.into_iter().all(|initial| take_initial(&mut free, initial))
}

/// Takes the word that `word` stands for.
fn take(free: &mut [Option<&str>], word: &str) -> bool {
    let exact = free.iter().position(|other| other.is_some_and(|other| other == word));
    let similar = || free.iter().position(|other| other.is_some_and(|other| are_similar(other, word)));
    let short = || {
        free.iter().position(|other| other.is_some_and(|other| is_initial(other) && word.starts_with(other)))
    };
    let found = exact.or_else(similar).or_else(short).and_then(|at| free.get_mut(at));
    found.is_some_and(|place| place.take().is_some())
}

/// Takes the two neighbours that `word` joins.
fn take_two(free: &mut [Option<&str>], word: &str) -> bool {
    let joined = free.windows(2).position(|pair| match pair {
        [Some(first), Some(second)] => are_similar(&format!("{first}{second}"), word),
        _ => false,
    });
    if let Some(at) = joined {
        free.iter_mut().skip(at).take(2).for_each(|place| *place = None);
    }
    joined.is_some()
}

fn take_initial(free: &mut [Option<&str>], initial: &str) -> bool {
    let found = free.iter_mut().find(|other| other.is_some_and(|other| other.starts_with(initial)));
    found.is_some_and(|place| place.take().is_some())
}

/// Whether a word is one letter.
pub fn is_initial(word: &str) -> bool {
    word.chars().count() == 1
}

/// Whether two words are equal, or long and at most one letter apart.
fn are_similar(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let shorter = one.len().min(other.len());
    if shorter < SIMILAR_LETTERS_MIN || one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let front = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let back = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let longer = one.len().max(other.len());
    front + back >= longer - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_of_writing_a_name_do_not_contradict() {
        for (one, other) in [
            ("SITI CONTOH", "siti contoh"),
            ("MUH. RIZKI CONTOH", "MUHAMMAD RIZKI CONTOH"),
            ("MOCH RIZKI", "Mohammad Rizki"),
            ("DR. H. NUR'AINI SYA'BANI, S.PD., M.SI", "NURAINI SYABANI"),
            ("NUR AINI", "NURAINI"),
            ("ABDUL RAHMAN SALEH", "ABDURRAHMAN SALEH"),
            ("BUDI S. CONTOH", "BUDI SANTOSO CONTOH"),
            ("A. BUDI CONTOH", "BUDI CONTOH"),
            ("CONTOH SITI", "SITI CONTOH"),
            ("I GST NYM CONTOH", "I GUSTI NYOMAN CONTOH"),
            ("SOEHARJO", "SUHARJO"),
            ("SITI RAHAYU CONTOH", "SITI CONTOH"),
            ("M. R.", "MUHAMMAD RIZKI"),
            ("RAHAYUNINGSIH", "RAHAYUNIGSIH"),
            ("ALI BIN CONTOH", "ALI CONTOH"),
            ("BAMBANG CONTOH SE", "BAMBANG CONTOH, S.E."),
            ("", "SITI CONTOH"),
            ("H.", "HAJI"),
        ] {
            assert!(!contradict(one, other), "{one} / {other}: {:?} {:?}", words(one), words(other));
            assert!(!contradict(other, one), "{other} / {one}");
        }
    }

    #[test]
    fn another_word_contradicts() {
        for (one, other) in [
            ("SITI CONTOH", "DEWI CONTOH"),
            ("MUHAMMAD RIZKI", "MUHAMMAD FAJAR"),
            ("BUDI", "SITI"),
            ("DR. BUDI CONTOH", "DR. SITI CONTOH"),
            ("A. CONTOH", "BUDI SANTOSO"),
            ("M. R.", "BUDI SANTOSO"),
            ("ANI CONTOH", "ANA CONTOH"),
            ("SITI RAHAYU CONTOH", "SITI RAHAYU TELADAN"),
            ("JAMAL, AHMAD FULAN", "JAMAL, AHMAD CONTOH"),
        ] {
            assert!(contradict(one, other), "{one} / {other}: {:?} {:?}", words(one), words(other));
            assert!(contradict(other, one), "{other} / {one}");
        }
    }
}
