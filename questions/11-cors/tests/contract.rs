//! What a server for question 11 must do.

use contract::{Endpoint, Request, Response, Server, house_rules, process_rules};

const ORIGINS: [&str; 3] =
    ["https://app.example", "http://localhost:5173", "https://other.example:8443"];

#[test]
fn a_page_of_any_origin_may_read_the_answer() {
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
fn a_preflight_for_get_post_put_and_delete_is_answered_with_2xx_and_the_headers() {
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
    fn the_origin_is_echoed_since_credentials_rule_out_the_wildcard() {
        let app = Server::start();

        for origin in ORIGINS {
            let preflight = preflight(&app, origin, "PUT").send();
            let response = app.get("/").header("origin", origin).send();

            preflight.expect_header("access-control-allow-origin", origin);
            response.expect_status(200).expect_header("access-control-allow-origin", origin);
        }
    }

    #[test]
    fn an_echoed_origin_comes_with_vary() {
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
    fn a_request_without_an_origin_gets_no_cors_headers() {
        let app = Server::start();
        let with_origin = app.get("/").header("origin", "https://app.example").send();
        expect_allowed(with_origin.expect_status(200), "https://app.example");

        let response = app.get("/").send();

        response.expect_status(200);
        for name in ["origin", "credentials", "methods", "headers"] {
            response.expect_no_header(&format!("access-control-allow-{name}"));
        }
        response.expect_no_header("access-control-expose-headers");
        response.expect_no_header("access-control-max-age");
    }

    #[test]
    fn get_is_answered_with_200_whoever_asks() {
        let app = Server::start();

        app.get("/").send().expect_status(200);

        for origin in ["null", "HTTPS://APP.EXAMPLE", "https://app.example, https://b.example", "?"]
        {
            app.get("/").header("origin", origin).send().expect_status(200);
        }
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        house_rules(&Server::start(), &[Endpoint::get("/")]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::get("/"));
    }
}

/// What a browser asks before a request that could change something.
fn preflight(app: &Server, origin: &str, method: &str) -> Request {
    let request = app.request("OPTIONS", "/").header("origin", origin);
    request.header("access-control-request-method", method)
}

#[track_caller]
fn expect_allowed(response: &Response, origin: &str) {
    let allowed = response.headers("access-control-allow-origin");
    let wanted = format!("access-control-allow-origin: {origin}");
    response.expect(allowed == [origin] || allowed == ["*"], &wanted, allowed);
}

#[track_caller]
fn expect_method(response: &Response, method: &str) {
    let allowed = response.header_list("access-control-allow-methods");
    // GET and POST need not be listed: no preflight can forbid them.
    let listed = allowed.iter().any(|name| name.eq_ignore_ascii_case(method) || name == "*");
    let wanted = format!("access-control-allow-methods with {method}");
    response.expect(listed || ["GET", "POST"].contains(&method), &wanted, allowed);
}

/// With credentials the origin counts if it is the same, and `true` if it is written so.
#[track_caller]
fn expect_browser_accepts(response: &Response, origin: &str) {
    response.expect_header("access-control-allow-origin", origin);
    response.expect_header("access-control-allow-credentials", "true");
}

/// With credentials `*` is the name of a method or a header like any other.
#[track_caller]
fn expect_browser_may_send(preflight: &Response, method: &str, headers: &[&str]) {
    let methods = preflight.headers("access-control-allow-methods").join(",");
    let listed = methods.split(',').any(|name| name.trim() == method);
    let wanted = format!("access-control-allow-methods with {method}");
    preflight.expect(listed || ["GET", "POST"].contains(&method), &wanted, methods);
    for header in headers {
        preflight.expect_header_list("access-control-allow-headers", header);
    }
}
