//! The flow to look at for who has none yet: a menu, a question with a rule, a branch and a hand-over.

use serde_json::{Value, json};

use crate::outline::DisplayLanguage;

/// The example, in the language of whoever tries it.
pub fn example(language: DisplayLanguage) -> Value {
    let words = match language {
        DisplayLanguage::Es => &ES,
        DisplayLanguage::En => &EN,
    };
    json!({
        "name": words.name,
        "description": words.description,
        "triggerType": "KEYWORD",
        "triggerConfig": { "keywords": words.keywords, "matchMode": "EXACT" },
        "settings": { "locale": words.locale },
        "variables": [
            { "name": "order", "type": "string" },
        ],
        "steps": [
            { "id": "menu", "type": "choice", "text": words.menu, "options": [
                { "id": "order", "title": words.order },
                { "id": "person", "title": words.person, "next": "person" },
              ],
              "retry": { "max": 2, "text": words.retry, "next": "person" },
              "timeout": { "after": "PT1H" } },
            { "id": "number", "type": "ask", "text": words.ask, "saveTo": "order",
              "pattern": "^[0-9]{4,10}$", "retry": { "max": 2, "text": words.wrong, "next": "person" },
              "timeout": { "after": "PT1H" } },
            { "id": "answer", "type": "message", "text": words.answer, "next": "bye" },
            { "id": "person", "type": "handoff", "text": words.handoff },
            { "id": "bye", "type": "end", "text": words.bye },
        ],
    })
}

struct ExampleWords {
    locale: &'static str,
    name: &'static str,
    description: &'static str,
    keywords: [&'static str; 2],
    menu: &'static str,
    order: &'static str,
    person: &'static str,
    retry: &'static str,
    ask: &'static str,
    wrong: &'static str,
    answer: &'static str,
    handoff: &'static str,
    bye: &'static str,
}

const ES: ExampleWords = ExampleWords {
    locale: "es",
    name: "Ejemplo: ¿dónde está mi pedido?",
    description: "Un flujo de ejemplo: pregunta por un pedido o pasa a una persona.",
    keywords: ["pedido", "ayuda"],
    menu: "Hola, ¿en qué te ayudo?",
    order: "Mi pedido",
    person: "Hablar con alguien",
    retry: "Elige una de las opciones, por favor.",
    ask: "¿Cuál es el número de tu pedido?",
    wrong: "El número tiene de 4 a 10 cifras.",
    answer: "Gracias. Buscamos el pedido {{ order }} y te escribimos.",
    handoff: "Te paso con una persona.",
    bye: "¡Hasta pronto!",
};

const EN: ExampleWords = ExampleWords {
    locale: "en",
    name: "Example: where is my order?",
    description: "A flow to try: it asks for an order, or hands over to a person.",
    keywords: ["order", "help"],
    menu: "Hello, how can I help you?",
    order: "My order",
    person: "Talk to somebody",
    retry: "Please choose one of the options.",
    ask: "What is the number of your order?",
    wrong: "The number has 4 to 10 digits.",
    answer: "Thank you. We look for order {{ order }} and write to you.",
    handoff: "I hand you over to a person.",
    bye: "See you soon!",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::document::Canonical;
    use crate::flow::validation;

    #[test]
    fn the_example_can_be_published() {
        for language in [DisplayLanguage::Es, DisplayLanguage::En] {
            let canonical = Canonical::create(example(language)).unwrap();
            assert_eq!(validation::findings(&canonical), [], "{language:?}");
        }
    }
}
