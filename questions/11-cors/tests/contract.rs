//! What a server for question 11 must do.

use contract::{Endpoint, Request, Response, Server, house_rules, process_rules};

const ORIGINS: [&str; 3] =
    ["https://app.example", "http://localhost:5173", "https://other.example:8443"];

#[test]
fn a_page_of_any_origin_may_read_the_response() {
    let app = Server::start();

    for origin in ORIGINS {
        let response = app.get("/").header("origin", origin).send();

        response.expect_status(200).expect_media_type("application/json");
        expect_allowed(&response, origin);
    }
}

#[test]
fn credentials_are_enabled() {
    let app = Server::start();

    let response = app.get("/").header("origin", "https://app.example").send();

    response.expect_status(200).expect_header("access-control-allow-credentials", "true");
}

#[test]
fn a_preflight_allows_get_post_put_and_delete() {
    let app = Server::start();

    for origin in ORIGINS {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let response = preflight(&app, origin, method).send();

            response.expect_status(200..=299);
            expect_allowed(&response, origin);
            response.expect_header("access-control-allow-credentials", "true");
            expect_method(&response, method);
        }
    }
}

#[test]
fn a_preflight_allows_content_type_and_authorization() {
    let app = Server::start();

    for method in ["GET", "POST", "PUT", "DELETE"] {
        let preflight = preflight(&app, "https://app.example", method)
            .header("access-control-request-headers", "authorization,content-type");

        let response = preflight.send();

        response.expect_status(200..=299);
        response.expect_header_list("access-control-allow-headers", "Authorization");
        response.expect_header_list("access-control-allow-headers", "Content-Type");
    }
}

mod stretch {
    use super::*;

    #[test]
    fn the_origin_is_echoed_instead_of_a_wildcard() {
        let app = Server::start();

        for origin in ORIGINS {
            let preflight = preflight(&app, origin, "PUT").send();
            let response = app.get("/").header("origin", origin).send();

            preflight.expect_header("access-control-allow-origin", origin);
            response.expect_status(200).expect_header("access-control-allow-origin", origin);
        }
    }

    #[test]
    fn the_response_varies_by_origin() {
        let app = Server::start();

        let response = app.get("/").header("origin", "https://app.example").send();

        response.expect_header("access-control-allow-origin", "https://app.example");
        response.expect_status(200).expect_header_list("vary", "Origin");
    }

    /// The steps of the Fetch standard, sections "CORS-preflight fetch" and "CORS check".
    #[test]
    fn a_browser_completes_a_cross_origin_fetch_with_credentials() {
        let app = Server::start();
        let origin = "https://app.example";

        for method in ["GET", "POST", "PUT", "DELETE"] {
            let preflight = preflight(&app, origin, method)
                .header("access-control-request-headers", "authorization,content-type")
                .send();
            preflight.expect_status(200..=299);
            expect_browser_accepts(&preflight, origin);
            expect_browser_may_send(&preflight, method, &["authorization", "content-type"]);
        }

        let request = app.get("/").header("origin", origin).header("cookie", "session=1");
        let response = request.header("authorization", "Bearer token").send();
        expect_browser_accepts(response.expect_status(200), origin);
    }

    #[test]
    fn a_preflight_with_an_empty_header_list_is_allowed() {
        let app = Server::start();
        let origin = "https://app.example";

        for list in ["", " "] {
            let preflight = preflight(&app, origin, "PUT");
            let response = preflight.header("access-control-request-headers", list).send();

            response.expect_status(200..=299);
            expect_allowed(&response, origin);
            expect_method(&response, "PUT");
        }
    }

    #[test]
    fn get_returns_200_whatever_the_origin() {
        let app = allowing_server();

        app.get("/").send().expect_status(200);

        for origin in ["null", "HTTPS://APP.EXAMPLE", "https://app.example, https://b.example", "?"]
        {
            app.get("/").header("origin", origin).send().expect_status(200);
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = allowing_server();
        // The prompt allows POST, so a route for it is not a wrong method.
        let optional = Endpoint::post_as("/", "application/json", "{}");

        house_rules(&app, &[Endpoint::get("/"), optional]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        allowing_server();

        process_rules(&Endpoint::get("/"));
    }
}

/// A server that allows a cross-origin request at all.
#[track_caller]
fn allowing_server() -> Server {
    let app = Server::start();
    let response = app.get("/").header("origin", "https://app.example").send();
    expect_allowed(response.expect_status(200), "https://app.example");
    app
}

/// What a browser sends before a request that could change something.
fn preflight(app: &Server, origin: &str, method: &str) -> Request {
    let request = app.request("OPTIONS", "/").header("origin", origin);
    request.header("access-control-request-method", method)
}

#[track_caller]
fn expect_allowed(response: &Response, origin: &str) {
    let allowed = response.headers("access-control-allow-origin");
    let expected = format!("access-control-allow-origin: {origin}");
    response.expect(allowed == [origin] || allowed == ["*"], &expected, allowed);
}

#[track_caller]
fn expect_method(response: &Response, method: &str) {
    let allowed = response.header_list("access-control-allow-methods");
    // GET and POST do not have to be listed: the Fetch standard allows them without a preflight.
    let listed = allowed.iter().any(|name| name.eq_ignore_ascii_case(method) || name == "*");
    let expected = format!("access-control-allow-methods with {method}");
    response.expect(listed || ["GET", "POST"].contains(&method), &expected, allowed);
}

/// With credentials, the browser compares the origin and `true` byte for byte.
#[track_caller]
fn expect_browser_accepts(response: &Response, origin: &str) {
    response.expect_header("access-control-allow-origin", origin);
    response.expect_header("access-control-allow-credentials", "true");
}

/// With credentials, `*` is a literal method or header name and not a wildcard.
#[track_caller]
fn expect_browser_may_send(preflight: &Response, method: &str, headers: &[&str]) {
    let methods = preflight.headers("access-control-allow-methods").join(",");
    let listed = methods.split(',').any(|name| name.trim() == method);
    let expected = format!("access-control-allow-methods with {method}");
    preflight.expect(listed || ["GET", "POST"].contains(&method), &expected, methods);
    for header in headers {
        preflight.expect_header_list("access-control-allow-headers", header);
    }
}
