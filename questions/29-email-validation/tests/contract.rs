//! What a server for question 29 must do.

use contract::{Endpoint, Request, Response, Server, house_rules, json, process_rules};

#[test]
fn an_ordinary_address_is_valid() {
    let app = Server::start();

    for email in [
        "ada@example.com",
        "ada.lovelace@example.com",
        "ada+lists@example.com",
        "ada_l@example.com",
        "ada-l@mail.example.co.uk",
        "a@b.co",
        "1815@example.com",
    ] {
        expect_valid(&check(&app, email).send(), &[email]);
    }
}

#[test]
fn an_address_has_exactly_one_at_sign_with_text_on_both_sides() {
    let app = Server::start();

    for email in [
        "",
        "   ",
        "ada",
        "ada.example.com",
        "@",
        "@example.com",
        "ada@",
        "ada@@example.com",
        "ada@home@example.com",
    ] {
        expect_invalid(&check(&app, email).send());
    }
}

#[test]
fn surrounding_whitespace_is_ignored() {
    let app = Server::start();

    for email in ["  ada@example.com", "ada@example.com ", "\tada@example.com  "] {
        expect_valid(&check(&app, email).send(), &["ada@example.com"]);
    }
}

#[test]
fn only_the_domain_is_lower_cased() {
    let app = Server::start();

    for (email, wanted) in [
        ("Ada.Lovelace@EXAMPLE.COM", "Ada.Lovelace@example.com"),
        ("ADA@Mail.Example.Org", "ADA@mail.example.org"),
        ("adA@example.com", "adA@example.com"),
    ] {
        expect_valid(&check(&app, email).send(), &[wanted]);
    }
}

#[test]
fn a_local_part_may_have_every_allowed_character() {
    let app = Server::start();

    for email in [
        "o'hara@example.com",
        "!#$%&'*+-/=?^_`{|}~@example.com",
        "ada/home=1@example.com",
        "$a#1@example.com",
        "-@example.com",
        "a.b.c.d.e@example.com",
    ] {
        expect_valid(&check(&app, email).send(), &[email]);
    }
}

#[test]
fn a_dot_in_a_local_part_must_be_between_two_characters() {
    let app = Server::start();

    for email in
        ["a..b@example.com", ".a@example.com", "a.@example.com", ".@example.com", "a...b@b.co"]
    {
        expect_invalid(&check(&app, email).send());
    }
}

#[test]
fn other_characters_in_a_local_part_are_rejected() {
    let app = Server::start();

    for email in [
        "ada l@example.com",
        "\"ada l\"@example.com",
        "\"ada\"@example.com",
        "ada,bob@example.com",
        "ada:b@example.com",
        "<ada@example.com>",
        "Ada <ada@example.com>",
        "ada(home)@example.com",
        "ada\\l@example.com",
        "j\u{f6}rg@example.com",
        "ada\0@example.com",
        "ada\n@example.com",
        "x@y.z\r\nBcc:ada@example.com",
    ] {
        expect_invalid(&check(&app, email).send());
    }
}

#[test]
fn a_domain_has_labels_of_letters_digits_and_hyphens() {
    let app = Server::start();
    let longest = format!("ada@{}.com", "a".repeat(63));

    for email in [
        "ada@sub-domain.example.com",
        "ada@3com.example",
        "ada@a--b.example",
        "ada@example.museum",
        "ada@example.photography",
        "ada@example.no-such-tld",
        "ada@xn--bcher-kva.example",
        &longest,
    ] {
        expect_valid(&check(&app, email).send(), &[email]);
    }
}

#[test]
fn other_characters_in_a_domain_are_rejected() {
    let app = Server::start();
    let too_long = format!("ada@{}.com", "a".repeat(64));

    for email in [
        "ada@-example.com",
        "ada@example-.com",
        "ada@example.com-",
        "ada@.example.com",
        "ada@example..com",
        "ada@exam_ple.com",
        "ada@exam ple.com",
        "ada@example.com,",
        "ada@example.com/a",
        "ada@example.com:25",
        "ada@example.com(home)",
        "ada@example.c\0om",
        "ada@example.com\r\nBcc: bob",
        &too_long,
    ] {
        expect_invalid(&check(&app, email).send());
    }
}

#[test]
fn a_domain_must_be_the_name_of_a_public_host() {
    let app = Server::start();

    for email in [
        "ada@localhost",
        "ada@example",
        "ada@example.com.",
        "ada@192.0.2.1",
        "ada@example.123",
        "ada@[192.0.2.1]",
        "ada@[IPv6:2001:db8::1]",
        "ada@[2001:db8::1]",
    ] {
        expect_invalid(&check(&app, email).send());
    }
}

#[test]
fn an_email_that_is_missing_or_not_a_string_gets_400() {
    let app = Server::start();
    check(&app, "ada@example.com").send().expect_status(200);

    for body in [
        json!({}),
        json!({ "mail": "ada@example.com" }),
        json!({ "email": null }),
        json!({ "email": 42 }),
        json!({ "email": ["ada@example.com"] }),
    ] {
        app.post("/validate-email").json(body).send().expect_status(400).expect_json_error();
    }
}

mod stretch {
    use std::time::Duration;

    use contract::{expect, patience};

    use super::*;

    #[test]
    fn a_domain_may_have_letters_beyond_ascii() {
        let app = Server::start();

        for (email, unicode, punycode) in [
            ("a@b\u{fc}cher.example", "a@b\u{fc}cher.example", "a@xn--bcher-kva.example"),
            ("A@B\u{dc}CHER.example", "A@b\u{fc}cher.example", "A@xn--bcher-kva.example"),
            ("a@почта.рф", "a@почта.рф", "a@xn--80a1acny.xn--p1ai"),
            ("a@ПОЧТА.РФ", "a@почта.рф", "a@xn--80a1acny.xn--p1ai"),
            ("a@例え.テスト", "a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
            ("a@उदाहरण.परीक्षा", "a@उदाहरण.परीक्षा", "a@xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g"),
        ] {
            expect_valid(&check(&app, email).send(), &[unicode, punycode]);
        }
    }

    #[test]
    fn symbols_invisible_characters_and_outer_hyphens_are_rejected_in_a_domain() {
        let app = Server::start();
        check(&app, "ada@example.com").send().expect_status(200);

        for email in [
            "a@-b\u{fc}cher.example",
            "a@b\u{fc}cher-.example",
            "a@b\u{fc}cher.-example",
            "a@ex\u{200b}ample.com",
            "a@ex\u{ad}ample.com",
            "a@ex\u{fe0f}ample.com",
            "a@ex\u{2060}ample.com",
            "a@\u{1f600}.example",
            "a@i\u{2764}.example",
            "a@\u{2122}.example",
        ] {
            expect_invalid(&check(&app, email).send());
        }
    }

    #[test]
    fn a_local_part_has_at_most_64_octets() {
        let app = Server::start();
        let fits = format!("{}@example.com", "a".repeat(64));

        expect_valid(&check(&app, &fits).send(), &[&fits]);
        expect_invalid(&check(&app, &format!("a{fits}")).send());
    }

    #[test]
    fn an_address_has_at_most_254_octets() {
        let app = Server::start();
        let fits = format!("{}@{}.example.com", "a".repeat(50), vec!["b".repeat(63); 3].join("."));
        assert_eq!(fits.len(), 254);

        expect_valid(&check(&app, &fits).send(), &[&fits]);
        expect_invalid(&check(&app, &format!("a{fits}")).send());
    }

    #[test]
    fn the_octets_of_a_domain_are_counted_in_punycode() {
        let app = Server::start();
        // `é` 50 times is 100 octets in UTF-8 and 56 in punycode; `bü` is 3 and 9.
        let fits = format!("a@{}.example", vec!["\u{e9}".repeat(50); 3].join("."));
        let too_long = format!("{}@{}.example", "a".repeat(64), vec!["b\u{fc}"; 20].join("."));

        check(&app, &fits)
            .send()
            .expect_status(200)
            .expect_json_including(json!({ "valid": true }));
        expect_invalid(&check(&app, &too_long).send());
    }

    #[test]
    fn the_reason_names_the_part_that_is_at_fault() {
        let app = Server::start();

        for (email, named, others) in [
            ("ada", "@", ["local part", "domain"].as_slice()),
            ("ada@home@example.com", "@", &["local part", "domain"]),
            ("@example.com", "local part", &["domain"]),
            ("a..b@example.com", "local part", &["domain"]),
            ("ada l@example.com", "local part", &["domain"]),
            ("ada@", "domain", &["local part"]),
            ("ada@localhost", "domain", &["local part"]),
            ("ada@-example.com", "domain", &["local part"]),
            ("ada@[192.0.2.1]", "domain", &["local part"]),
        ] {
            let response = check(&app, email).send();
            expect_invalid(&response);
            let reason = response.json_at("/error").to_string().to_lowercase();
            let names =
                reason.contains(named) && !others.iter().any(|other| reason.contains(other));
            response.expect(
                names,
                &format!("a reason that names {named} and not {others:?}"),
                reason,
            );
        }
    }

    #[test]
    fn a_hundred_kilobytes_are_rejected_within_a_second() {
        let app = Server::start();
        check(&app, "ada@example.com").send().expect_status(200);

        const SIZE: usize = 100_000;
        for (email, what) in [
            ("a".repeat(SIZE), "letters"),
            ("@".repeat(SIZE), "at signs"),
            (format!("{}@example.com", "a.".repeat(SIZE / 2)), "a local part of dots"),
            (format!("a@{}com", "a.".repeat(SIZE / 2)), "a domain of dots"),
            (format!("a@{}!", "a-".repeat(SIZE / 2)), "a domain of hyphens"),
            (format!("a@{}.com", "\u{fc}".repeat(SIZE / 2)), "a domain beyond ASCII"),
        ] {
            // On a busy machine a single response may be slow although the server is not.
            let request = check(&app, &email).timeout(patience(Duration::from_secs(1)));
            let response = (0..3).find_map(|_| request.clone().try_send().ok());
            let wanted = format!("a response to 100 kB of {what} within 1 s");
            expect(response.is_some(), &wanted, "none");
            response.iter().for_each(|response| {
                response.expect_status([400, 413]).expect_json_error();
            });
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();
        check(&app, "ada@example.com").send().expect_status(200);

        let endpoint = Endpoint::post("/validate-email", json!({ "email": "ada@example.com" }));
        house_rules(&app, &[endpoint]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        let app = Server::start();
        check(&app, "ada@example.com").send().expect_status(200);

        let input = json!({ "email": "ada@example.com" });
        process_rules(&Endpoint::post("/validate-email", input));
    }
}

fn check(app: &Server, email: &str) -> Request {
    app.post("/validate-email").json(json!({ "email": email }))
}

/// Expects `valid`, with one of `wanted` as the address.
#[track_caller]
fn expect_valid(response: &Response, wanted: &[&str]) {
    response.expect_status(200).expect_media_type("application/json");
    let body = response.json_at("");
    let bodies: Vec<_> =
        wanted.iter().map(|email| json!({ "email": email, "valid": true })).collect();
    let wanted = bodies.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    response.expect(bodies.contains(&body), &wanted, body.to_string());
}

#[track_caller]
fn expect_invalid(response: &Response) {
    response
        .expect_status(400)
        .expect_json_including(json!({ "valid": false }))
        .expect_json_error();
}
