use super::*;
use crate::ktp::blood_shape::BloodShape;
use crate::ktp::labels::LABELS;
use crate::recognition::digits::{COUNT, DigitRow};

fn row(label: &str, value: &str) -> KtpRow {
    KtpRow {
        label: Line::with_confidence(label, 0.99),
        value: Line::with_confidence(value, 0.99),
        ..KtpRow::default()
    }
}

fn clean() -> KtpLines {
    let mut gender = row("Jenis kelamin", ": PEREMPUAN");
    gender.extra = Some(Line::with_confidence("Gol. Darah : AB", 0.99));
    KtpLines {
        header: vec![
            Line::with_confidence("PROVINSI JAWA TIMUR", 0.99),
            Line::with_confidence("KABUPATEN PASURUAN", 0.99),
        ],
        nik: Some(nik_row("3514185203830002")),
        meanings: None,
        rows: vec![
            row("Nama", ": LESTARI SIMBOLON"),
            row("Tempat/Tgl Lahir", ": PASURUAN, 12-03-1983"),
            gender,
            row("Alamat", ": KOMP. TAMAN SARI BLOK F1/10"),
            row("RT/RW", ": 010/005"),
            row("Kel/Desa", ": TEBAS"),
            row("Kecamatan", ": GONDANGWETAN"),
            row("Agama", ": ISLAM"),
            row("Status Perkawinan", ": KAWIN"),
            row("Pekerjaan", ": PETANI/PEKEBUN"),
            row("Kewarganegaraan", ": WNI"),
            row("Berlaku Hingga", ": SEUMUR HIDUP"),
        ],
    }
}

fn nik_row(digits: &str) -> DigitRow {
    let mut cells = [[0.001; 10]; COUNT];
    for (cell, b) in cells.iter_mut().zip(digits.bytes()) {
        cell[usize::from(b - b'0')] = 0.99;
    }
    DigitRow { cells, fit: -0.05, left: 300.0, pitch: 35.0 }
}

fn value(lines: &KtpLines, field: FieldName) -> Option<String> {
    parse(lines).get(&field).map(|reading| reading.value.clone())
}

#[test]
fn every_field_of_a_clean_card() {
    use FieldName as F;
    let fields = parse(&clean());
    let expected = [
        (F::Nik, "3514185203830002"),
        (F::Name, "LESTARI SIMBOLON"),
        (F::BirthPlace, "PASURUAN"),
        (F::BirthDate, "1983-03-12"),
        (F::Gender, "PEREMPUAN"),
        (F::BloodType, "AB"),
        (F::Address, "KOMP. TAMAN SARI BLOK F1/10"),
        (F::RtRw, "010/005"),
        (F::Village, "TEBAS"),
        (F::District, "GONDANGWETAN"),
        (F::Religion, "ISLAM"),
        (F::MaritalStatus, "KAWIN"),
        (F::Occupation, "PETANI/PEKEBUN"),
        (F::Citizenship, "WNI"),
        (F::ValidUntil, "SEUMUR HIDUP"),
        (F::Province, "JAWA TIMUR"),
        (F::Regency, "KABUPATEN PASURUAN"),
    ];
    for (field, text) in expected {
        assert_eq!(fields.get(&field).map(|f| f.value.as_str()), Some(text), "{field}");
        assert!(fields[&field].confidence >= 0.8, "{field}: {}", fields[&field].confidence);
    }
    assert_eq!(fields.len(), expected.len());
}

#[test]
fn wrapped_lines_belong_to_the_value_above() {
    let mut lines = clean();
    lines.rows.insert(1, row("", "SITUMORANG"));
    lines.rows.insert(5, row("", "C/22"));
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("LESTARI SIMBOLON SITUMORANG"));
    assert_eq!(value(&lines, FieldName::Address).as_deref(), Some("KOMP. TAMAN SARI BLOK F1/10 C/22"));
    assert_eq!(value(&lines, FieldName::RtRw).as_deref(), Some("010/005"));
}

#[test]
fn misread_labels_are_known_by_their_order() {
    let texts = [
        "Narna",
        "Tempal/Tgi Lahir",
        "Jonis Ketamin",
        "A amat",
        "RTIRW",
        "KELLDESA",
        "Kocamalan",
        "ugama",
        "Stalus Perkawman",
        "Peke jaan",
        "Kewargancgaraan",
        "Berlaku Hinqqa",
    ];
    let meanings = align(&texts.map(str::to_owned));
    for (meaning, (label, _)) in meanings.iter().zip(LABELS) {
        assert_eq!(*meaning, RowMeaning::Labelled(label));
    }
}

#[test]
fn a_lost_row_shifts_nothing() {
    let texts = ["Nama", "Tempat/Tgl Lahir", "Alamat", "RT/RW", "Kel/Desa", "Kecamatan", "Agama"];
    let meanings = align(&texts.map(str::to_owned));
    assert_eq!(meanings[2], RowMeaning::Labelled(Label::Address));
    assert_eq!(meanings[6], RowMeaning::Labelled(Label::Religion));
}

#[test]
fn digits_are_repaired_in_digit_fields_only() {
    let mut lines = clean();
    lines.rows[1] = row("Tempat/Tgl Lahir", ": SOLOK, I2-O3-l983");
    lines.rows[4] = row("RT/RW", ": O1O/0O5");
    lines.rows[3] = row("Alamat", ": JL. OTISTA I NO. 8");
    assert_eq!(value(&lines, FieldName::BirthDate).as_deref(), Some("1983-03-12"));
    assert_eq!(value(&lines, FieldName::BirthPlace).as_deref(), Some("SOLOK"));
    assert_eq!(value(&lines, FieldName::RtRw).as_deref(), Some("010/005"));
    assert_eq!(value(&lines, FieldName::Address).as_deref(), Some("JL. OTISTA I NO. 8"));
}

#[test]
fn repaired_values_are_trusted_less() {
    let mut lines = clean();
    // A NIK that says the same would make it surer.
    lines.nik = None;
    let whole = parse(&lines)[&FieldName::BirthDate].confidence;
    lines.rows[1] = row("Tempat/Tgl Lahir", ": PASURUAN, I2-O3-l983");
    assert!(parse(&lines)[&FieldName::BirthDate].confidence < whole * 0.8);
}

#[test]
fn what_is_no_date_is_no_birth_date() {
    for text in [": PASURUAN, 31-02-1983", ": PASURUAN", ": PASURUAN, 12-03", ":", ": 12-03-0083"] {
        let mut lines = clean();
        lines.rows[1] = row("Tempat/Tgl Lahir", text);
        assert_eq!(value(&lines, FieldName::BirthDate), None, "{text}");
    }
}

#[test]
fn closed_vocabularies_are_repaired_and_nothing_else_is() {
    let mut lines = clean();
    lines.rows[2].value = Line::with_confidence(": PEREMPUAM", 0.9);
    lines.rows[7] = row("Agama", ": KR1STEN");
    lines.rows[8] = row("Status Perkawinan", ": BELUMKAWIN");
    lines.rows[10] = row("Kewarganegaraan", ": VVNI");
    lines.rows[11] = row("Berlaku Hingga", ": SEUMUR HDUP");
    lines.rows[9] = row("Pekerjaan", ": PETAN1/PEKEBUN");
    assert_eq!(value(&lines, FieldName::Gender).as_deref(), Some("PEREMPUAN"));
    assert_eq!(value(&lines, FieldName::Religion).as_deref(), Some("KRISTEN"));
    assert_eq!(value(&lines, FieldName::MaritalStatus).as_deref(), Some("BELUM KAWIN"));
    assert_eq!(value(&lines, FieldName::Citizenship).as_deref(), Some("WNI"));
    assert_eq!(value(&lines, FieldName::ValidUntil).as_deref(), Some("SEUMUR HIDUP"));
    assert_eq!(value(&lines, FieldName::Occupation).as_deref(), Some("PETANI/PEKEBUN"));
    lines.rows[0] = row("Nama", ": AGU5 BUD1");
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("AGU5 BUD1"));
    let gibberish = vocab_of("XQZV");
    assert!(gibberish.1 <= 0.3, "an unknown word is kept, but not trusted");
}

fn vocab_of(text: &str) -> (String, f32) {
    let mut lines = clean();
    lines.rows[7] = row("Agama", text);
    let reading = &parse(&lines)[&FieldName::Religion];
    (reading.value.clone(), reading.confidence)
}

#[test]
fn blood_groups_in_all_their_spellings() {
    let look = |group, sign| {
        Some(BloodShape { group, sign, correlation: 0.9, words: None, is_longer_than_group: false })
    };
    for (text, blood, expected) in [
        ("Gol. Darah : O", None, Some("O")),
        ("Gol. Darah : 0", None, Some("O")),
        ("Gol. Darah AB", None, Some("AB")),
        ("Gol. Darah : X", None, None),
        // The sign is a shape, and so are letters that the recogniser did not see.
        ("Gol. Darah : AB-", look(Some("AB"), Some('+')), Some("AB+")),
        ("Gol.Darah : A", look(None, Some('-')), Some("A-")),
        ("Gol.Darah : A-", look(Some("A"), None), Some("A")),
        ("Gol. Darah :", look(Some(""), Some('-')), Some("-")),
        ("Gol. Darah :", look(Some("B"), None), Some("B")),
        ("Gol. Darah :", look(None, None), None),
    ] {
        let mut lines = clean();
        lines.rows[2].extra = Some(Line::with_confidence(text, 0.99));
        lines.rows[2].blood = blood;
        assert_eq!(value(&lines, FieldName::BloodType).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_row_without_sixteen_digits_gives_no_nik() {
    let mut lines = clean();
    lines.nik = Some(DigitRow { fit: -2.0, ..nik_row("3514185203830002") });
    assert_eq!(value(&lines, FieldName::Nik), None);
}

#[test]
fn expiry_dates_are_dates() {
    let mut lines = clean();
    lines.rows[11] = row("Berlaku Hingga", ": 15-07-2018");
    assert_eq!(value(&lines, FieldName::ValidUntil).as_deref(), Some("2018-07-15"));
}

#[test]
fn the_digit_classifier_corrects_dates_and_rt_rw() {
    let number = |digits: &str, p: f32| {
        let cell = |b: u8| {
            let mut cell = [0.001; 10];
            cell[usize::from(b - b'0')] = p;
            cell
        };
        Some(crate::recognition::digits::NumberRow { cells: digits.bytes().map(cell).collect(), fit: -0.02 })
    };
    let mut lines = clean();
    // The recogniser lost the date, the classifier saw it.
    lines.rows[1].value = Line::with_confidence(": PASURUAN, 12-03-19B", 0.96);
    lines.rows[1].digits = number("12031983", 0.97);
    lines.rows[4].value = Line::with_confidence(": 010/0085", 0.96);
    lines.rows[4].digits = number("010005", 0.9);
    let fields = parse(&lines);
    assert_eq!(fields[&FieldName::BirthDate].value, "1983-03-12");
    assert_eq!(fields[&FieldName::BirthPlace].value, "PASURUAN");
    assert_eq!(fields[&FieldName::RtRw].value, "010/005");
    // Two readings that differ lower the confidence.
    lines.rows[1].value = Line::with_confidence(": PASURUAN, 12-08-1983", 0.975);
    lines.rows[1].digits = number("12031983", 0.9);
    assert!(parse(&lines)[&FieldName::BirthDate].confidence < 0.8);
}

#[test]
fn a_shape_replaces_an_illegible_citizenship() {
    let mut lines = clean();
    let at = lines.rows.iter().position(|row| row.label.text().starts_with("Kewarga")).unwrap();
    for (read, look, expected) in [
        (": N", Some("WNI"), Some("WNI")),
        (": ", Some("WNA"), Some("WNA")),
        (": WNA", Some("WNI"), Some("WNA")),
        (": ", None, None),
    ] {
        lines.rows[at].value = Line::with_confidence(read, 0.99);
        lines.rows[at].citizenship = look;
        assert_eq!(value(&lines, FieldName::Citizenship).as_deref(), expected);
        // What the letters do not say is never sure.
        let confidence = parse(&lines).get(&FieldName::Citizenship).map_or(0.0, |field| field.confidence);
        assert!(read == ": WNA" || confidence < 0.8);
    }
}

#[test]
fn a_foreign_residents_values_stay_in_their_language() {
    let read = |label: &str, text: &str, confidence: f32| {
        let mut lines = clean();
        let at = lines.rows.iter().position(|row| row.label.text() == label).unwrap();
        lines.rows[at].value = Line::with_confidence(text, confidence);
        lines.rows[at].extra = None;
        parse(&lines)
    };
    for (label, field, text) in [
        ("Jenis kelamin", FieldName::Gender, "MALE"),
        ("Jenis kelamin", FieldName::Gender, "FEMALE"),
        ("Agama", FieldName::Religion, "CATHOLIC"),
        ("Agama", FieldName::Religion, "CHRISTIAN"),
        ("Agama", FieldName::Religion, "BUDDHIST"),
        ("Status Perkawinan", FieldName::MaritalStatus, "MARRIED"),
        ("Status Perkawinan", FieldName::MaritalStatus, "SINGLE"),
        ("Pekerjaan", FieldName::Occupation, "EMPLOYEE"),
        ("Kewarganegaraan", FieldName::Citizenship, "NETHERLANDS"),
        // These end as the two usual values do.
        ("Kewarganegaraan", FieldName::Citizenship, "CHINA"),
        ("Kewarganegaraan", FieldName::Citizenship, "ARGENTINA"),
        ("Kewarganegaraan", FieldName::Citizenship, "USA"),
    ] {
        for confidence in [0.99, 0.95] {
            let reading = &read(label, text, confidence)[&field];
            assert_eq!(reading.value, text);
            assert!(reading.confidence >= 0.8, "{text}: {}", reading.confidence);
        }
    }
    // Misread, they become a word of their own language or none.
    for (label, field, text, expected) in [
        ("Agama", FieldName::Religion, "CATHOLlC", "CATHOLIC"),
        ("Agama", FieldName::Religion, "CATHOIIK", "CATHOIIK"),
        ("Jenis kelamin", FieldName::Gender, "MAIE", "MALE"),
        ("Status Perkawinan", FieldName::MaritalStatus, "MARRIFD", "MARRIED"),
        ("Kewarganegaraan", FieldName::Citizenship, "NETHERLAMDS", "NETHERLANDS"),
    ] {
        assert_eq!(read(label, text, 0.93)[&field].value, expected, "{text}");
    }
    // A sure reading of another word is no misprint of a known one.
    let other = &read("Agama", "ORTHODOX", 0.999)[&FieldName::Religion];
    assert!(other.value == "ORTHODOX" && other.confidence <= 0.3);
}

#[test]
fn a_nik_and_what_it_encodes_make_each_other_surer() {
    // A doubtful digit of the year, which the printed date confirms.
    let doubtful = |lines: &mut KtpLines| {
        let row = lines.nik.as_mut().unwrap();
        row.cells[11] = [0.001; 10];
        (row.cells[11][3], row.cells[11][8]) = (0.55, 0.44);
    };
    let confidence = |lines: &KtpLines, field| parse(lines)[&field].confidence;
    let mut lines = clean();
    doubtful(&mut lines);
    assert!(confidence(&lines, FieldName::Nik) > 0.9);
    // Not where the date says otherwise, nor where it is in doubt itself.
    lines.rows[1] = row("Tempat/Tgl Lahir", ": PASURUAN, 12-03-1988");
    assert!(confidence(&lines, FieldName::Nik) < 0.8);
    assert_eq!(value(&lines, FieldName::Nik).as_deref(), Some("3514185203830002"));
    lines.rows[1].value = Line::with_confidence(": PASURUAN, 12-03-1983", 0.93);
    assert!(confidence(&lines, FieldName::Nik) < 0.8);
    // A sure NIK confirms a doubtful date.
    let mut lines = clean();
    lines.rows[1].value = Line::with_confidence(": PASURUAN, 12-03-1983", 0.95);
    let confirmed = confidence(&lines, FieldName::BirthDate);
    lines.rows[1].value = Line::with_confidence(": PASURUAN, 13-03-1983", 0.95);
    assert!(confirmed > 0.9 && confidence(&lines, FieldName::BirthDate) < 0.8);
}

#[test]
fn print_behind_a_gap_is_address_only_if_sure() {
    let mut lines = clean();
    let address = |lines: &KtpLines| value(lines, FieldName::Address).unwrap();
    lines.rows[3].extra = Some(Line::with_confidence("NO. 5", 0.99));
    assert_eq!(address(&lines), "KOMP. TAMAN SARI BLOK F1/10 NO. 5");
    for (text, confidence) in [("AA", 0.9), ("-.", 0.99), ("1", 0.99)] {
        lines.rows[3].extra = Some(Line::with_confidence(text, confidence));
        assert_eq!(address(&lines), "KOMP. TAMAN SARI BLOK F1/10", "{text}");
    }
}

#[test]
fn names_keep_titles_apostrophes_and_stops() {
    let mut lines = clean();
    for name in [
        "DR. H. NUR'AINI SYA'BANI, S.PD.",
        "IR. D'ORNAY LUBIS, S.E., M.M.",
        "K.H. MA'RUF",
        "M. YUSUF, ST",
        "KIM MIN-JUN",
    ] {
        lines.rows[0] = row("Nama", &format!(": {name}"));
        assert_eq!(value(&lines, FieldName::Name).as_deref(), Some(name));
    }
    let (first, second) = ("MUHAMMAD ABDURRAHMAN SURYANINGRAT", "KUSUMAWARDHANI SITUMORANG");
    lines.rows[0] = row("Nama", &format!(": {first}"));
    lines.rows.insert(1, row("", second));
    let whole = format!("{first} {second}");
    assert_eq!(value(&lines, FieldName::Name), Some(whole));
}

#[test]
fn a_comma_before_a_degree_on_the_next_line_stays() {
    let mut lines = clean();
    let name = lines.rows.iter().position(|row| row.label.text() == "Nama").unwrap();
    lines.rows[name].value = Line::with_confidence(": FATIMAH MANURUNG,", 0.99);
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("FATIMAH MANURUNG"));
    assert!(critical_value_is_cut(&lines), "the degree was not seen");
    lines.rows.insert(name + 1, row("", "S.PD"));
    assert_eq!(value(&lines, FieldName::Name).as_deref(), Some("FATIMAH MANURUNG, S.PD"));
    assert!(!critical_value_is_cut(&lines));
}
