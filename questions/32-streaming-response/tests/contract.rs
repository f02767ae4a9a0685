//! What a server for question 32 must do.

use std::{fs::File, time::Duration};

use contract::{
    BodyStream, Endpoint, Server, TransportError, Value, case, expect, expect_eq, house_rules,
    json, patience, process_rules,
};

/// More than anybody counts to: what is made in advance is never sent.
const NO_END: &str = "/numbers?count=1000000000000000000";
const SOON: Duration = Duration::from_secs(5);
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

#[test]
fn numbers_go_from_one_to_count() {
    let app = Server::start();

    for count in [1, 3, 25] {
        let numbers = app.get(format!("/numbers?count={count}")).send();
        numbers.expect_status(200);
        expect_numbers(numbers.body(), count);
    }
}

#[test]
fn numbers_are_sent_as_ndjson_in_chunks() {
    let app = Server::start();

    let numbers = app.get("/numbers?count=3").send();

    numbers
        .expect_status(200)
        .expect_media_type("application/x-ndjson")
        .expect_header_list("transfer-encoding", "chunked")
        .expect_no_header("content-length");
}

#[test]
fn a_count_of_zero_gets_an_empty_list() {
    let app = Server::start();

    app.get("/numbers?count=0").send().expect_status(200).expect_empty_body();
}

#[test]
fn a_count_that_is_missing_or_not_a_whole_number_gets_400() {
    let app = Server::start();

    for query in ["", "?count=", "?count=many", "?count=-1", "?count=1.5", "?count=3x", "?n=3"] {
        let refused = app.get(format!("/numbers{query}")).send();
        refused.expect_status(400).expect_json_error();
    }
}

#[test]
fn a_long_list_is_complete() {
    let app = Server::start();

    let numbers = app.get("/numbers?count=20001").send();

    numbers.expect_status(200);
    expect_numbers(numbers.body(), 20_001);
}

#[test]
fn a_huge_count_gets_a_response_at_once() {
    let app = Server::start();

    let numbers = app.get(NO_END).timeout(patience(SOON)).stream();

    numbers.head().expect_status(200).expect_media_type("application/x-ndjson");
}

#[test]
fn a_file_is_downloaded_byte_for_byte() {
    let bytes = sample();
    let app = serving(&bytes);

    let file = app.get("/download").send();

    file.expect_status(200);
    expect_bytes(file.body(), &bytes);
}

#[test]
fn a_download_has_a_length_and_a_type() {
    let app = serving(&sample());

    let file = app.get("/download").send();

    file.expect_status(200).expect_header("content-length", "300000");
    let content_type = file.header("content-type").unwrap_or_default();
    file.expect(content_type.contains('/'), "a content type", content_type);
}

#[test]
fn a_missing_file_gets_404() {
    let app = Server::builder().env("DATA_FILE", "no/such/file.bin").start();

    app.get("/download").send().expect_status(404).expect_json_error();
}

#[test]
fn a_file_may_appear_and_change_while_the_server_runs() {
    let app = Server::builder().env("DATA_FILE", "data.txt").start();
    app.get("/download").send().expect_status(404);

    for contents in ["tea", "milk and sugar"] {
        std::fs::write(app.directory().join("data.txt"), contents).expect("it can be written");
        let file = app.get("/download").send();
        file.expect_status(200).expect_header("content-length", &contents.len().to_string());
        expect_bytes(file.body(), contents.as_bytes());
    }
}

#[test]
fn the_sample_is_found_from_any_working_directory() {
    let app = Server::start();

    let file = app.get("/download").send();

    file.expect_status(200);
    file.expect(!file.body().is_empty(), "a sample that is not empty", "no body");
}

mod stretch {
    use super::*;

    #[test]
    fn the_first_line_arrives_before_the_last_is_produced() {
        let app = Server::start();

        let (_numbers, first) = count_without_end(&app);

        let beginning = first.lines().next().unwrap_or_default();
        let is_first = beginning.parse().is_ok_and(|line: Value| line == json!({ "n": 1 }));
        expect(is_first, &format!("{} as the first line", json!({ "n": 1 })), beginning);
    }

    #[test]
    fn a_range_gets_206_and_exactly_its_bytes() {
        let bytes = sample();
        let app = serving(&bytes);

        for (range, first, last) in [
            ("0-99", 0, 99),
            ("0-0", 0, 0),
            ("1000-200000", 1000, 200_000),
            ("299000-", 299_000, 299_999),
            ("-100", 299_900, 299_999),
            ("-999999", 0, 299_999),
            ("299990-999999999999", 299_990, 299_999),
        ] {
            let part = app.get("/download").header("range", format!("bytes={range}")).send();
            part.expect_status(206)
                .expect_header("content-range", &format!("bytes {first}-{last}/300000"))
                .expect_header("content-length", &(last - first + 1).to_string());
            expect_bytes(part.body(), &bytes[first..=last]);
        }
    }

    #[test]
    fn a_range_without_a_byte_of_the_file_gets_416() {
        let app = serving(&sample());

        for range in ["300000-", "300000-300001", "999999999999-", "-0"] {
            let refused = app.get("/download").header("range", format!("bytes={range}")).send();
            refused.expect_status(416).expect_header("content-range", "bytes */300000");
        }
    }

    #[test]
    fn a_range_in_another_unit_is_ignored() {
        let bytes = sample();
        let app = serving(&bytes);

        for range in ["lines=0-5", "items=1-", "bits=-8"] {
            let file = app.get("/download").header("range", range).send();
            file.expect_status(200).expect_header("content-length", "300000");
            expect_bytes(file.body(), &bytes);
        }
    }

    #[test]
    fn an_invalid_range_is_ignored_or_rejected() {
        let app = serving(&sample());

        for range in ["5-4", "abc", "", "-", "1-2-3", "--1", "0x10-", "99999999999999999999-"] {
            let _case = case(format!("Range: bytes={range}"));
            let response = app.get("/download").header("range", format!("bytes={range}")).send();
            response.expect_status([200, 400, 416]);
        }
        let huge = app.get("/download").header("range", "bytes=0-99999999999999999999").send();
        huge.expect_status([200, 206, 400, 416]);
        app.get("/download").header("range", b"bytes=\xff").send().expect_status([200, 400, 416]);
    }

    #[test]
    fn an_empty_file_can_be_downloaded_and_has_no_ranges() {
        let app = serving(b"");

        let file = app.get("/download").send();
        file.expect_status(200).expect_header("content-length", "0").expect_empty_body();
        for range in ["0-", "0-0", "-5"] {
            let response = app.get("/download").header("range", format!("bytes={range}")).send();
            response.expect_status([200, 416]);
        }
    }

    #[test]
    fn a_folder_in_place_of_the_file_gets_404() {
        let builder = Server::builder().env("DATA_FILE", "data");
        std::fs::create_dir(builder.directory().join("data")).expect("it can be created");
        let app = builder.start();

        app.get("/download").send().expect_status(404).expect_json_error();
    }

    #[test]
    fn a_count_beyond_64_bits_gets_a_response() {
        let app = Server::start();

        for count in ["18446744073709551615", "18446744073709551616", &"9".repeat(40)] {
            let _case = case(format!("count={count}"));
            let numbers =
                app.get(format!("/numbers?count={count}")).timeout(patience(SOON)).stream();
            numbers.head().expect_status([200, 400]);
        }
    }

    #[test]
    fn an_http_1_0_client_gets_no_chunks() {
        let app = Server::start();
        let mut connection = app.connect();

        connection.write("GET /numbers?count=3 HTTP/1.0\r\nhost: localhost\r\n\r\n");

        let numbers = connection.read_response("GET").expect("a complete response");
        numbers.expect_status(200).expect_no_header("transfer-encoding");
        expect_numbers(numbers.body(), 3);
    }

    #[test]
    fn a_file_of_one_gibibyte_takes_less_than_64_mebibytes() {
        let builder = Server::builder().env("DATA_FILE", "large.bin");
        let large = File::create(builder.directory().join("large.bin"));
        large.and_then(|file| file.set_len(GIB)).expect("it takes no space until it is written");
        let app = builder.start();

        let mut download = app.get("/download").stream();
        download.head().expect_status(200).expect_header("content-length", &GIB.to_string());
        expect_small(&app);
        let mut received = 0;
        while let Some(piece) = next(&mut download) {
            received += piece.len() as u64;
        }

        expect_eq("bytes received", received, GIB);
        expect_small(&app);
    }

    #[test]
    fn a_client_that_does_not_read_costs_no_work_and_no_memory() {
        let app = Server::start();

        let numbers = count_without_end(&app);

        let rests = app.rests_within(patience(SOON));
        expect(
            rests != Some(false),
            "no work for a client that does not read",
            "the work continues",
        );
        expect_small(&app);
        drop(numbers);
    }

    #[test]
    fn a_client_that_hangs_up_stops_the_work() {
        let app = Server::start();

        for _ in 0..4 {
            drop(count_without_end(&app));
        }

        let rests = app.rests_within(patience(SOON));
        expect(rests != Some(false), "no work for clients that have hung up", "the work continues");
        for _ in 0..4 {
            app.get("/numbers?count=1").send().expect_status(200);
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();

        house_rules(&app, &[Endpoint::get("/download"), Endpoint::get("/numbers?count=3")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/numbers?count=3"));
    }
}

/// A server that is told of a file with these bytes.
fn serving(bytes: &[u8]) -> Server {
    let builder = Server::builder().file("data.bin", bytes);
    let path = builder.directory().join("data.bin");
    builder.env("DATA_FILE", &path.to_string_lossy()).start()
}

/// 300,000 bytes that are no text, and in which every part looks different.
fn sample() -> Vec<u8> {
    (0..300_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A list of which the first lines have arrived, and these.
#[track_caller]
fn count_without_end(app: &Server) -> (BodyStream, String) {
    let mut numbers = app.get(NO_END).timeout(patience(SOON)).stream();
    numbers.head().expect_status(200);
    let mut first = Vec::new();
    while !first.contains(&b'\n') {
        let piece = next(&mut numbers);
        expect(piece.is_some(), "a first line", "the end of the list");
        first.extend(piece.unwrap_or_default());
    }
    (numbers, String::from_utf8_lossy(&first).into_owned())
}

#[track_caller]
fn expect_bytes(actual: &[u8], wanted: &[u8]) {
    expect_eq("length of the body", actual.len(), wanted.len());
    let differs = actual.iter().zip(wanted).position(|(actual, wanted)| actual != wanted);
    expect(differs.is_none(), "the bytes of the file", format!("others from byte {differs:?} on"));
}

/// `{"n":1}` to `{"n":count}`, each in a line.
#[track_caller]
fn expect_numbers(body: &[u8], count: u64) {
    let text = String::from_utf8_lossy(body);
    expect(text.ends_with('\n'), "a line break after each object", &text);
    let mut lines = text.lines();
    for n in 1..=count {
        let line = lines.next().unwrap_or_default();
        let is_next = line.parse().is_ok_and(|value: Value| value == json!({ "n": n }));
        expect(is_next, &format!("line {n} to be {}", json!({ "n": n })), line);
    }
    expect(lines.next().is_none(), &format!("the end after {count} lines"), "more lines");
}

/// The next piece of the body.
#[track_caller]
fn next(stream: &mut BodyStream) -> Option<Vec<u8>> {
    let piece = stream.next(patience(SOON));
    let failure = piece.as_ref().err().map(TransportError::to_string).unwrap_or_default();
    expect(piece.is_ok(), "more of the body, or its end", failure);
    piece.ok().flatten()
}

#[track_caller]
fn expect_small(app: &Server) {
    if let Some(peak) = app.peak_memory() {
        expect(peak < 64 * MIB, "less than 64 MiB of memory", format!("{} MiB", peak / MIB));
    }
}
