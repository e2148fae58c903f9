//! Vocabularies of fields that are nearly closed: occupations, and the names of provinces and regencies.
//!
//! Owns the words as cards print them. The closed vocabularies and the table of areas are the domain's. It must not know
//! how a misread text is matched to a word.

use filot_domain::areas;

use crate::text::normalise::normalize_alnum;

/// Provinces as cards write them where the law's name is longer, each with its code.
const PRINTED_PROVINCES: [(&str, &str); 8] = [
    ("31", "DKI JAKARTA"),
    ("31", "DAERAH KHUSUS JAKARTA"),
    ("34", "DI YOGYAKARTA"),
    ("34", "D.I. YOGYAKARTA"),
    ("34", "DAERAH ISTIMEWA YOGYAKARTA"),
    ("11", "NANGGROE ACEH DARUSSALAM"),
    ("19", "BANGKA BELITUNG"),
    ("21", "KEPULAUAN RIAU"),
];

/// Codes and names of the provinces, in every form that cards print.
pub fn provinces() -> impl Iterator<Item = (&'static str, &'static str)> {
    areas::provinces().chain(PRINTED_PROVINCES)
}

/// Whether a text is the whole name of a province, or of a regency with its rank: no person has such a name.
pub fn is_area_name(text: &str) -> bool {
    let text = normalize_alnum(text);
    let is = |name: &str| normalize_alnum(name) == text;
    provinces().any(|(_, name)| is(name))
        || areas::provinces().any(|(code, _)| areas::within(code).any(|(_, name)| is(name)))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_known_by_their_whole_names() {
        for name in ["JAWA BARAT", "Kabupaten Sleman", "KOTA BOGOR", "DKI JAKARTA"] {
            assert!(is_area_name(name), "{name}");
        }
        for name in ["ELIAS PURWANTO", "SLEMAN", "JAWA BARATA", ""] {
            assert!(!is_area_name(name), "{name}");
        }
    }
}
