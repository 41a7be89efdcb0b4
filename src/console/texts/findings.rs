//! What each finding means to whoever reads a flow, in Spanish and in English. The words of the API stand below it.

use crate::outline::words::Both;

/// What a finding of this code says; `None` for a code that a newer service gave.
pub fn finding(code: &str) -> Option<Both> {
    of_shape(code).or_else(|| of_names(code)).or_else(|| of_ways(code)).or_else(|| of_conversation(code))
}

/// What is written in a way that the format does not know.
fn of_shape(code: &str) -> Option<Both> {
    Some(match code {
        "INVALID_JSON" => ["No es JSON válido.", "It is not valid JSON."],
        "UNKNOWN_FIELD" => ["El formato no conoce este miembro.", "The format does not know this member."],
        "MISSING_FIELD" => ["Falta un miembro obligatorio.", "A required member is missing."],
        "WRONG_TYPE" => ["El valor es de otra clase.", "The value is of another kind."],
        "INVALID_VALUE" => ["El valor no vale aquí.", "The value is not valid here."],
        "UNKNOWN_STEP_TYPE" => ["No existe este tipo de paso.", "There is no such type of step."],
        "LIMIT_EXCEEDED" => ["Pasa de un límite del formato.", "It exceeds a limit of the format."],
        "DUPLICATE_STEP_ID" => ["Dos pasos tienen el mismo id.", "Two steps have the same id."],
        "DUPLICATE_VARIABLE" => ["Dos variables se llaman igual.", "Two variables have the same name."],
        "DUPLICATE_OPTION" => ["Dos opciones o salidas son iguales.", "Two options or exits are alike."],
        "DUPLICATE_EDGE" => ["Una salida lleva a dos sitios.", "One exit leads to two places."],
        "RESERVED_NAME" => ["El nombre está reservado.", "The name is reserved."],
        "MISSING_TRIGGER_CONFIG" => {
            ["Al disparador le falta un dato.", "The trigger lacks something that it needs."]
        }
        "EMPTY_FLOW" => ["El flujo no tiene pasos.", "The flow has no steps."],
        "EXPR_SYNTAX" => ["Una expresión no se entiende.", "An expression cannot be read."],
        "BAD_REGEX" => ["Un patrón no se entiende.", "A pattern cannot be read."],
        "BAD_DATE_FORMAT" => ["Un formato de fecha no se entiende.", "A date format cannot be read."],
        _ => return None,
    })
}

/// What refers to something that is not there, or not so.
fn of_names(code: &str) -> Option<Both> {
    Some(match code {
        "DANGLING_NEXT" => ["Lleva a un paso que no existe.", "It leads to a step that does not exist."],
        "UNDEFINED_VARIABLE" => ["Esta variable no está declarada.", "This variable is not declared."],
        "UNKNOWN_NAMESPACE_FIELD" => ["Este dato no existe.", "There is no such value."],
        "UNKNOWN_FILTER" => ["Este filtro no existe.", "There is no such filter."],
        "UNKNOWN_FUNCTION" => ["Esta función no existe.", "There is no such function."],
        "SAVE_TYPE_MISMATCH" => {
            ["La respuesta nunca cabe en la variable.", "The answer never fits the variable."]
        }
        "FLOW_REF_NOT_FOUND" => {
            ["El flujo al que llama no existe.", "The flow that it calls does not exist."]
        }
        "FLOW_REF_NOT_PUBLISHED" => {
            ["El flujo al que llama no está publicado.", "The flow that it calls is not published."]
        }
        "RECURSION" => ["El flujo se llama a sí mismo.", "The flow calls itself."],
        "BAD_FLOW_MAPPING" => {
            ["El otro flujo no tiene ese dato.", "The other flow has no such input or output."]
        }
        "ENV_SHADOWED" => [
            "Una variable tapa los valores de la organización.",
            "A variable hides the values of the organization.",
        ],
        "UNUSED_VARIABLE" => ["Nadie lee esta variable.", "Nothing reads this variable."],
        "NEVER_ASSIGNED" => ["Nadie da valor a esta variable.", "Nothing gives this variable a value."],
        "MAYBE_UNSET" => ["Puede leerse antes de tener valor.", "It may be read before it has a value."],
        "MIXED_COMPARISON" => ["Compara cosas de distinta clase.", "It compares things of different kinds."],
        "MISSING_TRANSLATION" => ["Falta una traducción.", "A translation is missing."],
        "UNKNOWN_TRANSLATION_PATH" => {
            ["Traduce un texto que no existe.", "It translates a text that does not exist."]
        }
        _ => return None,
    })
}

/// What is wrong with the ways through a flow.
fn of_ways(code: &str) -> Option<Both> {
    Some(match code {
        "INPUTLESS_LOOP" => ["Da vueltas sin esperar a nadie.", "It goes in circles and never waits."],
        "LOOP_MAY_NOT_WAIT" => {
            ["Puede dar vueltas sin esperar a nadie.", "It may go in circles and never wait."]
        }
        "NO_END_REACHABLE" => ["Ningún camino llega al fin.", "No way leads to the end."],
        "UNREACHABLE_STEP" => ["Ningún camino llega a este paso.", "No way leads to this step."],
        "FALLTHROUGH_INTO_BRANCH" => {
            ["Sigue dentro de la rama de otra salida.", "It runs on into the branch of another exit."]
        }
        "NO_RETRY_EXIT" => [
            "No dice qué pasa al agotarse los intentos.",
            "It does not say what happens when the retries are used up.",
        ],
        "NO_TIMEOUT" => ["Espera la respuesta sin límite.", "It waits for an answer without limit."],
        "NO_ERROR_EXIT" => ["No dice qué pasa si falla.", "It does not say what happens on failure."],
        "DEAD_CASE" => ["Este caso nunca decide nada.", "This case never decides anything."],
        "NOTHING_TO_RESUME" => ["No hay nada a lo que volver.", "There is nothing to go back to."],
        _ => return None,
    })
}

/// What is wrong with what is said, heard and called.
fn of_conversation(code: &str) -> Option<Both> {
    Some(match code {
        "CHANNEL_LIMIT" => ["WhatsApp no admite este mensaje así.", "WhatsApp does not take this message."],
        "HTTP_URL" => ["La dirección web no sirve.", "The web address cannot be called."],
        "HTTP_HEADER" => ["La cabecera no sirve.", "The header cannot be sent."],
        "DEAD_MATCH" => ["Ningún mensaje puede coincidir.", "No message can match."],
        "DUPLICATE_TITLE_FOLDED" => ["Dos opciones se leen igual.", "Two options read the same."],
        "AMBIGUOUS_MATCH" => ["El mismo texto elige dos opciones.", "The same text chooses two options."],
        "DISPLAY_DOWNGRADE" => ["El menú se verá como texto numerado.", "The menu will be a numbered text."],
        "SECRET_IN_LITERAL" => {
            ["Parece una clave secreta escrita aquí.", "A secret seems to be written here."]
        }
        "KEYWORD_CONFLICT" => {
            ["Otro flujo en vigor atiende esta palabra.", "Another flow in force hears this keyword."]
        }
        "TRIGGER_CONFLICT" => {
            ["Otro flujo en vigor se inicia con lo mismo.", "Another flow in force is started by the same."]
        }
        "OUTSIDE_SERVICE_WINDOW" => [
            "Texto libre fuera de las 24 horas de servicio.",
            "Free text outside the 24 hours of the service window.",
        ],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes as the tests of the format list them.
    fn codes() -> Vec<&'static str> {
        let tests = include_str!("../../../tests/flows.rs");
        let list = tests.split_once("const CODES").unwrap().1.split_once("];").unwrap().0;
        list.split('"').skip(1).step_by(2).collect()
    }

    #[test]
    fn every_code_has_a_text_in_both_languages() {
        let codes = codes();
        assert!(codes.len() > 50 && codes.contains(&"DANGLING_NEXT"), "the list was read: {codes:?}");
        let silent: Vec<_> =
            codes.into_iter().filter(|code| finding(code).is_none_or(|texts| texts.contains(&""))).collect();
        assert_eq!(silent, [""; 0], "codes without a text");
    }
}
