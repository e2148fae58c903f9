use chrono::Utc;

use filot_platform::{Config, Section, local};
use filot_testkit::Redis;
use futures::future::BoxFuture;
use http::StatusCode;
use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};

use super::*;
use crate::endpoint::Answered;
use crate::reply::Reply;
use crate::serve::respond;

const ORIGIN: &str = "https://app.filot.me";

/// What the gateway says a request is.
struct Event<'a> {
    route: (&'a str, &'a str),
    headers: &'a [(&'a str, &'a str)],
    address: &'a str,
    body_bytes: usize,
}

impl Event<'_> {
    fn request(&self) -> Request {
        let mut headers = json!({"origin": ORIGIN});
        for (name, value) in self.headers {
            headers[*name] = Value::from(*value);
        }
        let (method, resource) = self.route;
        let event = json!({
            "resource": resource, "path": resource, "httpMethod": method, "headers": headers,
            "requestContext": {
                "resourcePath": resource, "httpMethod": method, "stage": "v1",
                "identity": {"sourceIp": self.address}
            },
            "body": "x".repeat(self.body_bytes), "isBase64Encoded": false
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }
}

async fn context(role: Role, redis_url: &str) -> Context {
    let given = [
        ("FILOT_ENV", "local"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:9/none"),
        ("DATABASE_REVIEWS_URL", "postgres://nobody@127.0.0.1:9/none"),
        ("REDIS_URL", redis_url),
        ("OCR_GPU_QUEUE_URL", "http://127.0.0.1:9/q"),
        ("OCR_CPU_QUEUE_URL", "http://127.0.0.1:9/q"),
        ("OCR_GPU_DLQ_URL", "http://127.0.0.1:9/q"),
        ("OCR_CPU_DLQ_URL", "http://127.0.0.1:9/q"),
    ];
    Context::new(Config::from_values(role, &given).await.unwrap(), Utc::now()).unwrap()
}

/// What a request that is admitted and goes no further is answered.
async fn answer(role: Role, context: &Context, event: Event<'_>) -> Response<Body> {
    let work = |call| -> BoxFuture<'_, Answered> {
        Box::pin(async move {
            let admission = admit(role, context, &call).await;
            let answer = admission.outcome.and_then(|_| Reply::ok(&json!({})));
            Answered { limit_headers: admission.headers, answer }
        })
    };
    respond(event.request(), &[ORIGIN.to_owned()], work).await
}

fn number(response: &Response<Body>, header: &str) -> u32 {
    response.headers()[header].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_eleventh_login_in_a_minute_is_refused() {
    let redis = Redis::start().unwrap();
    let context = context(Role::AuthLogin, &redis.url()).await;
    let send = async |event: Event<'_>| answer(Role::AuthLogin, &context, event).await;
    let from = |address| Event { route: ("POST", "/auth/login"), headers: &[], address, body_bytes: 0 };
    for left in (0..10).rev() {
        let response = send(from("203.0.113.7")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            (number(&response, "ratelimit-limit"), number(&response, "ratelimit-remaining")),
            (10, left)
        );
        assert!((1..=60).contains(&number(&response, "ratelimit-reset")));
        assert!(!response.headers().contains_key("retry-after"));
    }
    let response = send(from("203.0.113.7")).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(number(&response, "ratelimit-remaining"), 0);
    assert_eq!(number(&response, "retry-after"), number(&response, "ratelimit-reset"));
    let exposed = response.headers()["access-control-expose-headers"].to_str().unwrap().to_owned();
    for name in ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"] {
        assert!(exposed.contains(name), "{name}");
    }
    let body: Value = serde_json::from_slice(response.body().as_ref()).unwrap();
    assert_eq!((body["code"].as_str(), body["status"].as_u64()), (Some("rate_limited"), Some(429)));
    assert_eq!(send(from("203.0.113.8")).await.status(), StatusCode::OK, "a neighbour");
}

/// INV-6: a caller who is not known counts by address, whatever they say they are.
#[tokio::test]
async fn inv_6_a_caller_counts_by_what_is_proven() {
    let redis = Redis::start().unwrap();
    let context = context(Role::AuthMe, &redis.url()).await;
    let send = async |event: Event<'_>| answer(Role::AuthMe, &context, event).await;
    let token = |user: u128| {
        let caller = filot_store::Caller {
            user_id: filot_domain::UserId::from_uuid(uuid::Uuid::from_u128(user)),
            session_id: filot_domain::SessionId::from_uuid(uuid::Uuid::from_u128(9)),
        };
        let issued = context.access_tokens().issue(caller, Utc::now()).unwrap();
        format!("Bearer {}", issued.token.expose())
    };
    let left = async |authorization: &str, more: &[(&str, &str)], address: &str| {
        let headers = [&[("authorization", authorization)], more].concat();
        let event = Event { route: ("GET", "/auth/me"), headers: &headers, address, body_bytes: 0 };
        number(&send(event).await, "ratelimit-remaining")
    };
    let (one, other) = (token(1), token(2));
    assert_eq!(left(&one, &[], "203.0.113.7").await, 59);
    assert_eq!(left(&one, &[], "203.0.113.8").await, 58, "a user is one caller from everywhere");
    assert_eq!(left(&other, &[], "203.0.113.7").await, 59, "and two behind one address are two");
    let forged = format!("{}x", token(3));
    assert_eq!(left(&forged, &[], "203.0.113.9").await, 59);
    assert_eq!(left("Bearer something-else", &[], "203.0.113.9").await, 58);
    let lie = [("cf-connecting-ip", "198.51.100.1"), ("x-forwarded-for", "198.51.100.2")];
    assert_eq!(left("Bearer none", &lie, "203.0.113.9").await, 57, "anybody can say that");
    let wrong = [("cf-connecting-ip", "198.51.100.1"), ("x-origin-secret", "guessed")];
    assert_eq!(left("Bearer none", &wrong, "203.0.113.9").await, 56);
    let proven = |address| [("cf-connecting-ip", address), ("x-origin-secret", local::ORIGIN_SECRET)];
    assert_eq!(left("Bearer none", &proven("198.51.100.1"), "203.0.113.9").await, 59);
    assert_eq!(left("Bearer none", &proven("no address"), "203.0.113.9").await, 55);
}

#[tokio::test]
async fn a_service_counts_by_its_key_and_a_wrong_key_by_its_address() {
    let redis = Redis::start().unwrap();
    let context = context(Role::ReviewGet, &redis.url()).await;
    let send = async |event: Event<'_>| answer(Role::ReviewGet, &context, event).await;
    let left = async |key: &str, address: &str| {
        let authorization = format!("Bearer {key}");
        let headers = [("authorization", authorization.as_str())];
        let event = Event {
            route: ("GET", "/internal/reviews/{reviewId}"),
            headers: &headers,
            address,
            body_bytes: 0,
        };
        number(&send(event).await, "ratelimit-remaining")
    };
    assert_eq!(left(local::SERVICE_INTERNAL_KEY, "203.0.113.7").await, 599);
    assert_eq!(left(local::SERVICE_INTERNAL_KEY, "203.0.113.8").await, 598);
    assert_eq!(left("wrong", "203.0.113.7").await, 599);
    assert_eq!(left("wrong as well", "203.0.113.7").await, 598);
}

#[tokio::test]
async fn requests_pass_while_redis_is_away_or_nothing_is_limited() {
    for (role, route) in [(Role::AuthLogin, ("POST", "/auth/login")), (Role::Health, ("GET", "/health"))] {
        let context = context(role, "redis://127.0.0.1:9").await;
        for _ in 0..20 {
            let response =
                answer(role, &context, Event { route, headers: &[], address: "203.0.113.7", body_bytes: 0 })
                    .await;
            assert_eq!(response.status(), StatusCode::OK);
            assert!(!response.headers().contains_key("ratelimit-limit"));
        }
    }
}

#[test]
fn every_limited_function_is_told_where_redis_is() {
    for route in api::ROUTES.iter().filter(|route| quota(route).is_some()) {
        assert!(route.role.needs(Section::Redis), "{}", route.path);
    }
}

#[test]
fn an_unconfigured_origin_secret_refuses() {
    let headers = [("cf-connecting-ip", "198.51.100.1"), ("x-origin-secret", "")];
    let event =
        Event { route: ("GET", "/auth/me"), headers: &headers, address: "203.0.113.7", body_bytes: 0 };
    let call = Call::new(event.request(), Utc::now());
    let gateway: Option<IpAddr> = "203.0.113.7".parse().ok();
    assert_eq!(client_address(&call, &[]), gateway);
    assert_eq!(client_address(&call, &[Secret::from(String::new())]), gateway);
}

#[test]
fn a_function_url_names_the_callers_address_too() {
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "headers": {},
        "requestContext": {"http": {"method": "POST", "path": "/", "sourceIp": "2001:db8::7"}, "stage": "$default"},
        "body": "{}", "isBase64Encoded": false
    });
    let call = Call::new(lambda_http::request::from_str(&event.to_string()).unwrap(), Utc::now());
    assert_eq!(client_address(&call, &[]), "2001:db8::7".parse().ok());
}

/// INV-8: nobody hands a function more than its routes take, or asks it for what it is not there for.
#[tokio::test]
async fn inv_8_a_large_body_and_a_strange_method_get_no_further() {
    let redis = Redis::start().unwrap();
    let callback = context(Role::ReviewCallback, &redis.url()).await;
    let send = async |event: Event<'_>| answer(Role::ReviewCallback, &callback, event).await;
    let callback = ("POST", "/internal/reviews");
    let event = |route, body_bytes| Event { route, headers: &[], address: "203.0.113.7", body_bytes };
    assert_eq!(send(event(callback, 64 * 1024)).await.status(), StatusCode::OK);
    let large = send(event(callback, 64 * 1024 + 1)).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(large.headers().contains_key("ratelimit-remaining"), "it counts like any other");
    for method in ["GET", "PUT", "DELETE"] {
        let strange = send(event((method, "/internal/reviews"), 0)).await;
        assert_eq!(strange.status(), StatusCode::NOT_FOUND, "{method}");
    }
}
