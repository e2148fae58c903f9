//! Keeps the lines that an engine is shown, for training a recogniser on them.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use filot_ocr::engine::{Engine, EngineError, Line, LineImage};
use serde_json::json;

/// The folder that lines are written to, and the file they are of.
#[derive(Clone)]
pub struct Lines(Arc<Mutex<Kept>>);

struct Kept {
    folder: PathBuf,
    index: File,
    stem: String,
    count: usize,
}

impl Lines {
    /// Makes the folder; what an earlier run has written there stays.
    ///
    /// # Errors
    /// The folder or its index cannot be written.
    pub fn into(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let index = File::options().create(true).append(true).open(folder.join("lines.jsonl"))?;
        let folder = folder.to_path_buf();
        Ok(Self(Arc::new(Mutex::new(Kept { folder, index, stem: String::new(), count: 0 }))))
    }

    /// The next lines are of this file.
    pub fn of_file(&self, file: &Path) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        kept.count = 0;
    }

    fn keep(&self, image: &LineImage, read: &Line) -> Result<(), Box<dyn std::error::Error>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{}-{:03}.png", kept.stem, kept.count);
        kept.count += 1;
        image.image.save(kept.folder.join(&name))?;
        let sure = read.confidence();
        let line = json!({
            "file": name, "card": kept.stem, "class": format!("{:?}", image.class),
            "read": read.text(), "least": sure.min, "mean": sure.mean,
        });
        Ok(writeln!(kept.index, "{line}")?)
    }
}

/// An engine that keeps what it is shown.
pub struct Recorder {
    engine: Box<dyn Engine>,
    lines: Lines,
}

impl Recorder {
    /// Around this engine.
    pub fn new(engine: Box<dyn Engine>, lines: Lines) -> Self {
        Self { engine, lines }
    }
}

impl Engine for Recorder {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    fn recognise(&mut self, lines: &[LineImage]) -> Result<Vec<Line>, EngineError> {
        let read = self.engine.recognise(lines)?;
        for (image, line) in lines.iter().zip(&read) {
            self.lines.keep(image, line).map_err(|error| EngineError::Failed(error.to_string()))?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filot_ocr::engine::{Symbol, TextClass};

    /// Reads the width of a line.
    struct Ruler;

    impl Engine for Ruler {
        fn name(&self) -> &'static str {
            "ruler"
        }

        fn recognise(&mut self, lines: &[LineImage]) -> Result<Vec<Line>, EngineError> {
            let symbol = |character| Symbol { character, confidence: 0.5, left: 0, right: 1 };
            let read = |line: &LineImage| line.image.width().to_string().chars().map(symbol).collect();
            Ok(lines.iter().map(|line| Line { symbols: read(line) }).collect())
        }
    }

    #[test]
    fn every_line_is_kept_with_what_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let lines = Lines::into(folder.path()).unwrap();
        let mut engine = Recorder::new(Box::new(Ruler), lines.clone());
        let line = |width| LineImage { image: image::GrayImage::new(width, 9), class: TextClass::Upper };
        for (file, widths) in [("a/one.jpg", [20, 30]), ("two.png", [40, 50])] {
            lines.of_file(Path::new(file));
            let read = engine.recognise(&widths.map(line)).unwrap();
            assert_eq!(
                read.iter().map(Line::text).collect::<Vec<_>>(),
                widths.map(|width: u32| width.to_string())
            );
        }
        let index = std::fs::read_to_string(folder.path().join("lines.jsonl")).unwrap();
        let kept: Vec<serde_json::Value> =
            index.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of =
            |key: &str| kept.iter().map(|line| line[key].as_str().unwrap_or_default()).collect::<Vec<_>>();
        assert_eq!(of("card"), ["one", "one", "two", "two"]);
        assert_eq!(of("read"), ["20", "30", "40", "50"]);
        for (file, width) in of("file").into_iter().zip([20, 30, 40, 50]) {
            assert_eq!(image::image_dimensions(folder.path().join(file)).unwrap(), (width, 9), "{file}");
        }
    }
}
