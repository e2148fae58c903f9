//! Which card a picture shows, decided from evidence that was recognised, never from what was claimed.
//!
//! Owns the decision for both kinds of card; it stands beside the pipeline and is the one place that knows both. It must
//! not know how a line was read.

use filot_domain::CardKind;
use filot_domain::nik::Nik;

use crate::ktp::header::is_province_line;
use crate::ktp::labels::labels_seen;
use crate::ktp::row_data::KtpLines;
use crate::npwp::evidence::{evidence, is_own_label};
use crate::npwp::line::NpwpLine;
use crate::recognition::digits::DigitRow;
use crate::text::line::Line;

/// Values fitted to generated cards, receipts and forms of all difficulties; `./dev accuracy --count N --seed S` checks
/// them (its negatives must stay unknown).
pub(crate) struct Params {
    /// Fit (mean logarithm of the likeliest digit's probability) from which on sixteen cells hold sixteen digits.
    nik_fit_min: f32,
    /// Factor on it, down to which they may.
    nik_fit_weak: f32,
    /// Labelled rows below a NIK that exists, from which on it makes a KTP where no word is legible.
    rows_below_nik_min: usize,
    /// Labelled rows below digits that need not be a NIK that exists: the card's twelve, less two that glare may hide.
    rows_below_digits_min: usize,
    /// Points that make a KTP.
    ktp_points_min: usize,
    /// Points that make a tax card.
    npwp_points_min: u32,
    /// Points from which on it is worth reading the band of a tax card.
    npwp_hint_points_min: u32,
}

static PARAMS: Params = Params {
    nik_fit_min: -0.35,
    nik_fit_weak: 2.5,
    rows_below_nik_min: 7,
    rows_below_digits_min: 10,
    ktp_points_min: 5,
    npwp_points_min: 4,
    npwp_hint_points_min: 2,
};

/// Whether so many labelled rows are enough for the NIK above them to be worth reading before any word.
pub fn may_identify_by_nik(labelled_rows: usize) -> bool {
    labelled_rows >= PARAMS.rows_below_nik_min
}

/// Points for a KTP: its labels, its header, its NIK row. Receipts and forms have one or two of these, never most.
pub fn ktp_points(lines: &KtpLines) -> usize {
    let labels: Vec<String> = lines.rows.iter().map(|row| row.label.text()).collect();
    let seen = labels_seen(labels.iter().map(String::as_str));
    let header = usize::from(lines.header.iter().any(is_province_line)) * 2;
    seen + header + nik_points(lines.nik.as_ref())
}

/// Whether sixteen cells fit so well, and make a number of a date and a district that exist, that chance did not do it:
/// one in two thousand numbers is such a one.
pub fn is_certain_nik(row: &DigitRow) -> bool {
    row.fit > PARAMS.nik_fit_min
        && row.text().parse::<Nik>().is_ok_and(|nik| filot_domain::areas::is_known(nik.area()))
}

/// Whether digits above so many labelled rows identify a KTP where no word is legible. A number that exists needs fewer
/// rows below it than one with a doubtful digit. No receipt and no other card has tall digits at one pitch above so many
/// rows.
pub fn nik_identifies_ktp(row: &DigitRow, labelled_rows: usize) -> bool {
    (labelled_rows >= PARAMS.rows_below_nik_min && is_certain_nik(row))
        || (labelled_rows >= PARAMS.rows_below_digits_min && row.fit > PARAMS.nik_fit_min)
}

fn nik_points(row: Option<&DigitRow>) -> usize {
    match row {
        Some(row) if is_certain_nik(row) => PARAMS.ktp_points_min,
        Some(row) if row.fit > PARAMS.nik_fit_min => 3,
        Some(row) if row.fit > PARAMS.nik_fit_weak * PARAMS.nik_fit_min => 1,
        _ => 0,
    }
}

/// Whether a header line or a label has words that only tax cards have.
pub fn has_tax_wording(lines: &KtpLines) -> bool {
    let taxed = |line: &Line| is_own_label(&line.text());
    lines.header.iter().chain(lines.rows.iter().map(|row| &row.label)).any(taxed)
}

/// The kind of card that these lines, read as a KTP's, show.
pub fn of_ktp_lines(lines: &KtpLines) -> CardKind {
    // Tax cards too have a NIK, a name and an address with their labels.
    if has_tax_wording(lines) {
        return CardKind::Unknown;
    }
    if ktp_points(lines) >= PARAMS.ktp_points_min { CardKind::Ktp } else { CardKind::Unknown }
}

/// Whether these lines may be a tax card's, but are not enough evidence.
pub fn may_be_npwp(lines: &[NpwpLine]) -> bool {
    (PARAMS.npwp_hint_points_min..PARAMS.npwp_points_min).contains(&evidence(lines, &[]))
}

/// The kind of card that these lines, read as a tax card's, show. `head`: the lines on its band.
pub fn of_npwp_lines(lines: &[NpwpLine], head: &[Line]) -> CardKind {
    if evidence(lines, head) >= PARAMS.npwp_points_min { CardKind::Npwp } else { CardKind::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ktp::row_data::KtpRow;

    fn ktp(header: &[&str], labels: &[&str]) -> KtpLines {
        KtpLines {
            header: header.iter().map(|text| Line::with_confidence(text, 0.9)).collect(),
            nik: None,
            meanings: None,
            rows: labels
                .iter()
                .map(|text| KtpRow { label: Line::with_confidence(text, 0.9), ..KtpRow::default() })
                .collect(),
        }
    }

    fn npwp(texts: &[&str]) -> Vec<NpwpLine> {
        texts
            .iter()
            .map(|text| NpwpLine { line: Line::with_confidence(text, 0.9), ..NpwpLine::default() })
            .collect()
    }

    #[test]
    fn labels_and_header_make_a_ktp() {
        let lines =
            ktp(&["PROVINSI BALI", "KOTA DENPASAR"], &["Narna", "Ternpat/Tgl Lahir", "Alamat", "Agama"]);
        assert_eq!(of_ktp_lines(&lines), CardKind::Ktp);
    }

    #[test]
    fn a_nik_identifies_a_ktp_by_its_fit_and_the_rows_below() {
        let row = |text: &str, fit: f32| {
            let mut cells = [[0.0; 10]; 16];
            for (cell, digit) in cells.iter_mut().zip(text.bytes()) {
                cell[usize::from(digit - b'0')] = 1.0;
            }
            DigitRow { cells, fit, left: 250.0, pitch: 34.0 }
        };
        // Denpasar Selatan, 5 March 1962; then a month 33 and a district that never was.
        let (real, unreal) = ("5171010503620007", "9999990533620007");
        assert!(nik_identifies_ktp(&row(real, -0.1), 7));
        assert!(!nik_identifies_ktp(&row(real, -0.1), 6));
        assert!(!nik_identifies_ktp(&row(real, -0.8), 12));
        assert!(!nik_identifies_ktp(&row(unreal, -0.1), 9));
        assert!(nik_identifies_ktp(&row(unreal, -0.1), 12));
        let lines = KtpLines { nik: Some(row(real, -0.1)), ..ktp(&[], &[]) };
        assert_eq!(of_ktp_lines(&lines), CardKind::Ktp);
        let lines = KtpLines { nik: Some(row(unreal, -0.1)), ..ktp(&[], &[]) };
        assert_eq!(of_ktp_lines(&lines), CardKind::Unknown);
    }

    #[test]
    fn a_tax_card_with_labels_is_no_ktp() {
        let labels = ["Nama", "Alamat", "Agama", "Pekerjaan", "Kecamatan"];
        assert_eq!(of_ktp_lines(&ktp(&["PROVINSI BALI"], &labels)), CardKind::Ktp);
        assert_eq!(of_ktp_lines(&ktp(&["DIREKTORAT JENDERAL PAJAK"], &labels)), CardKind::Unknown);
        assert_eq!(
            of_ktp_lines(&ktp(&["PROVINSI BALI"], &["NPWP", "Nama", "Alamat", "Agama"])),
            CardKind::Unknown
        );
    }

    #[test]
    fn no_place_is_taken_for_the_tax_authority() {
        let places = filot_domain::areas::provinces().flat_map(|(code, province)| {
            let regencies = filot_domain::areas::within(code).map(|(_, regency)| regency.to_owned());
            std::iter::once(format!("PROVINSI {province}")).chain(regencies)
        });
        let taxed: Vec<String> = places.filter(|place| has_tax_wording(&ktp(&[place], &["Nama"]))).collect();
        assert_eq!(taxed, Vec::<String>::new());
        // Two misread letters do not hide it.
        for header in
            ["KEMENTERIAN KEUANGAN", "KEMENTERIAM KEUANGAN RI", "DIREKTURAI JENDERAL PAJAK", "KFUANGAN"]
        {
            assert!(has_tax_wording(&ktp(&[header], &["Nama"])), "{header}");
        }
    }

    #[test]
    fn a_receipt_is_no_card() {
        let receipt =
            ktp(&["TOKO SINAR JAYA", "JL. PASAR BARU"], &["BERAS 5KG", "Nama", "MINYAK 2L", "TOTAL"]);
        assert_eq!(of_ktp_lines(&receipt), CardKind::Unknown);
        let receipt =
            npwp(&["TOKO SINAR JAYA", "BERAS 5KG 5,000", "TOTAL 130,500", "NPWP TOKO", "NAMA KASIR"]);
        assert_eq!(of_npwp_lines(&receipt, &[]), CardKind::Unknown);
    }

    #[test]
    fn a_number_and_the_authority_make_an_npwp_card() {
        let lines =
            npwp(&["NPWP : 82.361.421.9-127.000", "MARLINA", "Terdaftar : 26/06/2008", "KPP PRATAMA BOGOR"]);
        assert_eq!(of_npwp_lines(&lines, &[]), CardKind::Npwp);
        assert_eq!(of_npwp_lines(&npwp(&["82.361.421.9-127.000", "MARLINA"]), &[]), CardKind::Unknown);
        let bare = npwp(&["82.361.421.9-127.000", "MARLINA"]);
        assert!(may_be_npwp(&bare) && !may_be_npwp(&lines));
        assert_eq!(
            of_npwp_lines(&bare, &[Line::with_confidence("DIREKTORAT JENDERAL PAJAK", 0.9)]),
            CardKind::Npwp
        );
    }
}
