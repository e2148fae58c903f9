//! One good request for each route: what is sent, and which status its right caller gets.
//!
//! A route without a good request here fails the suite.

use filot_e2e::cards::Cards;
use filot_e2e::stack::account::Account;
use filot_e2e::stack::world::{Review, World};
use filot_e2e::{Result, Stack};
use filot_edge::api::{Auth, ROUTES, Route};
use serde_json::{Value, json};

/// A good request without credentials.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The route.
    pub route: &'static Route,
    /// Method and path, for messages.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// The same URL with an id that names nothing, if the path has an id.
    pub url_of_nothing: Option<String>,
    /// `Content-Type`, if it has a body.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// The user who may send it, on routes for users.
    pub sender: Account,
    /// The review it decides, where one is decided.
    pub review: Option<Review>,
    /// The status that the right caller gets.
    pub succeeds: u16,
}

/// A request to every route of the table, and to the function URL of the callback.
pub fn samples(stack: &Stack, world: &World) -> Result<Vec<Sample>> {
    let mut all = Vec::new();
    for route in ROUTES {
        let filler = filler(world, route)?;
        let sample = sample(&stack.deployment.api_url, world, route, filler.clone())?;
        if route.auth == Auth::SignedCallback {
            // The same function, without the gateway.
            let path = if sample.url_of_nothing.is_some() { "/{reviewId}" } else { "/" };
            let by_url = fill(path, &filler.parameter)?;
            all.push(Sample {
                name: format!("{} {path} (function URL)", route.method),
                url: format!("{}{by_url}", stack.deployment.callback_url),
                url_of_nothing: None,
                // By then the request through the gateway has decided, so that this is the same decision again.
                succeeds: 200,
                ..sample.clone()
            });
        }
        all.push(sample);
    }
    Ok(all)
}

/// The variable parts of a route's request.
#[derive(Clone)]
struct Filler {
    parameter: Option<String>,
    body: Body,
    succeeds: u16,
    review: Option<Review>,
}

#[derive(Clone)]
enum Body {
    None,
    Json(Value),
    Form(String, Vec<u8>),
}

fn filler(world: &World, route: &Route) -> Result<Filler> {
    let plain = |succeeds| Filler { parameter: None, body: Body::None, succeeds, review: None };
    let of = |id: &str, succeeds| Filler { parameter: Some(id.to_owned()), ..plain(succeeds) };
    let with = |body: Value| Filler { body: Body::Json(body), ..plain(200) };
    let decides = |review: &Review| Filler {
        review: Some(review.clone()),
        ..with(json!({"reviewId": review.id, "documentId": review.document, "decision": "approved"}))
    };
    let review = |n: usize| world.reviews.get(n).ok_or("there are two reviews");
    Ok(match (route.method, route.path) {
        ("GET", "/health" | "/metrics" | "/openapi.json" | "/auth/me" | "/profile" | "/documents") => {
            plain(200)
        }
        ("POST", "/internal/ocr/queue") => plain(200),
        ("POST", "/auth/register" | "/auth/login") => with(json!({})),
        ("POST", "/auth/refresh") => with(json!({"refreshToken": world.owner.refresh})),
        ("POST", "/auth/logout") => plain(204),
        ("PUT", "/profile") => with(json!({"fullName": "Somebody Else", "phone": "+6281200000009"})),
        ("POST", "/documents/upload") => {
            let (content_type, form) = form()?;
            Filler { body: Body::Form(content_type, form), ..plain(201) }
        }
        ("GET", "/documents/{id}" | "/documents/{id}/download" | "/verification/status/{id}") => {
            of(&world.approved, 200)
        }
        ("POST", "/documents/{id}/process") => of(&world.failed, 202),
        ("DELETE", "/documents/{id}") => of(&world.disposable, 204),
        ("POST", "/verification/{id}/escalate") => of(&world.rejected, 200),
        ("POST", "/internal/reviews") => decides(review(0)?),
        ("POST", "/internal/reviews/{reviewId}/callback") => {
            Filler { parameter: Some(review(1)?.id.clone()), ..decides(review(1)?) }
        }
        ("GET", "/internal/reviews/{reviewId}") => of(&review(0)?.id, 200),
        ("GET", "/internal/reviews/{reviewId}/file") => of(&review(0)?.id, 302),
        (method, path) => {
            return Err(format!(
                "{method} {path} is a new route: say here what a good request to it is, so that everybody else is \
                 tried on it"
            )
            .into());
        }
    })
}

fn sample(base: &str, world: &World, route: &'static Route, filler: Filler) -> Result<Sample> {
    let (content_type, body) = match filler.body {
        Body::None => (None, Vec::new()),
        Body::Json(body) => (Some("application/json".to_owned()), body.to_string().into_bytes()),
        Body::Form(content_type, body) => (Some(content_type), body),
    };
    let nothing = filler.parameter.as_ref().map(|_| uuid::Uuid::now_v7().to_string());
    let is_logout = route.path == "/auth/logout";
    Ok(Sample {
        route,
        name: format!("{} {}", route.method, route.path),
        url: format!("{base}{}", fill(route.path, &filler.parameter)?),
        url_of_nothing: match &nothing {
            Some(_) => Some(format!("{base}{}", fill(route.path, &nothing)?)),
            None => None,
        },
        content_type,
        body,
        sender: if is_logout { world.leaving.clone() } else { world.owner.clone() },
        review: filler.review,
        succeeds: filler.succeeds,
    })
}

/// The path with its parameter in place.
fn fill(path: &str, parameter: &Option<String>) -> Result<String> {
    let Some((before, rest)) = path.split_once('{') else {
        return match parameter {
            Some(_) => Err(format!("{path} has no parameter").into()),
            None => Ok(path.to_owned()),
        };
    };
    let (_, after) = rest.split_once('}').ok_or("a parameter without an end")?;
    let value = parameter.as_ref().ok_or_else(|| format!("{path} has a parameter that nothing fills"))?;
    if after.contains('{') {
        return Err(format!("{path} has more parameters than this suite knows how to fill").into());
    }
    Ok(format!("{before}{value}{after}"))
}

/// An upload as the mobile app makes it.
fn form() -> Result<(String, Vec<u8>)> {
    let (card, content) = {
        let cards = Cards::demo()?;
        let (card, content) = cards.get("npwp-old.jpg")?;
        (card.clone(), content)
    };
    let mut body = format!(
        "--filot\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\n{}\r\n\
         --filot\r\nContent-Disposition: form-data; name=\"file\"; filename=\"card.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n",
        card.document_type
    )
    .into_bytes();
    body.extend(content);
    body.extend_from_slice(b"\r\n--filot--\r\n");
    Ok(("multipart/form-data; boundary=filot".to_owned(), body))
}
