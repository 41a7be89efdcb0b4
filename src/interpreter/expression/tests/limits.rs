//! Sources that would work for ever or grow without end.

use super::*;

#[test]
fn hostile_sources_stay_within_their_limits() {
    let big: Vec<Json> = (0..2000).map(|i| json!([i, "x".repeat(50)])).collect();
    let scope = scope(&json!({"big": big, "same": big, "word": "a".repeat(60_000), "n": 100_000_000}));
    let nested = format!("{}'a'{} | string", "[".repeat(5), "] * 99".repeat(5));
    let loops = format!("{}x{}", "{% for i in range(100) %}".repeat(4), "{% endfor %}".repeat(4));
    let too_deep = format!("{}x{}", "{% for i in [1] %}".repeat(32), "{% endfor %}".repeat(32));
    for source in ["word * n", "word * 30 * 30", &nested, "'a' | replace('', word) | replace('a', word)"] {
        let code = evaluate(source, &scope).unwrap_err().code;
        assert!([code::EXPR_LIMIT, code::EXPR_TYPE].contains(&code), "{source}: {code}");
    }
    for source in [
        "{% for i in range(100) %}{% for j in range(100) %}{% if big == same %}{% endif %}{% endfor %}{% endfor %}",
        "{% for i in range(100) %}{{ big | sort | length }}{% endfor %}",
        "{% for i in range(100) %}{% if [big] in [[same], [same], 1] %}{% endif %}{% endfor %}",
        "{% for i in range(100) %}{{ big | unique | length }}{{ word | fold | length }}{% endfor %}",
        "{% for i in range(100) %}{{ matches(word, '([a-z]{10,60}){1,8}x') }}{% endfor %}",
        "{% for i in range(100) %}{{ word }}{% endfor %}",
        "{% for i in range(100) %}{{ word | trim(word) }}{% endfor %}",
        &loops,
        &too_deep,
    ] {
        assert_eq!(render_text(source, &scope).unwrap_err().code, code::EXPR_LIMIT, "{source}");
    }
}

#[test]
fn the_fuel_of_a_run_ends() {
    let scope = scope(&json!({"word": "a"}));
    let source = "{% for i in range(100) %}{% for j in range(20) %}{{ word ~ i }}{% endfor %}{% endfor %}";
    let CompiledText::Template(template) =
        CompiledText::compile(source, String::new(), &scope.names).unwrap()
    else {
        panic!("a template")
    };
    let mut evaluator = Evaluator::new(&AtOnce);
    let end = (0..2000).find_map(|_| render(&template, &scope, &mut evaluator).err());
    assert_eq!(end.map(|error| error.code), Some(code::FUEL_BUDGET));
}
