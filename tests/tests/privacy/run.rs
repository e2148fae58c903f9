//! The full run that is searched afterwards: every card, every outcome, every kind of error. It records all personal
//! data and all credentials that it used.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::Utc;
use filot_buli2::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use filot_e2e::cards::{Card, Cards};
use filot_e2e::client::forge;
use filot_e2e::client::probe::{self, Probe, Seen};
use filot_e2e::pii_markers::PiiMarker;
use filot_e2e::simulators::buli2::{Health, Reviewer};
use filot_e2e::stack::account::Account;
use filot_e2e::{Result, Stack};
use filot_platform::local;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);
/// Fields that identify the holder of a card; villages and professions are shared by many.
const PERSONAL: [&str; 4] = ["nik", "npwpNumber", "name", "address"];

/// The run: what was sent, and the data that must not be found.
#[derive(Default)]
pub struct Run {
    /// Texts that must not be found.
    pub markers: Vec<PiiMarker>,
    /// Ids of the uploaded documents.
    pub documents: Vec<String>,
    /// Bodies of refusals.
    pub errors: Vec<String>,
    /// Answers of the metrics route in both formats.
    pub metrics: Vec<String>,
}

/// One user.
struct Person {
    account: Account,
    phone: String,
}

impl Run {
    /// Runs everything.
    pub async fn of_everything(stack: &Stack) -> Result<Self> {
        let mut run = Self::default();
        let (http, cards) = (probe::client()?, Cards::demo()?);
        for (what, secret) in [
            ("service key", local::SERVICE_INTERNAL_KEY),
            ("key at BULI2", local::BULI2_API_KEY),
            ("signature secret", local::BULI2_SIGNATURE_SECRET),
            ("token key", local::JWT_SECRET),
            ("sealing key", local::SEALING_KEY),
            ("hash key", local::IDENTITY_HASH_KEY),
            ("origin secret", local::ORIGIN_SECRET),
        ] {
            run.hides(what, secret);
        }
        // BULI2 fails first, with answers that repeat the request.
        stack.buli2.set_health(Health::Echoes(500));
        let mut ends = BTreeMap::new();
        for (n, card) in cards.cards.iter().enumerate() {
            let content = cards.content(card)?;
            let person = run.person(stack, n, card).await?;
            let id = run.send(stack, &http, &person, card, &content).await?;
            ends.insert(card.file.clone(), (person, id));
        }
        for (file, (person, id)) in &ends {
            stack
                .wait_for(id, &["completed", "failed", "ai_evaluated/pending_manual_review"], PATIENCE)
                .await
                .map_err(|error| format!("{file}: {error}"))?;
            run.look(stack, &http, person, id).await?;
        }
        let (person, id) = ends.get("ktp-contradiction.jpg").ok_or("a card was not sent")?;
        run.review(stack, &http, person, id).await?;
        let (person, id) = ends.get("receipt.jpg").ok_or("a card was not sent")?;
        run.refused_by_buli2(stack, &http, person, id).await?;
        run.mistakes(stack, &http, &person.account, &ends).await?;
        let (person, id) = ends.get("ktp-photo.jpg").ok_or("a card was not sent")?;
        run.erase(stack, &http, person, id).await?;
        run.leave(stack, &http, person).await?;
        for accept in ["application/json", "text/plain"] {
            let probe = Probe::new("GET", format!("{}/metrics", stack.api.base()))?.header("accept", accept);
            let said = run.ask(&http, probe).await?;
            run.metrics.push(said.text);
        }
        Ok(run)
    }

    fn hides(&mut self, what: impl Into<String>, text: &str) {
        self.markers.extend(PiiMarker::new(what, text));
    }

    /// The claims and the signature of a token, each as a marker of its own.
    fn hides_token(&mut self, what: &str, token: &str) {
        for (part, text) in ["claims", "signature"].iter().zip(token.split('.').skip(1)) {
            self.hides(format!("{what}, {part}"), text);
        }
    }

    fn hides_link(&mut self, what: &str, link: &str) {
        if let Some((_, signature)) = link.split_once("X-Amz-Signature=") {
            self.hides(what, signature.split('&').next().unwrap_or_default());
        }
    }

    /// Sends a request and keeps the body of a refusal.
    async fn ask(&mut self, http: &reqwest::Client, probe: Probe) -> Result<Seen> {
        let seen = probe.from_a_new_address().send(http).await?;
        if seen.status >= 400 {
            self.errors.push(seen.text.clone());
        }
        Ok(seen)
    }

    /// A user with the name on the card, and a telephone number and e-mail address of their own.
    async fn person(&mut self, stack: &Stack, n: usize, card: &Card) -> Result<Person> {
        let tag = uuid::Uuid::new_v4().simple().to_string();
        let tag = tag.get(..10).unwrap_or_default();
        let name = card.fields.get("name").cloned().unwrap_or_else(|| format!("Putri Wulandari {n}"));
        let email = format!("Warga.{n}.{tag}@Example.com");
        let phone = format!("+62812{:08}", 31_415_926 + n * 271_828);
        for field in PERSONAL {
            if let Some(text) = card.fields.get(field) {
                self.hides(format!("{field} on {}", card.file), text);
            }
        }
        self.hides(format!("name of person {n}"), &name);
        self.hides(format!("e-mail of person {n}"), &email);
        self.hides(format!("phone of person {n}"), &phone);
        self.hides(format!("phone of person {n}, as said at home"), &phone.replacen("+62", "0", 1));
        let account = Account::of(stack, &email, &json!({"fullName": name, "phone": phone})).await?;
        self.hides_token(&format!("Stack Auth token of person {n}"), &account.stack_token);
        self.hides_token(&format!("access token of person {n}"), &account.access);
        self.hides(format!("refresh token of person {n}"), &account.refresh);
        Ok(Person { account, phone })
    }

    /// Uploads a card with personal data in its file name.
    async fn send(
        &mut self,
        stack: &Stack,
        http: &reqwest::Client,
        person: &Person,
        card: &Card,
        content: &[u8],
    ) -> Result<String> {
        let fields = &card.fields;
        let said = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let extension = card.file.rsplit('.').next().unwrap_or("jpg");
        let file = format!("{} {}.{extension}", said("name"), said("nik"));
        let mime = match extension {
            "pdf" => "application/pdf",
            "png" => "image/png",
            _ => "image/jpeg",
        };
        let probe = form(stack, person, &card.document_type, &file, mime, content)?;
        let seen = self.ask(http, probe).await?;
        let id = seen.json()["document"]["id"].as_str().map(str::to_owned);
        let id = id.ok_or_else(|| format!("{}: {} {}", card.file, seen.status, seen.text))?;
        self.documents.push(id.clone());
        Ok(id)
    }

    /// Everything that a user can read.
    async fn look(&mut self, stack: &Stack, http: &reqwest::Client, person: &Person, id: &str) -> Result<()> {
        let own = [
            "/auth/me".to_owned(),
            "/profile".to_owned(),
            "/documents".to_owned(),
            format!("/documents/{id}"),
            format!("/verification/status/{id}"),
        ];
        for path in own {
            let probe = get(stack, &path)?.bearer(&person.account.access);
            expect(&self.ask(http, probe).await?, 200, &path)?;
        }
        let path = format!("/documents/{id}/download");
        let seen = self.ask(http, get(stack, &path)?.bearer(&person.account.access)).await?;
        expect(&seen, 200, &path)?;
        let body = seen.json();
        let url = body["url"].as_str().ok_or("no url")?;
        self.hides_link("signature of a download", url);
        let file = self.ask(http, Probe::new("GET", url)?).await?;
        expect(&file, 200, "the signed link")
    }

    /// A review: the reviewer fetches the card, and writes personal data into the note.
    async fn review(
        &mut self,
        stack: &Stack,
        http: &reqwest::Client,
        person: &Person,
        id: &str,
    ) -> Result<()> {
        stack.buli2.set_reviewer(Reviewer::Asleep);
        stack.buli2.set_health(Health::Well);
        let task = dispatched(stack, id).await?;
        let review = task["reviewId"].as_str().ok_or("no reviewId")?.to_owned();
        for path in ["", "/file"] {
            let path = format!("/internal/reviews/{review}{path}");
            let seen = self.ask(http, get(stack, &path)?.bearer(local::SERVICE_INTERNAL_KEY)).await?;
            if seen.status >= 400 {
                return Err(format!("{path}: {}", seen.status).into());
            }
            self.hides_link("signature of the reviewer's link", seen.header("location"));
        }
        let notes = format!("Nama dan NIK beda, telp {} sudah dihubungi", person.phone);
        self.hides("the reviewer's note", &notes);
        let body = json!({"reviewId": review, "decision": "rejected", "notes": notes}).to_string();
        // Refused first: a forged signature, then an old one.
        let old = (Utc::now().timestamp() - 4000).to_string();
        let now = Utc::now().timestamp().to_string();
        let secret = local::BULI2_SIGNATURE_SECRET.as_bytes();
        for (timestamp, secret, status) in [
            (&now, forge::FOREIGN_SECRET.as_bytes(), 401),
            (&old, secret, 401),
            (&now, secret, 200),
            (&now, secret, 200),
        ] {
            let signature = sign(secret, Some(timestamp), body.as_bytes());
            self.hides("signature of a callback", &signature);
            let mut probe = Probe::new("POST", format!("{}/{review}", stack.deployment.callback_url))?
                .bearer(local::SERVICE_INTERNAL_KEY)
                .header("content-type", "application/json")
                .header(TIMESTAMP_HEADER, timestamp.as_str())
                .header(SIGNATURE_HEADER, &signature);
            probe.body = body.clone().into_bytes();
            expect(&self.ask(http, probe).await?, status, "a callback")?;
        }
        Ok(())
    }

    /// BULI2 refuses permanently, with an answer that repeats the request.
    async fn refused_by_buli2(
        &mut self,
        stack: &Stack,
        http: &reqwest::Client,
        person: &Person,
        id: &str,
    ) -> Result<()> {
        stack.buli2.set_health(Health::Echoes(422));
        let probe = Probe::new("POST", format!("{}/verification/{id}/escalate", stack.api.base()))?;
        expect(&self.ask(http, probe.bearer(&person.account.access)).await?, 200, "escalate")?;
        let key: uuid::Uuid = id.parse()?;
        let sql = "SELECT 1 FROM manual_reviews WHERE document_id = $1 AND dispatch_state = 'refused'";
        let deadline = Instant::now() + PATIENCE;
        while stack.sql.query_opt(sql, &[&key]).await?.is_none() {
            if Instant::now() > deadline {
                return Err("the refusal was never noted".into());
            }
            stack.invoke("review-dispatch", &json!({})).await?;
        }
        stack.buli2.set_health(Health::Well);
        Ok(())
    }

    /// Every error of a client, with personal data in the request.
    async fn mistakes(
        &mut self,
        stack: &Stack,
        http: &reqwest::Client,
        account: &Account,
        ends: &BTreeMap<String, (Person, String)>,
    ) -> Result<()> {
        let (other, _) = ends.get("ktp-scan.jpg").ok_or("a card was not sent")?;
        let cards = Cards::demo()?;
        let (card, _) = cards.get("ktp-scan.jpg")?;
        let (nik, name) = (card.fields["nik"].as_str(), card.fields["name"].as_str());
        let post = |path: &str| Probe::new("POST", format!("{}{path}", stack.api.base()));
        let now = Utc::now().timestamp();
        let claims = filot_testkit::stack_auth::claims(&account.sub, &other.account.email, now, now + 600);
        let taken = forge::es256(
            Some(filot_testkit::stack_auth::KEY_ID),
            &forge::with(&claims, "sub", "somebody-new"),
        )?;
        let foreign = forge::hmac(jsonwebtoken::Algorithm::HS256, Some("1"), forge::FOREIGN_SECRET, &claims)?;
        let expired =
            forge::access(&forge::access_claims(&account.id, &account.session, now - 901, now - 1))?;
        for (what, token) in
            [("token of a taken address", &taken), ("foreign token", &foreign), ("expired token", &expired)]
        {
            self.hides_token(what, token);
        }
        let profile = |body: &str| -> Result<Probe> {
            let mut probe = Probe::new("PUT", format!("{}/profile", stack.api.base()))?
                .bearer(&account.access)
                .header("content-type", "application/json");
            probe.body = body.as_bytes().to_vec();
            Ok(probe)
        };
        let long = name.repeat(20);
        let phone = &other.phone;
        let wrong = [
            // An e-mail address of another user, in a database error; invalid tokens.
            (post("/auth/register")?.bearer(&taken).json(&json!({"fullName": name, "phone": phone})), 409),
            (get(stack, "/auth/me")?.bearer(&foreign), 401),
            (get(stack, "/auth/me")?.bearer(&expired), 401),
            (get(stack, "/auth/me")?.bearer(&taken), 401),
            (get(stack, "/auth/me")?.bearer(nik), 401),
            (post("/auth/login")?.bearer(&foreign).json(&json!({})), 401),
            (post("/auth/refresh")?.json(&json!({"refreshToken": account.access})), 401),
            (get(stack, &format!("/documents?access_token={}", account.access))?, 401),
            // Invalid values, and malformed bodies.
            (profile(&json!({"fullName": long, "phone": phone.replacen('+', "", 1)}).to_string())?, 400),
            (profile(&json!({"fullName": [name], "phone": {nik: phone}}).to_string())?, 400),
            (profile(&format!("{{\"fullName\": \"{name}\", \"phone\": {nik}"))?, 400),
            // Numbers and names in the place of ids, states and cursors.
            (get(stack, &format!("/documents/{nik}"))?.bearer(&account.access), 404),
            (get(stack, &format!("/verification/status/{nik}"))?.bearer(&account.access), 404),
            (get(stack, &format!("/documents?status={nik}"))?.bearer(&account.access), 400),
            (
                get(stack, &format!("/documents?cursor={}", name.replace(' ', "%20")))?
                    .bearer(&account.access),
                400,
            ),
            (get(stack, &format!("/internal/reviews/{nik}"))?.bearer(local::SERVICE_INTERNAL_KEY), 404),
            (get(stack, "/internal/reviews/none")?.bearer(&account.access), 401),
            (form(stack, other, nik, &format!("{name}.jpg"), "image/jpeg", name.as_bytes())?, 400),
            (form(stack, other, "KTP", &format!("{nik}.jpg"), "image/jpeg", long.as_bytes())?, 422),
            (get(stack, "/auth/me")?.header("x-correlation-id", nik), 401),
            (get(stack, "/auth/me")?.header("x-correlation-id", phone), 401),
            (
                get(stack, "/auth/me")?
                    .header("user-agent", name)
                    .header("referer", name)
                    .header("origin", name),
                401,
            ),
        ];
        for (n, (probe, status)) in wrong.into_iter().enumerate() {
            let seen = self.ask(http, probe).await?;
            expect(&seen, status, &format!("mistake {n}"))?;
            // The headers of an error are searched too.
            self.errors.push(format!("{:?}", seen.headers));
        }
        Ok(())
    }

    /// Erases a document and its file.
    async fn erase(
        &mut self,
        stack: &Stack,
        http: &reqwest::Client,
        person: &Person,
        id: &str,
    ) -> Result<()> {
        let url = format!("{}/documents/{id}", stack.api.base());
        let seen = self.ask(http, Probe::new("DELETE", url)?.bearer(&person.account.access)).await?;
        expect(&seen, 204, "DELETE")?;
        stack.invoke("sweeper", &json!({})).await?;
        let seen =
            self.ask(http, get(stack, &format!("/documents/{id}"))?.bearer(&person.account.access)).await?;
        expect(&seen, 404, "an erased document")
    }

    /// Refreshes the tokens and ends the session.
    async fn leave(&mut self, stack: &Stack, http: &reqwest::Client, person: &Person) -> Result<()> {
        let post = |path: &str| Probe::new("POST", format!("{}{path}", stack.api.base()));
        let probe = post("/auth/refresh")?.json(&json!({"refreshToken": person.account.refresh}));
        let seen = self.ask(http, probe).await?;
        expect(&seen, 200, "refresh")?;
        let body = seen.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        self.hides_token("refreshed access token", &text("accessToken"));
        self.hides("refreshed refresh token", &text("refreshToken"));
        let seen = self.ask(http, post("/auth/logout")?.bearer(&text("accessToken"))).await?;
        expect(&seen, 204, "logout")?;
        let seen = self.ask(http, get(stack, "/auth/me")?.bearer(&text("accessToken"))).await?;
        expect(&seen, 401, "a logged-out session")
    }
}

fn get(stack: &Stack, path: &str) -> Result<Probe> {
    Probe::new("GET", format!("{}{path}", stack.api.base()))
}

fn form(stack: &Stack, person: &Person, kind: &str, file: &str, mime: &str, content: &[u8]) -> Result<Probe> {
    let mut body = format!(
        "--filot\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\n{kind}\r\n\
         --filot\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file}\"\r\n\
         Content-Type: {mime}\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--filot--\r\n");
    let mut probe = Probe::new("POST", format!("{}/documents/upload", stack.api.base()))?
        .bearer(&person.account.access)
        .header("content-type", "multipart/form-data; boundary=filot");
    probe.body = body;
    Ok(probe)
}

fn expect(seen: &Seen, status: u16, what: &str) -> Result<()> {
    if seen.status == status {
        return Ok(());
    }
    Err(format!("{what}: {} instead of {status}: {}", seen.status, seen.text).into())
}

/// The request that BULI2 received for a document, as soon as it has one.
async fn dispatched(stack: &Stack, id: &str) -> Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(task) = stack.buli2.task_of(id) {
            return Ok(task.request);
        }
        if Instant::now() > deadline {
            return Err("BULI2 never got the review".into());
        }
        stack.invoke("review-dispatch", &json!({})).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
