//! The lines of the public API's own page, sent as they stand there but for host, key and ids.

use super::{Api, Request, api, sound};

/// Lines for curl, each under the status its page lists.
const PAGE: &str = include_str!("page.txt");

const HOST: &str = "https://api.mosend.dev";
const ORG_ID: &str = "a1b2c3d4-1234-5678-9abc-def012345678";
const FLOW_ID: &str = "00000000-0000-0000-0000-000000000000";
const KEY: &str = "mk_live_<prefix>.<secret>";

/// The words of a line as a shell would see them: quotes hold words together, a backslash joins lines.
fn words(line: &str) -> Vec<String> {
    let unquoted = |part: &str| {
        part.split(['\\', '\n', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let parts = line.split('\'').enumerate();
    parts
        .flat_map(|(index, part)| if index % 2 == 1 { vec![part.to_owned()] } else { unquoted(part) })
        .collect()
}

/// The request curl would make of a line.
fn request(api: &Api, line: &str) -> Request {
    let words = words(line);
    let mut words = words.iter().map(String::as_str);
    assert_eq!(words.next(), Some("curl"));
    assert_eq!(words.next(), Some("-X"));
    let (method, url) = (words.next().unwrap(), words.next().unwrap());
    let mut request = api.ask_openly(method, url.strip_prefix(HOST).unwrap());
    while let (Some(flag), Some(value)) = (words.next(), words.next()) {
        request = match flag {
            "-H" => {
                let (name, value) = value.split_once(": ").unwrap();
                request.header(&name.to_lowercase(), value)
            }
            "-d" => request.body(value.to_owned()),
            _ => panic!("{flag} is not on the page"),
        };
    }
    request
}

#[tokio::test]
async fn every_line_answers_the_status_it_lists() {
    let api = api().await;
    let lines: Vec<&str> = PAGE.split("\n\n").collect();
    assert_eq!(lines.len(), 9);
    for entry in lines {
        let (status, line) = entry.split_once('\n').unwrap();
        let status: u16 = status.strip_prefix("# ").unwrap().parse().unwrap();
        // The page's flow has no step, and one without cannot be published: each line meets one that has.
        let id = api.create_sound("Onboarding").await;
        let line = line.replace(ORG_ID, &api.org_id.to_string()).replace(FLOW_ID, &id).replace(KEY, &api.key);
        let answer = request(&api, &line).send().await.expect(status);
        if status == 204 {
            assert!(answer.body.is_empty());
        } else {
            assert!(answer.json()["timestamp"].is_string() && !answer.data().is_null(), "{line}");
        }
    }
}

/// What the page shows of answers: a list is a plain array, a flow has its id and its times.
#[tokio::test]
async fn answers_have_the_members_the_page_shows() {
    let api = api().await;
    let flow = api.create(sound("Onboarding")).await;
    let list = api.ask("GET", api.flows("")).send().await.expect(200).data();
    assert_eq!(list.as_array().unwrap().len(), 1);
    for shown in [&flow, &list[0]] {
        assert!(["id", "createdAt", "name", "steps"].iter().all(|name| !shown[name].is_null()), "{shown}");
    }
}
