//! The picture room: a flow as SVG, with one layer over it. Pure: the same request gives the same bytes.
//! `graph` reads the exits off a document, `union` joins two versions, `groups` decides what becomes a line, `rank` and
//! `layout` give places, `face` says what a box shows, `svg` draws, and every byte of it passes `writer`.

mod change;
mod course;
mod drawing;
mod face;
mod graph;
mod groups;
mod icon;
mod layer;
mod layout;
mod net;
mod rank;
mod request;
mod svg;
mod text;
mod union;
mod words;
mod writer;

pub use drawing::{Drawing, PictureCounts};
pub use layer::{BlamedBox, Layer, LegendEntry, StepFaults};
pub use request::Request;
pub use words::PictureWords;

/// Draws a flow. `None` when no layout was found, which is a fault of the layout: the steps as a list are left.
pub fn draw(request: &Request<'_>) -> Option<Drawing> {
    let chart = union::chart(request);
    let groups = groups::groups(&chart);
    let faces = face::faces(&chart, &groups, request);
    let places = layout::layout(&chart, &groups, &faces)?;
    Some(svg::draw(request, &chart, &groups, &faces, &places))
}

#[cfg(test)]
mod tests;
