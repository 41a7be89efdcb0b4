//! What members of the format and their values are called, in Spanish and in English. One name of a member means one
//! thing to a person wherever it stands; the tests hold the tables against the declaration of the format.

use crate::console::preference::PageLanguage;
use crate::picture::step_type_words;

/// Spanish, English.
pub type Both = [&'static str; 2];

/// Of a text in both languages the one in this.
pub const fn pick([es, en]: Both, language: PageLanguage) -> &'static str {
    match language {
        PageLanguage::Es => es,
        PageLanguage::En => en,
    }
}

/// What a member is called.
pub fn member(name: &str) -> Option<Both> {
    texts_of(name).or_else(|| called_out(name)).or_else(|| of_logic(name)).or_else(|| of_everything(name))
}

/// Members that people read.
fn texts_of(name: &str) -> Option<Both> {
    Some(match name {
        "text" => ["Texto", "Text"],
        "header" => ["Encabezado", "Header"],
        "footer" => ["Pie", "Footer"],
        "headerMedia" => ["Medio del encabezado", "Header media"],
        "media" => ["Medio", "Media"],
        "kind" => ["Clase", "Kind"],
        "mediaId" => ["Id del archivo subido", "Id of the upload"],
        "caption" => ["Texto al pie", "Caption"],
        "filename" => ["Nombre del archivo", "File name"],
        "cta" => ["Botón", "Button"],
        "label" => ["Etiqueta", "Label"],
        "location" => ["Lugar", "Place"],
        "latitude" => ["Latitud", "Latitude"],
        "longitude" => ["Longitud", "Longitude"],
        "address" => ["Dirección", "Address"],
        "contacts" => ["Tarjetas de contacto", "Contact cards"],
        "phone" => ["Teléfono", "Phone"],
        "email" => ["Correo", "Email"],
        "organization" => ["Empresa", "Organization"],
        "template" => ["Plantilla aprobada", "Approved template"],
        "buttons" => ["Botones", "Buttons"],
        "payload" => ["Parámetro", "Parameter"],
        "preview" => ["Vista previa de enlaces", "Preview of links"],
        "options" => ["Opciones", "Options"],
        "optionsFrom" => ["Opciones de una lista", "Options from a list"],
        "title" => ["Título", "Title"],
        "description" => ["Descripción", "Description"],
        "section" => ["Sección", "Section"],
        "buttonLabel" => ["Botón que abre la lista", "Button that opens the list"],
        "message" => ["Respuesta si no se cumple", "Answer when it does not hold"],
        "reminders" => ["Recordatorios", "Reminders"],
        "invalidInputText" => ["Texto ante una respuesta no válida", "Text on an answer that is not valid"],
        "note" => ["Nota para quien atiende", "Note for whoever takes over"],
        "display" => ["Se muestra como", "Shown as"],
        "form" => ["Formulario", "Form"],
        "screen" => ["Pantalla", "Screen"],
        _ => return None,
    })
}

/// Members of calls to other systems and flows.
fn called_out(name: &str) -> Option<Both> {
    Some(match name {
        "url" => ["Dirección web", "Web address"],
        "method" => ["Método", "Method"],
        "headers" => ["Cabeceras", "Headers"],
        "query" => ["Parámetros de la consulta", "Query parameters"],
        "body" => ["Cuerpo", "Body"],
        "bodyText" => ["Cuerpo como texto", "Body as text"],
        "retries" => ["Intentos de más", "Further tries"],
        "extract" => ["Variables que se llenan", "Variables that are filled"],
        "on" => ["Según la respuesta", "By the answer"],
        "status" => ["Estado", "Status"],
        "sampleResponse" => ["Respuesta de prueba", "Sample response"],
        "sampleResult" => ["Resultado de prueba", "Sample result"],
        "data" => ["Datos", "Data"],
        "action" => ["Acción", "Action"],
        "args" => ["Argumentos", "Arguments"],
        "outcome" => ["Desenlace", "Outcome"],
        "outcomes" => ["Desenlaces", "Outcomes"],
        "flowId" => ["Flujo", "Flow"],
        "version" => ["Versión", "Version"],
        "mode" => ["Modo", "Mode"],
        "inputs" => ["Entradas", "Inputs"],
        "outputs" => ["Salidas", "Outputs"],
        "from" => ["De", "From"],
        "to" => ["A", "To"],
        "queue" => ["Cola", "Queue"],
        "priority" => ["Prioridad", "Priority"],
        "event" => ["Suceso", "Event"],
        "addTags" => ["Etiquetas que gana", "Tags that are added"],
        "removeTags" => ["Etiquetas que pierde", "Tags that are removed"],
        "attributes" => ["Atributos", "Attributes"],
        "language" => ["Idioma", "PageLanguage"],
        _ => return None,
    })
}

/// Members of conditions, answers and ways on.
fn of_logic(name: &str) -> Option<Both> {
    Some(match name {
        "when" => ["Condición", "Condition"],
        "next" => ["Lleva a", "Leads to"],
        "onError" => ["Si falla", "On failure"],
        "else" => ["Si nada se cumple", "Otherwise"],
        "emptyNext" => ["Si la lista está vacía", "When the list is empty"],
        "cases" => ["Casos", "Cases"],
        "paths" => ["Caminos", "Paths"],
        "weight" => ["Peso", "Weight"],
        "input" => ["Respuesta esperada", "Expected answer"],
        "saveTo" => ["Se guarda en", "Saved to"],
        "validation" => ["Reglas", "Rules"],
        "rule" => ["Regla", "Rule"],
        "minLength" => ["Caracteres como mínimo", "Characters, at least"],
        "maxLength" => ["Caracteres como máximo", "Characters, at most"],
        "min" => ["Mínimo", "At least"],
        "max" => ["Máximo", "At most"],
        "pattern" => ["Patrón", "Pattern"],
        "retry" => ["Si la respuesta no vale", "When an answer is rejected"],
        "repeatPrompt" => ["Repite la pregunta", "Repeats the prompt"],
        "timeout" => ["Tiempo de espera", "Time to wait"],
        "after" => ["Pasado este tiempo", "After"],
        "allowInterrupts" => ["Admite interrupciones", "Interrupts are heard"],
        "entity" => ["Dato que ya puede haber llegado", "Entity that may have come earlier"],
        "match" => ["También se elige con", "Also chosen by"],
        "multiple" => ["Varias a la vez", "Several at once"],
        "assign" => ["Asignaciones", "Assignments"],
        "variable" => ["Variable", "Variable"],
        "op" => ["Operación", "Operation"],
        "duration" => ["Duración", "Duration"],
        "until" => ["Hasta", "Until"],
        "limit" => ["Cuántas como máximo", "How many at most"],
        "list" => ["Lista", "List"],
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
        "index" => ["Número", "Number"],
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
        "locale" => ["Idioma", "PageLanguage"],
        "timezone" => ["Zona horaria", "Time zone"],
        "missing" => ["Si falta un valor", "When a value is missing"],
        _ => return None,
    })
}

/// What a type of step is called where its name begins a line. A type that the format lacks is called as it is written.
pub fn step_type(name: &str, language: PageLanguage) -> String {
    let Some(words) = step_type_words(name) else { return name.to_owned() };
    let mut letters = pick(words, language).chars();
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
    use crate::flow::document::schema::{DOCUMENT, Part};
    use crate::flow::document::{Method, STEP_TYPES};

    /// Calls `member` with the name of each member that the format declares, and `value` with each value it names.
    fn declared(part: Part, member: &mut dyn FnMut(&'static str), value: &mut dyn FnMut(&'static str)) {
        match part {
            Part::OneOf(values) => values.iter().copied().for_each(value),
            Part::Either(parts) => parts.iter().for_each(|part| declared(*part, member, value)),
            Part::List { item, .. } | Part::Keyed(item) => declared(*item, member, value),
            Part::Step { .. } => {
                for known in STEP_TYPES {
                    fields(part, Some(known.name), member, value);
                }
            }
            part => fields(part, None, member, value),
        }
    }

    fn fields(
        part: Part,
        kind: Option<&str>,
        member: &mut dyn FnMut(&'static str),
        value: &mut dyn FnMut(&'static str),
    ) {
        for field in part.fields(None, kind).into_iter().flat_map(|fields| fields.iter()) {
            member(field.name);
            declared(field.part, member, value);
        }
    }

    #[test]
    fn types_of_steps_begin_with_a_capital() {
        assert_eq!(step_type("action", PageLanguage::Es), "Acción");
        assert_eq!(step_type("flow", PageLanguage::En), "Other flow");
        assert_eq!(step_type("massage", PageLanguage::En), "massage");
    }

    #[test]
    fn every_declared_member_and_value_has_words_in_both_languages() {
        let (mut members, mut values) = (BTreeSet::new(), BTreeSet::new());
        declared(DOCUMENT, &mut |name| _ = members.insert(name), &mut |name| _ = values.insert(name));
        assert!(members.len() > 100 && values.len() > 40, "the declaration was walked");
        let is_silent = |texts: Option<Both>| texts.is_none_or(|texts| texts.contains(&""));
        let members: Vec<_> = members.into_iter().filter(|name| is_silent(member(name))).collect();
        assert_eq!(members, [""; 0], "members without words");
        let is_method = |name: &str| Method::WRITTEN.contains(&name);
        let values: Vec<_> =
            values.into_iter().filter(|name| !is_method(name) && is_silent(word(name))).collect();
        assert_eq!(values, [""; 0], "values without words");
    }
}
