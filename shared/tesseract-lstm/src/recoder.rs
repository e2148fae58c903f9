//! Which outputs of the network stand for which character (ccutil/unicharcompress.cpp). Most characters are one
//! output; ligatures and the characters of some scripts are several, one after the other.

use crate::bytes::Bytes;
use crate::error::ModelError;
use crate::unicharset::UnicharId;

/// An output of the network.
pub(crate) type Code = u32;

/// `RecodedCharID::kMaxCodeLen`
pub(crate) const MAX_CODE_LENGTH: usize = 9;

/// What may follow a sequence of outputs that is not yet a character.
#[derive(Debug, Default)]
pub(crate) struct Prefix {
    /// Outputs that complete a character, and which, in the order of the characters.
    pub(crate) finals: Vec<(Code, UnicharId)>,
    /// Outputs that lead on to a longer prefix, and its number.
    pub(crate) nexts: Vec<(Code, usize)>,
}

/// All prefixes; number 0 is the empty one.
#[derive(Debug)]
pub(crate) struct Recoder {
    prefixes: Vec<Prefix>,
    /// Where each output stands among those that are a character alone.
    places: Vec<Option<usize>>,
    code_range: u32,
    longest: usize,
}

impl Recoder {
    /// The codes of at most `unichars` characters, for a network of so many `outputs`.
    pub(crate) fn parse(bytes: &mut Bytes<'_>, unichars: usize, outputs: usize) -> Result<Self, ModelError> {
        let count = bytes.count(5)?;
        let mut codes = Vec::with_capacity(count.min(unichars));
        for _ in 0..count {
            let _self_normalized = bytes.i8()?;
            let length = usize::try_from(bytes.i32()?).unwrap_or(usize::MAX);
            if length > MAX_CODE_LENGTH {
                return Err(bytes.damaged("a code is too long"));
            }
            let mut code = Vec::with_capacity(length);
            for _ in 0..length {
                let value = bytes.u32()?;
                if value as usize >= outputs {
                    return Err(bytes.damaged("a code is no output of the network"));
                }
                code.push(value);
            }
            codes.push(code);
        }
        if codes.len() > unichars {
            return Err(bytes.damaged("it has more characters than the unicharset"));
        }
        Ok(Self::new(&codes))
    }

    fn new(codes: &[Vec<Code>]) -> Self {
        let mut recoder = Self {
            prefixes: vec![Prefix::default()],
            places: Vec::new(),
            code_range: codes.iter().flatten().max().map_or(0, |code| code + 1),
            longest: codes.iter().map(Vec::len).max().unwrap_or(0),
        };
        for (id, code) in codes.iter().enumerate() {
            let Some((last, head)) = code.split_last() else { continue };
            let mut prefix = 0;
            for step in head {
                prefix = match recoder.prefixes[prefix].nexts.iter().find(|(next, _)| next == step) {
                    Some((_, known)) => *known,
                    None => {
                        recoder.prefixes.push(Prefix::default());
                        let new = recoder.prefixes.len() - 1;
                        recoder.prefixes[prefix].nexts.push((*step, new));
                        new
                    }
                };
            }
            let finals = &mut recoder.prefixes[prefix].finals;
            let id = id as UnicharId;
            // Of two characters with one code the last is decoded, at the place of the first.
            match finals.iter_mut().find(|(known, _)| known == last) {
                Some(entry) => entry.1 = id,
                None => finals.push((*last, id)),
            }
        }
        recoder.places = vec![None; recoder.code_range as usize];
        for (place, (code, _)) in recoder.prefixes[0].finals.iter().enumerate() {
            recoder.places[*code as usize] = Some(place);
        }
        recoder
    }

    /// Where an output stands in the order of the empty prefix's `finals`.
    pub(crate) fn place(&self, code: Code) -> Option<usize> {
        *self.places.get(code as usize)?
    }

    /// One more than the highest output.
    pub(crate) fn code_range(&self) -> u32 {
        self.code_range
    }

    /// Outputs of the character that needs most.
    pub(crate) fn longest_code(&self) -> usize {
        self.longest
    }

    pub(crate) fn prefix(&self, number: usize) -> &Prefix {
        &self.prefixes[number]
    }
}
