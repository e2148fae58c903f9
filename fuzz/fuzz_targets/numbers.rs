//! NIK, NPWP and NITKU: a parsed number equals the text it came from, has one spelling, and is masked in debug output.
#![no_main]

use filot_domain::areas::province_name;
use filot_domain::nik::Nik;
use filot_domain::npwp::{Nitku, Npwp, NpwpForm};
use libfuzzer_sys::fuzz_target;

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fuzz_target!(|text: &str| {
    if let Ok(nik) = text.parse::<Nik>() {
        assert_eq!(nik.as_str(), text);
        assert!(text.len() == 16 && all_digits(text));
        assert_eq!(nik.area(), &text[..6]);
        assert_eq!(nik.province(), &text[..2]);
        let births = nik.birth_dates();
        assert!(births.iter().any(Option::is_some));
        assert!(births.into_iter().flatten().all(|born| nik.encodes_birth_date(born)));
        let _ = province_name(nik.province());
        assert!(!format!("{nik:?}").contains(text));
        // Since 2022 a NIK is also a tax number.
        if !text.starts_with('0') {
            let npwp: Npwp = text.parse().expect("a NIK is a tax number");
            assert_eq!(npwp.as_nik(), Some(nik));
        }
    }
    if let Ok(npwp) = text.parse::<Npwp>() {
        assert_eq!(npwp.as_str(), digits(text));
        let canonical = npwp.canonical();
        assert!(canonical.len() == 16 && all_digits(&canonical));
        let again: Npwp = canonical.parse().expect("the one spelling is a number");
        assert_eq!(again.canonical(), canonical);
        assert_eq!(again.check_digit_matches(), npwp.check_digit_matches());
        assert_eq!(npwp.as_nik().is_some(), npwp.form() == NpwpForm::Nik);
        assert!(!format!("{npwp:?}").contains(npwp.as_str()));
    }
    if let Ok(nitku) = text.parse::<Nitku>() {
        assert_eq!(format!("{}{}", nitku.npwp().as_str(), nitku.place()), digits(text));
        assert_eq!(nitku.place().len(), 6);
    }
});
