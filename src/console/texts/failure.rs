//! What went wrong: what, why, and what to do now.

use super::scopes;
use crate::registry::caller::Scope;

/// One failure, in three parts.
#[derive(Debug)]
pub struct FailureWords {
    pub what: &'static str,
    pub why: &'static str,
    pub now: &'static str,
}

#[derive(Debug)]
pub struct FailureTexts {
    pub other_organization: FailureWords,
    /// `{what}` is what the scope allows.
    pub scope: FailureWords,
    pub who_manages_keys: &'static str,
    pub forged: FailureWords,
    pub other_host: FailureWords,
    pub not_found: FailureWords,
    pub flow_not_found: FailureWords,
    pub version_not_found: FailureWords,
    pub key_not_found: FailureWords,
    pub method: FailureWords,
    /// `{name}` is the parameter or field.
    pub bad_request: FailureWords,
    pub too_large: FailureWords,
    pub changed: FailureWords,
    pub sent_otherwise: FailureWords,
    pub called: FailureWords,
    pub not_published: FailureWords,
    pub erased: FailureWords,
    pub findings: FailureWords,
    pub rate: FailureWords,
    pub overloaded: FailureWords,
    pub unavailable: FailureWords,
    pub outcome_unknown: FailureWords,
    pub internal: FailureWords,
    /// `{seconds}` is counted down.
    pub again_in: &'static str,
    pub try_again: &'static str,
    pub request_id: &'static str,
    pub to_flows: &'static str,
    pub sign_in: &'static str,
    /// What each scope allows, as the end of a sentence.
    pub allows: fn(Scope) -> &'static str,
}

pub const ES: FailureTexts = FailureTexts {
    other_organization: FailureWords {
        what: "No has entrado en esta organización",
        why: "La sesión que tienes es de otra.",
        now: "Entra con una clave de esta organización, o vuelve a la tuya.",
    },
    scope: FailureWords {
        what: "No puedes hacer esto",
        why: "Tu clave no permite {what}. Pídelo a quien gestione las claves.",
        now: "Para esto hace falta el permiso {scope}.",
    },
    who_manages_keys: "Gestionan las claves:",
    forged: FailureWords {
        what: "No se ha hecho nada",
        why: "La petición no venía de una página de esta consola.",
        now: "Vuelve a la página y repite desde ahí.",
    },
    other_host: FailureWords {
        what: "Esta dirección no es la de la consola",
        why: "El navegador ha llegado con un nombre que no es el de este servicio.",
        now: "Usa la dirección configurada en PUBLIC_URL.",
    },
    not_found: FailureWords {
        what: "Aquí no hay nada",
        why: "La dirección no lleva a ninguna página.",
        now: "Vuelve a los flujos.",
    },
    flow_not_found: FailureWords {
        what: "Este flujo no existe",
        why: "No hay ningún flujo con este identificador, o tu clave no lo ve.",
        now: "Busca en los flujos; si se eliminó, está entre los eliminados.",
    },
    version_not_found: FailureWords {
        what: "Esta versión no existe",
        why: "El flujo no tiene una versión con este número, o no la tenía en ese momento.",
        now: "Elige una en la historia del flujo.",
    },
    key_not_found: FailureWords {
        what: "Esta clave no existe",
        why: "No hay ninguna clave con este identificador, o ya está revocada.",
        now: "Vuelve a la lista de claves.",
    },
    method: FailureWords {
        what: "Así no se usa esta dirección",
        why: "La dirección no admite este método.",
        now: "Vuelve a la página y usa sus botones.",
    },
    bad_request: FailureWords {
        what: "Esta dirección o este formulario no se entiende",
        why: "El valor de «{name}» no se entiende, o no puede ser.",
        now: "Corrígelo, o vuelve a la página anterior.",
    },
    too_large: FailureWords {
        what: "El formulario es demasiado grande",
        why: "Un formulario puede tener como mucho 2 MB.",
        now: "Usa la API para lo que es más grande.",
    },
    changed: FailureWords {
        what: "Alguien lo cambió mientras tanto",
        why: "El flujo ya no está en la versión que veías. No se ha hecho nada.",
        now: "Mira la historia y repite sobre la versión actual.",
    },
    sent_otherwise: FailureWords {
        what: "Este formulario ya se envió",
        why: "Se envió antes con otro contenido; lo de ahora no se ha hecho.",
        now: "Abre la página de nuevo y repite.",
    },
    called: FailureWords {
        what: "Otros flujos lo usan",
        why: "Hay flujos en vigor que llaman a este. No se ha hecho nada.",
        now: "Cambia primero los que lo llaman.",
    },
    not_published: FailureWords {
        what: "No está publicado",
        why: "Esto solo se puede con un flujo publicado.",
        now: "Mira el estado del flujo.",
    },
    erased: FailureWords {
        what: "El contenido se borró",
        why: "El contenido de esta versión se borró por obligación legal. Lo que pasó y quién lo hizo sigue en la historia.",
        now: "Elige otra versión.",
    },
    findings: FailureWords {
        what: "Tiene errores",
        why: "Lo que se pide tiene errores. No se ha hecho nada.",
        now: "Corrige lo que se indica.",
    },
    rate: FailureWords {
        what: "Demasiadas peticiones",
        why: "Tu clave o tu organización hace más peticiones de las que puede.",
        now: "Espera un momento.",
    },
    overloaded: FailureWords {
        what: "Hay demasiado trabajo",
        why: "El servicio tiene más peticiones de las que puede contestar a tiempo. No se ha hecho nada.",
        now: "Espera un momento.",
    },
    unavailable: FailureWords {
        what: "La base de datos no contesta",
        why: "En este momento no se puede leer ni cambiar nada.",
        now: "Espera un momento. Lo escrito en un formulario sigue ahí si vuelves atrás.",
    },
    outcome_unknown: FailureWords {
        what: "No sabemos si se hizo",
        why: "No sabemos si se hizo. Mira la historia antes de repetir.",
        now: "Si vuelves atrás y envías el mismo formulario, no se hace dos veces.",
    },
    internal: FailureWords {
        what: "Algo ha fallado",
        why: "El servicio ha fallado. La causa está en su registro, bajo el número de esta petición.",
        now: "Si se repite, avisa con ese número.",
    },
    again_in: "Se intenta de nuevo en {seconds} s",
    try_again: "Intentar de nuevo",
    request_id: "Número de petición",
    to_flows: "Ir a los flujos",
    sign_in: "Entrar",
    allows: scopes::es,
};

pub const EN: FailureTexts = FailureTexts {
    other_organization: FailureWords {
        what: "You are not signed in to this organization",
        why: "The session you have is of another one.",
        now: "Sign in with a key of this organization, or go back to yours.",
    },
    scope: FailureWords {
        what: "You may not do this",
        why: "Your key does not allow {what}. Ask whoever manages keys.",
        now: "It takes the scope {scope}.",
    },
    who_manages_keys: "Keys are managed by:",
    forged: FailureWords {
        what: "Nothing was done",
        why: "The request did not come from a page of this console.",
        now: "Go back to the page and do it from there.",
    },
    other_host: FailureWords {
        what: "This is not the address of the console",
        why: "The browser came by a name that is not this service's.",
        now: "Use the address that PUBLIC_URL names.",
    },
    not_found: FailureWords {
        what: "There is nothing here",
        why: "The address leads to no page.",
        now: "Go back to the flows.",
    },
    flow_not_found: FailureWords {
        what: "There is no such flow",
        why: "No flow has this id, or your key does not see it.",
        now: "Search the flows; one that was deleted is among the deleted ones.",
    },
    version_not_found: FailureWords {
        what: "There is no such version",
        why: "The flow has no version of this number, or had none at that moment.",
        now: "Choose one in the history of the flow.",
    },
    key_not_found: FailureWords {
        what: "There is no such key",
        why: "No key has this id, or it is revoked.",
        now: "Go back to the list of keys.",
    },
    method: FailureWords {
        what: "This address is not used like this",
        why: "The address does not take this method.",
        now: "Go back to the page and use its buttons.",
    },
    bad_request: FailureWords {
        what: "This address or form makes no sense",
        why: "The value of “{name}” is not understood, or cannot be.",
        now: "Correct it, or go back.",
    },
    too_large: FailureWords {
        what: "The form is too large",
        why: "A form may have at most 2 MB.",
        now: "Use the API for what is larger.",
    },
    changed: FailureWords {
        what: "Somebody changed it meanwhile",
        why: "The flow is no longer at the version you saw. Nothing was done.",
        now: "Look at the history, and repeat it on the version there is now.",
    },
    sent_otherwise: FailureWords {
        what: "This form was sent before",
        why: "It was sent with something else in it; what you sent now was not done.",
        now: "Open the page again and repeat.",
    },
    called: FailureWords {
        what: "Other flows use it",
        why: "Flows in force call this one. Nothing was done.",
        now: "Change those that call it first.",
    },
    not_published: FailureWords {
        what: "It is not published",
        why: "This takes a flow that is published.",
        now: "Look at the state of the flow.",
    },
    erased: FailureWords {
        what: "The content was erased",
        why: "The content of this version was erased on legal demand. What happened, and who did it, stays in the history.",
        now: "Choose another version.",
    },
    findings: FailureWords {
        what: "It has errors",
        why: "What is asked for has errors. Nothing was done.",
        now: "Correct what is named.",
    },
    rate: FailureWords {
        what: "Too many requests",
        why: "Your key or your organization makes more requests than it may.",
        now: "Wait a moment.",
    },
    overloaded: FailureWords {
        what: "There is too much to do",
        why: "More requests are under way than the service can answer in time. Nothing was done.",
        now: "Wait a moment.",
    },
    unavailable: FailureWords {
        what: "The database does not answer",
        why: "At the moment nothing can be read or changed.",
        now: "Wait a moment. What you wrote in a form is still there if you go back.",
    },
    outcome_unknown: FailureWords {
        what: "It may have been done",
        why: "It may have been done. Look at the history before you repeat.",
        now: "If you go back and send the same form, it is not done twice.",
    },
    internal: FailureWords {
        what: "Something went wrong",
        why: "The service failed. The cause is in its log, under the id of this request.",
        now: "If it happens again, report that id.",
    },
    again_in: "Trying again in {seconds} s",
    try_again: "Try again",
    request_id: "Request id",
    to_flows: "Go to the flows",
    sign_in: "Sign in",
    allows: scopes::en,
};
