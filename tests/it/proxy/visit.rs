//! All that a browser does with the server, through a proxy.

use bytes::Bytes;
use fastwebsockets::Frame;
use fastwebsockets::OpCode;
use fastwebsockets::handshake;
use http_body_util::BodyExt;
use http_body_util::Empty;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::header;
use hyper::http::request::Builder;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use serde_json::json;
use tokio::time::timeout;

use crate::http::HANG;
use crate::proxy::client;
use crate::proxy::program::Proxy;
use crate::push::rig::LIVE;

/// Who visits what.
pub(super) struct Visit<'a> {
    pub(super) proxy: &'a Proxy,
    /// The host in the address bar.
    pub(super) host: &'a str,
    /// The path under which the server stands there; empty, or without the slash at its end.
    pub(super) prefix: &'a str,
    pub(super) token: &'a str,
}

impl Visit<'_> {
    /// Everything there is.
    pub(super) async fn everything(&self) {
        self.is_asked_for_the_token().await;
        self.is_led_to_the_slash().await;
        let cookie = self.signs_in().await;
        self.sees_the_page(&cookie).await;
        self.asks(&cookie).await;
        self.follows_a_socket(&cookie).await;
        self.follows_events(&cookie).await;
        self.is_told_of_readiness().await;
        self.signs_out(&cookie).await;
    }

    fn request(&self, method: &str, path: &str) -> Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(header::HOST, self.host)
    }

    fn origin(&self) -> String {
        format!("https://{}", self.host)
    }

    async fn send(&self, builder: Builder, body: &str) -> Response<String> {
        let request = builder
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        client::send(self.proxy, self.host, request).await
    }

    async fn is_asked_for_the_token(&self) {
        let request = self.request("GET", "/").header(header::ACCEPT, "text/html");
        let answer = self.send(request, "").await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.body().contains("Access token"), "{answer:?}");
    }

    async fn is_led_to_the_slash(&self) {
        if self.prefix.is_empty() {
            return;
        }
        let answer = self.send(self.request("GET", ""), "").await;
        assert!(answer.status().is_redirection(), "{answer:?}");
        let location = answer.headers()[header::LOCATION].to_str().unwrap();
        let is_right = location == "gauge/" || location.ends_with(&format!("{}/", self.prefix));
        assert!(is_right, "{location}");
    }

    /// Gives the cookie, as the browser would send it.
    pub(super) async fn signs_in(&self) -> String {
        let request = self.request("POST", "/session");
        let request = request.header(header::ORIGIN, self.origin());
        let bearer = format!("Bearer {}", self.token);
        let request = request.header(header::AUTHORIZATION, bearer);
        let answer = self.send(request, "").await;
        assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let begin = match self.prefix {
            "" => "__Host-streamgauge-session=",
            _ => "__Secure-streamgauge-session-gauge=",
        };
        assert!(cookie.starts_with(begin), "{cookie}");
        assert!(
            cookie.contains(&format!("; Path={}/; ", self.prefix)),
            "{cookie}"
        );
        assert!(cookie.ends_with("; Secure"), "{cookie}");
        cookie.split_once(';').unwrap().0.to_owned()
    }

    async fn signs_out(&self, cookie: &str) {
        let request = self
            .request("DELETE", "/session")
            .header(header::COOKIE, cookie);
        let answer = self
            .send(request.header(header::ORIGIN, self.origin()), "")
            .await;
        assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
        let (name, _) = cookie.split_once('=').unwrap();
        let gone = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let expected = format!("{name}=; Path={}/; Max-Age=0; ", self.prefix);
        assert!(gone.starts_with(&expected), "{gone}");
    }

    /// The page, and all that it names, which is there if the page is built in.
    async fn sees_the_page(&self, cookie: &str) {
        let request = self.request("GET", "/").header(header::COOKIE, cookie);
        let page = self
            .send(request.header(header::ACCEPT, "text/html"), "")
            .await;
        assert_eq!(page.status(), StatusCode::OK);
        let html = page.body();
        assert!(html.contains("<title>streamgauge</title>"), "{html}");
        let named = html
            .split('"')
            .filter_map(|text| text.strip_prefix("./assets/"));
        for name in named {
            let request = self.request("GET", &format!("/assets/{name}"));
            let answer = self.send(request.header(header::COOKIE, cookie), "").await;
            assert_eq!(answer.status(), StatusCode::OK, "{name}");
            assert!(!answer.body().is_empty(), "{name}");
        }
    }

    /// GraphQL by POST, from our page and from another.
    pub(super) async fn asks(&self, cookie: &str) {
        let body = json!({ "query": "{ __typename }" }).to_string();
        let from = |origin: String| {
            let request = self
                .request("POST", "/graphql")
                .header(header::COOKIE, cookie);
            let request = request.header(header::CONTENT_TYPE, "application/json");
            request.header(header::ORIGIN, origin)
        };
        let answer = self.send(from(self.origin()), &body).await;
        assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
        assert_eq!(answer.body(), r#"{"data":{"__typename":"Query"}}"#);
        for origin in [
            "https://evil.example",
            "null",
            &format!("http://{}", self.host),
        ] {
            let answer = self.send(from(origin.to_owned()), &body).await;
            assert_eq!(
                answer.status(),
                StatusCode::FORBIDDEN,
                "{origin} {answer:?}"
            );
        }
    }

    async fn follows_a_socket(&self, cookie: &str) {
        let stream = client::connect(self.proxy, self.host).await;
        let request = self
            .request("GET", "/graphql")
            .header(header::COOKIE, cookie)
            .header(header::ORIGIN, self.origin())
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_KEY, handshake::generate_key())
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_PROTOCOL, "graphql-transport-ws")
            .body(Empty::<Bytes>::new())
            .unwrap();
        let executor = TokioExecutor::new();
        let opening = handshake::client(&executor, request, stream);
        let (mut socket, answer) = timeout(HANG, opening).await.unwrap().unwrap();
        let agreed = &answer.headers()[header::SEC_WEBSOCKET_PROTOCOL];
        assert_eq!(agreed, "graphql-transport-ws");
        let subscribe = json!({ "type": "subscribe", "id": "a", "payload": { "query": LIVE } });
        for message in [json!({ "type": "connection_init" }), subscribe] {
            let frame = Frame::text(message.to_string().into_bytes().into());
            socket.write_frame(frame).await.unwrap();
        }
        let mut told = Vec::new();
        while told.len() < 3 {
            let frame = timeout(HANG, socket.read_frame()).await.unwrap().unwrap();
            if frame.opcode == OpCode::Text {
                let message: Value = serde_json::from_slice(&frame.payload).unwrap();
                told.push(message["type"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(told, ["connection_ack", "next", "next"]);
    }

    /// The first bytes and the first answer come although nothing follows them for a minute.
    pub(super) async fn follows_events(&self, cookie: &str) {
        let query = "subscription%7Blive(intervalMs:60000)%7B__typename%7D%7D";
        let request = self.request("GET", &format!("/graphql?query={query}"));
        let request = request.header(header::COOKIE, cookie);
        let request = request.header(header::ACCEPT, "text/event-stream");
        let request = request.body(Full::default()).unwrap();
        let answer = client::begin(self.proxy, self.host, request).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let (_, mut body) = answer.into_parts();
        let mut read = String::new();
        while !read.contains("\n\nevent: next\ndata: {") {
            let Ok(frame) = timeout(HANG / 2, body.frame()).await else {
                panic!("held back by the proxy after {read:?}");
            };
            let frame = frame.unwrap().unwrap();
            read.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
        assert!(read.starts_with(":\n"), "{read}");
    }

    async fn is_told_of_readiness(&self) {
        let bearer = format!("Bearer {}", self.token);
        let request = self
            .request("GET", "/readyz")
            .header(header::AUTHORIZATION, bearer);
        let answer = self.send(request, "").await;
        assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
    }
}
