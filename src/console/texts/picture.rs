//! The picture of a flow, and what is laid over it.

use crate::picture::PictureWords;

#[derive(Debug)]
pub struct PictureTexts {
    pub words: &'static PictureWords,
    pub layer: &'static str,
    pub plain: &'static str,
    pub findings: &'static str,
    pub blame: &'static str,
    pub legend: &'static str,
    pub zoom_in: &'static str,
    pub zoom_out: &'static str,
    pub whole: &'static str,
    pub download: &'static str,
    pub not_drawn: &'static str,
    pub key_zoom: &'static str,
    pub key_steps: &'static str,
    pub key_back: &'static str,
}

pub const ES: PictureTexts = PictureTexts {
    words: &PictureWords::ES,
    layer: "Encima",
    plain: "nada",
    findings: "hallazgos",
    blame: "quién cambió cada paso",
    legend: "Qué significan los signos",
    zoom_in: "Acercar",
    zoom_out: "Alejar",
    whole: "Entero",
    download: "Descargar el dibujo",
    not_drawn: "Este flujo no se ha podido dibujar. El esquema dice lo mismo.",
    key_zoom: "En el dibujo: acercar, alejar, entero",
    key_steps: "En el dibujo: seguir las salidas, volver, paso de al lado",
    key_back: "En el dibujo: al paso anterior",
};

pub const EN: PictureTexts = PictureTexts {
    words: &PictureWords::EN,
    layer: "Layer",
    plain: "none",
    findings: "findings",
    blame: "who changed each step",
    legend: "What the signs mean",
    zoom_in: "Zoom in",
    zoom_out: "Zoom out",
    whole: "Whole",
    download: "Download the picture",
    not_drawn: "This flow could not be drawn. The outline says the same.",
    key_zoom: "In the picture: closer, farther, all of it",
    key_steps: "In the picture: along the exits, back up, to the step beside",
    key_back: "In the picture: to the step before",
};
