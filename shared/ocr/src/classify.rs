//! Which card a picture shows, decided from evidence that was recognised, never from what was claimed.

use filot_domain::CardKind;
use filot_domain::nik::Nik;

use crate::ktp::fields::is_province_line;
use crate::ktp::labels::labels_seen;
use crate::ktp::read::KtpLines;
use crate::npwp;
use crate::npwp::read::NpwpLine;
use crate::recognition::digits::DigitRow;
use crate::text::line::Line;

/// A row of cells that fits better than this holds sixteen digits.
const GOOD_NIK_FIT: f32 = -0.35;

/// Labelled rows below digits that make a number that exists.
pub const LEAST_NUMBER_ROWS: usize = 7;
/// Labelled rows below digits that may not.
const CARD_ROWS: usize = 10;

/// Points for a KTP: its labels, its header, its NIK row. Receipts and forms have one or two of these, never most.
pub fn ktp_points(lines: &KtpLines) -> usize {
    let labels: Vec<String> = lines.rows.iter().map(|row| row.label.text()).collect();
    let seen = labels_seen(labels.iter().map(String::as_str));
    let header = usize::from(lines.header.iter().any(is_province_line)) * 2;
    seen + header + nik_points(lines.nik.as_ref())
}

/// Whether sixteen cells fit so well, and make a number of a date and a district that exist, that chance did not do it:
/// one in two thousand numbers is such a one.
pub fn tells_nik(row: &DigitRow) -> bool {
    row.fit > GOOD_NIK_FIT
        && row.text().parse::<Nik>().is_ok_and(|nik| filot_domain::areas::is_known(nik.area()))
}

/// Whether digits above this many labelled rows speak for a KTP where no word is legible: of a number that exists seven
/// rows are enough, of one with a doubtful digit the card's own twelve, less two that glare may hide. No receipt and no
/// other card has tall digits at one pitch above so many rows.
pub fn tells_ktp(row: &DigitRow, labelled_rows: usize) -> bool {
    (labelled_rows >= LEAST_NUMBER_ROWS && tells_nik(row))
        || (labelled_rows >= CARD_ROWS && row.fit > GOOD_NIK_FIT)
}

fn nik_points(row: Option<&DigitRow>) -> usize {
    match row {
        Some(row) if tells_nik(row) => KTP_NEEDS,
        Some(row) if row.fit > GOOD_NIK_FIT => 3,
        Some(row) if row.fit > 2.5 * GOOD_NIK_FIT => 1,
        _ => 0,
    }
}

/// Points that make a KTP.
const KTP_NEEDS: usize = 5;
/// Points that make an NPWP card.
const NPWP_NEEDS: u32 = 4;

/// Whether words stand there that only tax cards have.
pub fn is_taxed(lines: &KtpLines) -> bool {
    let taxed = |line: &Line| npwp::fields::is_own_label(&line.text());
    lines.header.iter().chain(lines.rows.iter().map(|row| &row.label)).any(taxed)
}

/// The kind of card that these lines, read as a KTP's, show.
pub fn of_ktp_lines(lines: &KtpLines) -> CardKind {
    // Tax cards too have a NIK, a name and an address with their labels.
    if is_taxed(lines) {
        return CardKind::Unknown;
    }
    if ktp_points(lines) >= KTP_NEEDS { CardKind::Ktp } else { CardKind::Unknown }
}

/// Points from which on it is worth reading the band of an NPWP card.
const NPWP_HINT: u32 = 2;

/// Whether these lines may be an NPWP card's, but do not say so.
pub fn may_be_npwp(lines: &[NpwpLine]) -> bool {
    (NPWP_HINT..NPWP_NEEDS).contains(&npwp::fields::evidence(lines, &[]))
}

/// The kind of card that these lines, read as an NPWP card's, show. `head` is what stands on its band.
pub fn of_npwp_lines(lines: &[NpwpLine], head: &[Line]) -> CardKind {
    if npwp::fields::evidence(lines, head) >= NPWP_NEEDS { CardKind::Npwp } else { CardKind::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ktp::read::KtpRow;

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
    fn a_number_speaks_for_a_ktp_by_how_well_it_fits_and_what_stands_below() {
        let row = |text: &str, fit: f32| {
            let mut cells = [[0.0; 10]; 16];
            for (cell, digit) in cells.iter_mut().zip(text.bytes()) {
                cell[usize::from(digit - b'0')] = 1.0;
            }
            DigitRow { cells, fit, left: 250.0, pitch: 34.0 }
        };
        // Denpasar Selatan, 5 March 1962; then a month 33 and a district that never was.
        let (real, unreal) = ("5171010503620007", "9999990533620007");
        assert!(tells_ktp(&row(real, -0.1), 7));
        assert!(!tells_ktp(&row(real, -0.1), 6));
        assert!(!tells_ktp(&row(real, -0.8), 12));
        assert!(!tells_ktp(&row(unreal, -0.1), 9));
        assert!(tells_ktp(&row(unreal, -0.1), 12));
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
        let taxed: Vec<String> = places.filter(|place| is_taxed(&ktp(&[place], &["Nama"]))).collect();
        assert_eq!(taxed, Vec::<String>::new());
        // Two letters misread still tell it.
        for header in
            ["KEMENTERIAN KEUANGAN", "KEMENTERIAM KEUANGAN RI", "DIREKTURAI JENDERAL PAJAK", "KFUANGAN"]
        {
            assert!(is_taxed(&ktp(&[header], &["Nama"])), "{header}");
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
