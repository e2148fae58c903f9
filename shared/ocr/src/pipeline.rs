//! The whole way from the bytes of a file to a reading.
//!
//! Owns the order of the stages and the search over pages, outlines, orientations and kinds of card. It must not know where
//! the bytes came from, nor what is decided on the reading.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use filot_domain::{CardKind, CardReading, DocumentType, FieldName, FieldReading, ReasonCode};
use image::RgbImage;

use crate::authenticity::{self, FieldBox, Subject};
use crate::classify;
use crate::detection::{Printed, find_cards, find_squeezed, may_be_squeezed, orientation_candidates};
use crate::error::ReadError;
use crate::image::decode::{Decoded, PictureFile};
use crate::image::jpeg_tables::Coding;
pub use crate::image::limits::WORKING_SIDE;
use crate::image::rectify::{CARD_HEIGHT, CARD_WIDTH, CardOutline, Homography, RectifiedCard, rectify};
use crate::ktp;
use crate::ktp::labels::labels_seen;
use crate::ktp::layout::{KtpLayout, MIN_LABELLED_ROWS};
use crate::ktp::row_data::KtpLines;
use crate::ktp::template::ROW_GRID;
use crate::npwp;
use crate::npwp::layout::NpwpLayout;
use crate::npwp::line::NpwpLine;
use crate::page::Page;
use crate::picture_hash::picture_hash;
use crate::preprocess::bilevel::soften_bilevel;
use crate::preprocess::preprocess;
use crate::quality::{assess, ends_in_glare, without_glare};
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

/// A picture of a file as the reader works on it: upright, long side at most [`WORKING_SIDE`] pixels. Places in a [`Trace`]
/// are pixels of it. `page` counts the pages of a PDF from zero.
///
/// # Errors
/// The file is damaged, of no known kind, or would unpack to more than the limits; or it has no such page.
pub fn decode_picture(bytes: &[u8], page: usize) -> Result<RgbImage, ReadError> {
    Ok(PictureFile::open(bytes)?.picture(page)?.image)
}

/// A reading and where the time went.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOutput {
    /// What was read.
    pub reading: CardReading,
    /// The page of a PDF that it was read on, from zero.
    pub page: usize,
    /// Milliseconds per stage: `decode`, `rectify`, `print`, `normalise`, `layout`, `recognise`, `parse`, `quality`,
    /// `authenticity`, `picture_hash`.
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
    /// Print touches the box of a critical field from outside.
    is_cut: bool,
    /// Nothing but the row of digits speaks for a KTP: a kind that words speak for goes before it.
    identified_by_nik: bool,
}

/// A page that was searched.
struct SeenPage {
    /// From zero.
    page: usize,
    decoded: Decoded,
    search: Search,
}

/// What came of the search for a card.
struct Search {
    attempt: Attempt,
    /// The flat card of the attempt, or what was looked at instead.
    card: Option<RectifiedCard>,
    /// The outline, unless it is the whole picture.
    found: Option<CardOutline>,
    /// The picture's width and height were scaled apart: the outline has other proportions than a card's.
    squeezed: bool,
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
        let seen = self.search_pages(&mut clock, bytes, claimed)?;
        let SeenPage { page, decoded, search: Search { attempt, card, found, squeezed } } = seen;
        let image = &decoded.image;
        let whole = CardOutline::whole_image(image.width(), image.height());
        // Without anything to read the picture still has its quality.
        let card = card.or_else(|| clock.time("rectify", || rectify(image, &whole)));
        let hidden = card.as_ref().is_some_and(|card| ends_in_glare(card, &attempt.name_areas()));
        let report =
            clock.time("quality", || card.as_ref().map(|card| assess(image, found.as_ref(), squeezed, card)));
        let (mut quality, mut reasons) =
            report.map_or_else(Default::default, |report| (report.quality, report.reasons));
        if attempt.is_complete() {
            reasons = without_glare(reasons);
        }
        if found.is_none() && !reasons.contains(&ReasonCode::CardNotFound) {
            reasons.push(ReasonCode::CardNotFound);
        }
        if attempt.is_cut || hidden {
            reasons.push(ReasonCode::ValueCutOff);
        }
        if attempt.kind == CardKind::Unknown && !reasons.contains(&ReasonCode::NotACard) {
            reasons.push(ReasonCode::NotACard);
        }
        if !decoded.is_complete() {
            reasons.push(ReasonCode::PictureIncomplete);
        }
        if let (Some(card), Some(trace)) = (&card, &attempt.trace) {
            let fields = field_boxes(trace);
            let (coding, outline) = (Coding::of(bytes), &trace.outline);
            let subject = Subject { image, coding, outline, card, fields: &fields };
            reasons.extend(clock.time("authenticity", || authenticity::assess(&subject, &mut quality)));
        }
        reasons.sort_unstable();
        reasons.dedup();
        let picture_hash = card
            .as_ref()
            .and_then(|card| clock.time("picture_hash", || picture_hash(&card.luma, attempt.kind)));
        let reading = CardReading {
            kind: attempt.kind,
            fields: attempt.fields,
            quality,
            reasons,
            text: attempt.text,
            picture_hash,
        };
        let trace = attempt.trace.unwrap_or_else(|| Trace::of(found.unwrap_or(whole)));
        Ok(ReadOutput { reading, page, stage_ms: clock.stage_ms, trace })
    }

    /// Reads the pictures of a file until one shows the card that is claimed: a PDF may have its front and its back on two
    /// pages.
    fn search_pages(
        &mut self,
        clock: &mut Clock,
        bytes: &[u8],
        claimed: Option<DocumentType>,
    ) -> Result<SeenPage, ReadError> {
        let file = clock.time("decode", || PictureFile::open(bytes))?;
        let pages = file.pages();
        let mut best: Option<SeenPage> = None;
        let mut undecoded = None;
        for page in 0..pages.min(MAX_PAGES) {
            let mut decoded = match clock.time("decode", || file.picture(page)) {
                Ok(decoded) => decoded,
                Err(error) => {
                    undecoded.get_or_insert(error);
                    continue;
                }
            };
            if decoded.lacks_a_picture {
                undecoded.get_or_insert_with(picture_undecoded);
            }
            if decoded.is_blank() && (pages > 1 || decoded.lacks_a_picture) {
                continue;
            }
            if let Some(soft) = clock.time("normalise", || soften_bilevel(&decoded.image)) {
                decoded.image = soft;
            }
            let search = self.search(clock, &decoded.image, claimed)?;
            let is_claimed = search.attempt.shows(claimed);
            let is_better = best.as_ref().is_none_or(|best| {
                is_claimed
                    || (best.search.attempt.kind == CardKind::Unknown
                        && search.attempt.kind != CardKind::Unknown)
            });
            if is_better {
                best = Some(SeenPage { page, decoded, search });
            }
            if is_claimed {
                break;
            }
        }
        // The claimed card may be on what was not seen: that is no reason to say that it is not there.
        if !best.as_ref().is_some_and(|best| best.search.attempt.shows(claimed)) {
            if let Some(error) = undecoded {
                return Err(error);
            }
            if pages > MAX_PAGES {
                let message =
                    format!("the PDF has more than {MAX_PAGES} pages, and the first do not show the card");
                return Err(ReadError::new(ReasonCode::PdfUnsupported, message));
            }
        }
        best.ok_or_else(|| ReadError::new(ReasonCode::PdfUnsupported, "the PDF's pages are blank"))
    }

    /// Reads the outlines that may be a card's, likeliest first, until one shows a card. If that is another card than the
    /// claimed one, the other outlines are looked at for the claimed one: both may lie in one picture.
    fn search(
        &mut self,
        clock: &mut Clock,
        image: &RgbImage,
        claimed: Option<DocumentType>,
    ) -> Result<Search, ReadError> {
        let whole = &CardOutline::whole_image(image.width(), image.height());
        let (mut found, others) = clock.time("rectify", || find_cards(image));
        let (mut attempt, mut card) = match &found {
            Some(outline) => self.read_outline(clock, image, outline, order(claimed), None)?,
            None => (Attempt::nothing(), None),
        };
        if !attempt.shows(claimed) {
            // A card was found, if not the claimed one: only that one goes before it.
            let kinds = if attempt.kind == CardKind::Unknown { order(claimed) } else { only(claimed) };
            // What was taken for the outline may be something else: print in a KTP's rows and columns is better evidence.
            let print = clock.time("print", || Printed::of(image));
            let printed = if kinds.contains(&CardKind::Ktp) {
                clock.time("print", || print.ktps(image, &ROW_GRID))
            } else {
                Vec::new()
            };
            for outline in printed {
                let (again, its_card) = self.read_upright(clock, image, &outline, ONLY_KTP)?;
                if again.kind != CardKind::Unknown {
                    (attempt, card, found) = (again, its_card, Some(outline));
                    break;
                }
            }
            for other in others {
                if attempt.shows(claimed) {
                    break;
                }
                let kinds = if attempt.kind == CardKind::Unknown { kinds } else { only(claimed) };
                let (again, other_card) = self.read_outline(clock, image, &other, kinds, Some(&print))?;
                if again.kind != CardKind::Unknown {
                    (attempt, card, found) = (again, other_card, Some(other));
                }
            }
            if attempt.kind == CardKind::Unknown {
                // The picture itself is the last candidate.
                let (again, whole_card) = if found.is_some() {
                    self.read_upright(clock, image, whole, order(claimed))?
                } else {
                    self.read_outline(clock, image, whole, order(claimed), Some(&print))?
                };
                if again.kind != CardKind::Unknown || card.is_none() {
                    (attempt, card) = (again, whole_card);
                }
            }
        }
        if !attempt.is_identified()
            && may_be_squeezed(image)
            && let Some(search) = self.search_squeezed(clock, image, claimed)?
        {
            return Ok(search);
        }
        Ok(Search { attempt, card, found, squeezed: false })
    }

    /// Reads outlines of other proportions than a card's, in a picture whose width and height may have been scaled apart.
    fn search_squeezed(
        &mut self,
        clock: &mut Clock,
        image: &RgbImage,
        claimed: Option<DocumentType>,
    ) -> Result<Option<Search>, ReadError> {
        let kinds = if claimed.is_some() { only(claimed) } else { order(claimed) };
        for outline in clock.time("rectify", || find_squeezed(image)) {
            let (attempt, card) = self.read_upright(clock, image, &outline, kinds)?;
            if attempt.is_identified() && attempt.mean_confidence() >= SQUEEZED_CONFIDENCE_MIN {
                return Ok(Some(Search { attempt, card, found: Some(outline), squeezed: true }));
            }
        }
        Ok(None)
    }

    /// Tries the orientations of an outline until one shows a card; with `print` only those that agree with it.
    fn read_outline(
        &mut self,
        clock: &mut Clock,
        image: &RgbImage,
        outline: &CardOutline,
        kinds: &[CardKind],
        print: Option<&Printed>,
    ) -> Result<(Attempt, Option<RectifiedCard>), ReadError> {
        let candidates = clock.time("rectify", || orientation_candidates(image, outline));
        let mut first = None;
        let allowed = |oriented: &&CardOutline| print.is_none_or(|print| print.agrees_with(oriented));
        for candidate in candidates.iter().take(4).filter(allowed) {
            let (attempt, card) = self.read_upright(clock, image, candidate, kinds)?;
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
        let labelled = layout.labelled_rows() >= MIN_LABELLED_ROWS;
        if !labelled && layout.valued_rows() < MIN_VALUED_ROWS {
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
            if !labelled {
                return Ok(Attempt::nothing());
            }
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
        let is_cut = ktp::fields::critical_value_is_cut(&lines);
        Ok(Attempt { kind, fields, text, places, trace: None, is_cut, identified_by_nik })
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
        Ok(Attempt { kind, fields, text, places, trace: None, is_cut: false, identified_by_nik: false })
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

/// The claimed kind alone, which another one in the same picture must not hide.
const fn only(claimed: Option<DocumentType>) -> &'static [CardKind] {
    match claimed {
        Some(DocumentType::Ktp) => ONLY_KTP,
        Some(DocumentType::Npwp) => &[CardKind::Npwp],
        None => &[],
    }
}

fn picture_undecoded() -> ReadError {
    ReadError::new(ReasonCode::PdfUnsupported, "a picture in the PDF cannot be decoded")
}

/// How many pages of a PDF are searched for a card: front, back, and a sheet around them.
const MAX_PAGES: usize = 4;
/// Fewer rows with values than this are no KTP whose labels are cut off: most of the card's twelve. `./dev accuracy --count N
/// --seed S` checks it, as the other numbers here.
const MIN_VALUED_ROWS: usize = 9;
/// Mean confidence of its fields from which on a card is believed whose outline has no card's proportions.
const SQUEEZED_CONFIDENCE_MIN: f32 = 0.7;
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

    /// Whether the number and the name that every card has were read.
    fn is_identified(&self) -> bool {
        let number = match self.kind {
            CardKind::Ktp => FieldName::Nik,
            CardKind::Npwp => FieldName::NpwpNumber,
            CardKind::Unknown => return false,
        };
        self.fields.contains_key(&number) && self.fields.contains_key(&FieldName::Name)
    }

    /// Where the holder's name was read, line by line, in px of the flat card. Whether it is whole no other field says.
    fn name_areas(&self) -> Vec<[f32; 4]> {
        let names = self.places.iter().filter(|place| place.fields.contains(&FieldName::Name));
        names.map(|place| place.area).collect()
    }

    /// How legible it was: the mean confidence of its fields, 0 to 1.
    fn mean_confidence(&self) -> f32 {
        let sum: f32 = self.fields.values().map(|field| field.confidence).sum();
        sum / self.fields.len().max(1) as f32
    }

    /// Whether it is a card, and of the claimed kind if one is claimed.
    fn shows(&self, claimed: Option<DocumentType>) -> bool {
        self.kind != CardKind::Unknown && claimed.is_none_or(|claimed| claimed.expected_kind() == self.kind)
    }

    fn nothing() -> Self {
        Self {
            kind: CardKind::Unknown,
            fields: BTreeMap::new(),
            text: String::new(),
            places: Vec::new(),
            trace: None,
            is_cut: false,
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
        let extra = row.words.as_ref().or(row.extra.as_ref()).map(Line::text).unwrap_or_default();
        text.push(format!("{} {value} {extra}", row.label.text()).trim().to_owned());
    }
    text.join("\n")
}

/// The recognised lines of an NPWP card.
fn npwp_text(lines: &[NpwpLine]) -> String {
    lines.iter().map(|line| line.line.text()).collect::<Vec<_>>().join("\n")
}
