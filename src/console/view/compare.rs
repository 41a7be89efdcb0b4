//! Two states of a flow, or of two flows, beside each other.

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse as _;
use uuid::Uuid;

use super::blocks::Blocks;
use super::flow::head::flow_name;
use super::of_flow::OfFlow;
use super::picture::{self, PicturePart};
use super::said::{Markup, composed, said};
use super::sides::{ChosenSide, LoadedSide, called, compare};
use super::summary::{count_of, summary};
use crate::console::drawings::{DrawingOrder, DrawnLayer};
use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::{AddressParameters, FormFields};
use crate::console::page::PageFrame;
use crate::console::part;
use crate::console::session::Session;
use crate::console::texts::compare::{CompareTexts, EN, ES};
use crate::console::texts::frame;
use crate::outline::sentence::{Piece, Sentence};
use crate::registry::caller::Scope;
use crate::registry::{Comparison, FlowAnswer, RegistryError, Selector, Side};

/// Changes that one page shows.
const BLOCKS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    page: PageFrame,
    t: &'static CompareTexts,
    as_of: Option<String>,
    sides: [SidePicker; 2],
    swap: String,
    previous_pair: Option<String>,
    next_pair: Option<String>,
    patch: Option<String>,
    heading: Markup,
    /// `None`: there is nothing to compare, and a notice says why.
    result: Option<ShownResult>,
    notice: Markup,
}

/// The fields that choose a side.
struct SidePicker {
    legend: &'static str,
    name: &'static str,
    options: Vec<PickerOption>,
    number: String,
    other: String,
}

struct PickerOption {
    value: &'static str,
    words: String,
    is_chosen: bool,
}

struct ShownResult {
    summary: Vec<Markup>,
    /// Both documents in one picture; its steps lead to the changes below it.
    picture: Option<PicturePart>,
    blocks: Blocks,
    has_blocks: bool,
    part: Option<ShownPart>,
}

/// Which of many changes are shown.
struct ShownPart {
    words: Markup,
    earlier: Option<String>,
    further: Option<String>,
}

/// What the address asks for, with the flow as it is, or was at the moment of the page.
struct AskedComparison {
    session: Session,
    t: &'static CompareTexts,
    shown: std::sync::Arc<FlowAnswer>,
    base: ChosenSide,
    head: ChosenSide,
    part: usize,
}

pub async fn show(
    session: Session,
    flow: OfFlow,
    AddressParameters(fields): AddressParameters,
) -> PageResult {
    let asked = AskedComparison::read(session, flow.0, &fields).await?;
    let (session, t) = (&asked.session, asked.t);
    let (result, notice, heading) = match asked.load().await? {
        Ok((old, new)) => {
            let sheet = compare(session, &old.canonical, &new.canonical).await?;
            let sides = [
                ("old", old.called(asked.base, &new, session)),
                ("new", new.called(asked.head, &old, session)),
            ];
            let part = asked.part.min(sheet.blocks.len().saturating_sub(1) / BLOCKS_MAX);
            let picture = match sheet.blocks.is_empty() {
                true => None,
                false => Some(picture(session, &old, &new).await),
            };
            let result = ShownResult {
                picture,
                summary: summary(&sheet, t, session.language()).iter().map(|it| said(session, it)).collect(),
                has_blocks: !sheet.blocks.is_empty(),
                part: asked.shown_part(part, sheet.blocks.len()),
                blocks: Blocks::new(session, &sheet, part * BLOCKS_MAX, BLOCKS_MAX),
            };
            (Some(result), Markup::default(), composed(t.compared, &sides))
        }
        Err(notice) => (None, said(session, &notice), Sentence::words(t.title)),
    };
    let page = ComparePage {
        page: asked.page(),
        t,
        as_of: parameters_as_of(session),
        sides: [asked.picker("base", t.before, asked.base), asked.picker("head", t.after, asked.head)],
        swap: asked.link(asked.head, asked.base),
        previous_pair: asked.pair(-1),
        next_pair: asked.pair(1),
        patch: result.is_some().then(|| asked.path("compare.json", asked.base, asked.head, 0)),
        heading: said(session, &heading),
        result,
        notice,
    };
    part::page(&page)
}

async fn picture(session: &Session, old: &LoadedSide, new: &LoadedSide) -> PicturePart {
    let order = DrawingOrder {
        flow: new.canonical.clone(),
        layer: DrawnLayer::Diff(old.canonical.clone()),
        words: picture::texts(session).words,
        step_link: "#step-".to_owned(),
    };
    PicturePart::new(session, order, "", Vec::new(), None).await
}

/// The difference as an RFC 6902 patch, to be kept.
pub async fn json_patch(
    session: Session,
    flow: OfFlow,
    AddressParameters(fields): AddressParameters,
) -> PageResult {
    let asked = AskedComparison::read(session, flow.0, &fields).await?;
    let history = &asked.session.registry().history;
    let side = async |chosen: ChosenSide| {
        let point = chosen.point(&asked.session, &asked.shown).await?;
        history.compared(asked.session.caller(), point).await
    };
    let patch = Comparison { from: side(asked.base).await?, to: side(asked.head).await? }.json_patch();
    let name = format!("{}-{}-{}.json", flow.0, asked.base.written(), asked.head.written()).replace(':', "_");
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json-patch+json")),
        (header::CONTENT_DISPOSITION, HeaderValue::try_from(disposition).map_err(|_| PageFailure::Internal)?),
    ];
    Ok((headers, patch.to_string()).into_response())
}

fn parameters_as_of(session: &Session) -> Option<String> {
    session.links.as_of().map(str::to_owned)
}

impl AskedComparison {
    async fn read(session: Session, flow_id: Uuid, fields: &FormFields) -> Result<Self, PageFailure> {
        session.needs(Scope::FlowsRead)?;
        let selector = session.as_of.map_or(Selector::Draft, Selector::AsOf);
        let shown = session.registry().reads.get(session.caller(), flow_id, selector).await?;
        let record = &shown.record;
        let before = match &record.published {
            Some(_) => Side::Published,
            None => Side::Version((record.version - 1).max(1)),
        };
        let base = side(fields, ["base", "baseNumber", "baseFlow"])?.unwrap_or(ChosenSide::own(before));
        let head = side(fields, ["head", "headNumber", "headFlow"])?.unwrap_or(ChosenSide::own(Side::Draft));
        let part = fields.get("part").parse().unwrap_or(1_usize).max(1) - 1;
        let t = session.texts(&ES, &EN);
        Ok(Self { session, t, shown, base, head, part })
    }

    /// Both documents, or a sentence that says why there is nothing to compare.
    async fn load(&self) -> Result<Result<(LoadedSide, LoadedSide), Sentence>, PageFailure> {
        let first = Side::Version(1);
        if self.shown.record.version == 1 && self.base == ChosenSide::own(first) && self.head.other.is_none()
        {
            return Ok(Err(Sentence::words(self.t.one_version)));
        }
        let old = match self.load_side(self.base, self.t.erased_before).await? {
            Ok(old) => old,
            Err(notice) => return Ok(Err(notice)),
        };
        Ok(self.load_side(self.head, self.t.erased_after).await?.map(|new| (old, new)))
    }

    async fn load_side(
        &self,
        chosen: ChosenSide,
        erased: &str,
    ) -> Result<Result<LoadedSide, Sentence>, PageFailure> {
        let number = |number| crate::outline::sentence::number(number, self.session.language());
        let loaded = match chosen.point(&self.session, &self.shown).await {
            Ok(point) => LoadedSide::load(&self.session, point).await,
            Err(error) => Err(error),
        };
        Ok(Err(match (loaded, chosen.side) {
            (Ok(side), _) => return Ok(Ok(side)),
            (Err(RegistryError::Erased), side) => {
                let version = match side {
                    Side::Version(version) => version,
                    Side::Draft | Side::Published => self.shown.record.version,
                };
                let name = called(&self.session, side, version, self.shown.record.enabled, None);
                composed(erased, &[("side", name)])
            }
            (Err(RegistryError::VersionNotFound), Side::Version(version)) => {
                Sentence::of(self.t.no_version, &[("n", number(version))])
            }
            (Err(RegistryError::NotPublished(_)), _) => Sentence::words(self.t.not_published),
            (Err(RegistryError::FlowNotFound), _) if chosen.other.is_some() => {
                Sentence::words(self.t.no_flow)
            }
            (Err(error), _) => return Err(error.into()),
        }))
    }

    fn page(&self) -> PageFrame {
        let flow = format!("flows/{}", self.shown.record.flow_id);
        let links = &self.session.links;
        let name = flow_name(&self.shown);
        let arguments = format!(
            "flows diff {} {} {}",
            self.shown.record.flow_id,
            self.base.written(),
            self.head.written()
        );
        let (from, to) = (self.base.written(), self.head.written());
        let api = crate::console::page::api_query(
            &format!("bot/flows/{}/diff", self.shown.record.flow_id),
            [("from", from.as_str()), ("to", to.as_str())],
        );
        let page = PageFrame::new(&self.session, self.t.title)
            .below(self.session.texts(&frame::ES, &frame::EN).flows, links.to("flows"))
            .of(&name, links.to(&flow));
        // Only of now does the API compare.
        match self.session.as_of {
            Some(_) => page,
            None => page.with_command(&self.session, Some(&arguments), &api),
        }
    }

    fn picker(&self, name: &'static str, legend: &'static str, chosen: ChosenSide) -> SidePicker {
        let record = &self.shown.record;
        let words = |side, version| called(&self.session, side, version, record.enabled, None).plain();
        let mut options = Vec::new();
        if let Some(published) = &record.published {
            options.push(("published", words(Side::Published, published.version), Side::Published));
        }
        options.push(("draft", words(Side::Draft, record.version), Side::Draft));
        let mut options: Vec<PickerOption> = options
            .into_iter()
            .map(|(value, words, side)| PickerOption { value, words, is_chosen: chosen.side == side })
            .collect();
        let number = match chosen.side {
            Side::Version(version) => version.to_string(),
            Side::Draft | Side::Published => String::new(),
        };
        let words = self.t.a_version.to_owned();
        options.push(PickerOption { value: "version", words, is_chosen: !number.is_empty() });
        let other = chosen.other.map(|id| id.to_string()).unwrap_or_default();
        SidePicker { legend, name, options, number, other }
    }

    fn path(&self, page: &str, base: ChosenSide, head: ChosenSide, part: usize) -> String {
        let part = if part > 0 { (part + 1).to_string() } else { String::new() };
        let parameters = [("base", &*base.written()), ("head", &*head.written()), ("part", &*part)];
        self.session.links.with(&format!("flows/{}/{page}", self.shown.record.flow_id), &parameters)
    }

    fn link(&self, base: ChosenSide, head: ChosenSide) -> String {
        self.path("compare", base, head, 0)
    }

    /// The pair of neighbouring versions before or after this one.
    fn pair(&self, step: i64) -> Option<String> {
        let version = |chosen: ChosenSide| match (chosen.other, chosen.side) {
            (None, Side::Version(version)) => Some(version),
            (None, Side::Draft) => Some(self.shown.record.version),
            (None, Side::Published) => {
                self.shown.record.published.as_ref().map(|published| published.version)
            }
            (Some(_), _) => None,
        };
        let (first, last) = match step {
            ..0 => {
                let base = version(self.base)?;
                (base - 1, base)
            }
            _ => {
                let head = version(self.head)?;
                (head, head + 1)
            }
        };
        let exist = first >= 1 && last <= self.shown.record.version;
        let own = |version| ChosenSide::own(Side::Version(version));
        exist.then(|| self.link(own(first), own(last)))
    }

    fn shown_part(&self, part: usize, total: usize) -> Option<ShownPart> {
        let parts = total.div_ceil(BLOCKS_MAX);
        if parts < 2 {
            return None;
        }
        let first = part * BLOCKS_MAX;
        let count = |count: usize| count_of(count, self.session.language());
        let places: [(&str, Piece); 3] =
            [("from", count(first + 1)), ("to", count(total.min(first + BLOCKS_MAX))), ("n", count(total))];
        let link = |part| self.path("compare", self.base, self.head, part);
        Some(ShownPart {
            words: said(&self.session, &Sentence::of(self.t.part, &places)),
            earlier: part.checked_sub(1).map(link),
            further: (part + 1 < parts).then(|| link(part + 1)),
        })
    }
}

/// A side as a link names it, or as the form does: what kind of state, which number, of which flow.
fn side(
    fields: &FormFields,
    [name, number, flow]: [&'static str; 3],
) -> Result<Option<ChosenSide>, PageFailure> {
    let get = |name: &'static str| fields.get(name).trim();
    let written = match (get(name), get(number)) {
        ("", _) => return Ok(None),
        // No number was given yet: the page asks for one.
        ("version", "") => return Ok(None),
        ("version", number) => number,
        (chosen, _) => chosen,
    };
    let flow = get(flow);
    let written = if flow.is_empty() { written.to_owned() } else { format!("{flow}:{written}") };
    ChosenSide::parse(&written).map(Some).ok_or(PageFailure::BadRequest(name))
}
