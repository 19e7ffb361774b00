//! A fake on a `wiremock` server.

use bytes::Bytes;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

use super::answer::{Answers, Request};

/// Hands every request to a server to this fake. Whatever was mounted before goes first.
///
/// `wiremock` cannot cut a body or send chunks: an answer that is to be cut becomes 501, and says so. Use a
/// [`TestServer`](super::TestServer) for those.
pub async fn mount(server: &MockServer, answers: impl Answers) {
    Mock::given(any()).respond_with(Mounted(answers)).mount(server).await;
}

struct Mounted<A>(A);

impl<A: Answers> Respond for Mounted<A> {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let answer = self.0.answer(&translated(request));
        if answer.cut.is_some() {
            return ResponseTemplate::new(501).set_body_string("wiremock cannot cut a body; use a TestServer");
        }
        let mut template = ResponseTemplate::new(answer.status.as_u16()).set_delay(answer.delay);
        for (name, value) in &answer.headers {
            template = template.append_header(name.clone(), value.clone());
        }
        template.set_body_bytes(answer.body)
    }
}

/// With the path and the query as its address, as a server sees it.
fn translated(request: &wiremock::Request) -> Request {
    let target = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    let mut translated = http::Request::new(Bytes::copy_from_slice(&request.body));
    *translated.method_mut() = request.method.clone();
    *translated.uri_mut() = target.parse().unwrap_or_default();
    *translated.headers_mut() = request.headers.clone();
    translated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{AccountKey, HttpClient, HttpOptions};
    use crate::testing::http::Answer;
    use crate::{Context, Vendor};

    #[tokio::test]
    async fn the_same_fake_answers_from_wiremock() {
        let server = MockServer::start().await;
        let fake = |request: &Request| match (request.uri().path(), request.uri().query()) {
            ("/echo", Some("n=1")) => Answer::new(201).with_header("x-n", "1").with_body(request.body().clone()).gzip(),
            _ => Answer::new(200).with_body("long").cut_after(1),
        };
        mount(&server, fake).await;
        let key = AccountKey::new(Vendor::named("acme-cloud"), "x");
        let base = server.uri().parse().unwrap();
        let client = HttpClient::new(&Context::default(), &key, base, &HttpOptions::default()).unwrap();
        let answer = client.post("echo?n=1").json(&[7]).send().await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.header("x-n"), &answer.bytes[..]), (201, Some("1"), &b"[7]"[..]));
        assert_eq!(client.get("cut").send_any().await.unwrap().status, 501);
    }
}
