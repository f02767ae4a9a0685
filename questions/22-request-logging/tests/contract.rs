//! What a server for question 22 must do.

use std::{collections::HashSet, time::Instant};

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use contract::{
    Builder, Endpoint, Request, Server, expect, expect_eq, house_rules, note, process_rules,
};

const LOG: &str = "access.log";

#[test]
fn a_request_is_answered_and_makes_a_line() {
    let app = Server::start();

    app.get("/").send().expect_status(200);

    let line = line(&app, LOG);
    expect(line.starts_with("GET / 200 "), "a line that starts with GET / 200", &line);
}

#[test]
fn in_development_the_line_is_method_url_status_time_and_length() {
    for app in [Server::start(), Server::builder().env("APP_ENV", "development").start()] {
        let begin = Instant::now();
        let response = app.get("/?page=2").send();

        let line = short(&line(&app, LOG));
        let took = begin.elapsed().as_secs_f64() * 1000.0;
        let length = response.body().len().to_string();
        expect_eq("method, URL and status", line.request(), "GET /?page=2 200");
        expect_eq("length", line.length, length);
        // Rounded it may be.
        let is_plausible = line.time <= took + 1.0;
        expect(is_plausible, &format!("at most the {took:.1} ms of the client"), line.time);
    }
}

#[test]
fn there_are_no_colour_codes() {
    let app = Server::builder().env("FORCE_COLOR", "1").env("CLICOLOR_FORCE", "1").start();

    app.get("/").send().expect_status(200);
    app.get("/no/such/path").send().expect_status(404);

    let lines = lines(&app, LOG, 2);
    let is_plain = lines.iter().all(|line| !line.contains(char::is_control));
    expect(is_plain, "no colour codes", lines);
}

#[test]
fn a_request_that_no_route_matches_is_logged_too() {
    let app = Server::start();

    for (n, method) in ["GET", "POST", "PUT", "DELETE"].into_iter().enumerate() {
        let response = app.request(method, "/no/such/path").send();
        let status = response.expect_status(404).status();

        let line = short(&lines(&app, LOG, n + 1)[n]);
        expect_eq("request", line.request(), format!("{method} /no/such/path {status}"));
        expect_eq("length", line.length, response.body().len().to_string());
    }
}

#[test]
fn the_url_is_logged_as_it_was_sent() {
    let app = Server::start();
    let urls = ["/a%20b%2Fc%c3%a9", "/?q=a%0a%20b&q=%22&empty=", "/x%0d%0aGET%20/%20200"];

    for (n, url) in urls.into_iter().enumerate() {
        app.get(url).send();
        expect_eq("URL", short(&lines(&app, LOG, n + 1)[n]).url, url);
    }
}

#[test]
fn the_log_file_has_the_name_that_log_file_gives_it() {
    let app = Server::builder().env("LOG_FILE", "requests.txt").start();

    app.get("/").send().expect_status(200);

    expect_eq("URL", short(&line(&app, "requests.txt")).url, "/");
    let is_there = app.directory().join(LOG).exists();
    expect(!is_there, "no access.log beside it", "both files");
}

#[test]
fn what_is_in_the_file_already_stays() {
    let app = Server::builder().file(LOG, "a line of yesterday\n").start();
    app.get("/one").send();
    lines(&app, LOG, 2);

    let app = app.restart();
    app.get("/two").send();

    let lines = lines(&app, LOG, 3);
    expect_eq("first line", lines[0].as_str(), "a line of yesterday");
    expect_eq("URLs", [short(&lines[1]).url, short(&lines[2]).url], ["/one", "/two"]);
}

#[test]
fn every_request_makes_one_line_and_nothing_else_does() {
    let app = Server::start();

    for i in 0..10 {
        app.get(format!("/{i}")).send();
        app.request("HEAD", format!("/head/{i}")).send();
    }

    let logged: HashSet<_> = lines(&app, LOG, 20).iter().map(|line| short(line).url).collect();
    expect_eq("number of different URLs", logged.len(), 20);
}

#[test]
fn in_production_the_line_is_in_the_combined_format() {
    let app = production();
    let tolerance = TimeDelta::seconds(5);
    let begin = Utc::now() - tolerance;

    let request = app.get("/?page=2").header("referer", "http://example.com/start?x=1");
    let response = request.header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)").send();

    let line = combined(&line(&app, LOG));
    expect(["127.0.0.1", "::ffff:127.0.0.1"].contains(&&*line.host), "host 127.0.0.1", line.host);
    let about_now = (begin..Utc::now() + tolerance).contains(&line.time.to_utc());
    expect(about_now, "the time of the request", line.time.to_string());
    expect_eq("request", line.request, "GET /?page=2 HTTP/1.1");
    expect_eq("status", line.status, 200);
    expect_eq("length", line.length, response.body().len().to_string());
    expect_eq("referer", line.referer, "http://example.com/start?x=1");
    expect_eq("user agent", line.agent, "Mozilla/5.0 (X11; Linux x86_64)");
}

#[test]
fn in_production_a_header_that_was_not_sent_is_a_hyphen() {
    let app = production();

    app.get("/").send().expect_status(200);
    app.get("/no/such/path").header("user-agent", "curl/8.5.0").send().expect_status(404);

    let mut logged: Vec<_> = lines(&app, LOG, 2).iter().map(|line| combined(line)).collect();
    logged.sort_by_key(|line| line.status);
    let headers: Vec<_> = logged.iter().map(|line| (&*line.referer, &*line.agent)).collect();
    expect_eq("referer and user agent", headers, [("-", "-"), ("-", "curl/8.5.0")]);
}

mod stretch {
    use std::{
        fs::{self, File},
        process::Command,
        time::Duration,
    };

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
            app.get("/").header("referer", text).header("user-agent", text).send();
            let line = combined(&lines(&app, LOG, n + 1)[n]);
            expect_eq("referer and agent", [&*line.referer, &*line.agent], [text, text]);
            expect_eq("status", line.status, 200);
        }

        // Some servers refuse such a URL.
        let _ = app.get("/x\"y\\").try_send();
        app.get("/last").send();
        app.wait_for_file(LOG, "a line for /last", |text| text.contains("GET /last "));
        for line in text(&app, LOG).lines() {
            combined(line);
        }
    }

    #[test]
    fn control_characters_in_headers_never_get_into_the_file() {
        let app = production();
        let control =
            [&b"\t"[..], b"\x1b[31m", b"\x08\x0b\x0c\x7f", b"\x85", b"\xc2\x9b31m", b"\xff"];

        // Most of them are refused by most servers, and then there may be a line or not.
        for sent in control {
            let agent = [&b"before "[..], sent, b" after"].concat();
            let _ = app.get("/").header("user-agent", agent).try_send();
        }
        app.get("/last").send();

        app.wait_for_file(LOG, "a line for /last", |text| text.contains("GET /last "));
        let text = text(&app, LOG);
        let raw: Vec<_> = text.chars().filter(|c| c.is_control() && *c != '\n').collect();
        expect(raw.is_empty(), "no control characters but line ends", raw);
        for line in text.lines() {
            combined(line);
        }
    }

    #[test]
    fn no_header_has_a_say_in_the_host() {
        let app = production();

        let request = app.get("/").header("x-forwarded-for", "203.0.113.7");
        request.header("forwarded", "for=203.0.113.7").header("x-real-ip", "203.0.113.7").send();

        let line = line(&app, LOG);
        combined(&line);
        expect(!line.contains("203.0.113.7"), "the address that the request came from", line);
    }

    #[test]
    fn two_hundred_parallel_requests_make_two_hundred_whole_lines() {
        let app = Server::start();

        app.burst((0..200).map(|i| app.get(format!("/?n={i}"))).collect());

        let logged: HashSet<_> = lines(&app, LOG, 200).iter().map(|line| short(line).url).collect();
        expect_eq("number of different URLs", logged.len(), 200);
    }

    #[test]
    fn the_file_is_complete_once_sigterm_has_ended_the_server() {
        let app = Server::start();

        let answers = app.burst((0..100).map(|i| app.get(format!("/?n={i}"))).collect());
        app.terminate(Duration::from_secs(5)).expect_success();

        let text = text(&app, LOG);
        let logged: HashSet<_> = text.lines().map(|line| short(line).url).collect();
        expect_eq("number of different URLs", logged.len(), answers.len());
    }

    #[test]
    fn a_log_file_that_nobody_opens_delays_neither_the_start_nor_an_answer() {
        logs(&Server::start());
        let builder = Server::builder().env("LOG_FILE", PIPE);
        if !make_pipe(&builder) {
            return;
        }

        let app = builder.start();

        answers_at_once(&app);
    }

    #[test]
    fn a_log_file_that_nobody_reads_delays_no_answer() {
        logs(&Server::start());
        let builder = Server::builder().env("LOG_FILE", PIPE);
        if !make_pipe(&builder) {
            return;
        }
        // Opened both ways, so that opening it does not wait for the server.
        let pipe = File::options().read(true).write(true).open(builder.directory().join(PIPE));
        let app = builder.start();

        answers_at_once(&app);

        drop(pipe);
    }

    #[test]
    fn a_clients_mistake_gets_a_4xx() {
        let app = Server::start();
        logs(&app);

        house_rules(&app, &[Endpoint::get("/")]);
    }

    #[test]
    fn it_starts_and_stops_as_a_service_should() {
        logs(&Server::start());

        process_rules(&Endpoint::get("/"));
    }

    #[track_caller]
    fn logs(app: &Server) {
        app.get("/").send().expect_status(200);
        line(app, LOG);
    }

    /// Makes a named pipe in the working directory, or notes that this machine has none.
    fn make_pipe(builder: &Builder) -> bool {
        let path = builder.directory().join(PIPE);
        let made = Command::new("mkfifo").arg(path).status().is_ok_and(|status| status.success());
        if !made {
            note("named pipes were not tried: mkfifo does not work on this machine");
        }
        made
    }

    /// Makes many more lines than a pipe has room for, which is 64 KiB.
    #[track_caller]
    fn answers_at_once(app: &Server) {
        let url = format!("/?{}", "a".repeat(4000));
        let request: Request = app.get(url).timeout(Duration::from_secs(3));

        for _ in 0..50 {
            request.clone().send().expect_status(200);
        }
    }

    /// What is in the file now.
    fn text(app: &Server, file: &str) -> String {
        let bytes = fs::read(app.directory().join(file)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn production() -> Server {
    Server::builder().env("APP_ENV", "production").start()
}

/// Waits for the one line in the file.
#[track_caller]
fn line(app: &Server, file: &str) -> String {
    lines(app, file, 1).remove(0)
}

/// Waits until there are `wanted` lines in the file, and expects no more.
#[track_caller]
fn lines(app: &Server, file: &str, wanted: usize) -> Vec<String> {
    let is_enough = |text: &str| text.ends_with('\n') && text.lines().count() >= wanted;
    let text = app.wait_for_file(file, &format!("{wanted} whole lines"), is_enough);
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    expect_eq("number of lines", lines.len(), wanted);
    lines
}

/// `GET /?page=2 200 0.213 ms - 25`
struct Short {
    method: String,
    url: String,
    status: u16,
    time: f64,
    length: String,
}

impl Short {
    fn request(&self) -> String {
        format!("{} {} {}", self.method, self.url, self.status)
    }
}

#[track_caller]
fn short(line: &str) -> Short {
    let parse = || {
        let words: Vec<_> = line.split(' ').collect();
        let [method, url, status, time, "ms", "-", length] = words[..] else { return None };
        let is_number = time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let is_length = length == "-" || length.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && is_length && !length.is_empty()).then_some(Short {
            method: method.to_owned(),
            url: url.to_owned(),
            status: status.parse().ok()?,
            time: time.parse().ok()?,
            length: length.to_owned(),
        })
    };
    let short = parse();
    expect(short.is_some(), "a line METHOD URL STATUS TIME ms - LENGTH", line);
    short.expect("it has been expected")
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

#[track_caller]
fn combined(line: &str) -> Combined {
    let parse = || {
        let (host, rest) = line.split_once(" - - [")?;
        let (time, rest) = rest.split_once("] ")?;
        let (request, rest) = quoted(rest)?;
        let (status, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
        let (length, rest) = rest.split_once(' ')?;
        let (referer, rest) = quoted(rest)?;
        let (agent, rest) = quoted(rest.strip_prefix(' ')?)?;
        let is_length = length == "-" || length.parse::<u64>().is_ok();
        (rest.is_empty() && is_length && !host.contains(' ')).then_some(Combined {
            host: host.to_owned(),
            time: DateTime::parse_from_str(time, "%d/%b/%Y:%H:%M:%S %z").ok()?,
            request,
            status: status.parse().ok()?,
            length: length.to_owned(),
            referer,
            agent,
        })
    };
    let combined = parse();
    expect(combined.is_some(), "a line in the combined format, with nine fields", line);
    combined.expect("it has been expected")
}

/// The text between quotes at the start, unescaped, and what follows.
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
