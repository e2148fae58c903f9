//! Which card a picture shows, decided from evidence that was recognised, never from what was claimed.

use filot_domain::CardKind;

use crate::digits::DigitRow;
use crate::engine::Line;
use crate::fields_ktp::is_province_line;
use crate::fields_npwp;
use crate::ktp::KtpLines;
use crate::labels::labels_seen;
use crate::npwp::NpwpLine;

/// A row of cells that fits better than this holds sixteen digits.
const GOOD_NIK_FIT: f32 = -0.35;

/// Points for a KTP: its labels, its header, its NIK row. Receipts and forms have one or two of these, never most.
pub fn ktp_points(lines: &KtpLines) -> usize {
    let labels: Vec<String> = lines.rows.iter().map(|row| row.label.text()).collect();
    let seen = labels_seen(labels.iter().map(String::as_str));
    let header = usize::from(lines.header.iter().any(is_province_line)) * 2;
    seen + header + nik_points(lines.nik.as_ref())
}

fn nik_points(row: Option<&DigitRow>) -> usize {
    match row {
        Some(row) if row.fit > GOOD_NIK_FIT => 3,
        Some(row) if row.fit > 2.5 * GOOD_NIK_FIT => 1,
        _ => 0,
    }
}

/// Points that make a KTP.
const KTP_NEEDS: usize = 5;
/// Points that make an NPWP card.
const NPWP_NEEDS: u32 = 4;

/// The kind of card that these lines, read as a KTP's, show.
pub fn of_ktp_lines(lines: &KtpLines) -> CardKind {
    // Tax cards too have a NIK, a name and an address with their labels.
    let taxed = |line: &Line| fields_npwp::is_own_label(&line.text());
    if lines.header.iter().chain(lines.rows.iter().map(|row| &row.label)).any(taxed) {
        return CardKind::Unknown;
    }
    if ktp_points(lines) >= KTP_NEEDS { CardKind::Ktp } else { CardKind::Unknown }
}

/// Points from which on it is worth reading the band of an NPWP card.
const NPWP_HINT: u32 = 2;

/// Whether these lines may be an NPWP card's, but do not say so.
pub fn may_be_npwp(lines: &[NpwpLine]) -> bool {
    (NPWP_HINT..NPWP_NEEDS).contains(&fields_npwp::evidence(lines, &[]))
}

/// The kind of card that these lines, read as an NPWP card's, show. `head` is what stands on its band.
pub fn of_npwp_lines(lines: &[NpwpLine], head: &[Line]) -> CardKind {
    if fields_npwp::evidence(lines, head) >= NPWP_NEEDS { CardKind::Npwp } else { CardKind::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields_ktp::line_of;
    use crate::ktp::KtpRow;

    fn ktp(header: &[&str], labels: &[&str]) -> KtpLines {
        KtpLines {
            header: header.iter().map(|text| line_of(text, 0.9)).collect(),
            nik: None,
            meanings: None,
            rows: labels
                .iter()
                .map(|text| KtpRow { label: line_of(text, 0.9), ..KtpRow::default() })
                .collect(),
        }
    }

    fn npwp(texts: &[&str]) -> Vec<NpwpLine> {
        texts.iter().map(|text| NpwpLine { line: line_of(text, 0.9), ..NpwpLine::default() }).collect()
    }

    #[test]
    fn labels_and_header_make_a_ktp() {
        let lines =
            ktp(&["PROVINSI BALI", "KOTA DENPASAR"], &["Narna", "Ternpat/Tgl Lahir", "Alamat", "Agama"]);
        assert_eq!(of_ktp_lines(&lines), CardKind::Ktp);
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
        assert_eq!(of_npwp_lines(&bare, &[line_of("DIREKTORAT JENDERAL PAJAK", 0.9)]), CardKind::Npwp);
    }
}
