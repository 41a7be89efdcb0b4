//! A flow that is hard to draw: what is measured, and what tests pin.

use serde_json::{Value, json};

/// A dense flow as authors build them: chapters of menus, questions and conditions, with hubs that many lead to.
pub fn dense(steps: usize) -> Value {
    let step = |index: usize| {
        let id = format!("paso_{index}");
        let near = |ahead: usize| format!("paso_{}", (index + ahead).min(steps - 1));
        match index % 6 {
            0 => {
                json!({ "id": id, "type": "message", "text": format!("Este es el paso {index} de la conversación.") })
            }
            1 => json!({ "id": id, "type": "ask", "text": "¿Cómo te llamas?", "saveTo": "nombre",
                "retry": { "max": 2, "next": "agente" }, "timeout": { "after": "PT1H", "next": "despedida" } }),
            2 => json!({ "id": id, "type": "choice", "text": "¿Qué necesitas hoy?", "options": [
                { "id": "a", "title": "Básico", "next": near(1) }, { "id": "b", "title": "Pro", "next": near(3) },
                { "id": "c", "title": "Empresa", "next": near(7) }, { "id": "d", "title": "Volver", "next": "paso_0" } ] }),
            3 => json!({ "id": id, "type": "branch", "cases": [
                { "when": "nombre == 'Ana'", "next": near(2), "label": "Es Ana" } ], "else": near(1) }),
            4 => {
                json!({ "id": id, "type": "http", "url": "https://api.example.com/v1/clientes", "onError": "fallo",
                "on": [{ "status": "404", "next": near(5) }] })
            }
            _ => {
                json!({ "id": id, "type": "set", "assign": [{ "variable": "nombre", "value": index.to_string() }] })
            }
        }
    };
    let mut all: Vec<Value> = (0..steps - 3).map(step).collect();
    all.push(json!({ "id": "fallo", "type": "message", "text": "Algo no ha ido bien.", "next": "agente" }));
    all.push(json!({ "id": "despedida", "type": "end", "text": "¡Hasta pronto!" }));
    all.push(json!({ "id": "agente", "type": "handoff", "text": "Te paso con una persona." }));
    let last = steps - 4;
    let text = serde_json::to_string(&all).expect("steps are JSON");
    // Targets ahead of the last chapter are the hub.
    let text =
        (last + 1..=steps).fold(text, |text, gone| text.replace(&format!("\"paso_{gone}\""), "\"agente\""));
    json!({ "name": format!("Denso, {steps} pasos"), "variables": [{ "name": "nombre", "type": "string" }],
        "settings": { "onError": "fallo" }, "interrupts": [{ "keywords": ["agente", "humano"], "next": "agente" }],
        "steps": serde_json::from_str::<Value>(&text).expect("ids were put in the place of ids") })
}
