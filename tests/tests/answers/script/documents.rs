//! Documents of a user, and their verification.

use std::time::{Duration, Instant};

use filot_e2e::client::probe::{Probe, Seen};
use filot_e2e::simulators::buli2::Reviewer;
use filot_e2e::{Result, Stack};
use filot_store::seed;
use serde_json::json;

use super::{NOBODY, demo_token, raw, strangers, text};
use crate::recorder::Recorder;

/// A picture of one grey pixel: a PNG, and no card.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x68, 0,
    0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];
/// One byte more than the largest file.
const FILE_TOO_LARGE: usize = 2 * 1024 * 1024 + 1;
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks everything of these routes. `newcomer` is somebody else's access token.
pub async fn ask(recorder: &mut Recorder<'_>, newcomer: &str) -> Result<()> {
    // No reviewer decides by themselves: the script does.
    recorder.stack.buli2.set_reviewer(Reviewer::Asleep);
    let uploaded = upload(recorder).await?;
    list(recorder, newcomer).await?;
    get(recorder, newcomer, &uploaded).await?;
    process(recorder, newcomer).await?;
    verification(recorder, newcomer).await?;
    delete(recorder, newcomer, &uploaded).await
}

fn request(recorder: &Recorder<'_>, method: &str, path: &str) -> Result<Probe> {
    Ok(recorder.to(method, path)?.bearer(&demo_token()?))
}

/// Parts of a form: name, file name and type, content.
type Part<'a> = (&'a str, Option<(&'a str, &'a str)>, &'a [u8]);

fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let head = match file {
            Some((file, mime)) => format!(
                "--filot\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
                 Content-Type: {mime}\r\n\r\n"
            ),
            None => format!("--filot\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n"),
        };
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--filot--\r\n");
    body
}

/// The id of the document that was uploaded first.
async fn upload(recorder: &mut Recorder<'_>) -> Result<String> {
    recorder.group("upload");
    let path = "/documents/upload";
    strangers(recorder, "upload", "POST", path, &demo_token()?).await?;
    const FORM: &str = "multipart/form-data; boundary=filot";
    let kind = |text: &'static str| -> Part<'static> { ("type", None, text.as_bytes()) };
    let file =
        |content: &'static [u8]| -> Part<'static> { ("file", Some(("card.png", "image/png")), content) };
    let post = |recorder: &Recorder<'_>, parts: &[Part<'_>]| -> Result<Probe> {
        Ok(raw(request(recorder, "POST", path)?, FORM, form(parts)))
    };
    let pdf: Part<'_> = ("file", Some(("card.pdf", "application/pdf")), PIXEL);
    let large = vec![0xff; FILE_TOO_LARGE];
    let too_large: Part<'_> = ("file", Some(("card.jpg", "image/jpeg")), &large);
    for (what, parts) in [
        ("no parts", &[][..]),
        ("no file", &[kind("KTP")]),
        ("no type", &[file(PIXEL)]),
        ("an unknown type", &[kind("PASSPORT"), file(PIXEL)]),
        ("two types", &[kind("KTP"), kind("NPWP"), file(PIXEL)]),
        ("two files", &[kind("KTP"), file(PIXEL), file(PIXEL)]),
        ("an unknown part", &[kind("KTP"), ("comment", None, b"x"), file(PIXEL)]),
        ("an empty file", &[kind("KTP"), file(b"")]),
        ("no picture", &[kind("KTP"), file(b"not a picture")]),
        ("a cut picture", &[kind("KTP"), file(PIXEL.split_at(40).0)]),
        ("another type than it says", &[kind("KTP"), pdf]),
        ("a file that is too large", &[kind("KTP"), too_large]),
    ] {
        let probe = post(recorder, parts)?;
        recorder.ask(what, probe).await?;
    }
    let probe = request(recorder, "POST", path)?.json(&json!({"type": "KTP"}));
    recorder.ask("JSON", probe).await?;
    let probe = raw(request(recorder, "POST", path)?, "multipart/form-data", form(&[kind("KTP")]));
    recorder.ask("a form without a boundary", probe).await?;
    let probe = raw(request(recorder, "POST", path)?, FORM, "--filot\r\nContent-Disp");
    recorder.ask("a form that is cut", probe).await?;

    let good = [kind("KTP"), file(PIXEL)];
    let keyed = |recorder: &Recorder<'_>, parts: &[Part<'_>], key: &str| -> Result<Probe> {
        Ok(post(recorder, parts)?.header("idempotency-key", key))
    };
    let long = "k".repeat(300);
    recorder.ask("a key that is too long", keyed(recorder, &good, &long)?).await?;
    let first = recorder.ask("uploaded under a key", keyed(recorder, &good, "once")?).await?;
    recorder.ask("the same again: replayed", keyed(recorder, &good, "once")?).await?;
    let other = keyed(recorder, &[kind("NPWP"), file(PIXEL)], "once")?;
    recorder.ask("another upload under its key", other).await?;
    let probe = post(recorder, &[kind("NPWP"), file(PIXEL)])?;
    recorder.ask("uploaded without a key", probe).await?;
    text(&first.json()["document"]["id"])
}

async fn list(recorder: &mut Recorder<'_>, newcomer: &str) -> Result<()> {
    recorder.group("list");
    strangers(recorder, "list", "GET", "/documents", &demo_token()?).await?;
    let mut cursor = String::new();
    for page in 1..=4 {
        let probe = request(recorder, "GET", &format!("/documents?limit=4{cursor}"))?;
        let seen = recorder.ask(&format!("page {page}"), probe).await?;
        match seen.json()["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for query in [
        "",
        "?status=completed",
        "?type=NPWP",
        "?status=completed&type=KTP&limit=1",
        "?status=receiving",
        "?status=erased",
        "?status=lost",
        "?type=SIM",
        "?limit=0",
        "?limit=101",
        "?limit=many",
        "?cursor=-",
        "?cursor=AAAA",
        "?limit=1&limit=2",
        "?unknown=1",
    ] {
        let probe = request(recorder, "GET", &format!("/documents{query}"))?;
        recorder.ask(&format!("query {query:?}"), probe).await?;
    }
    let probe = recorder.to("GET", "/documents")?.bearer(newcomer);
    recorder.ask("somebody without documents", probe).await?;
    Ok(())
}

/// Whoever asks for a document that is not theirs, or none.
async fn not_theirs(
    recorder: &mut Recorder<'_>,
    method: &str,
    path: &str,
    id: &str,
    newcomer: &str,
) -> Result<()> {
    let at = |id: &str| path.replace("{id}", id);
    strangers(recorder, path, method, &at(id), &demo_token()?).await?;
    let probe = recorder.to(method, &at(id))?.bearer(newcomer);
    recorder.ask("somebody else's", probe).await?;
    let probe = request(recorder, method, &at(NOBODY))?;
    recorder.ask("unknown", probe).await?;
    let probe = request(recorder, method, &at("no-id"))?;
    recorder.ask("no id", probe).await?;
    Ok(())
}

async fn get(recorder: &mut Recorder<'_>, newcomer: &str, uploaded: &str) -> Result<()> {
    recorder.group("get");
    not_theirs(recorder, "GET", "/documents/{id}", &seed::COMPLETED.to_string(), newcomer).await?;
    for (what, id) in demo_documents() {
        let probe = request(recorder, "GET", &format!("/documents/{id}"))?;
        recorder.ask(what, probe).await?;
    }
    let probe = request(recorder, "GET", &format!("/documents/{uploaded}"))?;
    recorder.ask("just uploaded", probe).await?;

    recorder.group("download");
    let path = "/documents/{id}/download";
    not_theirs(recorder, "GET", path, &seed::COMPLETED.to_string(), newcomer).await?;
    for (what, id) in [("completed", seed::COMPLETED.to_string()), ("just uploaded", uploaded.to_owned())] {
        let probe = request(recorder, "GET", &path.replace("{id}", &id))?;
        recorder.ask(what, probe).await?;
    }
    Ok(())
}

/// One document in each state.
fn demo_documents() -> [(&'static str, String); 7] {
    [
        ("uploaded", seed::UPLOADED),
        ("completed", seed::COMPLETED),
        ("in review", seed::IN_REVIEW),
        ("decided by the script", seed::READ),
        ("failed", seed::FAILED),
        ("rejected", seed::REJECTED),
        ("to be deleted", seed::DISPOSABLE),
    ]
    .map(|(what, id)| (what, id.to_string()))
}

async fn process(recorder: &mut Recorder<'_>, newcomer: &str) -> Result<()> {
    recorder.group("process");
    let path = "/documents/{id}/process";
    not_theirs(recorder, "POST", path, &seed::FAILED.to_string(), newcomer).await?;
    let post = |recorder: &Recorder<'_>, id: &str| request(recorder, "POST", &path.replace("{id}", id));
    recorder.ask("completed", post(recorder, &seed::COMPLETED.to_string())?).await?;
    recorder.ask("in review", post(recorder, &seed::IN_REVIEW.to_string())?).await?;
    let failed = seed::FAILED.to_string();
    let keyed = |recorder: &Recorder<'_>, id: &str| -> Result<Probe> {
        Ok(post(recorder, id)?.header("idempotency-key", "process-once"))
    };
    recorder.ask("failed, under a key", keyed(recorder, &failed)?).await?;
    recorder.ask("the same again: replayed", keyed(recorder, &failed)?).await?;
    recorder.ask("another document under its key", keyed(recorder, &seed::UPLOADED.to_string())?).await?;
    recorder.ask("waiting already", post(recorder, &failed)?).await?;
    Ok(())
}

async fn verification(recorder: &mut Recorder<'_>, newcomer: &str) -> Result<()> {
    recorder.group("verification");
    let path = "/verification/status/{id}";
    not_theirs(recorder, "GET", path, &seed::COMPLETED.to_string(), newcomer).await?;
    for (what, id) in demo_documents() {
        let probe = request(recorder, "GET", &path.replace("{id}", &id))?;
        recorder.ask(what, probe).await?;
    }

    recorder.group("escalate");
    let path = "/verification/{id}/escalate";
    not_theirs(recorder, "POST", path, &seed::REJECTED.to_string(), newcomer).await?;
    let post = |recorder: &Recorder<'_>, id: &str| request(recorder, "POST", &path.replace("{id}", id));
    for (what, id) in demo_documents().into_iter().filter(|(what, _)| *what != "rejected") {
        recorder.ask(what, post(recorder, &id)?).await?;
    }
    let rejected = seed::REJECTED.to_string();
    let keyed = |recorder: &Recorder<'_>| -> Result<Probe> {
        Ok(post(recorder, &rejected)?.header("idempotency-key", "escalate-once"))
    };
    let seen: Seen = recorder.ask("rejected, under a key", keyed(recorder)?).await?;
    dispatched(recorder.stack, &text(&seen.json()["review"]["id"])?).await?;
    recorder.ask("the same again: replayed", keyed(recorder)?).await?;
    recorder.ask("escalated before", post(recorder, &rejected)?).await?;
    let probe = request(recorder, "GET", &format!("/documents/{rejected}"))?;
    recorder.ask("the document afterwards", probe).await?;
    Ok(())
}

/// Waits until BULI2 has a review and we have its task: what follows is about a review that was sent.
pub async fn dispatched(stack: &Stack, review: &str) -> Result<()> {
    let key: uuid::Uuid = review.parse()?;
    let sql = "SELECT 1 FROM manual_reviews WHERE id = $1 AND dispatch_state = 'acknowledged'";
    let deadline = Instant::now() + PATIENCE;
    while stack.sql.query_opt(sql, &[&key]).await?.is_none() {
        if Instant::now() > deadline {
            return Err(format!("BULI2 never took the review {review}").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn delete(recorder: &mut Recorder<'_>, newcomer: &str, uploaded: &str) -> Result<()> {
    recorder.group("delete");
    let path = "/documents/{id}";
    let disposable = seed::DISPOSABLE.to_string();
    not_theirs(recorder, "DELETE", path, &disposable, newcomer).await?;
    let ask = |recorder: &Recorder<'_>, method: &str, id: &str| {
        request(recorder, method, &path.replace("{id}", id))
    };
    recorder.ask("deleted", ask(recorder, "DELETE", &disposable)?).await?;
    recorder.ask("deleted before", ask(recorder, "DELETE", &disposable)?).await?;
    recorder.ask("get, deleted", ask(recorder, "GET", &disposable)?).await?;
    recorder.ask("deleted with its file", ask(recorder, "DELETE", uploaded)?).await?;
    for path in ["/documents/{id}/download", "/verification/status/{id}"] {
        let probe = request(recorder, "GET", &path.replace("{id}", uploaded))?;
        recorder.ask(&format!("{path}, deleted"), probe).await?;
    }
    for path in ["/documents/{id}/process", "/verification/{id}/escalate"] {
        let probe = request(recorder, "POST", &path.replace("{id}", uploaded))?;
        recorder.ask(&format!("{path}, deleted"), probe).await?;
    }
    Ok(())
}
