//! What happened just now, in one sentence.

/// `{who}`, `{name}` of a flow or key, `{n}` a version.
#[derive(Debug)]
pub struct LiveTexts {
    pub somebody: &'static str,
    pub created: &'static str,
    pub updated: &'static str,
    pub published: &'static str,
    pub unpublished: &'static str,
    pub duplicated: &'static str,
    pub deleted: &'static str,
    pub restored: &'static str,
    pub key_created: &'static str,
    pub key_changed: &'static str,
    pub key_revoked: &'static str,
}

pub const ES: LiveTexts = LiveTexts {
    somebody: "Alguien",
    created: "{who} creó «{name}»",
    updated: "{who} guardó la versión {n} de «{name}»",
    published: "{who} publicó la versión {n} de «{name}»",
    unpublished: "{who} retiró «{name}»",
    duplicated: "{who} creó «{name}» como copia",
    deleted: "{who} eliminó «{name}»",
    restored: "{who} restauró «{name}» como versión {n}",
    key_created: "{who} creó la clave «{name}»",
    key_changed: "{who} cambió la clave «{name}»",
    key_revoked: "{who} revocó la clave «{name}»",
};

pub const EN: LiveTexts = LiveTexts {
    somebody: "Somebody",
    created: "{who} created “{name}”",
    updated: "{who} saved version {n} of “{name}”",
    published: "{who} published version {n} of “{name}”",
    unpublished: "{who} unpublished “{name}”",
    duplicated: "{who} created “{name}” as a copy",
    deleted: "{who} deleted “{name}”",
    restored: "{who} restored “{name}” as version {n}",
    key_created: "{who} created the key “{name}”",
    key_changed: "{who} changed the key “{name}”",
    key_revoked: "{who} revoked the key “{name}”",
};
