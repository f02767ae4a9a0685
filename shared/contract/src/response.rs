use std::{fmt::Debug, ops::RangeInclusive};

use serde_json::Value;

use crate::{
    SetCookie, check,
    failure::Failure,
    json_diff::{self, Extra},
    status::reason,
    text::{excerpt, plain, shorten},
};

/// Names in lower case, in the order in which they came.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

/// A whole response. The `expect_…` methods fail the check unless it is as they say, and can be
/// chained.
#[derive(Clone)]
pub struct Response {
    status: u16,
    headers: Headers,
    body: Vec<u8>,
    request: Option<(String, Option<String>)>,
}

impl Response {
    pub(crate) fn new(status: u16, headers: Headers, body: Vec<u8>) -> Self {
        Self { status, headers, body, request: None }
    }

    /// As the response to the request that is summed up.
    pub(crate) fn to(self, summary: String, curl: Option<String>) -> Self {
        Self { request: Some((summary, curl)), ..self }
    }

    pub(crate) fn with_body(self, body: Vec<u8>) -> Self {
        Self { body, ..self }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first value of the header `name`, whose case does not matter.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers(name).into_iter().next()
    }

    /// All values of the header `name`, in the order in which they came.
    pub fn headers(&self, name: &str) -> Vec<String> {
        (self.headers.iter())
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// The elements of a header that is a comma-separated list, such as `Vary`, in lower case.
    pub fn header_list(&self, name: &str) -> Vec<String> {
        (self.headers(name).iter())
            .flat_map(|value| value.split(','))
            .map(|element| element.trim().to_ascii_lowercase())
            .filter(|member| !member.is_empty())
            .collect()
    }

    /// The cookies that the response sets or expires, in the order in which they came.
    pub fn set_cookies(&self) -> Vec<SetCookie> {
        self.headers("set-cookie").iter().filter_map(|line| SetCookie::parse(line)).collect()
    }

    /// What the response says of the cookie `name`; the last one counts, if there are several.
    pub fn set_cookie(&self, name: &str) -> Option<SetCookie> {
        self.set_cookies().into_iter().rfind(|cookie| cookie.name() == name)
    }

    /// The body as it came.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// Fails the check if it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => {
                self.fail("a body that is JSON", &format!("{} ({error})", self.describe()))
            }
        }
    }

    /// The value in the JSON body to which the pointer (RFC 6901) leads; null if it has no such value.
    ///
    /// # Panics
    ///
    /// Fails the check if the body is not JSON.
    #[track_caller]
    pub fn json_at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or_default()
    }

    /// Expects one status, one of several (`[400, 404]`), or one in a range (`400..=499`).
    #[track_caller]
    pub fn expect_status(&self, wanted: impl Statuses) -> &Self {
        if !wanted.holds(self.status) {
            self.fail_marked(
                &format!("status {}", wanted.describe()),
                &format!("status {}{}", with_reason(self.status), self.body_note()),
                "status ".len(),
            );
        }
        self
    }

    /// Expects a JSON body like `wanted`: objects may have further properties, arrays no further
    /// elements.
    #[track_caller]
    pub fn expect_json_including(&self, wanted: Value) -> &Self {
        self.compare_json(&wanted, Extra::Allowed)
    }

    /// Expects a JSON body equal to `wanted`; the order of properties does not matter.
    #[track_caller]
    pub fn expect_json(&self, wanted: Value) -> &Self {
        self.compare_json(&wanted, Extra::Refused)
    }

    /// Expects the house's error shape: `{"error": "<a message>"}`.
    #[track_caller]
    pub fn expect_json_error(&self) -> &Self {
        let message = serde_json::from_slice(&self.body)
            .ok()
            .and_then(|body: Value| Some(!body.get("error")?.as_str()?.trim().is_empty()));
        if message != Some(true) {
            self.fail(r#"{"error": "<a message>"}"#, &self.describe());
        }
        self.expect_media_type("application/json")
    }

    /// Expects a header with exactly this value.
    #[track_caller]
    pub fn expect_header(&self, name: &str, wanted: &str) -> &Self {
        let actual = self.headers(name);
        if actual != [wanted] {
            self.fail(&format!("{name}: {wanted}"), &describe_header(name, &actual));
        }
        self
    }

    /// Expects a header `Location` that leads to `wanted`, a path: as a path or as an absolute URL.
    #[track_caller]
    pub fn expect_location(&self, wanted: &str) -> &Self {
        let actual = self.headers("location");
        let is_it = actual.len() == 1 && location_path(&actual[0]) == wanted;
        if !is_it {
            self.fail(&format!("location: {wanted}"), &describe_header("location", &actual));
        }
        self
    }

    /// The path and query to which the header `Location` leads, which may be an absolute URL; `None`
    /// without that header.
    pub fn location(&self) -> Option<String> {
        self.header("location").map(|location| location_path(&location).to_owned())
    }

    /// Expects that the header `name` is missing.
    #[track_caller]
    pub fn expect_no_header(&self, name: &str) -> &Self {
        let actual = self.headers(name);
        if !actual.is_empty() {
            self.fail(&format!("no header {name}"), &describe_header(name, &actual));
        }
        self
    }

    /// Expects that the list header `name` contains `element`, in any case.
    #[track_caller]
    pub fn expect_header_list(&self, name: &str, element: &str) -> &Self {
        if !self.header_list(name).contains(&element.to_ascii_lowercase()) {
            self.fail(
                &format!("{name} with {element}"),
                &describe_header(name, &self.headers(name)),
            );
        }
        self
    }

    /// Expects the media type in `Content-Type`; its parameters do not matter.
    #[track_caller]
    pub fn expect_media_type(&self, wanted: &str) -> &Self {
        let actual = self.header("content-type").unwrap_or_default();
        let essence = actual.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(wanted) {
            let actual = describe_header("content-type", &self.headers("content-type"));
            self.fail(&format!("content-type: {wanted}"), &actual);
        }
        self
    }

    /// Expects an empty body.
    #[track_caller]
    pub fn expect_empty_body(&self) -> &Self {
        if !self.body.is_empty() {
            self.fail("no body", &self.describe());
        }
        self
    }

    /// Expects whatever else has to hold for this response, in words.
    #[track_caller]
    pub fn expect(&self, holds: bool, wanted: &str, actual: impl Debug) -> &Self {
        if !holds {
            self.fail(wanted, &plain(&actual));
        }
        self
    }

    #[track_caller]
    fn compare_json(&self, wanted: &Value, extra: Extra) -> &Self {
        let actual = self.json();
        if let Some(difference) = json_diff::first(wanted, &actual, extra) {
            const SHOWN: usize = 400;
            let text = actual.to_string();
            let column = difference.column(&text).filter(|column| column.end <= SHOWN);
            let what = if column.is_some() { &difference.what } else { &difference.in_full() };
            check::fail(
                self.failure(&shorten(&wanted.to_string(), SHOWN), &shorten(&text, SHOWN))
                    .mark_at(column, what),
            );
        }
        self
    }

    #[track_caller]
    fn fail(&self, expected: &str, actual: &str) -> ! {
        check::fail(self.failure(expected, actual))
    }

    #[track_caller]
    fn fail_marked(&self, expected: &str, actual: &str, column: usize) -> ! {
        check::fail(self.failure(expected, actual).mark_at(Some(column..column + 3), ""))
    }

    fn failure(&self, expected: &str, actual: &str) -> Failure {
        let failure = Failure::new(expected, actual);
        match self.request.clone() {
            Some((summary, curl)) => failure.request(summary, curl),
            None => failure,
        }
    }

    /// Status and body in one line.
    pub(crate) fn describe(&self) -> String {
        let body = match &self.body[..] {
            [] => "no body".to_owned(),
            body => excerpt(body, 200),
        };
        format!("{body} (status {})", with_reason(self.status))
    }

    fn body_note(&self) -> String {
        match &self.body[..] {
            [] => "  (no body)".to_owned(),
            body => format!("  {}", excerpt(body, 160)),
        }
    }
}

/// What follows scheme and authority.
fn location_path(location: &str) -> &str {
    let lower = location.to_ascii_lowercase();
    let scheme = ["http://", "https://", "//"].iter().find(|scheme| lower.starts_with(**scheme));
    let Some(scheme) = scheme else { return location };
    let rest = &location[scheme.len()..];
    rest.find(['/', '?', '#']).map_or("/", |path| &rest[path..])
}

fn describe_header(name: &str, values: &[String]) -> String {
    match values {
        [] => format!("no header {name}"),
        values => {
            format!("{name}: {}", excerpt(values.join(" and again ").as_bytes(), 200))
        }
    }
}

fn with_reason(status: u16) -> String {
    format!("{status} {}", reason(status)).trim_end().to_owned()
}

/// What [`Response::expect_status`] accepts.
pub trait Statuses {
    /// Whether `status` is among them.
    fn holds(&self, status: u16) -> bool;
    /// How to say it.
    fn describe(&self) -> String;
}

impl Statuses for u16 {
    fn holds(&self, status: u16) -> bool {
        *self == status
    }
    fn describe(&self) -> String {
        with_reason(*self)
    }
}

impl<const N: usize> Statuses for [u16; N] {
    fn holds(&self, status: u16) -> bool {
        self.contains(&status)
    }
    fn describe(&self) -> String {
        self.map(with_reason).join(" or ")
    }
}

impl Statuses for RangeInclusive<u16> {
    fn holds(&self, status: u16) -> bool {
        self.contains(&status)
    }
    fn describe(&self) -> String {
        format!("from {} to {}", self.start(), self.end())
    }
}
