//! What a server for question 21 must do.

use std::time::{Duration, Instant};

use contract::{Endpoint, Response, Server, case, expect, expect_eq, house_rules, process_rules};

/// Name and email of the users in the prompt. The first user has the id 1.
const USERS: [(&str, &str); 13] = [
    ("Ada Lovelace", "ada@example.com"),
    ("José Álvarez", "jose@example.com"),
    ("Hopper, Grace", "grace@example.com"),
    ("William \"Bill\" Gosset", "bill@example.com"),
    ("Alan\nTuring", "alan@example.com"),
    ("'t Hooft, Gerard", "gerard@example.com"),
    ("Gerty - née R.", "gerty+cori@example.com"),
    ("=HYPERLINK(\"https://evil.example\",\"Click\")", "eve@example.com"),
    ("+1 555 0100", "phone@example.com"),
    ("-2+3", "=1+1@example.com"),
    ("@SUM(A1:A9)", "sum@example.com"),
    ("\tTab", "tab@example.com"),
    ("\rReturn", "return@example.com"),
];

#[test]
fn the_export_is_csv_in_utf_8() {
    let app = Server::start();

    let export = app.get("/export/users").send();

    export.expect_status(200).expect_media_type("text/csv");
    let parameters = parameters(&export, "content-type");
    let is_utf_8 = parameters.iter().any(|p| p.eq_ignore_ascii_case("charset=utf-8"));
    export.expect(is_utf_8, "content-type: text/csv; charset=utf-8", parameters);
}

#[test]
fn the_export_is_an_attachment_named_users_csv() {
    let app = Server::start();

    let export = app.get("/export/users").send();

    let disposition = export.expect_status(200).header("content-disposition").unwrap_or_default();
    let is_attachment =
        disposition.split(';').next().is_some_and(|kind| kind.eq_ignore_ascii_case("attachment"));
    let names_it =
        parameters(&export, "content-disposition").contains(&"filename=users.csv".to_owned());
    let wanted = "content-disposition: attachment; filename=\"users.csv\"";
    export.expect(is_attachment && names_it, wanted, disposition);
}

#[test]
fn the_first_line_names_the_columns() {
    let app = Server::start();

    let export = app.get("/export/users").send();

    let text = export.expect_status(200).text();
    let columns = records(text.lines().next().unwrap_or_default());
    expect_eq("first line", columns, [["id", "name", "email"]]);
}

#[test]
fn each_user_has_one_row_that_starts_with_its_id() {
    let app = Server::start();

    let export = app.get("/export/users").send();

    let rows = records(&export.expect_status(200).text());
    let ids: Vec<usize> = rows.iter().filter_map(|row| row.first()?.parse().ok()).collect();
    expect_eq("ids", ids, (1..=USERS.len()).collect::<Vec<_>>());
}

#[test]
fn a_row_has_id_name_and_email() {
    let app = Server::start();

    let export = app.get("/export/users").send();

    let rows = records(&export.expect_status(200).text());
    for id in [1, 2] {
        expect_row(&rows, id, USERS[id - 1].0, USERS[id - 1].1);
    }
}

mod stretch {
    use super::*;

    const MILLION: &str = "/export/users?count=1000000";
    const LIMIT: Duration = Duration::from_secs(120);

    #[test]
    fn fields_are_quoted_per_rfc_4180() {
        let app = Server::start();

        let export = app.get("/export/users").send();

        let text = export.expect_status(200).text().replace("\r\n", "\n");
        for (field, why) in [
            ("\"Hopper, Grace\"", "a comma"),
            ("\"William \"\"Bill\"\" Gosset\"", "a quote"),
            ("\"Alan\nTuring\"", "a newline"),
        ] {
            let is_there = text.contains(&format!(",{field},"));
            export.expect(is_there, &format!("{field} for a name with {why}"), &text);
        }
    }

    #[test]
    fn a_cell_that_starts_like_a_formula_gets_an_apostrophe() {
        let app = Server::start();

        let export = app.get("/export/users").send();

        let rows = records(&export.expect_status(200).text());
        expect_row(&rows, 8, "'=HYPERLINK(\"https://evil.example\",\"Click\")", "eve@example.com");
        expect_row(&rows, 9, "'+1 555 0100", "phone@example.com");
        expect_row(&rows, 10, "'-2+3", "'=1+1@example.com");
        expect_row(&rows, 11, "'@SUM(A1:A9)", "sum@example.com");
        expect_row(&rows, 12, "'\tTab", "tab@example.com");
        expect_row(&rows, 13, "'\rReturn", "return@example.com");
    }

    #[test]
    fn every_other_cell_is_exported_unchanged() {
        let app = Server::start();

        let export = app.get("/export/users").send();

        let rows = records(&export.expect_status(200).text());
        expect_eq("number of records", rows.len(), 1 + USERS.len());
        for (id, (name, email)) in (1..=7).zip(USERS) {
            expect_row(&rows, id, name, email);
        }
    }

    #[test]
    fn count_repeats_the_users_and_numbers_the_rows() {
        let app = Server::start();

        for count in [0, 1, 13, 40] {
            let _case = case(format!("count={count}"));
            let export = app.get(format!("/export/users?count={count}")).send();

            let rows = records(&export.expect_status(200).text());
            expect_eq("number of records", rows.len(), 1 + count);
            for (id, (_, email)) in (1..=count).zip(USERS.iter().cycle()) {
                let row = &rows[id];
                let is_right =
                    row.len() == 3 && row[0] == id.to_string() && row[2].ends_with(email);
                expect(is_right, &format!("row {id}: the id {id}, a name and {email}"), row);
            }
        }
    }

    #[test]
    fn a_count_that_is_not_a_whole_number_gets_400() {
        let app = Server::start();

        for count in ["ten", "-1", "1.5", "", "1e3", "%20"] {
            let _case = case(format!("count={count}"));
            let export = app.get(format!("/export/users?count={count}")).send();
            export.expect_status(400).expect_json_error();
        }
    }

    #[test]
    fn the_first_rows_of_a_million_arrive_early() {
        let app = Server::start();
        let started = Instant::now();

        let mut export = app.get(MILLION).timeout(LIMIT).stream();
        export.head().expect_status(200);
        let first = export.next(LIMIT);
        let first_came = started.elapsed();
        while matches!(export.next(LIMIT), Ok(Some(_))) {}

        let whole = started.elapsed();
        let is_early = matches!(first, Ok(Some(_))) && first_came < whole / 4;
        let actual = format!("after {first_came:?} of {whole:?}");
        expect(is_early, "the first bytes within a quarter of the time", actual);
    }

    #[test]
    fn memory_stays_flat_for_a_million_rows() {
        let app = Server::start();
        app.get("/export/users?count=1000").send().expect_status(200);
        let before = app.peak_memory();

        let unread: Vec<_> = (0..4).map(|_| app.get(MILLION).timeout(LIMIT).stream()).collect();
        let export = app.get(MILLION).timeout(LIMIT).send();

        expect_a_million_rows(&export);
        if let (Some(before), Some(after)) = (before, app.peak_memory()) {
            let more = after.saturating_sub(before) >> 20;
            expect(more < 96, "less than 96 MiB of additional memory", format!("{more} MiB more"));
        }
        drop(unread);
    }

    #[test]
    fn an_http_1_0_client_gets_no_chunked_encoding() {
        let app = Server::start();
        let export = app.get("/export/users?count=40").send();
        expect_eq("number of records", records(&export.expect_status(200).text()).len(), 41);

        let mut old = app.connect();
        old.write("GET /export/users?count=40 HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n");
        let response = old.read_response("GET").unwrap_or_else(|error| {
            expect(false, "a response to an HTTP/1.0 client", error.to_string());
            unreachable!("the check has failed")
        });

        response.expect_status(200).expect_no_header("transfer-encoding");
        response.expect(response.body() == export.body(), "the same file", response.text());
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let endpoints = [Endpoint::get("/export/users"), Endpoint::get("/export/users?count=20")];
        house_rules(&Server::start(), &endpoints);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&Endpoint::get("/export/users"));
    }
}

/// The parameters of a header like `text/csv; charset="utf-8"`, without spaces and quotes.
fn parameters(response: &Response, name: &str) -> Vec<String> {
    let value = response.header(name).unwrap_or_default();
    value.split(';').skip(1).map(|parameter| parameter.replace([' ', '"'], "")).collect()
}

/// All records including the header, with any number of fields.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let records = reader.records().map(|record| record.expect("text is UTF-8"));
    records.map(|record| record.iter().map(str::to_owned).collect()).collect()
}

#[track_caller]
fn expect_row(rows: &[Vec<String>], id: usize, name: &str, email: &str) {
    let row = rows.iter().find(|row| row[0] == id.to_string()).cloned().unwrap_or_default();
    expect_eq(&format!("row {id}"), row, [&id.to_string(), name, email]);
}

/// Counts lines, because parsing all records takes longer than exporting them.
#[track_caller]
fn expect_a_million_rows(export: &Response) {
    let text = export.expect_status(200).text();
    // The fifth name contains a newline, and the last line may lack one.
    let names = (5..=1_000_000).step_by(USERS.len()).count();
    let newlines = text.trim_end().matches('\n').count();
    expect_eq("number of newlines", newlines, 1_000_000 + names);
    let last = records(text.lines().next_back().unwrap_or_default());
    expect_eq("last row", last, [["1000000", USERS[0].0, USERS[0].1]]);
}
