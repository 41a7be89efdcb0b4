//! Answers compressed for the way: which, for whom, and that they say the same.

use serde_json::{Value, json};

use super::{Answer, Api, Request, api, sound};

async fn gzipped(request: Request) -> Answer {
    let answer = request.header("accept-encoding", "gzip, deflate, br").send().await.expect(200);
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.headers("vary").contains(&"accept-encoding"));
    answer
}

/// A flow that takes so many bytes, mostly of its own.
fn long(name: &str, bytes: usize) -> Value {
    let words: Vec<String> =
        (0..bytes / 9).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761))).collect();
    let texts = words.chunks(100).map(|chunk| json!({"type": "message", "text": chunk.join(" ")}));
    json!({"name": name, "steps": texts.collect::<Vec<_>>()})
}

#[tokio::test]
async fn who_takes_gzip_gets_long_answers_so() {
    let api = api().await;
    let id = api.create(long("Largo", 4_000)).await["id"].as_str().unwrap().to_owned();
    let ask = || api.ask("GET", api.flow(&id, ""));
    let plain = ask().send().await.expect(200);
    assert_eq!(plain.headers("vary"), ["accept", "accept-encoding"], "it depends on both either way");
    for taken in ["gzip", "br;q=1.0, GZIP;q=0.5", "*", "x-gzip", "identity;q=0, *;q=0.1"] {
        let answer = ask().header("accept-encoding", taken).send().await.expect(200);
        assert_eq!(answer.header("content-encoding"), Some("gzip"), "{taken}");
        assert_eq!(answer.data(), plain.data(), "{taken}");
        assert!(answer.bytes_sent < plain.bytes_sent, "{taken}");
        assert_eq!(answer.header("etag"), Some("\"1\""), "the tag of a version is one, however it is sent");
    }
    for refused in
        ["gzip;q=0", "identity", "br, deflate", "*;q=0", "gzip;q=0.0, *", "gzip;q=0.5, identity", ""]
    {
        let answer = ask().header("accept-encoding", refused).send().await.expect(200);
        assert_eq!(answer.header("content-encoding"), None, "{refused}");
    }
    let seen = ask().header("accept-encoding", "gzip").header("if-none-match", "\"1\"");
    let seen = seen.send().await.expect(304);
    assert_eq!(
        (seen.header("content-encoding"), seen.headers("vary")),
        (None, vec!["accept", "accept-encoding"])
    );
    let head = api.ask("HEAD", api.flow(&id, "")).header("accept-encoding", "gzip").send().await.expect(200);
    assert_eq!(head.header("content-encoding"), Some("gzip"));
    let (bytes, length) = (gzipped(ask()).await.bytes_sent, head.header("content-length").unwrap());
    assert!(length.parse::<usize>().unwrap().abs_diff(bytes) < 16, "{length} and {bytes}: times differ");
}

/// What is whole goes out as zstd to who names it, as gzip to who weighs that more; the tag is the version's either way.
#[tokio::test]
async fn who_takes_zstd_gets_what_is_whole_so() {
    let api = api().await;
    let id = api.create(long("Largo", 40_000)).await["id"].as_str().unwrap().to_owned();
    let ask = || api.ask("GET", api.flow(&id, ""));
    let plain = ask().send().await.expect(200);
    for (taken, coding) in [
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd", "zstd"),
        ("gzip;q=0.5, zstd;q=0.6", "zstd"),
        ("gzip;q=0.6, zstd;q=0.5", "gzip"),
        ("gzip, zstd;q=0", "gzip"),
    ] {
        let answer = ask().header("accept-encoding", taken).send().await.expect(200);
        assert_eq!(answer.header("content-encoding"), Some(coding), "{taken}");
        assert_eq!(answer.data(), plain.data(), "{taken}");
        assert!(answer.bytes_sent < plain.bytes_sent * 2 / 3, "{taken}: {} bytes", answer.bytes_sent);
        assert_eq!(answer.header("etag"), Some("\"1\""), "{taken}");
        assert_eq!(answer.headers("vary"), ["accept", "accept-encoding"], "{taken}");
        let seen = ask().header("accept-encoding", taken).header("if-none-match", "\"1\"");
        assert_eq!(seen.send().await.expect(304).header("content-encoding"), None, "{taken}");
    }
    let head = api.ask("HEAD", api.flow(&id, "")).header("accept-encoding", "zstd").send().await.expect(200);
    assert_eq!(head.header("content-encoding"), Some("zstd"));
}

/// Lists that are read while they are sent, pages that are kept compressed, and what is too long to be held.
#[tokio::test]
async fn what_is_not_whole_goes_out_as_gzip_whatever_is_preferred() {
    let api = api().await;
    for n in 0..30 {
        api.create(long(&format!("Flujo {n}"), 1_000 * n)).await;
    }
    let page = "?limit=20&view=summary";
    for (query, coding) in [("", "gzip"), (page, "zstd"), (page, "gzip"), (page, "gzip")] {
        let ask = |taken| api.ask("GET", api.flows(query)).header("accept-encoding", taken).send();
        let answer = ask("zstd, gzip;q=0.1").await.expect(200);
        assert_eq!(
            answer.header("content-encoding"),
            Some(coding),
            "{query}: a page that is not kept yet is whole"
        );
        assert_eq!(answer.headers("vary"), ["accept-encoding"], "{query}");
        let unable = ask("zstd").await.expect(200);
        assert_eq!(unable.header("content-encoding"), None, "{query}");
        assert_eq!(unable.data(), answer.data(), "{query}");
        assert!(answer.bytes_sent < unable.bytes_sent, "{query}: {} bytes", answer.bytes_sent);
    }
}

#[tokio::test]
async fn short_answers_and_streams_of_events_go_out_as_they_are() {
    let api = api().await;
    for path in ["/health/live".to_owned(), api.audit("/stream")] {
        // A field that refuses what there is may be disregarded (RFC 9110, 12.4.1).
        for taken in ["gzip", "gzip, identity;q=0"] {
            let answer =
                api.ask("GET", path.as_str()).header("accept-encoding", taken).send().await.expect(200);
            assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None), "{taken}");
        }
    }
}

/// Pages that are remembered as they were written, lists that are read while they are sent, and files.
#[tokio::test]
async fn whatever_is_sent_says_the_same() {
    let api = api().await;
    for n in 0..40 {
        api.create(long(&format!("Flujo {n}"), 1_000 * n)).await;
    }
    let page = "?limit=30&view=summary";
    for query in [page, page, page, "", "?version=published", "?limit=7", "?q=flujo"] {
        let ask = || api.ask("GET", api.flows(query));
        let plain = ask().send().await.expect(200);
        if plain.bytes_sent < 1024 {
            continue;
        }
        let answer = gzipped(ask()).await;
        assert_eq!(answer.data(), plain.data(), "{query}");
        assert_eq!(answer.header("link"), plain.header("link"), "{query}");
        assert!(answer.bytes_sent < plain.bytes_sent * 2 / 3, "{query}: {} bytes", answer.bytes_sent);
    }
    let after_a_change = async || {
        api.create_sound("Otro").await;
        gzipped(api.ask("GET", api.flows(page))).await.data()[0]["name"].clone()
    };
    assert_eq!(after_a_change().await, "Otro");
    let csv = gzipped(api.ask("GET", api.audit("/export?format=csv"))).await;
    assert_eq!(String::from_utf8(csv.body.to_vec()).unwrap().lines().count(), 1 + 42 + 1);
    gzipped(api.ask_openly("GET", "/openapi.json")).await;
}

/// A thousand flows as authors write them.
#[tokio::test]
async fn a_list_of_a_thousand_flows_is_small_on_the_wire() {
    let api = api().await;
    fill(&api, 1_000).await;
    let answer = gzipped(api.ask("GET", api.flows(""))).await;
    assert_eq!(answer.data().as_array().unwrap().len(), 1_000);
    assert!(answer.body.len() > 1_000_000, "{} bytes", answer.body.len());
    assert!(answer.bytes_sent < 120_000, "{} bytes", answer.bytes_sent);
}

async fn fill(api: &Api, flows: usize) {
    let flow = |n| {
        let mut flow = sound(&format!("Bienvenida de la sucursal {n}"));
        flow["steps"] = json!([
            {"id": "saludo", "type": "message", "text": format!("¡Hola {{{{ contact.name }}}}! Sucursal {n}.")},
            {"id": "menu", "type": "message", "text": "Elige una opción: ventas, soporte o facturación."},
            {"id": "fin", "type": "end", "text": "Gracias por escribirnos."}
        ]);
        flow
    };
    api.create_all((0..flows).map(flow)).await;
}

#[tokio::test]
async fn bodies_are_not_taken_compressed() {
    let api = api().await;
    let request =
        api.ask("POST", api.flows("")).json(&json!({"name": "x"})).header("content-encoding", "gzip");
    let answer = request.send().await.expect_problem(415, "unsupported_media_type");
    assert_eq!(answer.json()["errors"][0]["header"], "content-encoding", "{}", answer.shown());
}
