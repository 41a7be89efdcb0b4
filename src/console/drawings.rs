//! Drawings that were made, by what they were made of: a picture of the largest flow takes a tenth of a second to lay
//! out, and is looked at step by step. What is long is drawn beside the threads that answer requests.

use std::fmt;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::flow::digest::Digest;
use crate::flow::document::Canonical;
use crate::picture::{self, BlamedBox, Drawing, Layer, PictureWords, Request, StepFaults};

/// Bytes that are kept at most.
const BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Drawings that there is room for at first.
const DRAWINGS: usize = 64;
/// Flows of more steps are drawn on a thread that may be kept busy.
const STEPS_AT_ONCE: usize = 30;

/// What is laid over a picture.
#[derive(Debug, Clone)]
pub enum DrawnLayer {
    Plain,
    Findings(Vec<StepFaults>),
    Blame(Vec<BlamedBox>),
    /// What differs from an earlier version.
    Diff(Canonical),
}

/// A picture that is asked for.
#[derive(Debug, Clone)]
pub struct DrawingOrder {
    pub flow: Canonical,
    pub layer: DrawnLayer,
    pub words: &'static PictureWords,
    /// The address of a step's panel, to which its id is added.
    pub step_link: String,
}

impl DrawingOrder {
    /// What the bytes of the drawing depend on.
    fn key(&self) -> Digest {
        let layer = match &self.layer {
            DrawnLayer::Diff(before) => format!("{:?}", before.digest),
            other => format!("{other:?}"),
        };
        let parts = [&format!("{:?}", self.flow.digest), &layer, self.words.no_steps, &self.step_link];
        Digest::of(parts.join("\n").as_bytes())
    }

    fn draw(&self) -> Option<Drawing> {
        let layer = match &self.layer {
            DrawnLayer::Plain => Layer::Plain,
            DrawnLayer::Findings(faults) => Layer::Findings(faults),
            DrawnLayer::Blame(blamed) => Layer::Blame(blamed),
            DrawnLayer::Diff(before) => Layer::Diff { before },
        };
        let link = |step: &str| format!("{}{step}", self.step_link);
        let drawing = picture::draw(&Request { flow: &self.flow, layer, words: self.words, link: &link });
        if drawing.is_none() {
            tracing::error!(document = ?self.flow.digest, "a picture could not be laid out");
        }
        drawing
    }
}

/// The drawings that are kept.
pub struct Drawings(Cache<Digest, Arc<Drawing>, DrawingBytes>);

#[derive(Clone)]
struct DrawingBytes;

impl Weighter<Digest, Arc<Drawing>> for DrawingBytes {
    fn weight(&self, _: &Digest, drawing: &Arc<Drawing>) -> u64 {
        u64::try_from(drawing.bytes()).unwrap_or(u64::MAX)
    }
}

impl Default for Drawings {
    fn default() -> Self {
        Self::of(BYTES_MAX)
    }
}

impl fmt::Debug for Drawings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drawings").field("bytes", &self.0.weight()).finish()
    }
}

impl Drawings {
    fn of(bytes_max: u64) -> Self {
        Self(Cache::with_weighter(DRAWINGS, bytes_max, DrawingBytes))
    }

    /// The picture, drawn now or before; `None` when no layout was found.
    pub async fn get(&self, order: DrawingOrder) -> Option<Arc<Drawing>> {
        let key = order.key();
        if let Some(known) = self.0.get(&key) {
            return Some(known);
        }
        let drawn = match order.flow.document.steps.len() {
            0..=STEPS_AT_ONCE => order.draw(),
            _ => tokio::task::spawn_blocking(move || order.draw()).await.ok().flatten(),
        };
        let drawn = Arc::new(drawn?);
        self.0.insert(key, Arc::clone(&drawn));
        Some(drawn)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(text: &str, words: &'static PictureWords) -> DrawingOrder {
        let step = |index: usize| json!({ "id": format!("a{index}"), "type": "message", "text": text });
        let body = json!({ "name": "x", "steps": (0..20).map(step).collect::<Vec<_>>() });
        let flow = Canonical::create(body).unwrap();
        DrawingOrder { flow, layer: DrawnLayer::Plain, words, step_link: "?step=".to_owned() }
    }

    #[tokio::test]
    async fn what_was_drawn_is_not_drawn_again() {
        let drawings = Drawings::default();
        let first = drawings.get(order("uno", &PictureWords::ES)).await.unwrap();
        assert!(Arc::ptr_eq(&first, &drawings.get(order("uno", &PictureWords::ES)).await.unwrap()));
        let others = [
            order("dos", &PictureWords::ES),
            order("uno", &PictureWords::EN),
            DrawingOrder { step_link: "?version=3&step=".to_owned(), ..order("uno", &PictureWords::ES) },
            DrawingOrder { layer: DrawnLayer::Findings(Vec::new()), ..order("uno", &PictureWords::ES) },
        ];
        for other in others {
            assert!(!Arc::ptr_eq(&first, &drawings.get(other).await.unwrap()));
        }
    }

    #[tokio::test]
    async fn what_is_kept_has_a_bound() {
        let bytes_max = 64 * 1024;
        let drawings = Drawings::of(bytes_max);
        for index in 0..40 {
            drawings.get(order(&format!("{index}"), &PictureWords::ES)).await.unwrap();
        }
        let kept = drawings.0.len();
        assert!(drawings.0.weight() <= bytes_max && (1..40).contains(&kept), "{kept} are kept");
    }
}
