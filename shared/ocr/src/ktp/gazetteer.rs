//! Place names of a KTP compared with the table of areas: province, then its regencies, their districts, their villages.
//!
//! Owns when a misread name is replaced by the most similar of those that can stand there. A name that was read surely,
//! or that is similar to none, stays: places are renamed, divided and spelled otherwise than in the table. It must not
//! know where on the card a name stood.

use std::collections::BTreeMap;

use filot_domain::{FieldName, FieldReading, areas};

use crate::ktp::params::{NameBounds, PARAMS};
use crate::text::lexicon::provinces;
use crate::text::normalise::normalize_alnum;
use crate::text::similarity::{Guess, nearest};

/// Corrects the names of places that were read in doubt, from the largest area to the smallest.
pub fn correct_place_names(fields: &mut BTreeMap<FieldName, FieldReading>) {
    let province = correct_name(fields, FieldName::Province, provinces(), &PARAMS.few_names);
    let nik = fields.get(&FieldName::Nik).filter(|nik| nik.confidence > 0.5).map(|nik| nik.value.clone());
    let registered = |digits: usize| nik.as_deref().and_then(|nik| nik.get(..digits));
    // Without a legible province, the number says where its holder was registered first: most still live there.
    let province = province.or_else(|| registered(2).filter(|code| areas::province_name(code).is_some()));
    let regency = province.and_then(|code| {
        let as_printed = |(code, name): (&'static str, &'static str)| {
            // Jakarta's cities are printed with or without their rank.
            let short = name.strip_prefix("KOTA ").filter(|short| short.starts_with("JAKARTA"));
            [Some((code, name)), short.map(|short| (code, short))].into_iter().flatten()
        };
        correct_name(fields, FieldName::Regency, areas::within(code).flat_map(as_printed), &PARAMS.few_names)
    });
    let regency = regency.or_else(|| registered(4).filter(|code| areas::regency_name(code).is_some()));
    if let Some(regency) = regency
        && let Some(district) =
            correct_name(fields, FieldName::District, areas::within(regency), &PARAMS.few_names)
    {
        correct_name(
            fields,
            FieldName::Village,
            areas::villages(district).map(|name| ("", name)),
            &PARAMS.few_names,
        );
    }
    let towns = areas::provinces()
        .flat_map(|(code, _)| areas::within(code))
        .map(|(code, name)| (code, name.split_once(' ').map_or(name, |(_, name)| name)));
    correct_name(fields, FieldName::BirthPlace, towns, &PARAMS.many_names);
}

/// Compares one field with the names that it can have. A doubtful reading becomes the name that it is similar to; a
/// reading that is such a name is trusted more. Returns the code of the name, if the field is one.
fn correct_name(
    fields: &mut BTreeMap<FieldName, FieldReading>,
    field: FieldName,
    names: impl Iterator<Item = (&'static str, &'static str)>,
    bounds: &NameBounds,
) -> Option<&'static str> {
    let reading = fields.get_mut(&field)?;
    let known: Vec<(&'static str, &'static str)> = names.collect();
    let Guess { word, share, lead } = nearest(&reading.value, known.iter().map(|(_, name)| *name))?;
    let code = known.iter().find(|(_, name)| *name == word).map(|(code, _)| *code);
    let doubt = 1.0 - reading.confidence;
    if normalize_alnum(word) == normalize_alnum(&reading.value) {
        // The table and the pixels agree; where words part is for the pixels to say.
        reading.confidence = 1.0 - doubt * PARAMS.confirmed_doubt;
        return code;
    }
    // The surer the reading, the less it may differ; and no other name may be nearly as similar.
    if share > bounds.allowed(reading.confidence)
        || lead < PARAMS.name_lead_min
        || lead < PARAMS.name_lead_share * share
    {
        return None;
    }
    if reading.confidence < PARAMS.name_kept_from {
        reading.value = word.to_owned();
        reading.confidence = PARAMS.corrected_name.confidence(share);
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(FieldName, &str, f32)]) -> BTreeMap<FieldName, FieldReading> {
        let reading = |value: &str, confidence| FieldReading { value: value.to_owned(), confidence };
        values.iter().map(|(name, value, confidence)| (*name, reading(value, *confidence))).collect()
    }

    fn corrected(values: &[(FieldName, &str, f32)], field: FieldName) -> String {
        let mut fields = read(values);
        correct_place_names(&mut fields);
        fields[&field].value.clone()
    }

    const BOGOR: [(FieldName, &str, f32); 4] = [
        (FieldName::Province, "JAWA RANAT.", 0.356),
        (FieldName::Regency, "KABUPATEN ROGOR", 0.7),
        (FieldName::District, "YAMANSASI", 0.75),
        (FieldName::Village, "SUKAMANTPAN", 0.24),
    ];

    #[test]
    fn misread_places_are_corrected_from_the_top() {
        let mut fields = read(&BOGOR);
        correct_place_names(&mut fields);
        let values: Vec<&str> = BOGOR.iter().map(|(name, _, _)| fields[name].value.as_str()).collect();
        assert_eq!(values, ["JAWA BARAT", "KABUPATEN BOGOR", "TAMANSARI", "SUKAMANTRI"]);
        assert!(fields[&FieldName::Village].confidence < 0.9);
    }

    #[test]
    fn provinces_are_known_as_cards_print_them() {
        for (read, printed) in [
            ("DK1 JAKARTA", "DKI JAKARTA"),
            ("PAPUA SELATAM", "PAPUA SELATAN"),
            ("PAPUA TENGAN", "PAPUA TENGAH"),
            ("PAPUA PEGUNUNGAM", "PAPUA PEGUNUNGAN"),
            ("PAPUA BARAT DAVA", "PAPUA BARAT DAYA"),
        ] {
            assert_eq!(corrected(&[(FieldName::Province, read, 0.9)], FieldName::Province), printed);
        }
        // The code of the province is found whichever name is printed.
        let jakarta =
            [(FieldName::Province, "DKI JAKARTA", 0.99), (FieldName::Regency, "JAKARTA PUSAI", 0.9)];
        assert_eq!(corrected(&jakarta, FieldName::Regency), "JAKARTA PUSAT");
        let merauke =
            [(FieldName::Province, "PAPUA SELATAN", 0.99), (FieldName::Regency, "KABUPATEN MERAUKF", 0.9)];
        assert_eq!(corrected(&merauke, FieldName::Regency), "KABUPATEN MERAUKE");
    }

    #[test]
    fn sure_readings_and_unlike_names_stay() {
        let bali = (FieldName::Province, "BALI", 0.99);
        assert_eq!(
            corrected(&[bali, (FieldName::Regency, "KABUPATEN BADUNK", 0.99)], FieldName::Regency),
            "KABUPATEN BADUNK"
        );
        assert_eq!(
            corrected(&[(FieldName::BirthPlace, "KUALA LUMPUR", 0.6)], FieldName::BirthPlace),
            "KUALA LUMPUR"
        );
        assert_eq!(corrected(&[(FieldName::BirthPlace, "PAGITAN", 0.975)], FieldName::BirthPlace), "PACITAN");
        // Spaces are the pixels' business.
        let pasuruan = [
            (FieldName::Province, "JAWA TIMUR", 0.99),
            (FieldName::Regency, "KABUPATEN PASURUAN", 0.98),
            (FieldName::District, "GONDANGWETAN", 0.97),
        ];
        assert_eq!(corrected(&pasuruan, FieldName::District), "GONDANGWETAN");
    }

    #[test]
    fn agreement_with_the_table_is_evidence() {
        let mut fields = read(&[(FieldName::Province, "BALI", 0.8)]);
        correct_place_names(&mut fields);
        assert!(fields[&FieldName::Province].confidence > 0.9);
    }
}
