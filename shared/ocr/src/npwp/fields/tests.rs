use super::*;
use crate::npwp::evidence::evidence;
use crate::npwp::labels::split_label;
use crate::npwp::line::column_of;
use crate::npwp::line_roles::assign_roles;

/// Lines at the pitch of a card; a `|` alone is the gap before the registration.
fn card(texts: &[&str]) -> Vec<NpwpLine> {
    let mut top = 150;
    let mut lines = Vec::new();
    for text in texts {
        if *text == "|" {
            top += 60;
            continue;
        }
        lines.push(NpwpLine {
            left: 60,
            top,
            bottom: top + 25,
            line: Line::with_confidence(text, 0.99),
            ..NpwpLine::default()
        });
        top += 42;
    }
    assign_roles(&mut lines);
    lines
}

fn value(lines: &[NpwpLine], field: FieldName) -> Option<String> {
    parse(lines).get(&field).map(|reading| reading.value.clone())
}

#[test]
fn the_old_layout() {
    let lines = card(&[
        "NPWP : 82.361.421.9-127.000",
        "MARLINA SUPRIYADI",
        "NIK : 7103095009769486",
        "DSN. II RT 004 RW 007",
        "NANUSA KEPULAUAN SANGIHE",
        "|",
        "Terdaftar : 26/06/2008",
        "KPP PRATAMA KEPULAUAN SANGIHE",
    ]);
    assert_eq!(value(&lines, FieldName::NpwpNumber).as_deref(), Some("823614219127000"));
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("MARLINA SUPRIYADI"));
    assert_eq!(value(&lines, FieldName::Nik).as_deref(), Some("7103095009769486"));
    assert_eq!(
        value(&lines, FieldName::Address).as_deref(),
        Some("DSN. II RT 004 RW 007 NANUSA KEPULAUAN SANGIHE")
    );
    assert!(evidence(&lines, &[]) >= 6);
}

#[test]
fn the_new_layout() {
    let lines = card(&[
        "NPWP",
        "6271.0316.0483.0002",
        "FERRY SUPRIYADI",
        "NIK : 6271031604830002",
        "JLN. MASJID NO. 109 RT 004 RW 009",
        "MENTENG JEKAN RAYA",
        "NITKU : 6271031604830002000000",
        "Tanggal Terdaftar : 8 September 2025",
        "KPP PRATAMA PALANGKARAYA",
    ]);
    assert_eq!(value(&lines, FieldName::NpwpNumber).as_deref(), Some("6271031604830002"));
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("FERRY SUPRIYADI"));
    assert_eq!(
        value(&lines, FieldName::Address).as_deref(),
        Some("JLN. MASJID NO. 109 RT 004 RW 009 MENTENG JEKAN RAYA")
    );
}

#[test]
fn a_card_without_a_nik_line() {
    let lines =
        card(&["NPWP : 82.361.421.9-127.000", "MARLINA", "JL. MELATI", "|", "Terdaftar : 26/06/2008"]);
    assert_eq!(value(&lines, FieldName::Nik), None);
    assert_eq!(value(&lines, FieldName::Address).as_deref(), Some("JL. MELATI"));
}

#[test]
fn confusions_are_repaired_in_numbers_only() {
    let mut lines =
        card(&["NPWP : 82.36l.42I.9-127.OOO", "LOLITA SIL", "NIK 1 7103095009769486", "JL. OLO I"]);
    assert_eq!(value(&lines, FieldName::NpwpNumber).as_deref(), Some("823614219127000"));
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("LOLITA SIL"));
    assert_eq!(
        value(&lines, FieldName::Nik).as_deref(),
        Some("7103095009769486"),
        "the colon was read as a 1"
    );
    // A second pass that agrees raises the confidence, one that differs lowers it.
    let once = parse(&lines)[&FieldName::NpwpNumber].confidence;
    lines[0].second_pass = Some(Line::with_confidence("82.361.421.9-127.000", 0.99));
    let twice = parse(&lines)[&FieldName::NpwpNumber].confidence;
    lines[0].second_pass = Some(Line::with_confidence("82.361.427.9-127.000", 0.99));
    let contrary = parse(&lines)[&FieldName::NpwpNumber].confidence;
    assert!(twice > once && contrary < twice * 0.8, "{once} {twice} {contrary}");
}

#[test]
fn a_digit_that_stands_alone_is_no_part_of_fifteen() {
    for (text, number) in [
        ("NPWP 0 82.361.421.9-127.000", "823614219127000"),
        ("NPWP 1 82.361.421.9-127.000", "823614219127000"),
        ("NPWP 6271 0316 0483 0002", "6271031604830002"),
        ("NPWP 0823614219127000", "0823614219127000"),
        // Without the first digit the check digit does not hold: it is of the number.
        ("NPWP 0 823614217127000", "0823614217127000"),
    ] {
        assert_eq!(
            value(&card(&[text, "MARLINA"]), FieldName::NpwpNumber).as_deref(),
            Some(number),
            "{text}"
        );
    }
}

#[test]
fn a_faint_label_above_a_number_is_no_name() {
    let texts =
        ["NPWP", "6271.0316.0483.0002", "FERRY SUPRIYADI", "NK.", "6271031604830002", "Alamat", "JL. BUAH"];
    let mut lines = card(&texts);
    lines[3].line = Line::with_confidence("NK.", 0.88);
    assign_roles(&mut lines);
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("FERRY SUPRIYADI"));
    assert_eq!(value(&lines, FieldName::Nik).as_deref(), Some("6271031604830002"));
    assert_eq!(value(&lines, FieldName::Address).as_deref(), Some("JL. BUAH"));
}

#[test]
fn a_number_that_is_none_is_not_given() {
    let lines = card(&["NPWP : 82.361.421.9-12", "MARLINA"]);
    assert_eq!(value(&lines, FieldName::NpwpNumber), None);
    assert!(parse(&[]).is_empty());
}

#[test]
fn the_number_starts_after_its_label() {
    let mut line = Line::with_confidence("NPWP : 82.361.421.9-127.000", 0.99);
    for (i, symbol) in (0_u32..).zip(&mut line.symbols) {
        symbol.left = 10 * i + 5;
    }
    assert_eq!(column_of(&line, split_label(&line.text()).value_from), 70);
}

#[test]
fn the_other_number_decides_but_adds_no_reading() {
    let texts =
        ["NPWP", "7208095909690023", "WINARTI LAKSONO", "NIK : 7208095909690028", "JL. DR. SUTOMO NO. 217"];
    let number_with = |again: Option<&str>| {
        let mut lines = card(&texts);
        lines[1].second_pass = again.map(|text| Line::with_confidence(text, 0.98));
        parse(&lines).get(&FieldName::NpwpNumber).cloned().unwrap()
    };
    // One reading equals the NIK: it wins, with less confidence than two readings that agree.
    let supported = number_with(Some("7208095909690028"));
    assert_eq!(supported.value, "7208095909690028");
    assert!((0.8..0.95).contains(&supported.confidence), "{supported:?}");
    // Both readings differ from the NIK: they are what the card says.
    assert_eq!(number_with(Some("7208095909690023")).value, "7208095909690023");
    assert_eq!(number_with(None).value, "7208095909690023");
}

#[test]
fn labels_are_no_part_of_values() {
    let lines = card(&[
        "DIREKTORAT JENDERAL PAJAK",
        "No. NPWP : 82.361.421.9-127.000 ' BEN EN",
        "Nama Wajib Pajak : MARLINA SUPRIYADI",
        "N I K : 7103095009769486",
        "Alamat : DSN. II RT 004 RW 007,",
        "NANUSA KEPULAUAN SANGIHE",
        "KPP PRATAMA KEPULAUAN SANGIHE",
        "Tgl. Terdaftar 26/06/2008",
    ]);
    assert_eq!(value(&lines, FieldName::NpwpNumber).as_deref(), Some("823614219127000"));
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("MARLINA SUPRIYADI"));
    assert_eq!(value(&lines, FieldName::Nik).as_deref(), Some("7103095009769486"));
    assert_eq!(
        value(&lines, FieldName::Address).as_deref(),
        Some("DSN. II RT 004 RW 007, NANUSA KEPULAUAN SANGIHE")
    );
}

#[test]
fn labels_may_stand_above_their_values() {
    let lines = card(&[
        "NPWP",
        "6271 0316 0483 0002",
        "Naila",
        "FERRY SUPRIYADI",
        "NIK",
        "6271031604830002",
        "Alamat",
        "JLN. MASJID NO. 109",
        "MENTENG",
        "Terdaftar : 1 Mei 2024",
    ]);
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("FERRY SUPRIYADI"));
    assert_eq!(value(&lines, FieldName::Nik).as_deref(), Some("6271031604830002"));
    assert_eq!(value(&lines, FieldName::Address).as_deref(), Some("JLN. MASJID NO. 109 MENTENG"));
}

#[test]
fn a_name_above_the_number_is_the_holder() {
    let lines = card(&[
        "ANDI PRATAMA",
        "49.727.987.7-141.000",
        "NPWP16 : 6403070101550003",
        "JL. MELATI NO. 5",
        "KPP PRATAMA BERAU",
    ]);
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("ANDI PRATAMA"));
    assert_eq!(value(&lines, FieldName::NpwpNumber).as_deref(), Some("497279877141000"));
    assert_eq!(value(&lines, FieldName::Address).as_deref(), Some("JL. MELATI NO. 5"));
}

#[test]
fn a_name_of_two_lines_is_joined_with_its_doubt() {
    let mut lines = card(&[
        "NPWP : 82.361.421.9-127.000",
        "Nama : MARLINA",
        "SUPRIYADI",
        "NIK : 7103095009769486",
        "Alamat : JL. MELATI",
    ]);
    let sure = parse(&lines)[&FieldName::Name].clone();
    assert_eq!(sure.value, "MARLINA SUPRIYADI");
    for begun_otherwise in ["UPRIYADI", "I SUPRIYADI"] {
        lines[2].second_pass = Some(Line::with_confidence(begun_otherwise, 0.99));
        assert!(parse(&lines)[&FieldName::Name].confidence < 0.9, "{begun_otherwise}");
    }
    lines[2].second_pass = None;
    lines[1].cut_off = true;
    assert!(parse(&lines)[&FieldName::Name].confidence < 0.9 && sure.confidence > 0.9);
}
