//! Yes and no.

use crate::flow::text::{fold, has_other_digits};
use crate::interpreter::value::Value;

const YES: [&str; 12] = ["si", "s", "yes", "y", "claro", "ok", "vale", "correcto", "true", "1", "sim", "oui"];
const NO: [&str; 6] = ["no", "n", "false", "0", "nao", "non"];

pub fn boolean(text: &str) -> Option<Value> {
    if has_other_digits(text) {
        return None;
    }
    let folded = fold(text);
    if YES.contains(&&*folded) {
        return Some(Value::from(true));
    }
    NO.contains(&&*folded).then(|| Value::from(false))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use crate::flow::document::Input;

    #[test]
    fn yes_and_no_are_folded_words() {
        check(
            Input::Boolean,
            &[
                ("¡Sí!", "es", "true"),
                ("VALE", "es", "true"),
                ("1", "es", "true"),
                ("Não.", "pt", "false"),
                ("no", "es", "false"),
                ("nope", "es", "-"),
                ("Sí\u{200f}", "es", "true"),
                ("*no*", "es", "false"),
                ("١", "ar", "true"),
                ("¹", "es", "-"),
                ("sí sí", "es", "-"),
            ],
        );
    }
}
