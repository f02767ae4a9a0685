//! Cookies by hand. HTTP clients do too much for a check: they drop `Secure` cookies on `http://`, and
//! hide attributes once they have applied them.

use std::{fmt, time::Duration};

use cookie::{Cookie, time::OffsetDateTime};

use crate::{Request, Response};

/// One `Set-Cookie` of a response, read as a browser does (RFC 6265, section 5.2).
#[derive(Clone, PartialEq)]
pub struct SetCookie {
    line: String,
    cookie: Cookie<'static>,
}

impl SetCookie {
    /// `None` for what a browser ignores: a line without a name or without a `=`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        Some(Self { line: line.to_owned(), cookie: Cookie::parse(line.to_owned()).ok()? })
    }

    /// The name of the cookie.
    pub fn name(&self) -> &str {
        self.cookie.name()
    }

    /// The value as it was sent and must be sent back: nothing is decoded, and quotes are part of
    /// it.
    pub fn value(&self) -> &str {
        let pair = self.parts().next().unwrap_or_default();
        pair.split_once('=').map_or("", |(_, value)| value.trim())
    }

    /// The value of the attribute `name`, whose case does not matter; empty for one that is only
    /// there, such as `Secure`. `None` if it is missing.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        // The last one counts.
        self.parts()
            .skip(1)
            .filter_map(|part| {
                let (key, value) = part.split_once('=').unwrap_or((part, ""));
                key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
            })
            .last()
    }

    /// How long a client keeps the cookie from now on: `Max-Age`, or else what is left until
    /// `Expires`. `None` if it is a session cookie, zero if the response expires it.
    pub fn lifetime(&self) -> Option<Duration> {
        let left = match (self.cookie.max_age(), self.cookie.expires_datetime()) {
            (Some(max_age), _) => max_age,
            (None, Some(expires)) => expires - OffsetDateTime::now_utc(),
            (None, None) => return None,
        };
        // What is negative has passed.
        Some(Duration::try_from(left).unwrap_or_default())
    }

    /// Whether the response tells the client to forget the cookie.
    pub fn is_expired(&self) -> bool {
        self.lifetime() == Some(Duration::ZERO)
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        self.line.split(';')
    }
}

/// The line as it was sent, for reports.
impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// The cookies that a client remembers and sends: names and values, whatever `Secure`, `Path` and
/// `Domain` say. A response removes a cookie by expiring it; the passage of time does not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CookieJar {
    /// In the order in which they were set first.
    cookies: Vec<(String, String)>,
}

impl CookieJar {
    /// Without cookies.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends `request` with the cookies of this jar, and keeps what the response sets.
    ///
    /// # Panics
    ///
    /// As [`Request::send`].
    #[track_caller]
    pub fn send(&mut self, request: Request) -> Response {
        let response = self.attach(request).send();
        self.keep(&response);
        response
    }

    /// `request` with the cookies of this jar.
    pub fn attach(&self, request: Request) -> Request {
        self.iter().fold(request, |request, (name, value)| request.cookie(name, value))
    }

    /// Sets and removes cookies as `response` says.
    pub fn keep(&mut self, response: &Response) {
        for cookie in response.set_cookies() {
            if cookie.is_expired() {
                self.remove(cookie.name());
            } else {
                self.set(cookie.name(), cookie.value());
            }
        }
    }

    /// The value of the cookie `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Sets a cookie as a client may do by itself.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.cookies.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.cookies.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Forgets a cookie.
    pub fn remove(&mut self, name: &str) {
        self.cookies.retain(|(known, _)| known != name);
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cookies.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
