//! One story over the commands: a flow is made, edited by two, broken, repaired, deleted and brought back; before each
//! turn it is looked at as it was.

use serde_json::json;

use super::{Desk, assert_steady, desk};

/// What was typed, and what came of it.
struct Notes<'d> {
    desk: &'d Desk,
    text: String,
}

impl Notes<'_> {
    fn type_in(&mut self, arguments: &[&str]) {
        self.text += &self.desk.run(arguments).shown();
        self.text.push('\n');
    }

    fn tell(&mut self, what: &str) {
        self.text += &format!("# {what}\n\n");
    }

    /// The list at each position of the log from `first` on.
    async fn look_back(&mut self, first: i64) {
        for position in first..=self.desk.api.events().await {
            self.type_in(&["flows", "list", "--all", "--as-of", &format!("position:{position}")]);
        }
    }
}

#[tokio::test]
async fn a_flow_is_broken_found_and_put_back() {
    let desk = desk().await;
    let (ana, beto) =
        (desk.api.key.clone(), desk.api.new_key(desk.api.org_id, json!({"name": "beto"})).await);
    // Two keys came before; the support person's is the third.
    let first = desk.api.events().await + 1;
    let mut notes = Notes { desk: &desk, text: String::new() };

    notes.tell("A flow is made, edited five times by two keys, published, edited badly and published again.");
    let hello = json!({"id": "hola", "type": "message", "text": "¡Hola!"});
    let flow = desk.change(&ana, "POST", "", json!({"name": "Alta de clientes", "steps": [hello]})).await;
    let id = flow["id"].as_str().unwrap();
    let path = format!("/{id}");
    let ask = json!({"id": "nombre", "type": "ask", "text": "¿Cómo te llamas?", "saveTo": "nombre",
        "retry": {"max": 1, "next": "fin"}, "timeout": {"after": "PT1H", "next": "fin"}});
    let end = json!({"id": "fin", "type": "end", "text": "Gracias, {{ nombre | default('amigo') }}."});
    let variables = json!([{"name": "nombre", "type": "string"}]);
    let edits = [
        (&ana, json!({"variables": variables, "steps": [hello, ask, end]})),
        (&beto, json!({"phoneNumberId": "109876543210987"})),
        (&ana, json!({"triggerType": "KEYWORD", "triggerConfig": {"keywords": ["alta"]}})),
        (&beto, json!({"description": "Saluda y pregunta el nombre."})),
        (&ana, json!({"settings": {"locale": "es-MX"}})),
    ];
    for (key, edit) in edits {
        desk.change(key, "PATCH", &path, edit).await;
    }
    desk.change(&ana, "POST", &format!("{path}/publish"), json!({"label": "primera"})).await;
    let shout = json!({"id": "hola", "type": "message", "text": "HOLA \u{1b}[31mCOMPRA YA\u{1b}[0m"});
    desk.change(&beto, "PATCH", &path, json!({"steps": [shout, end]})).await;
    desk.change(&beto, "POST", &format!("{path}/publish"), json!({})).await;

    notes.tell("A person calls. What happened?");
    notes.type_in(&["flows", "list"]);
    notes.type_in(&["flows", "history", "Alta de clientes"]);
    notes.type_in(&["flows", "show", "alta"]);
    notes.type_in(&["flows", "diff", "alta", "7", "9"]);
    notes.type_in(&["flows", "diff", "alta", "7", "9", "--patch"]);
    notes.type_in(&["flows", "blame", "alta"]);
    notes.tell("Version 7 worked. Does it still?");
    notes.type_in(&["flows", "show", "alta", "--version", "7"]);
    notes.type_in(&["flows", "test", "alta", "--version", "7", "--message", "Ana"]);
    notes.tell("It is put back.");
    notes.type_in(&["flows", "restore", "alta", "7", "--dry-run", "--live"]);
    notes.type_in(&["flows", "restore", "alta", "7", "--live", "--reason", "volver a lo que servía"]);
    let reason = ["--reason", "volver a lo que servía", "--on-behalf-of", "Ana Pérez", "--yes"];
    notes.type_in(&[&["flows", "restore", "alta", "7", "--live"], &reason[..]].concat());
    notes.tell("Somebody deletes the flow. It comes back under its id.");
    desk.change(&beto, "DELETE", &path, json!({})).await;
    notes.type_in(&["flows", "list"]);
    notes.type_in(&["flows", "list", "--deleted"]);
    notes.type_in(&["flows", "show", "alta"]);
    notes.type_in(&["flows", "restore", id, "9", "--reason", "borrado por error", "--yes"]);
    notes.type_in(&["flows", "history", "alta", "--limit", "3"]);
    notes.tell("Before each of it:");
    notes.look_back(first).await;
    assert_steady("story", &notes.text);
}
