//! INV-4, INV-8: whatever text the recogniser returns for a tax card, every number has a number's form.
#![no_main]

use filot_domain::FieldName;
use filot_ocr::engine::{Line, Symbol};
use filot_ocr::fuzzing::{NpwpLine, NumberRow, assign_roles, column_of, evidence, parse_npwp};
use libfuzzer_sys::fuzz_target;

/// The reader finds no more lines on a card.
const LINES_MAX: usize = 18;
/// The reader returns no longer lines.
const LINE_CHARS_MAX: usize = 80;

fn line(text: &str, confidence: f32) -> Line {
    let at = |i: usize| u32::try_from(i).unwrap_or(u32::MAX) * 20;
    let symbol = |(i, character)| Symbol { character, confidence, left: at(i), right: at(i + 1) };
    Line { symbols: text.chars().take(LINE_CHARS_MAX).enumerate().map(symbol).collect() }
}

/// The number in a line, as the digit classifier might read it.
fn number(text: &str, sure: f32) -> Option<NumberRow> {
    let cell = |digit: u8| {
        let mut cell = [0.001; 10];
        cell[usize::from(digit - b'0')] = sure;
        cell
    };
    let cells: Vec<_> = text.bytes().filter(u8::is_ascii_digit).map(cell).collect();
    matches!(cells.len(), 15 | 16).then_some(NumberRow { cells, fit: -0.05 })
}

fuzz_target!(|input: (u8, u8, &str)| {
    let (sure, step, text) = (f32::from(input.0) / 255.0, u32::from(input.1), input.2);
    // One line, then after a tab its second reading.
    let mut lines: Vec<NpwpLine> = (1..)
        .zip(text.lines().take(LINES_MAX))
        .map(|(i, text)| {
            let (first, second) = text.split_once('\t').unwrap_or((text, ""));
            let second_pass = Some(line(second, sure)).filter(|line| !line.symbols.is_empty());
            NpwpLine {
                top: i * step,
                bottom: i * step + 20,
                line: line(first, sure),
                second_pass,
                digits: number(first, sure),
                ..NpwpLine::default()
            }
        })
        .collect();
    assign_roles(&mut lines);
    assert!(evidence(&lines, &[]) <= 9);
    for line in &lines {
        assert!(line.value_from <= line.line.symbols.len());
        assert!(column_of(&line.line, line.value_from) <= LINE_CHARS_MAX as u32 * 20);
    }
    for (name, reading) in parse_npwp(&lines) {
        let value = reading.value.as_str();
        assert!(!value.is_empty(), "{name}");
        assert!((0.0..1.0).contains(&reading.confidence), "{name}: {}", reading.confidence);
        let digits = value.bytes().all(|b| b.is_ascii_digit());
        match name {
            FieldName::NpwpNumber => assert!(digits && matches!(value.len(), 15 | 16), "{value}"),
            FieldName::Nik => assert!(digits && value.len() == 16, "{value}"),
            FieldName::Name | FieldName::Address => {}
            other => panic!("a tax card has no {other}"),
        }
    }
});
