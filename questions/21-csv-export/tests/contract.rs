//! What a server for question 21 must do.

use std::time::{Duration, Instant};

use contract::{Endpoint, Response, Server, expect, expect_eq, house_rules, process_rules};

/// Name and email address of the users in the prompt. The first one has the id 1.
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
fn a_browser_saves_it_as_users_csv() {
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
fn every_user_has_one_row_which_begins_with_the_id() {
    let app = Server::start();

    let export = app.get("/export/users").send();

    let rows = records(&export.expect_status(200).text());
    let ids: Vec<usize> = rows.iter().filter_map(|row| row.first()?.parse().ok()).collect();
    expect_eq("ids", ids, (1..=USERS.len()).collect::<Vec<_>>());
}

#[test]
fn a_row_is_id_name_and_email() {
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
    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn commas_quotes_and_newlines_are_quoted_as_rfc_4180_has_it() {
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
    fn a_cell_that_begins_like_a_formula_gets_an_apostrophe() {
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
    fn every_other_cell_is_exported_as_it_is() {
        let app = Server::start();

        let export = app.get("/export/users").send();

        let rows = records(&export.expect_status(200).text());
        expect_eq("number of records", rows.len(), 1 + USERS.len());
        for (id, (name, email)) in (1..=7).zip(USERS) {
            expect_row(&rows, id, name, email);
        }
    }

    #[test]
    fn a_count_exports_the_users_in_turn_with_ids_of_their_own() {
        let app = Server::start();

        for count in [0, 1, 13, 40] {
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
    fn a_count_that_is_no_whole_number_is_refused_with_400() {
        let app = Server::start();

        for count in ["ten", "-1", "1.5", "", "1e3", "%20"] {
            let export = app.get(format!("/export/users?count={count}")).send();
            export.expect_status(400).expect_json_error();
        }
    }

    #[test]
    fn the_first_rows_of_a_million_arrive_before_the_last_are_made() {
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
    fn a_million_rows_need_no_more_memory_than_a_few() {
        let app = Server::start();
        app.get("/export/users?count=1000").send().expect_status(200);
        let before = app.peak_memory();

        let unread: Vec<_> = (0..4).map(|_| app.get(MILLION).timeout(LIMIT).stream()).collect();
        let export = app.get(MILLION).timeout(LIMIT).send();

        expect_a_million_rows(&export);
        if let (Some(before), Some(after)) = (before, app.peak_memory()) {
            let more = after.saturating_sub(before) >> 20;
            expect(more < 96, "less than 96 MiB more in use", format!("{more} MiB more"));
        }
        drop(unread);
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        let endpoints = [Endpoint::get("/export/users"), Endpoint::get("/export/users?count=20")];
        house_rules(&Server::start(), &endpoints);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        process_rules(&Endpoint::get("/export/users"));
    }
}

/// The parameters of a header like `text/csv; charset="utf-8"`, without blanks and quotes.
fn parameters(response: &Response, name: &str) -> Vec<String> {
    let value = response.header(name).unwrap_or_default();
    value.split(';').skip(1).map(|parameter| parameter.replace([' ', '"'], "")).collect()
}

/// All records, the header among them, of however many fields.
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

/// Parsing all of them would take longer than making them.
#[track_caller]
fn expect_a_million_rows(export: &Response) {
    let text = export.expect_status(200).text();
    // The fifth name has a newline, and the last line need not end with one.
    let names = (5..=1_000_000).step_by(USERS.len()).count();
    let newlines = text.trim_end().matches('\n').count();
    expect_eq("number of newlines", newlines, 1_000_000 + names);
    let last = records(text.lines().next_back().unwrap_or_default());
    expect_eq("last row", last, [["1000000", USERS[0].0, USERS[0].1]]);
}
