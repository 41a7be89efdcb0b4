//! What members of the format and their values are called, in Spanish and in English. One name of a member means one
//! thing to a person wherever it stands: the words of a name that several places have are here, those of any other at
//! its declaration. The tests hold the tables against the declaration of the format.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::language::DisplayLanguage;
use crate::flow::document;
use crate::flow::document::schema::DOCUMENT;

/// Spanish, English.
pub type Both = [&'static str; 2];

/// Of a text in both languages the one in this.
pub const fn pick([es, en]: Both, language: DisplayLanguage) -> &'static str {
    match language {
        DisplayLanguage::Es => es,
        DisplayLanguage::En => en,
    }
}

/// The words that members are declared with, by their names.
static DECLARED: LazyLock<HashMap<&'static str, Both>> = LazyLock::new(|| {
    let mut declared = HashMap::new();
    DOCUMENT.each_field(&mut |field| declared.extend(field.words.map(|words| (field.name, words))));
    declared
});

/// What a member is called.
pub fn member(name: &str) -> Option<Both> {
    DECLARED.get(name).copied().or_else(|| of_steps(name)).or_else(|| of_everything(name))
}

/// Members that several objects in steps have.
fn of_steps(name: &str) -> Option<Both> {
    Some(match name {
        "text" => ["Texto", "Text"],
        "header" => ["Encabezado", "Header"],
        "footer" => ["Pie", "Footer"],
        "media" => ["Medio", "Media"],
        "caption" => ["Texto al pie", "Caption"],
        "cta" => ["Botón", "Button"],
        "label" => ["Etiqueta", "Label"],
        "template" => ["Plantilla aprobada", "Approved template"],
        "title" => ["Título", "Title"],
        "description" => ["Descripción", "Description"],
        "reminders" => ["Recordatorios", "Reminders"],
        "invalidInputText" => ["Texto ante una respuesta no válida", "Text on an answer that is not valid"],
        "url" => ["Dirección web", "Web address"],
        "headers" => ["Cabeceras", "Headers"],
        "body" => ["Cuerpo", "Body"],
        "status" => ["Estado", "Status"],
        "data" => ["Datos", "Data"],
        "outcome" => ["Desenlace", "Outcome"],
        "outcomes" => ["Desenlaces", "Outcomes"],
        "flowId" => ["Flujo", "Flow"],
        "event" => ["Suceso", "Event"],
        "language" => ["Idioma", "Language"],
        "when" => ["Condición", "Condition"],
        "next" => ["Lleva a", "Leads to"],
        "onError" => ["Si falla", "On failure"],
        "saveTo" => ["Se guarda en", "Saved to"],
        "min" => ["Mínimo", "At least"],
        "max" => ["Máximo", "At most"],
        "retry" => ["Si la respuesta no vale", "When an answer is rejected"],
        "repeatPrompt" => ["Repite la pregunta", "Repeats the prompt"],
        "timeout" => ["Tiempo de espera", "Time to wait"],
        "after" => ["Pasado este tiempo", "After"],
        "allowInterrupts" => ["Admite interrupciones", "Interrupts are heard"],
        "variable" => ["Variable", "Variable"],
        _ => return None,
    })
}

/// Members that stand in several places, and those of the flow.
fn of_everything(name: &str) -> Option<Both> {
    Some(match name {
        "id" => ["Id", "Id"],
        "type" => ["Tipo", "Type"],
        "name" => ["Nombre", "Name"],
        "value" => ["Valor", "Value"],
        "meta" => ["Datos del editor", "Data of the editor"],
        "phoneNumberId" => ["Número", "Number"],
        "wabaId" => ["Cuenta de WhatsApp", "WhatsApp account"],
        "triggerType" => ["Qué lo inicia", "What starts it"],
        "triggerConfig" => ["Disparador", "Trigger"],
        "variables" => ["Variables", "Variables"],
        "steps" => ["Pasos", "Steps"],
        "settings" => ["Ajustes", "Settings"],
        "interrupts" => ["Interrupciones", "Interrupts"],
        "translations" => ["Traducciones", "Translations"],
        "formatVersion" => ["Versión del formato", "Version of the format"],
        "keywords" => ["Palabras clave", "Keywords"],
        "matchMode" => ["Coincidencia", "Matching"],
        "intents" => ["Intenciones", "Intents"],
        "autoReplyId" => ["Respuesta automática", "Automatic reply"],
        "sources" => ["Anuncios", "Advertisements"],
        "also" => ["También lo inicia", "Also started by"],
        "default" => ["Valor inicial", "Default"],
        "scope" => ["Alcance", "Scope"],
        "pii" => ["Dato personal", "Personal data"],
        "locale" => ["Idioma", "Language"],
        "timezone" => ["Zona horaria", "Time zone"],
        "missing" => ["Si falta un valor", "When a value is missing"],
        _ => return None,
    })
}

/// What a type of step is called where its name begins a line. A type that the format lacks is called as it is written.
pub fn step_type(name: &str, language: DisplayLanguage) -> String {
    let Some(known) = document::step_type(name) else { return name.to_owned() };
    let mut letters = pick(known.words, language).chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters.as_str().chars()).collect()
}

/// What a value that the format names is called. Methods of HTTP are called what they are.
pub fn word(value: &str) -> Option<Both> {
    of_answers(value).or_else(|| of_ways(value))
}

/// Kinds of media, of answers, and of what variables hold.
fn of_answers(value: &str) -> Option<Both> {
    Some(match value {
        "image" => ["imagen", "image"],
        "video" => ["vídeo", "video"],
        "audio" => ["audio", "audio"],
        "document" => ["documento", "document"],
        "sticker" => ["sticker", "sticker"],
        "text" => ["texto", "text"],
        "string" => ["texto", "text"],
        "number" => ["número", "number"],
        "integer" => ["número entero", "whole number"],
        "boolean" => ["sí o no", "yes or no"],
        "email" => ["correo", "email"],
        "phone" => ["teléfono", "phone"],
        "url" => ["enlace", "link"],
        "date" => ["fecha", "date"],
        "time" => ["hora", "time"],
        "datetime" => ["fecha y hora", "date and time"],
        "location" => ["lugar", "place"],
        "file" => ["archivo", "file"],
        "contact" => ["contacto", "contact"],
        "form" => ["formulario", "form"],
        "any" => ["cualquiera", "any"],
        "object" => ["objeto", "object"],
        "list" => ["lista", "list"],
        _ => return None,
    })
}

/// How something is shown, compared, written or urgent.
fn of_ways(value: &str) -> Option<Both> {
    Some(match value {
        "auto" => ["automático", "automatic"],
        "buttons" => ["botones", "buttons"],
        "cards" => ["tarjetas", "cards"],
        "set" => ["escribir", "set"],
        "append" => ["añadir al final", "append"],
        "increment" => ["sumar", "increment"],
        "unset" => ["borrar", "clear"],
        "call" => ["ida y vuelta", "call and come back"],
        "transfer" => ["se traspasa", "hand over for good"],
        "published" => ["la que esté en vigor", "the one in force"],
        "low" => ["baja", "low"],
        "normal" => ["normal", "normal"],
        "high" => ["alta", "high"],
        "all" => ["todas", "all"],
        "EXACT" => ["exacta", "exact"],
        "STARTS_WITH" => ["empieza así", "begins with"],
        "CONTAINS" => ["contiene", "contains"],
        "WORD" => ["como palabra", "as a word"],
        "REGEX" => ["patrón", "pattern"],
        "MANUAL" => ["la API u otro flujo", "the API or another flow"],
        "KEYWORD" => ["palabra clave", "keyword"],
        "INTENT" => ["intención", "intent"],
        "AUTO_REPLY" => ["respuesta automática", "automatic reply"],
        "ANY_MESSAGE" => ["cualquier mensaje", "any message"],
        "EVENT" => ["suceso", "event"],
        "REFERRAL" => ["anuncio", "advertisement"],
        "local" => ["interna", "local"],
        "input" => ["entrada", "input"],
        "output" => ["salida", "output"],
        "inout" => ["entrada y salida", "input and output"],
        "error" => ["es un error", "it is an error"],
        "empty" => ["queda vacío", "it is empty"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::flow::document::schema::Part;
    use crate::flow::document::{Method, STEP_TYPES};

    /// Calls `value` with each value that a part names.
    fn named(part: Part, value: &mut dyn FnMut(&'static str)) {
        match part {
            Part::OneOf(values) => values.iter().copied().for_each(value),
            Part::Either(parts) => parts.iter().for_each(|part| named(*part, value)),
            Part::List { item, .. } | Part::Keyed(item) => named(*item, value),
            _ => {}
        }
    }

    #[test]
    fn types_of_steps_begin_with_a_capital() {
        assert_eq!(step_type("action", DisplayLanguage::Es), "Acción");
        assert_eq!(step_type("flow", DisplayLanguage::En), "Other flow");
        assert_eq!(step_type("massage", DisplayLanguage::En), "massage");
    }

    #[test]
    fn every_declared_member_and_value_has_words_in_both_languages() {
        let (mut members, mut values) = (BTreeSet::new(), BTreeSet::new());
        DOCUMENT.each_field(&mut |field| {
            members.insert(field.name);
            named(field.part, &mut |value| _ = values.insert(value));
        });
        assert!(members.len() > 100 && values.len() > 40, "the declaration was walked");
        let is_silent = |texts: Option<Both>| texts.is_none_or(|texts| texts.contains(&""));
        let members: Vec<_> = members.into_iter().filter(|name| is_silent(member(name))).collect();
        assert_eq!(members, [""; 0], "members without words");
        let is_method = |name: &str| Method::WRITTEN.contains(&name);
        let values: Vec<_> =
            values.into_iter().filter(|name| !is_method(name) && is_silent(word(name))).collect();
        assert_eq!(values, [""; 0], "values without words");
    }

    #[test]
    fn a_name_has_one_wording() {
        DOCUMENT.each_field(&mut |field| {
            if let Some(words) = field.words {
                assert_eq!(member(field.name), Some(words), "{}", field.name);
                assert_eq!(
                    of_steps(field.name).or_else(|| of_everything(field.name)),
                    None,
                    "{}",
                    field.name
                );
            }
        });
        let is_silent = |words: Both| words.contains(&"");
        assert!(STEP_TYPES.iter().all(|known| !is_silent(known.words) && !known.sign.path.is_empty()));
    }
}
