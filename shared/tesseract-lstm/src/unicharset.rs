//! The characters of a model (ccutil/unicharset.cpp, `load_via_fgets`): one line of text each.

use crate::component::Component;
use crate::error::ModelError;

/// The number of a character in its model.
pub(crate) type UnicharId = u32;

/// Every model's space.
pub(crate) const SPACE: UnicharId = 0;

/// Longest character in bytes (`UNICHAR_LEN` in ccutil/unichar.h).
const MAX_BYTES: usize = 30;
/// More characters than any model has.
const MAX_CHARACTERS: usize = 1 << 17;

/// Scripts that are written without spaces between words.
const UNSPACED: [&str; 5] = ["Han", "Thai", "Hangul", "Hiragana", "Katakana"];
/// Of these, those which make a whole language one without spaces (`Dict::IsSpaceDelimitedLang`).
const UNSPACED_LANGUAGE: [&str; 3] = ["Han", "Katakana", "Thai"];

/// Private code points that stand for ligatures (`kCustomLigatures`), and how they are written out.
const LIGATURES: [(&str, &str); 5] = [
    ("\u{e003}", "ct"),
    ("\u{e006}", "\u{17f}h"),
    ("\u{e007}", "\u{17f}i"),
    ("\u{e008}", "\u{17f}l"),
    ("\u{e009}", "\u{17f}\u{17f}"),
];

#[derive(Debug)]
struct Unichar {
    text: Box<str>,
    properties: u8,
    space_delimited: bool,
}

/// All characters of a model, by their numbers.
#[derive(Debug)]
pub(crate) struct Unicharset {
    unichars: Vec<Unichar>,
    space_delimited_language: bool,
}

impl Unicharset {
    pub(crate) fn parse(data: &[u8]) -> Result<Self, ModelError> {
        let damaged = |what| ModelError::Damaged { component: Component::Unicharset, what };
        let text = std::str::from_utf8(data).map_err(|_| damaged("it is not UTF-8"))?;
        let mut lines = text.lines();
        let count: usize = lines
            .next()
            .and_then(|line| line.split_ascii_whitespace().next()?.parse().ok())
            .ok_or_else(|| damaged("it does not begin with the number of characters"))?;
        if count == 0 || count > MAX_CHARACTERS {
            return Err(damaged("an impossible number of characters"));
        }
        let mut unichars = Vec::new();
        let mut scripts = Vec::new();
        for _ in 0..count {
            let line = lines.next().ok_or_else(|| damaged("it ends too early"))?;
            let mut fields = line.split_ascii_whitespace();
            let name = fields.next().ok_or_else(|| damaged("a character is missing"))?;
            if name.len() > MAX_BYTES {
                return Err(damaged("a character is too long"));
            }
            let properties = fields
                .next()
                .and_then(|field| u32::from_str_radix(field, 16).ok())
                .ok_or_else(|| damaged("a character has no properties"))?;
            // Between properties and script may stand the box of the character, whose numbers commas separate.
            let script = fields.find(|field| !field.contains(',')).unwrap_or("NULL");
            let text = match LIGATURES.iter().find(|(private, _)| *private == name) {
                _ if name == "NULL" => " ",
                Some((_, written)) => written,
                None => name,
            };
            unichars.push(Unichar { text: text.into(), properties: properties as u8, space_delimited: true });
            scripts.push(script);
        }
        // A script that the model does not have shares its number with the script "NULL" (`get_script_id_from_name`).
        let absent = UNSPACED.iter().any(|script| !scripts.contains(script));
        for (unichar, script) in unichars.iter_mut().zip(&scripts) {
            unichar.space_delimited = !(UNSPACED.contains(script) || absent && *script == "NULL");
        }
        let space_delimited_language = !scripts.iter().any(|script| UNSPACED_LANGUAGE.contains(script));
        Ok(Self { unichars, space_delimited_language })
    }

    pub(crate) fn len(&self) -> usize {
        self.unichars.len()
    }

    /// As it is printed; empty for a number that is none of this model's.
    pub(crate) fn text(&self, id: UnicharId) -> &str {
        self.unichars.get(id as usize).map_or("", |unichar| &unichar.text)
    }

    fn has(&self, id: UnicharId, mask: u8) -> bool {
        self.unichars.get(id as usize).is_some_and(|unichar| unichar.properties & mask != 0)
    }

    pub(crate) fn is_alpha(&self, id: UnicharId) -> bool {
        self.has(id, 0x1)
    }

    pub(crate) fn is_lower(&self, id: UnicharId) -> bool {
        self.has(id, 0x2)
    }

    pub(crate) fn is_upper(&self, id: UnicharId) -> bool {
        self.has(id, 0x4)
    }

    pub(crate) fn is_digit(&self, id: UnicharId) -> bool {
        self.has(id, 0x8)
    }

    /// Whether spaces separate words in the script of this character.
    pub(crate) fn is_space_delimited(&self, id: UnicharId) -> bool {
        self.unichars.get(id as usize).is_none_or(|unichar| unichar.space_delimited)
    }

    pub(crate) fn is_space_delimited_language(&self) -> bool {
        self.space_delimited_language
    }
}
