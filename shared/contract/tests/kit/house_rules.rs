//! The rules of the house, kept by the fixture and broken one by one.

use crate::rerun::{Outcome, specimen_with, specimens};

#[track_caller]
fn assert_refused(outcome: &Outcome, fault: &str, rule: &str) {
    assert_eq!(outcome.report.len(), 1, "{fault}: {}", outcome.said);
    assert_eq!(outcome.report[0]["outcome"], "failed", "{fault}: {}", outcome.said);
    assert!(outcome.said.contains(rule), "{fault}: {}", outcome.said);
}

#[test]
fn a_server_that_breaks_a_rule_is_refused_by_its_name() {
    for (fault, rule) in [
        ("responds_in_prose", "a JSON error like {\"error\": \"<a message>\"} for an unknown path"),
        ("knows_every_method", "status 404 or 405 for PATCH, which the path does not have"),
        ("brews", "status 400, 404, 405 or 501 for the unknown method BREW"),
        ("fails_on_odd_bytes", "no 5xx for %ff in the path"),
        ("fails_on_odd_headers", "no 5xx for a header that is not UTF-8"),
        ("fails_on_malformed_json", "status 400 for malformed JSON"),
        ("takes_any_type", "status 400 or 415 for a body of type text/plain"),
        ("has_no_limit", "status 413 for a JSON body of 10 MB"),
        ("takes_any_json", "status 400 for [] in place of an object"),
        ("fails_on_an_empty_body", "no 5xx for an empty body"),
        ("takes_any_title", "status 400 for an object as title"),
        ("fails_on_odd_text", "status 400 for title that is not UTF-8"),
        ("refuses_unknown_properties", "an unknown property to be ignored (status 201)"),
        ("is_gone_later", "status 200 as before the invalid requests"),
    ] {
        assert_refused(&specimen_with("it_keeps_the_house_rules", fault), fault, rule);
    }
}

#[test]
fn the_headers_of_an_endpoint_go_with_all_that_is_made_from_it() {
    let fault = "asks_for_a_key";

    let known = specimen_with("it_keeps_the_house_rules_for_clients_with_a_key", fault);
    let unknown = specimen_with("it_keeps_the_house_rules", fault);

    assert_eq!(known.report[0]["outcome"], "passed", "{}", known.said);
    let rule = "status 404 or 405 for PATCH, which the path does not have";
    assert_refused(&unknown, fault, rule);
}

#[test]
fn an_endpoint_for_other_bodies_is_checked_without_invalid_json() {
    let specimen = "it_keeps_the_house_rules_where_a_body_is_text";

    assert_eq!(specimen_with(specimen, "").said, "");
    let refused = specimen_with(specimen, "fails_on_odd_bytes");
    assert_refused(&refused, "fails_on_odd_bytes", "no 5xx for %ff in the path");
}

#[test]
fn all_faults_of_an_endpoint_are_told() {
    let outcome = specimen_with("it_keeps_the_house_rules", "takes_any_json");

    let told: Vec<_> = outcome.said.lines().collect();
    assert_eq!(told[3], "  expected  the house rules for POST /todos; 4 are broken:");
    for (line, wrong) in told[4..8].iter().zip(["[]", "\"text\"", "42", "null"]) {
        let rule = format!("status 400 for {wrong} in place of an object, got 201  {{");
        assert!(line.contains(&rule), "{line}");
    }
    assert!(told[2].starts_with("  request   POST /todos"), "{}", outcome.said);
    assert!(outcome.said.contains("\n  try       curl "), "{}", outcome.said);
}

#[test]
fn an_endpoint_may_take_properties_of_any_type() {
    let specimen = "it_keeps_the_house_rules_with_titles_of_any_type";

    assert_eq!(specimen_with(specimen, "takes_any_title").said, "");
    let refused = specimen_with(specimen, "takes_any_json");
    assert_refused(&refused, "takes_any_json", "status 400 for [] in place of an object");
}

#[test]
fn a_server_that_hangs_on_absurd_requests_is_refused() {
    let outcome = specimens(&["it_keeps_the_house_rules"])
        .env("FIXTURE", "hangs_on_a_large_head")
        .env("CONTRACT_TIMEOUT_MS", "300")
        .run();

    assert_refused(&outcome, "hangs_on_a_large_head", "a response to a path of 1 MB");
}

#[test]
fn a_burst_suits_a_server_that_serves_one_connection_at_a_time() {
    let outcome = specimen_with("many_requests_come_at_once", "serves_one_at_a_time");

    assert_eq!(outcome.said, "");
}

#[cfg(unix)]
mod of_processes {
    use super::assert_refused;
    use crate::rerun::{Rerun, fixture, specimens};

    /// The fixture as a service that ends when it is asked to.
    fn service(specimen: &str) -> Rerun {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixture/service.sh");
        specimens(&[specimen]).env("CONTRACT_CMD", &format!("sh '{script}' '{}'", fixture()))
    }

    #[test]
    fn a_service_that_starts_and_stops_as_it_should_passes() {
        let outcome = service("it_starts_and_stops_as_a_service_should").run();

        assert_eq!(outcome.said, "");
        assert_eq!(outcome.report[0]["outcome"], "passed");
    }

    #[test]
    fn a_server_that_serves_one_request_at_a_time_passes() {
        let specimen = "it_starts_and_stops_as_a_service_should";
        let outcome = service(specimen).env("FIXTURE", "serves_one_at_a_time").run();

        assert_eq!(outcome.said, "");
    }

    #[test]
    fn the_log_of_a_server_beside_the_line_about_the_port_is_not_a_fault() {
        let specimen = "it_starts_and_stops_as_a_service_should";
        let outcome = service(specimen).env("FIXTURE", "logs_a_taken_port").run();

        assert_eq!(outcome.said, "");
    }

    #[test]
    fn a_body_that_is_not_json_is_in_flight_too() {
        let specimen = "it_finishes_a_text_that_is_in_flight";

        assert_eq!(service(specimen).run().said, "");
        let refused = service(specimen).env("FIXTURE", "drops_what_is_in_flight").run();
        let rule = "a response to the request that was in flight at SIGTERM";
        assert_refused(&refused, "drops_what_is_in_flight", rule);
    }

    #[test]
    fn what_is_in_flight_at_the_end_can_be_followed() {
        let outcome = service("it_finishes_what_it_has_begun").run();

        assert_eq!(outcome.said, "");
        assert_eq!(outcome.report[0]["outcome"], "passed");
    }

    #[test]
    fn a_service_that_does_not_start_or_stop_as_it_should_is_refused() {
        for (fault, rule) in [
            ("drops_what_is_in_flight", "a response to the request that was in flight at SIGTERM"),
            (
                "ends_with_an_error",
                "the server to end with exit code 0\n  actual    it ended with exit code 1",
            ),
            ("says_nothing_of_a_taken_port", "a line on stderr that contains "),
            ("ends_well_on_a_taken_port", "an exit code other than 0"),
            ("raves_about_a_taken_port", "one line on stderr that names port"),
            ("never_ends", "the server to end within "),
        ] {
            let outcome =
                service("it_starts_and_stops_as_a_service_should").env("FIXTURE", fault).run();

            assert_refused(&outcome, fault, rule);
        }
    }
}
