//! Sample cards from the generator in `tests/cards`. All people on them are invented.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::{Result, paths};

/// A file of the demonstration set.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// File name.
    pub file: String,
    /// `KTP` or `NPWP`: the type that the user chooses.
    pub document_type: String,
    /// Expected outcome: `approved`, `reviewed`, `rejected` or `failed`.
    pub expected: String,
    /// Why this outcome is expected; may be empty.
    #[serde(default)]
    pub why: String,
    /// Printed values by field name.
    pub fields: BTreeMap<String, String>,
    /// Folder of the file.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// A set of cards.
#[derive(Debug)]
pub struct Cards {
    /// The cards, in the order of the set.
    pub cards: Vec<Card>,
}

impl Cards {
    /// The demonstration set. It is generated again only after the generator changed.
    pub fn demo() -> Result<Self> {
        Self::fixed("cards", "--demo")
    }

    /// The cards of a forger: of the people `a`, `b` and `c` each a genuine KTP and what a forger makes of it.
    pub fn of_a_forger() -> Result<Self> {
        Self::fixed("forger", "--adversary")
    }

    /// A set of fixed cards, in a folder below `.local`.
    fn fixed(name: &str, set: &str) -> Result<Self> {
        let folder = paths::root().join(".local").join(name);
        let generator = paths::root().join("tests/cards");
        let stamp = folder.join("stamp");
        let version = newest(&generator)?.to_string();
        if std::fs::read_to_string(&stamp).ok().as_deref() != Some(&version) {
            std::fs::create_dir_all(&folder)?;
            run(Command::new(paths::python())
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .arg(generator.join("generate.py"))
                .arg("--out")
                .arg(&folder)
                .arg(set))?;
            std::fs::write(&stamp, version)?;
        }
        let manifest = std::fs::read_to_string(folder.join("manifest.json"))?;
        let mut cards: Vec<Card> = serde_json::from_str(&manifest)?;
        for card in &mut cards {
            card.folder.clone_from(&folder);
        }
        Ok(Self { cards })
    }

    /// Both sets together.
    pub fn and(mut self, more: Self) -> Self {
        self.cards.extend(more.cards);
        self
    }

    /// Clean scans of different people.
    pub fn scans(count: usize, seed: u32) -> Result<Self> {
        #[derive(Deserialize)]
        struct Truth {
            file: String,
            kind: String,
            fields: BTreeMap<String, String>,
        }
        let folder = paths::root().join(format!(".local/scans-{seed}-{count}"));
        let truth = folder.join("truth.jsonl");
        if !truth.is_file() {
            std::fs::create_dir_all(&folder)?;
            run(Command::new(paths::python())
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .arg(paths::root().join("tests/cards/generate.py"))
                .arg("--out")
                .arg(&folder)
                .args(["--kind", "ktp", "--difficulty", "T0", "--inconsistent", "0", "--fonts", "core"])
                .args(["--seed", &seed.to_string(), "--count", &count.to_string()]))?;
        }
        let cards = std::fs::read_to_string(truth)?
            .lines()
            .map(|line| {
                let truth: Truth = serde_json::from_str(line)?;
                Ok(Card {
                    file: truth.file,
                    document_type: truth.kind,
                    expected: "approved".to_owned(),
                    why: String::new(),
                    fields: truth.fields,
                    folder: folder.clone(),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { cards })
    }

    /// The card with this file name.
    pub fn get(&self, file: &str) -> Result<(&Card, Vec<u8>)> {
        let card = self
            .cards
            .iter()
            .find(|card| card.file == file)
            .ok_or_else(|| format!("there is no card {file}"))?;
        Ok((card, self.content(card)?))
    }

    /// The content of a card's file.
    pub fn content(&self, card: &Card) -> Result<Vec<u8>> {
        Ok(std::fs::read(card.folder.join(&card.file))?)
    }
}

/// When the generator was last changed, in nanoseconds.
fn newest(folder: &Path) -> Result<u128> {
    let mut newest = 0;
    for sub in [folder.to_owned(), folder.join("cardgen")] {
        for entry in std::fs::read_dir(sub)? {
            let metadata = entry?.metadata()?;
            if metadata.is_file() {
                newest = newest.max(metadata.modified()?.duration_since(std::time::UNIX_EPOCH)?.as_nanos());
            }
        }
    }
    Ok(newest)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().map_err(|error| format!("python does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("the card generator failed: {}", String::from_utf8_lossy(&output.stderr)).into())
}
