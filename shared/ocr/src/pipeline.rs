//! The whole way from the bytes of a file to a reading.
//!
//! Owns the order of the stages and the search over outlines, orientations and kinds of card. It must not know where the
//! bytes came from, nor what is decided on the reading.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use filot_domain::{CardKind, CardReading, DocumentType, FieldName, FieldReading, ReasonCode};
use image::RgbImage;

use crate::authenticity::{self, FieldBox, Subject};
use crate::classify;
use crate::detection::{Printed, find_cards, orientation_candidates};
use crate::error::ReadError;
use crate::image::decode::decode;
use crate::image::jpeg_tables::Coding;
pub use crate::image::limits::WORKING_SIDE;
use crate::image::rectify::{CARD_HEIGHT, CARD_WIDTH, CardOutline, Homography, RectifiedCard, rectify};
use crate::ktp;
use crate::ktp::labels::labels_seen;
use crate::ktp::layout::KtpLayout;
use crate::ktp::row_data::KtpLines;
use crate::ktp::template::ROW_GRID;
use crate::npwp;
use crate::npwp::layout::NpwpLayout;
use crate::npwp::line::NpwpLine;
use crate::page::Page;
use crate::preprocess::preprocess;
use crate::quality::{assess, without_glare};
use crate::recognition::engine::{Engine, EngineConfig, EngineError};
use crate::recognition::{NAMES, by_name};
use crate::text::line::Line;
use crate::trace::{Place, Trace};

/// How to read.
#[derive(Debug, Clone)]
pub struct ReaderConfig {
    /// Name of the line engine; see [`crate::engine::NAMES`].
    pub engine: String,
    /// Directory of the models; `None`: `TESSDATA_PREFIX`, then the library's own default.
    pub tessdata_dir: Option<PathBuf>,
}

impl Default for ReaderConfig {
    fn default() -> Self {
        Self { engine: NAMES.first().copied().unwrap_or_default().to_owned(), tessdata_dir: None }
    }
}

/// The picture of a file as the reader works on it: upright, long side at most [`WORKING_SIDE`] pixels. Places in a
/// [`Trace`] are pixels of it.
///
/// # Errors
/// The file is damaged, of no known kind, or would unpack to more than the limits.
pub fn decode_picture(bytes: &[u8]) -> Result<RgbImage, ReadError> {
    Ok(decode(bytes)?.image)
}

/// A reading and where the time went.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOutput {
    /// What was read.
    pub reading: CardReading,
    /// Milliseconds per stage: `decode`, `rectify`, `print`, `normalise`, `layout`, `recognise`, `parse`, `quality`,
    /// `authenticity`.
    pub stage_ms: BTreeMap<&'static str, f64>,
    /// Where in the picture it was read.
    pub trace: Trace,
}

/// Reads cards. Holds its engine's model; belongs to one thread at a time.
pub struct Reader {
    engine: Box<dyn Engine>,
}

/// Adds up the time of each stage.
struct Clock {
    stage_ms: BTreeMap<&'static str, f64>,
}

impl Clock {
    fn time<T>(&mut self, stage: &'static str, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = work();
        *self.stage_ms.entry(stage).or_default() += started.elapsed().as_secs_f64() * 1000.0;
        result
    }
}

/// What was read in one orientation of one outline.
struct Attempt {
    kind: CardKind,
    fields: BTreeMap<FieldName, FieldReading>,
    text: String,
    places: Vec<Place>,
    trace: Option<Trace>,
    /// Nothing but the row of digits speaks for a KTP: a kind that words speak for goes before it.
    identified_by_nik: bool,
}

/// What came of the search for a card.
struct Search {
    attempt: Attempt,
    /// The flat card of the attempt, or what was looked at instead.
    card: Option<RectifiedCard>,
    /// The outline, unless it is the whole picture.
    found: Option<CardOutline>,
}

impl Reader {
    /// Loads the engine's model.
    ///
    /// # Errors
    /// An unknown engine, or a model that cannot be loaded.
    pub fn new(config: ReaderConfig) -> Result<Self, EngineError> {
        let engine_config = EngineConfig { tessdata_dir: config.tessdata_dir };
        Ok(Self::with_engine(by_name(&config.engine, &engine_config)?))
    }

    /// With an engine that was made elsewhere.
    pub fn with_engine(engine: Box<dyn Engine>) -> Self {
        Self { engine }
    }

    /// The engine's name.
    pub fn engine(&self) -> &'static str {
        self.engine.name()
    }

    /// Reads a file. `claimed` says what to look for first; what is found is reported whatever was claimed.
    ///
    /// # Errors
    /// The file cannot be decoded, or the engine failed. A bad picture is no error.
    pub fn read(&mut self, bytes: &[u8], claimed: Option<DocumentType>) -> Result<ReadOutput, ReadError> {
        let mut clock = Clock { stage_ms: BTreeMap::new() };
        let image = clock.time("decode", || decode(bytes))?.image;
        let whole = CardOutline::whole_image(image.width(), image.height());
        let Search { attempt, card, found } = self.search(&mut clock, &image, &whole, claimed)?;
        // Without anything to read the picture still has its quality.
        let card = card.or_else(|| clock.time("rectify", || rectify(&image, &whole)));
        let report = clock.time("quality", || card.as_ref().map(|card| assess(&image, found.as_ref(), card)));
        let (mut quality, mut reasons) =
            report.map_or_else(Default::default, |report| (report.quality, report.reasons));
        if attempt.is_complete() {
            reasons = without_glare(reasons);
        }
        if found.is_none() && !reasons.contains(&ReasonCode::CardNotFound) {
            reasons.push(ReasonCode::CardNotFound);
        }
        if attempt.kind == CardKind::Unknown && !reasons.contains(&ReasonCode::NotACard) {
            reasons.push(ReasonCode::NotACard);
        }
        if let (Some(card), Some(trace)) = (&card, &attempt.trace) {
            let fields = field_boxes(trace);
            let (coding, outline) = (Coding::of(bytes), &trace.outline);
            let subject = Subject { image: &image, coding, outline, card, fields: &fields };
            reasons.extend(clock.time("authenticity", || authenticity::assess(&subject, &mut quality)));
        }
        reasons.sort_unstable();
        reasons.dedup();
        let reading =
            CardReading { kind: attempt.kind, fields: attempt.fields, quality, reasons, text: attempt.text };
        let trace = attempt.trace.unwrap_or_else(|| Trace::of(found.unwrap_or(whole)));
        Ok(ReadOutput { reading, stage_ms: clock.stage_ms, trace })
    }

    /// Reads the outlines that may be a card's, likeliest first, until one shows a card.
    fn search(
        &mut self,
        clock: &mut Clock,
        image: &RgbImage,
        whole: &CardOutline,
        claimed: Option<DocumentType>,
    ) -> Result<Search, ReadError> {
        let (mut found, others) = clock.time("rectify", || find_cards(image));
        let (mut attempt, mut card) = match &found {
            Some(outline) => self.read_outline(clock, image, outline, claimed, None)?,
            None => (Attempt::nothing(), None),
        };
        if attempt.kind == CardKind::Unknown {
            // What was taken for the outline may be something else: print in a KTP's rows and columns is better evidence.
            let print = clock.time("print", || Printed::of(image));
            for outline in clock.time("print", || print.ktps(image, &ROW_GRID)) {
                let (again, its_card) = self.read_upright(clock, image, &outline, ONLY_KTP)?;
                if again.kind != CardKind::Unknown {
                    (attempt, card, found) = (again, its_card, Some(outline));
                    break;
                }
            }
            for other in others {
                if attempt.kind != CardKind::Unknown {
                    break;
                }
                let (again, other_card) = self.read_outline(clock, image, &other, claimed, Some(&print))?;
                if again.kind != CardKind::Unknown {
                    (attempt, card, found) = (again, other_card, Some(other));
                }
            }
            if attempt.kind == CardKind::Unknown {
                // The picture itself is the last candidate.
                let (again, whole_card) = if found.is_some() {
                    self.read_upright(clock, image, whole, order(claimed))?
                } else {
                    self.read_outline(clock, image, whole, claimed, Some(&print))?
                };
                if again.kind != CardKind::Unknown || card.is_none() {
                    (attempt, card) = (again, whole_card);
                }
            }
        }
        Ok(Search { attempt, card, found })
    }

    /// Tries the orientations of an outline until one shows a card; with `print` only those that agree with it.
    fn read_outline(
        &mut self,
        clock: &mut Clock,
        image: &RgbImage,
        outline: &CardOutline,
        claimed: Option<DocumentType>,
        print: Option<&Printed>,
    ) -> Result<(Attempt, Option<RectifiedCard>), ReadError> {
        let candidates = clock.time("rectify", || orientation_candidates(image, outline));
        let mut first = None;
        let allowed = |oriented: &&CardOutline| print.is_none_or(|print| print.agrees_with(oriented));
        for candidate in candidates.iter().take(4).filter(allowed) {
            let (attempt, card) = self.read_upright(clock, image, candidate, order(claimed))?;
            if attempt.kind != CardKind::Unknown {
                return Ok((attempt, card));
            }
            first.get_or_insert((attempt, card));
        }
        Ok(first.unwrap_or_else(|| (Attempt::nothing(), None)))
    }

    /// Reads one outline in one orientation, as these kinds of card, until one is seen.
    fn read_upright(
        &mut self,
        clock: &mut Clock,
        image: &RgbImage,
        outline: &CardOutline,
        kinds: &[CardKind],
    ) -> Result<(Attempt, Option<RectifiedCard>), ReadError> {
        let Some(card) = clock.time("rectify", || rectify(image, outline)) else {
            return Ok((Attempt::nothing(), None));
        };
        let scale = card.luma.width() as f32 / outline.width_px().max(1.0);
        let gray = clock.time("normalise", || preprocess(&card.luma, scale));
        let area = KtpLayout::area(gray.width(), gray.height());
        let page = clock.time("layout", || Page::new(gray, area));
        let mut best = Attempt::nothing();
        for &kind in kinds {
            let attempt = match kind {
                CardKind::Npwp => self.read_as_npwp(clock, &page, &card)?,
                _ => self.read_as_ktp(clock, &page)?,
            };
            if attempt.kind != CardKind::Unknown {
                best = attempt;
                if !best.identified_by_nik {
                    break;
                }
            }
        }
        if best.kind != CardKind::Unknown {
            best.trace = Some(Trace::with(*outline, &page, &best.places));
        }
        Ok((best, Some(card)))
    }

    fn read_as_ktp(&mut self, clock: &mut Clock, page: &Page) -> Result<Attempt, ReadError> {
        let layout = clock.time("layout", || KtpLayout::find(page));
        if layout.labelled_rows() < MIN_LABELLED_ROWS {
            return Ok(Attempt::nothing());
        }
        let engine = self.engine.as_mut();
        let header = clock.time("recognise", || layout.read_header(page, engine)).map_err(failed)?;
        let header_confirms_ktp = header.iter().any(ktp::header::is_province_line);
        let mut nik = None;
        if !header_confirms_ktp && classify::may_identify_by_nik(layout.labelled_rows()) {
            // Where blur or glare leaves no word legible, the tall digits above as many rows still are.
            nik = clock.time("recognise", || layout.read_nik(page));
        }
        let identified_by_nik =
            nik.as_ref().is_some_and(|row| classify::nik_identifies_ktp(row, layout.labelled_rows()));
        if !header_confirms_ktp && !identified_by_nik {
            // The header may be under glare: the first labels speak as clearly.
            let labels = clock
                .time("recognise", || layout.read_labels(page, engine, PROBED_LABELS))
                .map_err(failed)?;
            let labels: Vec<String> = labels.iter().map(Line::text).collect();
            if labels_seen(labels.iter().map(String::as_str)) < 2 {
                return Ok(Attempt::nothing());
            }
        }
        let nik = nik.or_else(|| clock.time("recognise", || layout.read_nik(page)));
        let lines = clock
            .time("recognise", || layout.read(page, engine, (header, nik), header_confirms_ktp))
            .map_err(failed)?;
        let identified_by_nik = identified_by_nik && !classify::has_tax_wording(&lines);
        let kind = if identified_by_nik { CardKind::Ktp } else { classify::of_ktp_lines(&lines) };
        if kind == CardKind::Unknown {
            return Ok(Attempt::nothing());
        }
        let fields = clock.time("parse", || ktp::fields::parse(&lines));
        let (text, places) = (ktp_text(&lines), layout.places(&lines));
        Ok(Attempt { kind, fields, text, places, trace: None, identified_by_nik })
    }

    fn read_as_npwp(
        &mut self,
        clock: &mut Clock,
        page: &Page,
        card: &RectifiedCard,
    ) -> Result<Attempt, ReadError> {
        let layout = clock.time("layout", || NpwpLayout::find(page));
        let engine = self.engine.as_mut();
        let lines = clock.time("recognise", || layout.read(page, engine)).map_err(failed)?;
        let mut head = Vec::new();
        if classify::may_be_npwp(&lines) {
            head = clock
                .time("recognise", || npwp::header_band::read_head(&card.luma, engine))
                .map_err(failed)?;
        }
        let kind = classify::of_npwp_lines(&lines, &head);
        if kind == CardKind::Unknown {
            return Ok(Attempt::nothing());
        }
        let fields = clock.time("parse", || npwp::fields::parse(&lines));
        let (text, places) = (npwp_text(&lines), layout.places(&lines));
        Ok(Attempt { kind, fields, text, places, trace: None, identified_by_nik: false })
    }
}

/// What to look for where print stands in a KTP's rows and columns.
const ONLY_KTP: &[CardKind] = &[CardKind::Ktp];

/// What to look for, in order.
const fn order(claimed: Option<DocumentType>) -> &'static [CardKind] {
    match claimed {
        Some(DocumentType::Npwp) => &[CardKind::Npwp, CardKind::Ktp],
        _ => &[CardKind::Ktp, CardKind::Npwp],
    }
}

/// Fewer labelled rows than this are no KTP, and not worth recognising: `./dev accuracy --count N --seed S` checks it, as
/// the other numbers here.
const MIN_LABELLED_ROWS: usize = 4;
/// How many labels decide when the header does not.
const PROBED_LABELS: usize = 5;

/// Without these an NPWP card was not read completely; some have no NIK.
const NPWP_COMPLETE: [FieldName; 3] = [FieldName::NpwpNumber, FieldName::Name, FieldName::Address];
/// A field of a lower confidence was hard to read.
const HARD_TO_READ_BELOW: f32 = 0.8;

impl Attempt {
    /// Whether everything was read, and without doubt.
    fn is_complete(&self) -> bool {
        let read = |field: &FieldName| self.fields.contains_key(field);
        let complete = match self.kind {
            // The blood group is often blank.
            CardKind::Ktp => {
                DocumentType::Ktp.fields().iter().all(|field| *field == FieldName::BloodType || read(field))
            }
            CardKind::Npwp => NPWP_COMPLETE.iter().all(read),
            CardKind::Unknown => false,
        };
        complete && self.fields.values().all(|field| field.confidence >= HARD_TO_READ_BELOW)
    }

    fn nothing() -> Self {
        Self {
            kind: CardKind::Unknown,
            fields: BTreeMap::new(),
            text: String::new(),
            places: Vec::new(),
            trace: None,
            identified_by_nik: false,
        }
    }
}

/// Where values stand on the flat card.
fn field_boxes(trace: &Trace) -> Vec<FieldBox> {
    let (width, height) = (f64::from(CARD_WIDTH), f64::from(CARD_HEIGHT));
    let to_picture = Homography::from_rectangle(width, height, &trace.outline.corners);
    let Some(to_card) = to_picture.and_then(|map| map.inverse()) else { return Vec::new() };
    let values = trace.marks.iter().filter(|mark| !mark.fields.is_empty());
    let boxes = values.map(|mark| {
        let corners = mark.corners.map(|(x, y)| to_card.apply(f64::from(x), f64::from(y)));
        let (xs, ys) = (corners.map(|(x, _)| x as f32), corners.map(|(_, y)| y as f32));
        let least = |values: [f32; 4]| values.into_iter().fold(f32::INFINITY, f32::min);
        let most = |values: [f32; 4]| values.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let is_plain = !mark.fields.iter().any(|field| LARGE_PRINT.contains(field));
        FieldBox { area: [least(xs), least(ys), most(xs), most(ys)], is_plain }
    });
    boxes.collect()
}

/// Fields that are printed larger than the others.
const LARGE_PRINT: [FieldName; 4] =
    [FieldName::Province, FieldName::Regency, FieldName::Nik, FieldName::NpwpNumber];

fn failed(error: EngineError) -> ReadError {
    tracing::warn!(%error, "the line engine failed");
    ReadError::new(ReasonCode::ReaderCrashed, "the line engine failed")
}

/// The recognised lines of a KTP as a person would read them.
fn ktp_text(lines: &KtpLines) -> String {
    let mut text: Vec<String> = lines.header.iter().map(Line::text).collect();
    if let Some(row) = &lines.nik {
        text.push(format!("NIK : {}", row.text()));
    }
    for row in &lines.rows {
        let value = if row.value_is_dash { "-".to_owned() } else { row.value.text() };
        let extra = row.extra.as_ref().map(Line::text).unwrap_or_default();
        text.push(format!("{} {value} {extra}", row.label.text()).trim().to_owned());
    }
    text.join("\n")
}

/// The recognised lines of an NPWP card.
fn npwp_text(lines: &[NpwpLine]) -> String {
    lines.iter().map(|line| line.line.text()).collect::<Vec<_>>().join("\n")
}
