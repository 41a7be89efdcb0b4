//! Pages of the console as a browser asks for them, one after another on one connection, and pictures in memory.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, anyhow, ensure};
use flow_registry::flow::document::Canonical;
use flow_registry::picture::{Drawing, Layer, PictureWords, Request, draw};
use serde_json::{Value, json};

use crate::dense::dense;
use crate::figure::{Figure, Measured, Target, Unit};
use crate::load;
use crate::machine::resident_mib;
use crate::memory::SETTLE;
use crate::requests::{Fixed, ask, flows_path};
use crate::seed::Tenant;
use crate::stage::Stage;
use crate::stats::Spread;

const STEPS: usize = 200;
/// A server's part of a page.
const PAGE_S: f64 = 0.010;
const FIRST_S: f64 = 0.120;
const ANY_S: f64 = 0.400;
const AGAIN_S: f64 = 0.002;
const COMPARED_S: f64 = 0.100;
/// Steps that differ between the versions that are compared.
const CHANGED: usize = 100;
/// Large flows that somebody looks at, and MiB that the service may take for them.
const LOOKED_AT: usize = 20;
const LOOKED_AT_MIB: f64 = 8.0;
/// How much later pages of a list may cost than the first.
const LATER: f64 = 1.2;
/// Pages of 100 events before the last of the deep history's.
const PAGES: usize = 99;

/// Somebody who is signed in.
struct Visitor {
    address: SocketAddr,
    organization: String,
    cookie: String,
}

impl Visitor {
    fn sign_in(address: SocketAddr, tenant: &Tenant) -> anyhow::Result<Self> {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        let form = format!("organization={}&credential={}&name=bench", tenant.org_id, tenant.key);
        let request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("http://{address}/console/session"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Origin", format!("http://{address}"))
            .header("Sec-Fetch-Site", "same-origin")
            .body(form)?;
        let answer = agent.run(request)?;
        let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
        let cookie =
            cookie.and_then(|cookie| cookie.split(';').next()).context("signing in sets a cookie")?;
        Ok(Self { address, organization: tenant.org_id.to_string(), cookie: cookie.to_owned() })
    }

    fn request(&self, path: &str, part: Option<&str>) -> Vec<u8> {
        let Self { address, organization, cookie } = self;
        let part = part.map(|part| format!("X-Part: {part}\r\n")).unwrap_or_default();
        let head = format!(
            "GET /console/{organization}/{path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n{part}\r\n"
        );
        head.into_bytes()
    }

    fn page(&self, path: &str) -> anyhow::Result<String> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let url = format!("http://{}/console/{}/{path}", self.address, self.organization);
        let request = ureq::http::Request::builder().uri(&url).header("Cookie", &self.cookie).body(())?;
        let mut answer = agent.run(request)?;
        ensure!(answer.status().is_success(), "{url}: {}", answer.status());
        Ok(answer.body_mut().read_to_string()?)
    }

    /// Seconds that 95 of 100 answers take at most, by round.
    fn p95(&self, stage: &Stage, request: Vec<u8>) -> anyhow::Result<Vec<f64>> {
        let mut requests = Fixed { requests: vec![request] };
        let round = |_| {
            let window = load::run(self.address, 1, stage.pace.short_window(), &mut requests)?;
            Ok(f64::from(window.percentile_us(0.95)) / 1e6)
        };
        (0..stage.pace.rounds).map(round).collect()
    }
}

pub fn figures(stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let deep = stage.seeded.deep;
    let tenant = &stage.seeded.tenants[deep.tenant];
    let visitor = Visitor::sign_in(stage.service.address, tenant)?;
    let created = ask(visitor.address, "POST", &flows_path(tenant), &tenant.key, &dense(STEPS))?;
    let large = created["data"]["id"].as_str().context("a created flow has an id")?.to_owned();
    let history = format!("flows/{}/history", deep.id);
    let step = format!("flows/{large}?step=paso_7");
    ask(visitor.address, "PATCH", &format!("{}/{large}", flows_path(tenant)), &tenant.key, &half_changed())?;
    let comparison = format!("flows/{large}/compare?base=1&head=2");
    let pages = [
        ("list page", "flows", None, PAGE_S),
        ("history page", history.as_str(), None, PAGE_S),
        ("step panel of 200 steps", step.as_str(), Some("step"), PAGE_S),
        ("comparison of 200 steps, 100 of them changed", comparison.as_str(), None, COMPARED_S),
    ];
    let mut figures: Vec<Figure> = pages
        .into_iter()
        .map(|(name, path, part, most)| {
            let seconds = visitor.p95(stage, visitor.request(path, part));
            Figure::new(format!("console: {name}, p95"), Unit::Seconds, Target::AtMost(most), spread(seconds))
        })
        .collect();
    figures.push(later_history(stage, &visitor, &history));
    let name = "console: memory for 20 flows of 200 steps";
    figures.push(Figure::new(name, Unit::Mebibytes, Target::AtMost(LOOKED_AT_MIB), looked_at(stage, tenant)));
    figures.extend(pictures(stage)?);
    Ok(figures)
}

/// The steps of the dense flow, with another text in every second one.
fn half_changed() -> Value {
    let mut steps = dense(STEPS)["steps"].take();
    for step in steps.as_array_mut().into_iter().flatten().step_by(STEPS / CHANGED) {
        step["name"] = json!("Otro nombre para este paso");
    }
    json!({ "steps": steps })
}

/// What a service that was idle takes more once somebody has looked at large flows.
fn looked_at(stage: &Stage, tenant: &Tenant) -> anyhow::Result<Measured> {
    let service = stage.start_service()?;
    let visitor = Visitor::sign_in(service.address, tenant)?;
    let flows = (0..LOOKED_AT).map(|_| {
        let created = ask(service.address, "POST", &flows_path(tenant), &tenant.key, &dense(STEPS))?;
        Ok(created["data"]["id"].as_str().context("a created flow has an id")?.to_owned())
    });
    let flows = flows.collect::<anyhow::Result<Vec<String>>>()?;
    service.stop()?;
    let service = stage.start_service()?;
    let visitor = Visitor { address: service.address, ..visitor };
    visitor.page("flows")?;
    std::thread::sleep(SETTLE);
    let before = resident_mib(service.id())?;
    for id in &flows {
        for path in [format!("flows/{id}?view=picture"), format!("flows/{id}/history")] {
            visitor.page(&path)?;
        }
    }
    // The allocator gives back what pages needed while they were made.
    std::thread::sleep(SETTLE);
    let after = resident_mib(service.id())?;
    service.stop()?;
    Ok((Spread::once(after - before), format!("{before:.0} MiB before, {after:.0} after")))
}

fn spread(seconds: anyhow::Result<Vec<f64>>) -> anyhow::Result<Measured> {
    let spread = Spread::of(seconds?).ok_or_else(|| anyhow!("nothing was measured"))?;
    Ok((spread, "one connection".to_owned()))
}

/// The hundredth page of a history beside the first.
fn later_history(stage: &Stage, visitor: &Visitor, history: &str) -> Figure {
    let measure = || {
        let mut path = history.to_owned();
        for page in 0..PAGES {
            let html = visitor.page(&path)?;
            path =
                next(&html, &visitor.organization).with_context(|| format!("page {page} has a next one"))?;
        }
        let first = visitor.p95(stage, visitor.request(history, None))?;
        let last = visitor.p95(stage, visitor.request(&path, None))?;
        let ratios = Spread::of_ratios(&last, &first).ok_or_else(|| anyhow!("nothing was measured"))?;
        Ok((ratios, "p95, 10,000 versions".to_owned()))
    };
    Figure::new("console: history page 100 / page 1", Unit::Ratio, Target::AtMost(LATER), measure())
}

/// Where the link to the next page leads, below the organization.
fn next(html: &str, organization: &str) -> Option<String> {
    let link = html
        .split("<a ")
        .skip(1)
        .find(|link| link.split('>').next().is_some_and(|tag| tag.contains("rel=\"next\"")))?;
    let href = link.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&").replace("&#38;", "&");
    href.strip_prefix(&format!("/console/{organization}/")).map(str::to_owned)
}

fn pictures(stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let flow = |body: Value| Canonical::create(body).map_err(|findings| anyhow!("{findings:?}"));
    let drawn = |flow: &Canonical| -> anyhow::Result<Drawing> {
        let request = Request {
            flow,
            layer: Layer::Plain,
            words: &PictureWords::EN,
            link: &|id| format!("?step={id}"),
        };
        draw(&request).context("a layout is found")
    };
    let dense = flow(dense(STEPS))?;
    let thicket = flow(thicket(STEPS))?;
    let drawing = drawn(&dense)?;
    let said = format!(
        "{} lines, {} stubs, {} KB",
        drawing.counts.lines,
        drawing.counts.stubs,
        drawing.svg(None).len() / 1000
    );
    let timed = |act: &dyn Fn() -> anyhow::Result<()>| -> anyhow::Result<Spread> {
        let rounds = (0..stage.pace.rounds.max(3)).map(|_| {
            let began = Instant::now();
            act()?;
            Ok(began.elapsed().as_secs_f64())
        });
        Spread::of(rounds.collect::<anyhow::Result<Vec<f64>>>()?)
            .ok_or_else(|| anyhow!("nothing was measured"))
    };
    let figure = |name: &str, most, spread: anyhow::Result<Spread>| {
        Figure::new(name, Unit::Seconds, Target::AtMost(most), spread.map(|spread| (spread, said.clone())))
    };
    Ok(vec![
        figure(
            "picture of 200 steps, dense, first time",
            FIRST_S,
            timed(&|| drawn(&dense).map(|drawing| _ = black_box(drawing))),
        ),
        figure(
            "picture of 200 steps, as many lines as are drawn",
            ANY_S,
            timed(&|| drawn(&thicket).map(|drawing| _ = black_box(drawing))),
        ),
        figure(
            "picture of 200 steps, from memory",
            AGAIN_S,
            timed(&|| Ok(_ = black_box(drawing.svg(Some("paso_7"))))),
        ),
    ])
}

/// Steps that each lead to several others far away, as many as become lines.
fn thicket(steps: usize) -> Value {
    let step = |index: usize| {
        let options = (0..4).map(|option| {
            let next = format!("s{}", (index * 7 + option * 13 + 1) % steps);
            json!({ "id": option.to_string(), "title": "O", "next": next })
        });
        json!({ "id": format!("s{index}"), "type": "choice", "text": "?", "options": options.collect::<Vec<_>>() })
    };
    json!({ "name": "thicket", "steps": (0..steps).map(step).collect::<Vec<_>>() })
}
