//! What a server for question 22 must do.

use std::{collections::HashSet, fs, time::Instant};

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use contract::{
    Builder, Endpoint, Request, Server, case, expect, expect_eq, house_rules, note, process_rules,
};

const LOG: &str = "access.log";

#[test]
fn a_request_gets_a_response_and_a_line() {
    let app = Server::start();

    app.get("/").send().expect_status(200);

    line_with(&app, "GET / ");
}

#[test]
fn in_development_the_line_is_method_url_status_time_and_length() {
    for app in [Server::start(), Server::builder().env("APP_ENV", "development").start()] {
        let begin = Instant::now();
        let response = app.get("/?page=2").send();

        let line = line_with(&app, "/?page=2");
        let took = begin.elapsed().as_secs_f64() * 1000.0;
        let line = short(&line, "GET /?page=2 200");
        expect_eq("LENGTH", line.length, response.body().len().to_string());
        // It may be rounded.
        let is_plausible = line.time <= took + 1.0;
        expect(
            is_plausible,
            &format!("TIME: at most {took:.1}, the time that the client measured"),
            line.time,
        );
    }
}

#[test]
fn there_are_no_color_codes() {
    let app = Server::builder().env("FORCE_COLOR", "1").env("CLICOLOR_FORCE", "1").start();

    app.get("/").send().expect_status(200);
    app.get("/no/such/path").send().expect_status(404);

    for url in ["GET / ", "GET /no/such/path "] {
        let line = line_with(&app, url);
        expect(!line.contains(char::is_control), "no color codes", line);
    }
}

#[test]
fn a_request_that_matches_no_route_is_logged_as_it_was_sent() {
    let app = Server::start();

    for method in ["GET", "POST", "PUT", "DELETE"] {
        let _case = case(method);
        let response = app.request(method, "/no/such/path").send();
        let length = response.expect_status(404).body().len();

        let line = line_with(&app, &format!("{method} /no/such/path "));
        expect(line.contains(" 404 "), "the status 404", &line);
        let has_length = line.ends_with(&format!(" {length}"));
        expect(has_length, &format!("the {length} bytes of the body at the end"), &line);
    }
}

#[test]
fn the_url_is_logged_as_it_was_sent() {
    let app = Server::start();

    for (url, part) in [
        ("/a%20b%2Fc%c3%a9", "/a"),
        ("/?q=a%0a%20b&q=%22&empty=", "/?q="),
        ("/x%0d%0aGET%20/%20200", "/x"),
    ] {
        let _case = case(url);
        app.get(url).send();
        let line = line_with(&app, part);
        let is_unchanged = line.contains(&format!("GET {url} "));
        expect(is_unchanged, &format!("GET {url}"), line);
    }
}

#[test]
fn log_file_sets_the_name_of_the_file() {
    let app = Server::builder().env("LOG_FILE", "requests.txt").start();

    app.get("/").send().expect_status(200);

    line_in(&app, "requests.txt", "GET / ");
    let has_both = app.directory().join(LOG).exists();
    expect(!has_both, "no access.log beside it", "both files");
}

#[test]
fn existing_lines_stay_in_the_file() {
    let app = Server::builder().file(LOG, "a line of yesterday\n").start();
    app.get("/one").send();
    line_with(&app, "GET /one ");

    let app = app.restart();
    app.get("/two").send();

    line_with(&app, "GET /two ");
    line_with(&app, "GET /one ");
    let log = log(&app);
    expect(log.starts_with("a line of yesterday\n"), "a line of yesterday, still the first", log);
}

#[test]
fn each_request_makes_exactly_one_line_and_nothing_else_does() {
    let app = Server::start();

    for i in 0..10 {
        app.get(format!("/{i}")).send();
        app.request("HEAD", format!("/head/{i}")).send();
    }

    for i in 0..10 {
        line_with(&app, &format!("GET /{i} "));
        line_with(&app, &format!("HEAD /head/{i} "));
    }
    let log = log(&app);
    let other: Vec<_> = log.lines().filter(|line| !line.contains(" /")).collect();
    expect(other.is_empty(), "only lines about requests", other);
    expect_eq("number of lines for 20 requests", log.lines().count(), 20);
}

#[test]
fn in_production_the_line_is_in_the_combined_format() {
    let app = production();
    let tolerance = TimeDelta::seconds(5);
    let begin = Utc::now() - tolerance;

    let request = app.get("/?page=2").header("referer", "http://example.com/start?x=1");
    let response = request.header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)").send();

    let line = combined(&line_with(&app, "/?page=2"));
    expect(["127.0.0.1", "::ffff:127.0.0.1"].contains(&&*line.host), "HOST 127.0.0.1", line.host);
    let about_now = (begin..Utc::now() + tolerance).contains(&line.time.to_utc());
    expect(about_now, "TIME: the time of the request", line.time.to_string());
    expect_eq("request", line.request, "GET /?page=2 HTTP/1.1");
    expect_eq("STATUS", line.status, 200);
    expect_eq("LENGTH", line.length, response.body().len().to_string());
    expect_eq("REFERER", line.referer, "http://example.com/start?x=1");
    expect_eq("USER-AGENT", line.agent, "Mozilla/5.0 (X11; Linux x86_64)");
}

#[test]
fn in_production_a_missing_header_is_a_hyphen() {
    let app = production();

    app.get("/").send().expect_status(200);
    app.get("/no/such/path").header("user-agent", "curl/8.5.0").send().expect_status(404);

    for (url, end) in [("GET / ", r#" "-" "-""#), ("GET /no/such/path ", r#" "-" "curl/8.5.0""#)] {
        let line = line_with(&app, url);
        expect(line.ends_with(end), &format!("{end} at the end of the line"), line);
    }
}

mod stretch {
    use std::{fs::File, process::Command, time::Duration};

    use super::*;

    const PIPE: &str = "stalled.log";

    #[test]
    fn quotes_in_headers_and_urls_cannot_forge_a_field() {
        let app = production();
        let quoted = [
            r#"evil" 200 0 "-" "x"#,
            r#"" 500 1"#,
            r#"ends with \"#,
            r#"\" 200 7 "-" "x"#,
            r#"a\b\\c"d"#,
        ];

        for (n, text) in quoted.into_iter().enumerate() {
            app.get(format!("/{n}")).header("referer", text).header("user-agent", text).send();
            let [_, referer, agent] = quoted_fields(&line_with(&app, &format!("GET /{n} ")));
            expect_eq("referer and user agent", [&*referer, &*agent], [text, text]);
        }

        // Some servers refuse such a URL.
        let _ = app.get("/x\"y\\").try_send();
        app.get("/last").send();
        line_with(&app, "GET /last ");
        for line in log(&app).lines() {
            quoted_fields(line);
        }
    }

    #[test]
    fn control_characters_in_headers_never_reach_the_file() {
        let app = production();
        let control =
            [&b"\t"[..], b"\x1b[31m", b"\x08\x0b\x0c\x7f", b"\x85", b"\xc2\x9b31m", b"\xff"];

        // Most servers refuse most of these requests, and then there may be a line or not.
        for sent in control {
            let agent = [&b"before "[..], sent, b" after"].concat();
            let _ = app.get("/").header("user-agent", agent).try_send();
        }
        app.get("/last").send();

        line_with(&app, "GET /last ");
        let log = log(&app);
        let raw: Vec<_> = log.chars().filter(|c| c.is_control() && *c != '\n').collect();
        expect(raw.is_empty(), "no control characters except line ends", raw);
        for line in log.lines() {
            quoted_fields(line);
        }
    }

    #[test]
    fn forwarding_headers_do_not_change_the_host() {
        let app = production();

        let request = app.get("/").header("x-forwarded-for", "203.0.113.7");
        request.header("forwarded", "for=203.0.113.7").header("x-real-ip", "203.0.113.7").send();

        let line = line_with(&app, "GET / ");
        let is_real = line.contains("127.0.0.1") && !line.contains("203.0.113.7");
        expect(is_real, "the address that the request came from", line);
    }

    #[test]
    fn two_hundred_parallel_requests_make_two_hundred_whole_lines() {
        let app = Server::start();

        app.burst((0..200).map(|i| app.get(format!("/?n={i}"))).collect());

        let is_whole = |log: &str| log.lines().count() >= 200 && log.ends_with('\n');
        let log = app.wait_for_file(LOG, "200 whole lines", is_whole);
        expect_eq("number of different URLs", urls(&log).len(), 200);
    }

    #[test]
    fn the_file_is_complete_after_sigterm() {
        let app = Server::start();

        let responses = app.burst((0..100).map(|i| app.get(format!("/?n={i}"))).collect());
        app.terminate(Duration::from_secs(5)).expect_success();

        expect_eq("number of different URLs", urls(&log(&app)).len(), responses.len());
    }

    #[test]
    fn a_log_file_that_stalls_delays_no_response() {
        logs(&Server::start());
        let builder = Server::builder().env("LOG_FILE", PIPE);
        if !make_pipe(&builder) {
            return;
        }
        // Opened for reading and writing, because opening it for one of them waits for the other.
        let pipe = File::options().read(true).write(true).open(builder.directory().join(PIPE));
        let app = builder.start();

        // A pipe has room for 64 KiB, which is less than these lines.
        let url = format!("/?{}", "a".repeat(4000));
        let request: Request = app.get(url).timeout(Duration::from_secs(3));
        for _ in 0..50 {
            request.clone().send().expect_status(200);
        }

        drop(pipe);
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();
        logs(&app);

        house_rules(&app, &[Endpoint::get("/")]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        logs(&Server::start());

        process_rules(&Endpoint::get("/"));
    }

    #[track_caller]
    fn logs(app: &Server) {
        app.get("/").send().expect_status(200);
        line_with(app, "GET / ");
    }

    /// The URL of each line in which there is one, and only one.
    fn urls(log: &str) -> HashSet<&str> {
        let url = |line| {
            let mut words = str::split(line, [' ', '"']).filter(|word| word.starts_with("/?n="));
            words.next().filter(|_| words.next().is_none())
        };
        log.lines().filter_map(url).collect()
    }

    /// Makes a named pipe in the working directory, or notes that this machine has none.
    fn make_pipe(builder: &Builder) -> bool {
        let path = builder.directory().join(PIPE);
        let made = Command::new("mkfifo").arg(path).status().is_ok_and(|status| status.success());
        if !made {
            note("not tried with a named pipe: mkfifo does not work on this machine");
        }
        made
    }
}

fn production() -> Server {
    Server::builder().env("APP_ENV", "production").start()
}

/// Waits for a whole line in the log that contains `text`.
#[track_caller]
fn line_with(app: &Server, text: &str) -> String {
    line_in(app, LOG, text)
}

/// As [`line_with`], in another file.
#[track_caller]
fn line_in(app: &Server, file: &str, text: &str) -> String {
    let find = |log: &str| {
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().find(|line| line.contains(text)).map(str::to_owned)
    };
    let log = app.wait_for_file(file, &format!("a line with {text}"), |log| find(log).is_some());
    find(&log).unwrap_or_default()
}

/// What is in the log now.
fn log(app: &Server) -> String {
    let bytes = fs::read(app.directory().join(LOG)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `GET /?page=2 200 0.213 ms - 25`
struct Short {
    time: f64,
    length: String,
}

/// Parses a line of the short format; the failure names the field that is wrong.
#[track_caller]
fn short(line: &str, request: &str) -> Short {
    let parse = || {
        let rest = line.strip_prefix(request).ok_or(format!("METHOD URL STATUS: {request}"))?;
        let (time, rest) = rest
            .strip_prefix(' ')
            .and_then(|rest| rest.split_once(' '))
            .ok_or("TIME after a space")?;
        let is_number = time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let time = time.parse().ok().filter(|_| is_number).ok_or("TIME: a number")?;
        let length = rest.strip_prefix("ms - ").ok_or("`ms - ` after TIME")?;
        let is_length = length == "-" || length.parse::<u64>().is_ok();
        let length = Some(length.to_owned()).filter(|_| is_length);
        Ok::<_, String>(Short {
            time,
            length: length.ok_or("LENGTH: a number or `-`, at the end")?,
        })
    };
    parse().unwrap_or_else(|field| wrong_field("METHOD URL STATUS TIME ms - LENGTH", &field, line))
}

/// `127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 25 "-" "curl/8.5.0"`
struct Combined {
    host: String,
    time: DateTime<FixedOffset>,
    request: String,
    status: u16,
    length: String,
    referer: String,
    agent: String,
}

/// Parses a line of the combined format; the failure names the field that is wrong.
#[track_caller]
fn combined(line: &str) -> Combined {
    let parse = || {
        let (host, rest) = line.split_once(" - - [").ok_or("HOST - - [TIME]")?;
        let (time, rest) = rest.split_once("] ").ok_or("[TIME] and a space")?;
        let time = DateTime::parse_from_str(time, "%d/%b/%Y:%H:%M:%S %z");
        let (request, rest) = quoted(rest).ok_or("\"METHOD URL VERSION\"")?;
        let rest = rest.strip_prefix(' ').ok_or("a space before STATUS")?;
        let (status, rest) = rest.split_once(' ').ok_or("STATUS and a space")?;
        let (length, rest) = rest.split_once(' ').ok_or("LENGTH and a space")?;
        let is_length = length == "-" || length.parse::<u64>().is_ok();
        let (referer, rest) = quoted(rest).ok_or("\"REFERER\"")?;
        let (agent, rest) = rest.strip_prefix(' ').and_then(quoted).ok_or("\"USER-AGENT\"")?;
        Ok::<_, &str>(Combined {
            host: Some(host.to_owned()).filter(|host| !host.contains(' ')).ok_or("HOST")?,
            time: time.map_err(|_| "TIME: as in 10/Oct/2000:13:55:36 -0700")?,
            request,
            status: status.parse().map_err(|_| "STATUS: a number")?,
            length: Some(length.to_owned()).filter(|_| is_length).ok_or("LENGTH: a number or -")?,
            referer,
            agent: Some(agent).filter(|_| rest.is_empty()).ok_or("nothing after USER-AGENT")?,
        })
    };
    parse().unwrap_or_else(|field| wrong_field("the combined format", field, line))
}

#[track_caller]
fn wrong_field(format: &str, field: &str, line: &str) -> ! {
    expect(false, &format!("{format}, here {field}"), line);
    unreachable!("the check has failed")
}

/// The fields in quotes: request, referer and user agent, whatever is between them.
#[track_caller]
fn quoted_fields(line: &str) -> [String; 3] {
    let mut fields = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find('"') {
        let Some((field, after)) = quoted(&rest[start..]) else { break };
        fields.push(field);
        rest = after;
    }
    let is_complete = fields.len() == 3 && rest.is_empty();
    expect(is_complete, "three fields in quotes, of which the last ends the line", line);
    [0, 1, 2].map(|field| fields[field].clone())
}

/// The text between quotes at the start, unescaped, and the rest.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.strip_prefix('"')?.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => match chars.next()? {
                'x' => {
                    let (hex, _) = chars.as_str().split_at_checked(2)?;
                    value.push(u8::from_str_radix(hex, 16).ok()?.into());
                    chars = chars.as_str()[2..].chars();
                }
                escaped => value.push(escaped),
            },
            plain => value.push(plain),
        }
    }
}
