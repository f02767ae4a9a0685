use std::fmt::Debug;

use crate::{
    failure::{self, Failure},
    request::shorten,
};

/// Expects `actual` to equal `wanted`; `what` says of what both are values.
#[track_caller]
pub fn expect_eq<A: PartialEq<W> + Debug, W: Debug>(what: &str, actual: A, wanted: W) {
    if actual != wanted {
        failure::fail(Failure::new(
            &format!("{what}: {}", plain(&wanted)),
            &format!("{what}: {}", plain(&actual)),
        ));
    }
}

/// Expects whatever else has to hold, in words, with what was seen instead.
#[track_caller]
pub fn expect(holds: bool, wanted: &str, actual: impl Debug) {
    if !holds {
        failure::fail(Failure::new(wanted, &plain(&actual)));
    }
}

/// Strings without their quotes, as they stand in the answer.
pub(crate) fn plain(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    shorten(&inner.map_or(text.clone(), |inner| inner.replace("\\\"", "\"")), 400)
}

/// The registered reason phrase of `status`, empty if there is none.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
