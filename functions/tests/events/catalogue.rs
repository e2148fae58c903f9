//! Every event there is.

use std::collections::BTreeMap;

use filot_platform::local;
use filot_store::seed;
use serde_json::{Value, json};

use super::make::{
    FORM, PIXEL, Request, access_claims, access_token, form, function_url, signature, stack_claims,
    stack_token, token,
};

/// An id that names nothing.
const NOBODY: &str = "00000000-0000-7000-8000-00000000ffff";
/// A Stack Auth user who has never registered, and one who does so in an event.
const STRANGER: &str = "00000000-0000-4000-8000-0000000000aa";
const NEWCOMER: &str = "00000000-0000-4000-8000-0000000000bb";

/// All events by `function/name`, given those that are checked in.
pub fn events(checked_in: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut events = BTreeMap::new();
    let mut add = |name: &str, event: Value| {
        events.insert(name.to_owned(), event);
    };
    ops(&mut add);
    auth(&mut add, checked_in);
    session(&mut add);
    documents(&mut add);
    of_documents(&mut add);
    reviews(&mut add);
    tasks(&mut add);
    events
}

fn ops(add: &mut impl FnMut(&str, Value)) {
    let key = local::SERVICE_INTERNAL_KEY;
    add("health/200-ok", Request::new("GET", "/health").event());
    let metrics = || Request::new("GET", "/metrics");
    add("metrics/200-json", metrics().event());
    add("metrics/200-prometheus", metrics().with("Accept", "text/plain").bearer(key).event());
    add("openapi/200-document", Request::new("GET", "/openapi.json").event());
    let status = || Request::new("POST", "/internal/ocr/queue");
    add("ocr-queue-status/200-ok", status().bearer(key).event());
    add("ocr-queue-status/401-no-service-key", status().event());
}

fn auth(add: &mut impl FnMut(&str, Value), checked_in: &BTreeMap<String, Value>) {
    let mut stack = |name: &str, path: &str, claims: &Value, body: Option<Value>| {
        let request = Request::new("POST", path).bearer(&stack_token(claims, checked_in.get(name)));
        add(
            name,
            body.map_or_else(|| Request { ..request_of(&request) }, |body| request_of(&request).json(&body))
                .event(),
        );
    };
    let newcomer = stack_claims(NEWCOMER, "newcomer@filot.test");
    let demo = stack_claims(seed::STACK_USER_ID, "demo@filot.test");
    let with = |claims: &Value, field: &str, value: Value| {
        let mut claims = claims.clone();
        claims[field] = value;
        claims
    };
    let register = "/auth/register";
    let about = json!({"fullName": "Orang Baru", "phone": "+6281200000000"});
    stack("auth-register/201-created", register, &newcomer, Some(about));
    stack("auth-register/200-registered-before", register, &demo, None);
    stack("auth-register/400-bad-phone", register, &newcomer, Some(json!({"phone": "0812"})));
    stack("auth-register/401-expired-token", register, &with(&newcomer, "exp", json!(1_704_067_800)), None);
    stack("auth-register/403-anonymous", register, &with(&newcomer, "is_anonymous", json!(true)), None);
    stack(
        "auth-register/403-email-unverified",
        register,
        &with(&newcomer, "email_verified", json!(false)),
        None,
    );
    let taken = stack_claims("00000000-0000-4000-8000-0000000000cc", "demo@filot.test");
    stack("auth-register/409-email-taken", register, &taken, None);

    let login = "/auth/login";
    stack("auth-login/200-ok", login, &demo, None);
    stack("auth-login/401-wrong-audience", login, &with(&demo, "aud", json!("another-project")), None);
    stack("auth-login/401-wrong-issuer", login, &with(&demo, "iss", json!("https://issuer.invalid")), None);
    stack("auth-login/404-not-registered", login, &stack_claims(STRANGER, "stranger@filot.test"), None);
    add("auth-register/401-no-token", Request::new("POST", register).event());
    add("auth-login/401-our-own-token", Request::new("POST", login).bearer(&token()).event());

    let me = || Request::new("GET", "/auth/me");
    add("auth-me/200-ok", me().bearer(&token()).event());
    add("auth-me/401-no-token", me().event());
    let mut ended = access_claims();
    ended.sid = NOBODY.parse().unwrap();
    add("auth-me/401-unknown-session", me().bearer(&access_token(&ended, local::JWT_SECRET)).event());
    let forged = access_token(&access_claims(), "a-secret-that-is-not-the-local-one-but-long");
    add("auth-me/401-forged-token", me().bearer(&forged).event());
    let mut old = access_claims();
    old.exp = old.iat + 900;
    add("auth-me/401-expired-token", me().bearer(&access_token(&old, local::JWT_SECRET)).event());
}

fn session(add: &mut impl FnMut(&str, Value)) {
    let refresh =
        |token: &str| Request::new("POST", "/auth/refresh").json(&json!({"refreshToken": token})).event();
    // Once, and for a minute after that: then it is a re-use, which ends the demo session that it belongs to.
    add("auth-refresh/200-ok", refresh(seed::REFRESH_TOKEN));
    add("auth-refresh/401-unknown-token", refresh("0000000000000000000000000000000000000000000"));
    add("auth-refresh/400-no-token", Request::new("POST", "/auth/refresh").json(&json!({})).event());
    let mut ending = access_claims();
    ending.sid = seed::SESSION_TO_END;
    let logout = || Request::new("POST", "/auth/logout");
    add("auth-logout/204-ended", logout().bearer(&access_token(&ending, local::JWT_SECRET)).event());
    add("auth-logout/401-no-token", logout().event());
    let profile = |method| Request::new(method, "/profile");
    add("profile/200-ok", profile("GET").bearer(&token()).event());
    let about = json!({"fullName": "Demo Pengguna", "phone": "+6281200000001"});
    add("profile/200-changed", profile("PUT").bearer(&token()).json(&about).event());
    let bad = json!({"fullName": "", "phone": "0812"});
    add("profile/400-bad-values", profile("PUT").bearer(&token()).json(&bad).event());
    add("profile/401-no-token", profile("GET").event());
}

/// A request with the same method, resource and headers.
fn request_of<'a>(request: &Request<'a>) -> Request<'a> {
    Request { headers: request.headers.clone(), ..Request::new(request.method, request.resource) }
}

fn documents(add: &mut impl FnMut(&str, Value)) {
    let upload = || Request::new("POST", "/documents/upload").bearer(&token());
    let kind: (&str, Option<&str>, &[u8]) = ("name=\"type\"", None, b"KTP");
    let png = ("name=\"file\"; filename=\"card.png\"", Some("image/png"), PIXEL);
    add("documents-upload/201-png", upload().raw(FORM, form(&[kind, png])).event());
    let once = upload().with("Idempotency-Key", "local-event-once");
    add("documents-upload/201-idempotent", once.raw(FORM, form(&[kind, png])).event());
    let npwp: (&str, Option<&str>, &[u8]) = ("name=\"type\"", None, b"NPWP");
    let reused = upload().with("Idempotency-Key", "local-event-once");
    add("documents-upload/422-idempotency-key-reused", reused.raw(FORM, form(&[npwp, png])).event());
    let any = ("filename=\"a name=b.png\"; name=\"file\"", Some("image/*"), PIXEL);
    add("documents-upload/201-any-picture", upload().raw(FORM, form(&[kind, any])).event());
    let mut undecodable = upload().raw(FORM, form(&[kind, png])).event();
    undecodable["body"] = json!("%%% not base64 %%%");
    add("documents-upload/400-not-base64", undecodable);
    add("documents-upload/400-no-file", upload().raw(FORM, form(&[kind])).event());
    let passport: (&str, Option<&str>, &[u8]) = ("name=\"type\"", None, b"PASSPORT");
    add("documents-upload/400-unknown-type", upload().raw(FORM, form(&[passport, png])).event());
    let text: (&str, Option<&str>, &[u8]) =
        ("name=\"file\"; filename=\"a.png\"", Some("image/png"), b"not a picture");
    add("documents-upload/422-not-a-picture", upload().raw(FORM, form(&[kind, text])).event());
    let pdf = ("name=\"file\"; filename=\"card.pdf\"", Some("application/pdf"), PIXEL);
    add("documents-upload/422-not-what-it-says", upload().raw(FORM, form(&[kind, pdf])).event());
    add("documents-upload/415-json", upload().json(&json!({"type": "KTP"})).event());
    let unknown = Request::new("POST", "/documents/upload").raw(FORM, form(&[kind, png]));
    add("documents-upload/401-no-token", unknown.event());

    for (function, resource, first) in [
        ("documents-get", "/documents/{id}", ("200-completed", seed::COMPLETED)),
        ("verification-status", "/verification/status/{id}", ("200-in-review", seed::IN_REVIEW)),
    ] {
        let at = |id: &str| [("id", id.to_owned())];
        let get = |id: &str, token: Option<&str>| {
            let parameters = at(id);
            let request = Request::new("GET", resource).at(&parameters);
            token.map_or_else(
                || Request::new("GET", resource).at(&parameters).event(),
                |token| request.bearer(token).event(),
            )
        };
        let named = |name: &str| format!("{function}/{name}");
        add(&named(first.0), get(&first.1.to_string(), Some(&token())));
        add(&named("200-uploaded"), get(&seed::UPLOADED.to_string(), Some(&token())));
        add(&named("404-unknown"), get(NOBODY, Some(&token())));
        add(&named("404-no-id"), get("1", Some(&token())));
        add(&named("401-no-token"), get(&first.1.to_string(), None));
    }
}

fn of_documents(add: &mut impl FnMut(&str, Value)) {
    let list = |query: &'static [(&'static str, &'static str)]| {
        Request::new("GET", "/documents").query(query).bearer(&token()).event()
    };
    add("documents-list/200-all", list(&[]));
    add("documents-list/200-filtered", list(&[("status", "completed"), ("type", "KTP"), ("limit", "1")]));
    add("documents-list/400-unknown-status", list(&[("status", "lost")]));
    add("documents-list/400-bad-cursor", list(&[("cursor", "-")]));
    add("documents-list/401-no-token", Request::new("GET", "/documents").event());
    for (function, method, resource, outcomes) in [
        (
            "documents-download",
            "GET",
            "/documents/{id}/download",
            &[("200-link", seed::COMPLETED), ("200-waiting", seed::UPLOADED)][..],
        ),
        (
            "documents-process",
            "POST",
            "/documents/{id}/process",
            &[("202-failed", seed::FAILED), ("409-completed", seed::COMPLETED)],
        ),
        ("documents-delete", "DELETE", "/documents/{id}", &[("204-erased", seed::DISPOSABLE)]),
        (
            "verification-escalate",
            "POST",
            "/verification/{id}/escalate",
            &[
                ("200-auto-rejected", seed::REJECTED),
                ("200-escalated-before", seed::REJECTED),
                ("409-approved", seed::COMPLETED),
            ],
        ),
    ] {
        let mut one = |name: &str, id: String, token: Option<String>| {
            let parameters = [("id", id)];
            let request = Request::new(method, resource).at(&parameters);
            let event = match token {
                Some(token) => request.bearer(&token).event(),
                None => request.event(),
            };
            add(&format!("{function}/{name}"), event);
        };
        for (name, id) in outcomes {
            one(name, id.to_string(), Some(token()));
        }
        one("404-unknown", NOBODY.to_owned(), Some(token()));
        one("401-no-token", outcomes[0].1.to_string(), None);
    }
}

fn reviews(add: &mut impl FnMut(&str, Value)) {
    let key = local::SERVICE_INTERNAL_KEY;
    let by_body = "/internal/reviews";
    let by_path = "/internal/reviews/{reviewId}/callback";
    let ours = [("reviewId", seed::REVIEW.to_string())];
    let unknown = [("reviewId", NOBODY.to_owned())];
    let approved = json!({
        "reviewId": seed::REVIEW, "decision": "approved", "notes": "Sesuai", "documentId": seed::IN_REVIEW,
    });
    let signed = |request: Request<'static>, body: &Value| {
        let signature = signature(&body.to_string());
        request.bearer(key).with("X-Buli2-Signature", signature).json(body)
    };
    let post = |resource| Request::new("POST", resource);

    add("review-callback/200-approved", signed(post(by_path), &approved).at(&ours).event());
    let body = json!({"reviewId": seed::REVIEW, "decision": "approved"});
    add("review-callback/200-approved-by-body", signed(post(by_body), &body).event());
    let body = json!({"taskId": seed::TASK_ID, "decision": "approved", "reviewer": "ignored"});
    add("review-callback/200-approved-by-task", signed(post(by_body), &body).event());
    let rejected = |review: &str| json!({"reviewId": review, "decision": "rejected"});
    let contrary = rejected(&seed::REVIEW.to_string());
    add("review-callback/409-contrary", signed(post(by_path), &contrary).at(&ours).event());
    let nobodys = rejected(NOBODY);
    add("review-callback/404-unknown-review", signed(post(by_path), &nobodys).at(&unknown).event());
    let nameless = json!({"decision": "approved"});
    add("review-callback/400-review-not-signed", signed(post(by_path), &nameless).at(&ours).event());
    let body = json!({"reviewId": seed::REVIEW, "decision": "perhaps"});
    add("review-callback/400-unknown-decision", signed(post(by_body), &body).event());
    let no_key = post(by_path).with("X-Buli2-Signature", signature(&approved.to_string())).json(&approved);
    add("review-callback/401-no-service-key", no_key.at(&ours).event());
    let bad = post(by_path).bearer(key).with("X-Buli2-Signature", "0".repeat(64)).json(&approved);
    add("review-callback/401-bad-signature", bad.at(&ours).event());

    let text = approved.to_string();
    let headers = [("Authorization", format!("Bearer {key}")), ("X-Buli2-Signature", signature(&text))];
    let path = format!("/{}", seed::REVIEW);
    add("review-callback/200-function-url", function_url(&path, &headers, &text));
    let mut odd = function_url(&path, &headers, &text);
    odd["rawQueryString"] = json!("src=buli2 \"prod\"&n={1}");
    add("review-callback/200-function-url-odd-query", odd);
    let body = json!({"reviewId": seed::REVIEW, "decision": "approved"}).to_string();
    let headers = [("Authorization", format!("Bearer {key}")), ("X-Buli2-Signature", signature(&body))];
    add("review-callback/200-function-url-by-body", function_url("/", &headers, &body));
    let headers = [("X-Buli2-Signature", signature(&body))];
    add("review-callback/401-function-url-no-service-key", function_url("/", &headers, &body));

    let get = || Request::new("GET", "/internal/reviews/{reviewId}");
    add("review-get/200-ok", get().at(&ours).bearer(key).event());
    add("review-get/404-unknown-review", get().at(&unknown).bearer(key).event());
    add("review-get/401-no-service-key", get().at(&ours).event());
    let file = || Request::new("GET", "/internal/reviews/{reviewId}/file");
    add("review-file/302-link", file().at(&ours).bearer(key).event());
    add("review-file/404-unknown-review", file().at(&unknown).bearer(key).event());
    add("review-file/401-no-service-key", file().at(&ours).event());
}

fn tasks(add: &mut impl FnMut(&str, Value)) {
    let correlation = "local-event-0001";
    add("scoring/read", json!({"documentId": seed::READ, "correlationId": correlation}));
    add("scoring/decided-before", json!({"documentId": seed::COMPLETED, "correlationId": correlation}));
    add("scoring/error-not-read", json!({"documentId": seed::UPLOADED, "correlationId": correlation}));
    let schedule = json!({
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000002",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2024-01-01T00:00:00Z",
        "region": "ap-southeast-2",
        "resources": ["arn:aws:events:ap-southeast-2:000000000000:rule/every-minute"],
        "detail": {},
    });
    add("sweeper/schedule", schedule.clone());
    add("review-dispatch/schedule", schedule);
    add("review-dispatch/review-queued", json!({"reason": "review queued"}));
    add("migrate/deploy", json!({}));
}
