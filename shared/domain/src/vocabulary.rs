//! The words that a KTP's closed fields can hold: what the reader takes a misread text for, and what scoring accepts.
//!
//! Cards of citizens are printed in Indonesian, and so are older cards of foreign residents; newer ones have English
//! values. Each language has lists of its own, so that a word of one is never taken for a misprint of the other. A word
//! that both share (`ISLAM`, `HINDU`) stands in the Indonesian list alone.

/// `Jenis Kelamin`.
pub const GENDERS: &[&str] = &["LAKI-LAKI", "PEREMPUAN"];

/// `Jenis Kelamin` on a foreign resident's card.
pub const GENDERS_ENGLISH: &[&str] = &["MALE", "FEMALE"];

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

/// `Agama` on a foreign resident's card.
pub const RELIGIONS_ENGLISH: &[&str] = &[
    "MOSLEM",
    "MUSLIM",
    "CHRISTIAN",
    "PROTESTANT",
    "CATHOLIC",
    "BUDDHIST",
    "BUDDHISM",
    "CONFUCIAN",
    "CONFUCIANISM",
    "OTHERS",
];

/// `Status Perkawinan`.
pub const MARITAL: &[&str] =
    &["BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI", "KAWIN TERCATAT", "KAWIN BELUM TERCATAT"];

/// `Status Perkawinan` on a foreign resident's card.
pub const MARITAL_ENGLISH: &[&str] = &["SINGLE", "NOT MARRIED", "MARRIED", "DIVORCED", "WIDOWED"];

/// `Kewarganegaraan`, but for the countries that a foreign resident's card may name instead ([`COUNTRIES`]).
pub const CITIZENSHIPS: &[&str] = &["WNI", "WNA"];

/// `Gol. Darah`: the groups with and without rhesus, and a dash where none is known.
pub const BLOOD_GROUPS: &[&str] =
    &["A", "B", "AB", "O", "A+", "B+", "AB+", "O+", "A-", "B-", "AB-", "O-", "-"];

/// `Gol. Darah` of a holder who does not know it: no group, printed all the same.
pub const BLOOD_UNKNOWN: &[&str] = &["TDK TAHU", "TIDAK TAHU"];

/// Countries as a foreign resident's card names its holder's citizenship: English short names (ISO 3166-1, with the
/// spellings in everyday use) and Indonesian ones where they differ. Capitals, without articles.
#[rustfmt::skip]
pub const COUNTRIES: &[&str] = &[
    "AFGHANISTAN", "AFRIKA SELATAN", "ALBANIA", "ALGERIA", "AMERIKA SERIKAT", "ANDORRA", "ANGOLA", "ARAB SAUDI",
    "ARGENTINA", "ARMENIA", "AUSTRALIA", "AUSTRIA", "AZERBAIJAN", "BAHAMAS", "BAHRAIN", "BANGLADESH", "BARBADOS",
    "BELANDA", "BELARUS", "BELGIA", "BELGIUM", "BELIZE", "BENIN", "BHUTAN", "BOLIVIA", "BOSNIA AND HERZEGOVINA",
    "BOTSWANA", "BRAZIL", "BRITISH", "BRUNEI", "BRUNEI DARUSSALAM", "BULGARIA", "BURKINA FASO", "BURUNDI", "CAMBODIA",
    "CAMEROON", "CANADA", "CHAD", "CHILE", "CHINA", "COLOMBIA", "CONGO", "COSTA RICA", "CROATIA", "CUBA", "CYPRUS",
    "CZECH REPUBLIC", "CZECHIA", "DENMARK", "DJIBOUTI", "DOMINICAN REPUBLIC", "ECUADOR", "EGYPT", "EL SALVADOR",
    "ERITREA", "ESTONIA", "ETHIOPIA", "FIJI", "FILIPINA", "FINLAND", "FRANCE", "GABON", "GAMBIA", "GEORGIA", "GERMANY",
    "GHANA", "GREAT BRITAIN", "GREECE", "GUATEMALA", "GUINEA", "GUYANA", "HAITI", "HONDURAS", "HONG KONG", "HUNGARY",
    "ICELAND", "INDIA", "INGGRIS", "IRAN", "IRAQ", "IRELAND", "ISRAEL", "ITALIA", "ITALY", "IVORY COAST", "JAMAICA",
    "JAPAN", "JEPANG", "JERMAN", "JORDAN", "KAMBOJA", "KANADA", "KAZAKHSTAN", "KENYA", "KIRIBATI", "KOREA",
    "KOREA SELATAN", "KUWAIT", "KYRGYZSTAN", "LAOS", "LATVIA", "LEBANON", "LESOTHO", "LIBERIA", "LIBYA",
    "LIECHTENSTEIN", "LITHUANIA", "LUXEMBOURG", "MACAU", "MADAGASCAR", "MALAWI", "MALAYSIA", "MALDIVES", "MALI",
    "MALTA", "MAURITANIA", "MAURITIUS", "MESIR", "MEXICO", "MOLDOVA", "MONACO", "MONGOLIA", "MONTENEGRO", "MOROCCO",
    "MOZAMBIQUE", "MYANMAR", "NAMIBIA", "NAURU", "NEPAL", "NETHERLANDS", "NEW ZEALAND", "NICARAGUA", "NIGER",
    "NIGERIA", "NORTH KOREA", "NORTH MACEDONIA", "NORWAY", "OMAN", "PAKISTAN", "PALAU", "PALESTINE", "PANAMA",
    "PAPUA NEW GUINEA", "PAPUA NUGINI", "PARAGUAY", "PERANCIS", "PERU", "PHILIPPINES", "POLAND", "PORTUGAL",
    "PRANCIS", "QATAR", "REPUBLIC OF KOREA", "ROMANIA", "RUSIA", "RUSSIA", "RUSSIAN FEDERATION", "RWANDA", "SAMOA",
    "SAN MARINO", "SAUDI ARABIA", "SELANDIA BARU", "SENEGAL", "SERBIA", "SEYCHELLES", "SIERRA LEONE", "SINGAPORE",
    "SINGAPURA", "SLOVAKIA", "SLOVENIA", "SOLOMON ISLANDS", "SOMALIA", "SOUTH AFRICA", "SOUTH KOREA", "SOUTH SUDAN",
    "SPAIN", "SPANYOL", "SRI LANKA", "SUDAN", "SURINAME", "SWEDEN", "SWEDIA", "SWISS", "SWITZERLAND", "SYRIA",
    "TAIWAN", "TAJIKISTAN", "TANZANIA", "THAILAND", "TIMOR LESTE", "TIMOR-LESTE", "TIONGKOK", "TOGO", "TONGA",
    "TRINIDAD AND TOBAGO", "TUNISIA", "TURKEY", "TURKI", "TURKIYE", "TURKMENISTAN", "TUVALU", "UGANDA", "UKRAINE",
    "UNITED ARAB EMIRATES", "UNITED KINGDOM", "UNITED STATES", "UNITED STATES OF AMERICA", "URUGUAY", "USA",
    "UZBEKISTAN", "VANUATU", "VENEZUELA", "VIET NAM", "VIETNAM", "YAMAN", "YEMEN", "YUNANI", "ZAMBIA", "ZIMBABWE",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_stands_in_two_lists() {
        for (indonesian, english) in
            [(GENDERS, GENDERS_ENGLISH), (RELIGIONS, RELIGIONS_ENGLISH), (MARITAL, MARITAL_ENGLISH)]
        {
            assert!(indonesian.iter().all(|word| !english.contains(word)));
        }
        assert!(CITIZENSHIPS.iter().all(|word| !COUNTRIES.contains(word)));
        assert!(COUNTRIES.is_sorted() && !COUNTRIES.contains(&"INDONESIA"));
    }
}
