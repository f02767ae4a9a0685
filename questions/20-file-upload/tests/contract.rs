//! What a server for question 20 must do.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex},
    thread,
    time::Duration,
};

use contract::{
    Endpoint, Request, Response, Server, TransportError, case, expect, expect_eq, house_rules,
    json, patience, process_rules, wait_until,
};

const MIB: usize = 1 << 20;
const BOUNDARY: &str = "----a-line-that-is-in-no-file";

#[test]
fn an_image_is_stored_and_described() {
    let app = start();

    for (image, name, content_type) in [
        (jpeg(), "photo.jpg", "image/jpeg"),
        (PNG.to_vec(), "photo.png", "image/png"),
        (gif(500), "photo.gif", "image/gif"),
    ] {
        let _case = case(format!("{name} as {content_type}"));
        let response = upload(&app, &image, name, content_type).send();

        let file = json!({ "size": image.len() });
        response.expect_status(200);
        response.expect_json_including(json!({ "message": "File uploaded", "file": file }));
        let stored = stored_path(&app, &response);
        let last = stored.file_name().unwrap_or_default().to_string_lossy().into_owned();
        response.expect_json_including(json!({ "file": { "filename": last } }));
    }
}

#[test]
fn the_bytes_on_disk_are_the_bytes_that_were_sent() {
    let app = start();
    // A line that looks like a boundary does not end the part unless all of it matches.
    let mut tricky = gif(500);
    let decoy = format!("\r\n--{}\r\n\r\n--\r\n", &BOUNDARY[..10]);
    tricky[100..100 + decoy.len()].copy_from_slice(decoy.as_bytes());

    for (image, name, content_type) in [
        (PNG.to_vec(), "photo.png", "image/png"),
        (jpeg(), "photo.jpg", "image/jpeg"),
        (gif(300_000), "photo.gif", "image/gif"),
        (tricky, "photo.gif", "image/gif"),
    ] {
        let _case = case(format!("{name} as {content_type}"));
        let response = upload(&app, &image, name, content_type).send();
        expect_stored(&app, &response, &image);
    }
}

#[test]
fn upload_dir_sets_the_folder_and_uploads_is_the_default() {
    let app = start();
    let response = upload(&app, PNG, "photo.png", "image/png").send();
    expect_inside(&stored_path(&app, &response), &app.directory().join("uploads"));

    let builder = Server::builder();
    let absolute = builder.directory().join("pictures");
    let app = builder.env("UPLOAD_DIR", &absolute.to_string_lossy()).start();
    let response = upload(&app, PNG, "photo.png", "image/png").send();
    expect_inside(&stored_path(&app, &response), &absolute);

    let app = Server::builder().env("UPLOAD_DIR", "data/pictures").start();
    let response = upload(&app, PNG, "photo.png", "image/png").send();
    expect_inside(&stored_path(&app, &response), &app.directory().join("data/pictures"));
}

#[test]
fn a_form_without_a_file_gets_400() {
    let app = start();
    let note = part("name=\"note\"", "text/plain", b"no file today");

    let response = send_form(&app, &note).send();

    response.expect_status(400).expect_json(json!({ "error": "No file uploaded" }));
}

#[test]
fn an_empty_file_gets_400() {
    let app = start();

    for name in ["photo.png", ""] {
        let response = upload(&app, b"", name, "application/octet-stream").send();
        response.expect_status(400).expect_json(json!({ "error": "No file uploaded" }));
    }
}

#[test]
fn anything_but_a_jpeg_png_or_gif_gets_400() {
    let app = start();

    for (content, name, content_type) in [
        ("buy tea\n", "notes.txt", "text/plain"),
        ("%PDF-1.7\n%%EOF\n", "notes.pdf", "application/pdf"),
        ("<html><body>tea</body></html>", "notes.html", "text/html"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "drawing.svg", "image/svg+xml"),
        ("BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "drawing.bmp", "image/bmp"),
    ] {
        let _case = case(format!("{name} as {content_type}"));
        let response = upload(&app, content.as_bytes(), name, content_type).send();
        response.expect_status(400).expect_json(json!({ "error": "Only images allowed" }));
    }
}

#[test]
fn an_image_of_5_mib_is_stored() {
    let app = start();
    let image = gif(5 * MIB);

    let request = upload(&app, &image, "photo.gif", "image/gif");

    for response in [request.clone().send(), request.chunked().send()] {
        expect_stored(&app, &response, &image);
    }
}

#[test]
fn an_image_of_one_byte_more_gets_413() {
    let app = start();
    let image = gif(5 * MIB + 1);

    let request = upload(&app, &image, "photo.gif", "image/gif");

    request.clone().send().expect_status(413);
    request.chunked().send().expect_status(413);
}

mod stretch {
    use super::*;

    #[test]
    fn only_the_content_decides_what_is_an_image() {
        let app = start();
        upload(&app, PNG, "photo.png", "image/png").send().expect_status(200);

        for (content, name, content_type) in [
            (&b"buy tea\n"[..], "photo.png", "image/png"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo.gif", "image/gif"),
            (b"RIFF\x14\0\0\0WEBPVP8L\x08\0\0\0\x2f\0\0\0\0\0\0\0", "photo.jpg", "image/jpeg"),
            (b"\x89PNF\r\n\x1a\n and not quite a PNG", "photo.png", "image/png"),
        ] {
            let _case = case(format!("{name} as {content_type}"));
            let response = upload(&app, content, name, content_type).send();
            response.expect_status(400).expect_json(json!({ "error": "Only images allowed" }));
        }
    }

    #[test]
    fn the_content_determines_the_stored_extension() {
        let app = start();

        for (image, wanted) in
            [(PNG.to_vec(), vec!["png"]), (jpeg(), vec!["jpg", "jpeg"]), (gif(500), vec!["gif"])]
        {
            for name in ["photo", "photo.txt", "photo.html", "photo.png", "photo.jpg.exe"] {
                let _case = case(format!("{} content in {name}", wanted[0]));
                let response = upload(&app, &image, name, "text/plain").send();
                let stored = stored_path(&app, &response);
                let extension = stored.extension().unwrap_or_default().to_string_lossy();
                let why = format!("extension .{} for {name} with such content", wanted[0]);
                response.expect(wanted.contains(&&*extension), &why, &stored);
            }
        }
    }

    #[test]
    fn the_clients_file_name_is_not_part_of_the_path() {
        let app = start();
        let absolute = format!("{}/mallory.png", app.directory().display());

        for name in [
            "mallory.png",
            "../mallory.png",
            &absolute,
            "..\\mallory.png",
            "%2e%2e%2fmallory.png",
            "mallory/mallory.png",
            "😀mallory.png",
            &"mallory".repeat(50),
        ] {
            let _case = case(format!("file name {name}"));
            let response = upload(&app, PNG, name, "image/png").send();

            let stored = stored_path(&app, &response);
            expect_inside(&stored, &app.directory().join("uploads"));
            let relative = stored.strip_prefix(app.directory()).unwrap_or(&stored);
            let is_theirs = relative.to_string_lossy().contains("mallory");
            response.expect(!is_theirs, "a name that the server chose", relative);
        }
        expect_only_uploads(&app, 8);
    }

    #[test]
    fn a_rejected_upload_leaves_no_file() {
        let app = start();
        upload(&app, PNG, "photo.png", "image/png").send().expect_status(200);

        upload(&app, b"buy tea\n", "photo.png", "image/png").send().expect_status(400);
        upload(&app, &vec![b'a'; MIB], "a.png", "image/png").send().expect_status(400);
        upload(&app, b"", "photo.png", "image/png").send().expect_status(400);
        let large = gif(5 * MIB + 1);
        upload(&app, &large, "photo.gif", "image/gif").send().expect_status(413);
        upload(&app, &large, "photo.gif", "image/gif").chunked().send().expect_status(413);

        expect_only_uploads(&app, 1);
    }

    #[test]
    fn a_truncated_form_gets_a_4xx_and_leaves_no_file() {
        let app = start();
        upload(&app, PNG, "photo.png", "image/png").send().expect_status(200);
        let form = form(&part("name=\"file\"; filename=\"a.gif\"", "image/gif", &gif(MIB)));

        for length in [form.len() - MIB / 2, form.len() - BOUNDARY.len() - 6] {
            let cut = app.post("/upload").header("content-type", content_type());
            let response = cut.body(&form[..length]).send();
            response.expect_status(400..=499).expect_json_error();
        }

        expect_only_uploads(&app, 1);
    }

    #[test]
    fn an_aborted_upload_leaves_no_file() {
        let app = start();
        let form = form(&part("name=\"file\"; filename=\"a.gif\"", "image/gif", &gif(2 * MIB)));

        let mut broken = begin_upload(&app, &form, form.len() / 2);
        // Workers get connections in turn, so by then one of them has started on that upload.
        for _ in 0..16 {
            upload(&app, PNG, "photo.png", "image/png").send().expect_status(200);
        }
        broken.write(&form[form.len() / 2..form.len() - MIB / 2]);
        drop(broken);

        expect_only_uploads(&app, 16);
    }

    #[test]
    fn parallel_uploads_never_collide() {
        let app = start();
        let mut paths = HashSet::new();

        for _ in 0..4 {
            let images: Vec<_> = (0..50).map(|i| gif(1000 + i)).collect();
            for (image, response) in images.iter().zip(upload_together(&app, &images)) {
                let response = response.unwrap_or_else(|error| fail(&error));
                expect_stored(&app, &response, image);
                paths.insert(stored_path(&app, &response));
            }
        }

        expect_eq("number of different paths", paths.len(), 200);
    }

    #[test]
    fn memory_stays_flat_during_large_uploads() {
        let app = start();
        let image = gif(5 * MIB);
        upload(&app, &image, "a.gif", "image/gif").send().expect_status(200);
        let before = app.peak_memory();

        for response in upload_together(&app, &vec![image; 32]) {
            let status = response.map(|response| response.status());
            expect_eq("status of a large upload", status, Ok(200));
        }

        if let (Some(before), Some(after)) = (before, app.peak_memory()) {
            let more = after.saturating_sub(before) >> 20;
            expect(more < 80, "less than 80 MiB of additional memory", format!("{more} MiB more"));
        }
    }

    #[test]
    fn other_fields_do_not_grow_without_limit() {
        let app = start();
        let image = part("name=\"file\"; filename=\"photo.png\"", "image/png", PNG);
        let with_note = |length| {
            let note = part("name=\"note\"", "text/plain", &vec![b'a'; length]);
            send_form(&app, &[note, image.clone()].concat())
        };

        with_note(1000).send().expect_status(200);
        with_note(20 * MIB).send().expect_status(413).expect_json_error();
        with_note(20 * MIB).chunked().send().expect_status(413).expect_json_error();

        expect_only_uploads(&app, 1);
    }

    #[test]
    fn a_stored_file_is_as_readable_as_any_new_file() {
        let app = start();

        let response = upload(&app, PNG, "photo.png", "image/png").send();

        let stored = stored_path(&app, &response);
        let new = app.directory().join("new-file");
        fs::write(&new, "").expect("the working directory can be written to");
        let (actual, wanted) = (readers(&stored), readers(&new));
        let wanted_text = format!("a file that group and others can read, as with mode {wanted:o}");
        response.expect(actual & wanted == wanted, &wanted_text, format!("mode {actual:o}"));
    }

    #[test]
    fn a_storage_failure_gets_a_500_without_its_cause() {
        let app = start();
        upload(&app, PNG, "photo.png", "image/png").send().expect_status(200);
        let folder = app.directory().join("uploads");
        fs::remove_dir_all(&folder).expect("the folder can be removed");
        fs::write(&folder, "not a folder").expect("the working directory can be written to");

        let response = upload(&app, PNG, "photo.png", "image/png").send();

        response.expect_status(500).expect_json_error();
        let text = response.text().to_lowercase();
        let is_silent = ["uploads", "directory", "errno", "os error", "enotdir", "eexist"]
            .iter()
            .all(|word| !text.contains(word));
        response.expect(is_silent, "an error message that does not name the cause", &text);
        app.expect_logged_failure("POST", "/upload");
    }

    #[test]
    fn a_body_that_is_not_a_multipart_form_gets_a_4xx() {
        let app = start();
        upload(&app, PNG, "photo.png", "image/png").send().expect_status(200);

        for (content_type, body) in [
            (content_type(), &b"buy tea"[..]),
            (content_type(), b""),
            ("multipart/form-data".to_owned(), PNG),
            ("application/json".to_owned(), b"{}"),
            ("image/png".to_owned(), PNG),
        ] {
            let _case = case(format!("type {content_type}, {} bytes", body.len()));
            let request = app.post("/upload").header("content-type", content_type).body(body);
            request.send().expect_status(400..=499).expect_json_error();
        }
        let nothing = app.post("/upload").send();
        nothing.expect_status(400..=499).expect_json_error();
    }

    #[test]
    fn invalid_requests_get_a_4xx() {
        let app = start();
        house_rules(&app, &[endpoint()]);

        let large = upload(&app, &gif(5 * MIB + 1), "photo.gif", "image/gif").send();
        large.expect_status(413).expect_json_error();
        let latin_1 = [&b"name=\"file\"; filename=\"caf"[..], b"\xe9.png\""].concat();
        send_form(&app, &part(latin_1, "image/png", PNG)).send().expect_status(200..=499);
    }

    #[test]
    fn starts_and_stops_cleanly() {
        process_rules(&endpoint());
    }
}

/// With a file in the working directory that must stay as it is.
fn start() -> Server {
    Server::builder().file("mallory.png", "untouched").start()
}

fn upload(app: &Server, content: &[u8], name: &str, content_type: &str) -> Request {
    let disposition = format!("name=\"file\"; filename=\"{name}\"");
    send_form(app, &part(&disposition, content_type, content))
}

fn send_form(app: &Server, parts: &[u8]) -> Request {
    app.post("/upload").header("content-type", content_type()).body(form(parts))
}

fn endpoint() -> Endpoint {
    let file = part("name=\"file\"; filename=\"photo.png\"", "image/png", PNG);
    Endpoint::post_as("/upload", &content_type(), form(&file))
}

/// Uploads each image on a connection of its own, and returns the responses in the same order. The
/// last bytes of each form are held back until those of all others have been sent as well, or for a
/// second: a server may serve only a few requests at a time.
fn upload_together(app: &Server, images: &[Vec<u8>]) -> Vec<Result<Response, TransportError>> {
    const HELD_BACK: usize = 100;
    let (ready, all_ready) = (Mutex::new(0), Condvar::new());
    let upload = |image: &Vec<u8>| {
        let form = form(&part("name=\"file\"; filename=\"photo.gif\"", "image/gif", image));
        let (most, rest) = form.split_at(form.len() - HELD_BACK);
        let mut connection = begin_upload(app, &form, most.len());

        let mut count = ready.lock().expect("no thread panics while it holds the lock");
        *count += 1;
        all_ready.notify_all();
        let second = Duration::from_secs(1);
        let waited = all_ready.wait_timeout_while(count, second, |count| *count < images.len());
        drop(waited);

        connection.write(rest);
        connection.read_response("POST")
    };
    thread::scope(|scope| {
        let threads: Vec<_> = images.iter().map(|image| scope.spawn(|| upload(image))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| fail(&"a connection")))
            .collect()
    })
}

/// A connection on which the head of an upload has been sent, and the first `length` bytes of the
/// form.
fn begin_upload(app: &Server, form: &[u8], length: usize) -> contract::Connection {
    let mut connection = app.connect();
    connection.write(format!(
        "POST /upload HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
        content_type(),
        form.len()
    ));
    connection.write(&form[..length]);
    connection
}

fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

fn part(disposition: impl AsRef<[u8]>, content_type: &str, content: &[u8]) -> Vec<u8> {
    let boundary = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; ");
    let content_type = format!("\r\nContent-Type: {content_type}\r\n\r\n");
    let head = [boundary.as_bytes(), disposition.as_ref(), content_type.as_bytes()].concat();
    [&head, content, b"\r\n"].concat()
}

fn form(parts: &[u8]) -> Vec<u8> {
    [parts, format!("--{BOUNDARY}--\r\n").as_bytes()].concat()
}

#[track_caller]
fn fail(error: &dyn std::fmt::Display) -> ! {
    expect(false, "a response to each upload", error.to_string());
    unreachable!("the check has failed")
}

/// The bits of the file's mode that let group and others read it.
#[cfg(unix)]
fn readers(path: &Path) -> u32 {
    fs::metadata(path).map_or(0, |data| std::os::unix::fs::MetadataExt::mode(&data) & 0o44)
}

/// Windows has no such bits.
#[cfg(not(unix))]
fn readers(_: &Path) -> u32 {
    0
}

/// The path that the response names; a relative one is relative to the working directory.
#[track_caller]
fn stored_path(app: &Server, response: &Response) -> PathBuf {
    let path = response.expect_status(200).json_at("/file/path");
    response.expect(path.is_string(), "a path that is a string", &path);
    app.directory().join(path.as_str().unwrap_or_default())
}

#[track_caller]
fn expect_stored(app: &Server, response: &Response, image: &[u8]) {
    let path = stored_path(app, response);
    let on_disk = fs::read(&path).map_err(|error| error.to_string());
    let actual = on_disk.as_ref().map(|bytes| format!("{} bytes", bytes.len()));
    let wanted = format!("the {} bytes that were sent in {}", image.len(), path.display());
    response.expect(on_disk.as_deref() == Ok(image), &wanted, actual);
}

#[track_caller]
fn expect_inside(file: &Path, folder: &Path) {
    let real = fs::canonicalize(folder);
    let is_inside =
        real.is_ok_and(|folder| fs::canonicalize(file).is_ok_and(|file| file.starts_with(folder)));
    expect(is_inside, &format!("a file in {}", folder.display()), file);
}

/// Waits until `uploads` has exactly this many files, and expects no other change in the working
/// directory. A rejected file may be removed a moment after the response.
#[track_caller]
fn expect_only_uploads(app: &Server, count: usize) {
    let is_upload = |path: &&PathBuf| path.starts_with(app.directory().join("uploads"));
    let found = || files(app.directory());
    let wanted = format!("{count} files in uploads and nothing else");
    wait_until(&wanted, patience(Duration::from_secs(5)), || {
        found().keys().filter(is_upload).count() == count
    });
    let beside: Vec<_> = found().into_iter().filter(|(path, _)| !is_upload(&path)).collect();
    let untouched = (app.directory().join("mallory.png"), b"untouched".to_vec());
    expect_eq("files beside uploads", beside, [untouched]);
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            // A file may be removed while this runs.
            _ => found.extend(fs::read(entry.path()).map(|content| (entry.path(), content))),
        }
    }
    found
}

/// One grey pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\
    \0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\
    \0\0\0\x0aIDATx\xdach\0\0\0\x82\0\x81\xdaE\x08;\
    \0\0\0\0IEND\xaeB`\x82";

/// One grey pixel.
fn jpeg() -> Vec<u8> {
    let one_code = [[1].as_slice(), &[0; 16]].concat();
    [
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".as_slice(),
        &[b"\xff\xdb\0\x43\0".as_slice(), &[1; 64]].concat(),
        b"\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0",
        &[b"\xff\xc4\0\x14\0".as_slice(), &one_code].concat(),
        &[b"\xff\xc4\0\x14\x10".as_slice(), &one_code].concat(),
        b"\xff\xda\0\x08\x01\x01\0\0\x3f\0\x3f\xff\xd9",
    ]
    .concat()
}

/// One black pixel, and a comment that makes it `length` bytes long. Different lengths have
/// different contents.
fn gif(length: usize) -> Vec<u8> {
    const HEAD: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xfe";
    const TAIL: &[u8] = b"\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
    let mut gif = HEAD.to_vec();
    let end = length - TAIL.len();
    while gif.len() < end {
        // A block says its length first, and has at least one more byte.
        let left = end - gif.len();
        let block = if left == 257 { 254 } else { (left - 1).min(255) };
        gif.push(block as u8);
        gif.resize(gif.len() + block, length as u8 | 0x20);
    }
    gif.extend_from_slice(TAIL);
    gif
}
