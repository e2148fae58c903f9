#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::print_stdout)]
use std::io::Write;
fn main() {
    for f in std::env::args().skip(1) {
        let b = std::fs::read(&f).unwrap();
        let t = std::time::Instant::now();
        match filot_ocr::pipeline::decode_picture(&b, 0) {
            Ok(p) => {
                let ms = t.elapsed().as_secs_f64() * 1e3;
                let mut o = std::fs::File::create(format!("{f}.ppm")).unwrap();
                write!(o, "P6\n{} {}\n255\n", p.width(), p.height()).unwrap();
                o.write_all(p.as_raw()).unwrap();
                println!("{f} {ms:.1} ms");
            }
            Err(e) => println!("{f} ERR {}", e.message),
        }
    }
}
