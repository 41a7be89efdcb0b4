//! The words of the picture in the languages of those who look at it. What step types are called, their declarations say.

use crate::flow::document::step_type;

/// Every word that a picture says in one language.
#[derive(Debug)]
pub struct PictureWords {
    /// The picture as a whole, by steps and exits.
    pub summary: fn(usize, usize) -> String,
    pub no_steps: &'static str,
    /// Which step of how many.
    pub step: fn(usize, usize) -> String,
    pub leads_to: &'static str,
    pub and_more: fn(usize) -> String,
    pub end: &'static str,
    pub resume: &'static str,
    pub missing: &'static str,
    pub unreached: &'static str,
    pub everywhere: &'static str,
    /// Of words in Spanish and in English those of this language.
    pub of_both: fn([&'static str; 2]) -> &'static str,
    pub otherwise: &'static str,
    pub timeout: &'static str,
    pub retries_exhausted: &'static str,
    pub error: &'static str,
    pub empty: &'static str,
    pub skip: &'static str,
    pub interrupt: &'static str,
    pub errors: fn(usize) -> String,
    pub warnings: fn(usize) -> String,
    pub added: &'static str,
    pub removed: &'static str,
    pub changed: &'static str,
    /// The five ages of a change, from new to old.
    pub ages: [&'static str; 5],
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

impl PictureWords {
    pub const ES: Self = Self {
        summary: |steps, exits| {
            let (steps, exits) = (counted(steps, "paso", "pasos"), counted(exits, "salida", "salidas"));
            format!("Dibujo: {steps}, {exits}; lo mismo que el esquema")
        },
        no_steps: "Aún no hay pasos",
        step: |step, steps| format!("paso {step} de {steps}"),
        leads_to: "lleva a",
        and_more: |more| format!("{more} más"),
        end: "fin",
        resume: "vuelve a donde estaba",
        missing: "no existe",
        unreached: "no se llega nunca",
        everywhere: "Desde cualquier paso",
        of_both: |[es, _]| es,
        otherwise: "si no",
        timeout: "sin respuesta",
        retries_exhausted: "sin intentos",
        error: "error",
        empty: "sin opciones",
        skip: "se salta",
        interrupt: "interrupción",
        errors: |count| counted(count, "error", "errores"),
        warnings: |count| counted(count, "advertencia", "advertencias"),
        added: "añadido",
        removed: "quitado",
        changed: "cambiado",
        ages: ["hoy", "esta semana", "este mes", "este año", "antes"],
    };

    pub const EN: Self = Self {
        summary: |steps, exits| {
            let (steps, exits) = (counted(steps, "step", "steps"), counted(exits, "exit", "exits"));
            format!("Picture: {steps}, {exits}; same as the outline")
        },
        no_steps: "No steps yet",
        step: |step, steps| format!("step {step} of {steps}"),
        leads_to: "leads to",
        and_more: |more| format!("{more} more"),
        end: "end",
        resume: "back to where it was",
        missing: "does not exist",
        unreached: "never reached",
        everywhere: "From every step",
        of_both: |[_, en]| en,
        otherwise: "else",
        timeout: "no answer",
        retries_exhausted: "no tries left",
        error: "error",
        empty: "no options",
        skip: "skipped",
        interrupt: "interrupt",
        errors: |count| counted(count, "error", "errors"),
        warnings: |count| counted(count, "warning", "warnings"),
        added: "added",
        removed: "removed",
        changed: "changed",
        ages: ["today", "this week", "this month", "this year", "before"],
    };

    /// A step type in words.
    pub fn kind(&self, name: &'static str) -> &'static str {
        step_type(name).map_or(name, |known| (self.of_both)(known.words))
    }
}
