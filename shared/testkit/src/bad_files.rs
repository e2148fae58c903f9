//! A corpus of bad files: damaged, oversized or hostile. It is made in memory, the same in every run.
//!
//! It is here and not in a suite because two suites need it: the worker's (every file, through the header check and the
//! real reader process) and the end-to-end one (a sample of every class, through the running stack). Nothing of it is
//! committed but the code that makes it; the cards inside are the invented ones of `shared/ocr/tests/fixtures`.
//!
//! The generators know the file formats and nothing of the product: the suites decide what must become of a file.

mod bytes;
mod file;
mod jpeg;
mod other;
mod pdf;
mod pdf_bombs;
mod png;

pub use self::file::{BadFile, FULL, KTP, NPWP, SEED};

/// Classes of files that are bad by what it takes to read them: each of them is a case of its own.
pub const HEAVY: [&str; 8] = [
    "jpeg-large",
    "png-bomb",
    "pdf-bomb",
    "pdf-image",
    "pdf-drawing",
    "pdf-recursion",
    "pdf-objects",
    "pdf-full",
];

/// All of it.
pub fn corpus() -> Vec<BadFile> {
    let mut files = Vec::new();
    jpeg::make(&mut files);
    png::make(&mut files);
    pdf::make(&mut files);
    pdf_bombs::make(&mut files);
    other::make(&mut files);
    files
}

/// At most `per_class` files of every class, spread over the class.
pub fn sample(per_class: usize) -> Vec<BadFile> {
    spread(corpus(), |_| per_class)
}

/// At most so many of these files as `most` says of their class, spread over the class.
pub fn spread(files: Vec<BadFile>, most: impl Fn(&str) -> usize) -> Vec<BadFile> {
    let mut classes: Vec<(&'static str, Vec<BadFile>)> = Vec::new();
    for file in files {
        match classes.iter_mut().find(|(class, _)| *class == file.class) {
            Some((_, files)) => files.push(file),
            None => classes.push((file.class, vec![file])),
        }
    }
    let mut files = Vec::new();
    for (class, of_class) in classes {
        let step = of_class.len().div_ceil(most(class).max(1));
        files.extend(of_class.into_iter().step_by(step));
    }
    files
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_corpus_is_large_and_the_same_every_time() {
        let files = corpus();
        let names: BTreeSet<_> = files.iter().map(|file| file.name.as_str()).collect();
        let classes: BTreeSet<_> = files.iter().map(|file| file.class).collect();
        println!("{} files in {} classes: {classes:?}", files.len(), classes.len());
        assert!(files.len() >= 2000, "{}", files.len());
        assert_eq!(names.len(), files.len());
        let again = corpus();
        assert!(files.iter().zip(&again).all(|(a, b)| a.name == b.name && a.bytes == b.bytes));
        let sampled: BTreeSet<_> = sample(3).iter().map(|file| file.class).collect();
        assert_eq!(sampled, classes);
    }
}
