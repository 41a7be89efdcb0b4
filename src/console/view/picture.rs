//! The picture as a part of a page: with its layers, what their signs mean, and the buttons of the map.
//! A page holds a `PicturePart` and writes `{{ part }}`; its styles and script are `picture.css` and `map.js`.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::console::drawings::DrawingOrder;
use crate::console::session::Session;
use crate::console::texts::picture::{EN, ES, PictureTexts};
use crate::picture::LegendEntry;

/// A picture, ready to be written.
#[derive(Template)]
#[template(path = "picture.html")]
pub struct PicturePart {
    t: &'static PictureTexts,
    svg: Option<PictureSvg>,
    legend: Vec<LegendEntry>,
    choices: Vec<LayerChoice>,
    download: Option<String>,
}

impl HtmlSafe for PicturePart {}

/// A layer that can be chosen.
#[derive(Debug, Clone)]
pub struct LayerChoice {
    pub label: &'static str,
    pub href: String,
    pub is_chosen: bool,
}

/// SVG of the room `picture`, every text in which went through its writer.
struct PictureSvg(String);

impl HtmlSafe for PictureSvg {}

impl fmt::Display for PictureSvg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The texts of the picture in the reader's language; an order for one needs their `words`.
pub fn texts(session: &Session) -> &'static PictureTexts {
    session.texts(&ES, &EN)
}

impl PicturePart {
    /// Draws what is ordered, with one step as the one that is looked at. Without choices no layer is offered.
    pub async fn new(
        session: &Session,
        order: DrawingOrder,
        selected: &str,
        choices: Vec<LayerChoice>,
        download: Option<String>,
    ) -> Self {
        let drawn = session.console.drawings.get(order).await;
        Self {
            t: texts(session),
            svg: drawn.as_ref().map(|drawing| PictureSvg(drawing.svg(Some(selected)))),
            legend: drawn.map(|drawing| drawing.legend.clone()).unwrap_or_default(),
            choices,
            download,
        }
    }
}
