//! Expressions and templates against expected results; their limits and laws beside.

mod laws;
mod limits;
mod moments;
mod order;

use serde_json::{Value as Json, json};

use super::*;
use crate::interpreter::canonical;
use crate::interpreter::locale::Locale;
use crate::interpreter::pace::AtOnce;
use crate::interpreter::value::from_json;

fn scope(variables: &Json) -> Arc<EvaluationScope> {
    let variables = variables.as_object().unwrap();
    let names = Names::new(variables.keys().map(String::as_str), ["ask_name", "my-id"]);
    let record = |value: &str| StepRecord {
        value: Value::from(value),
        outcome: Value::UNDEFINED,
        visits: 2,
        status: "ok",
        error: Value::UNDEFINED,
    };
    let mut shared = Shared {
        contact: from_json(&json!({"name": "Ana", "tags": ["vip"], "attributes": {"plan": null}})),
        now: Value::from("2025-01-01T12:00:00.000Z"),
        today: Value::from("2025-01-01"),
        locale: Locale::new("es"),
        ..Shared::default()
    };
    shared.zone = chrono_tz::Tz::America__Bogota;
    Arc::new(EvaluationScope {
        variables: variables.values().map(from_json).collect(),
        names: Arc::new(names),
        steps: vec![record("Ana"), record("x")],
        shared,
        ..EvaluationScope::default()
    })
}

/// The canonical result, or the code of the error.
fn outcome(result: Result<Value, StepError>) -> String {
    match result {
        Ok(value) => canonical::text(&value),
        Err(error) => error.code.to_owned(),
    }
}

fn evaluate(source: &str, scope: &Arc<EvaluationScope>) -> Result<Value, StepError> {
    let expression = CompiledExpression::compile(source, "/at".to_owned(), &scope.names).expect(source);
    expression.evaluate(scope, &mut Evaluator::new(&AtOnce))
}

fn render_text(source: &str, scope: &Arc<EvaluationScope>) -> Result<Rendered, StepError> {
    match CompiledText::compile(source, "/at".to_owned(), &scope.names).expect(source) {
        CompiledText::Literal(text) => Ok(Rendered { text, nulls: Vec::new(), missing: Vec::new() }),
        CompiledText::Template(template) => render(&template, scope, &mut Evaluator::new(&AtOnce)),
    }
}

fn variables() -> Json {
    json!({
        "n": 5, "x": 2.5, "t": "Ñandú", "b": true, "nada": null, "list": [3, 1, 2], "empty": [],
        "order": {"id": "A-1", "customer": {"name": "Luz"}, "eta": null, "items": [{"sku": "a", "qty": 2}, {"sku": "b", "qty": 1}]},
        "fecha": "2025-02-28", "instante": "2025-01-01T02:30:00Z",
    })
}

#[test]
fn expressions_evaluate_as_the_format_says() {
    let scope = scope(&variables());
    let cases: &[(&str, &str)] = &[
        ("n >= 5 and t == 'Ñandú'", "true"),
        ("1 < n <= 5", "true"),
        ("n + 1", "6"),
        ("n / 2", "2.5"),
        ("10 / n", "2"),
        ("n // 2 + n % 2", "3"),
        ("2 ** 10", "1024"),
        ("2 ** 53", "NUMBER_RANGE"),
        ("9007199254740991 + n", "NUMBER_RANGE"),
        ("n / 0", "NUMBER_RANGE"),
        ("n * x", "12.5"),
        ("t * 2", "\"ÑandúÑandú\""),
        ("list * n", "EXPR_TYPE"),
        ("[0] * 3", "[0,0,0]"),
        ("t ~ ' ' ~ b ~ ' ' ~ 10 / 2 ~ ' ' ~ list", "\"Ñandú true 5 3, 1, 2\""),
        // Kinds never mix.
        ("'5' == 5", "false"),
        ("b == 1", "false"),
        ("1 == true", "false"),
        ("[true] == [1]", "false"),
        ("n == 5.0", "true"),
        ("n != 5", "false"),
        ("order.items[0] == {'sku': 'a', 'qty': 2}", "true"),
        ("b in [1, 2]", "false"),
        ("n in [1, 5]", "true"),
        ("'and' in t", "true"),
        ("'id' in order and 'eta' not in order", "true"),
        ("n in list", "false"),
        ("n not in list", "true"),
        // Undefined.
        ("nada is defined", "false"),
        ("nada", "null"),
        ("nada or 'x'", "\"x\""),
        ("not nada", "true"),
        ("nada | default('x')", "\"x\""),
        ("'' | default('x', true)", "\"x\""),
        ("order.eta is undefined", "true"),
        ("nada < 18", "EXPR_UNDEFINED"),
        ("nada == 'x'", "EXPR_UNDEFINED"),
        ("nada + 1", "EXPR_UNDEFINED"),
        ("-nada", "EXPR_UNDEFINED"),
        ("nada * 2", "EXPR_UNDEFINED"),
        ("nada ~ 'x'", "EXPR_UNDEFINED"),
        ("nada.b", "EXPR_UNDEFINED"),
        ("order.nope.deeper", "EXPR_UNDEFINED"),
        ("nada | upper", "EXPR_UNDEFINED"),
        ("nada | length", "EXPR_UNDEFINED"),
        ("1 in nada", "EXPR_UNDEFINED"),
        ("nada[1:]", "EXPR_UNDEFINED"),
        ("'a' if nada", "null"),
        ("'a' if n else 'b'", "\"a\""),
        // Namespaces.
        ("vars.n + vars['n']", "10"),
        ("contact.name ~ contact.tags[0]", "\"Anavip\""),
        ("has_tag('vip') and not has_tag('x')", "true"),
        ("steps.ask_name.value", "\"Ana\""),
        ("steps['my-id'].visits", "2"),
        ("steps.nope is defined", "false"),
        ("secrets.KEY is defined", "false"),
        // A path that is asked whether it is there may end anywhere on the way.
        ("nada.b.c is defined", "false"),
        ("order.nope.deeper is undefined and order.id is defined", "true"),
        ("(order.nope.deeper | default('x')) == 'x'", "true"),
        ("['a', nada.b | default('x')]", "[\"a\",\"x\"]"),
        ("(nada.b ~ 'x') | default('y')", "EXPR_UNDEFINED"),
        ("nada[t].b is defined", "false"),
        ("order[nada].b | default('x')", "\"x\""),
        ("order['cust' ~ 'omer'].name | default('x')", "\"Luz\""),
        ("list[n].a.b is undefined", "true"),
        ("today", "\"2025-01-01\""),
        // Filters.
        ("-7 | abs", "7"),
        ("list | sort | first", "1"),
        ("list | sort(reverse=true)", "[3,2,1]"),
        ("list | min + list | max + list | sum", "10"),
        ("order['items'] | map(attribute='sku') | join('-')", "\"a-b\""),
        ("order['items'] | sum('qty')", "3"),
        ("order['items'] | selectattr('qty', 'odd') | map(attribute='sku') | list", "[\"b\"]"),
        ("list | select('odd') | list", "[3,1]"),
        ("list | reject('odd') | list", "[2]"),
        ("order['items'] | rejectattr('qty', 'even') | length", "1"),
        ("['a', 'A', 'b'] | unique | list", "[\"a\",\"b\"]"),
        ("range(10) | slice(3) | first", "[0,1,2,3]"),
        ("list | last", "2"),
        ("order.customer | items", "[[\"name\",\"Luz\"]]"),
        ("list | items", "EXPR_TYPE"),
        ("empty | first | default('-')", "\"-\""),
        ("list | reverse", "[2,1,3]"),
        ("t | reverse | length", "5"),
        ("'a,b' | split(',')", "[\"a\",\"b\"]"),
        ("' a  b ' | split", "[\"a\",\"b\"]"),
        ("'hola mundo' | title", "\"Hola Mundo\""),
        ("'hOLA' | capitalize ~ ('x' | upper) ~ ('Y' | lower)", "\"HolaXy\""),
        ("'  x ' | trim", "\"x\""),
        ("'a-b-c' | replace('-', '+')", "\"a+b+c\""),
        ("'12' | int + '1.5' | float", "13.5"),
        ("'12.9' | int", "12"),
        ("'doce' | int", "EXPR_TYPE"),
        ("'doce' | int(0)", "0"),
        ("'nan' | float", "EXPR_TYPE"),
        ("true | int", "1"),
        ("2.567 | round(2)", "2.57"),
        ("n | string", "\"5\""),
        ("b | string ~ (list | string)", "\"true3, 1, 2\""),
        ("order.customer | tojson", "\"{\\\"name\\\":\\\"Luz\\\"}\""),
        ("'a b/ñ' | urlencode", "\"a%20b/%C3%B1\""),
        ("{'a': 'x y', 'b': n} | urlencode", "\"a=x%20y&b=5\""),
        ("'abcdef' | truncate(4)", "\"abc…\""),
        ("'+52 (55) 1234' | digits", "\"52551234\""),
        ("'¡Ñandú  SÍ!' | fold", "\"nandu si\""),
        ("'12345678' | mask(4)", "\"••••5678\""),
        ("1234.5 | money('EUR')", "\"1.234,50 EUR\""),
        ("fecha | date('%A %d de %B')", "\"viernes 28 de febrero\""),
        ("instante | date('%d/%m/%Y %H:%M')", "\"31/12/2024 21:30\""),
        ("'09:30' | date('%H h')", "\"09 h\""),
        ("'09:30' | date('%d')", "EXPR_TYPE"),
        ("fecha | date('%Q')", "EXPR_TYPE"),
        ("fecha | add('P1D')", "\"2025-03-01\""),
        ("'2025-01-31' | add('P1M')", "\"2025-02-28\""),
        ("fecha | add('-P1Y')", "\"2024-02-28\""),
        ("'23:30' | add('PT45M')", "\"00:15\""),
        ("instante | add('PT1H')", "\"2024-12-31T22:30-05:00\""),
        ("fecha | diff(today, 'days')", "58"),
        ("fecha | diff('2024-03-01', 'months')", "11"),
        ("fecha | diff(today, 'lustros')", "EXPR_TYPE"),
        ("fecha | weekday", "5"),
        // Tests.
        ("t is string and n is number and n is integer and x is float", "true"),
        ("list is sequence and order is mapping and b is boolean and b is not number", "true"),
        ("n is odd and 4 is even", "true"),
        ("n is in [5] and t is startingwith('Ñ') and t is endingwith('dú')", "true"),
        // Functions.
        ("range(3)", "[0,1,2]"),
        ("range(5, 0, -2)", "[5,3,1]"),
        ("range(101)", "EXPR_LIMIT"),
        ("matches(t, '^Ñ')", "true"),
        ("has_any_word('Quiero una CITA ya', 'cita', 'turno')", "true"),
        ("has_any_word('citación', 'cita')", "false"),
        ("has_all_words('una cita mañana', 'manana', 'cita')", "true"),
        ("has_phrase('por favor, quiero ya', 'favor quiero')", "true"),
        // Slices and literals.
        ("list[1:]", "[1,2]"),
        ("list[::-1]", "[2,1,3]"),
        ("t[0]", "\"Ñ\""),
        ("(1, 2)", "[1,2]"),
        ("{'a': [1, nada]}", "{\"a\":[1,null]}"),
        ("{n: 1}", "EXPR_TYPE"),
    ];
    for (source, expected) in cases {
        assert_eq!(outcome(evaluate(source, &scope)), *expected, "{source}");
    }
}

#[test]
fn templates_render_as_the_format_says() {
    let scope = scope(&variables());
    let cases: &[(&str, &str, usize)] = &[
        ("Hola {{ contact.name }}.", "\"Hola Ana.\"", 0),
        ("{{ n }} {{ x }} {{ b }} {{ list }}", "\"5 2.5 true 3, 1, 2\"", 0),
        ("{{ order.customer }}", "\"{\\\"name\\\":\\\"Luz\\\"}\"", 0),
        ("[{{ nada }}{{ order.nope.deeper }}{{ order.eta }}]", "\"[]\"", 3),
        ("{{ order.nope.deeper | default('?') | upper }}", "\"?\"", 0),
        ("{{ nada | default('(sin)', true) }}", "\"(sin)\"", 0),
        ("{% if nada %}a{% else %}b{% endif %}\n", "\"b\\n\"", 0),
        ("{% if nada < 18 %}a{% endif %}", "EXPR_UNDEFINED", 0),
        (
            "{% for i in order['items'] %}{{ loop.index }}{{ i.sku }}{{ i.nope }} {% endfor %}",
            "\"1a 2b \"",
            2,
        ),
        ("{% for k in empty %}x{% else %}-{% endfor %}", "\"-\"", 0),
        ("{# nota #}a{{- ' b ' -}} c", "\"a b c\"", 0),
        ("{{ nada | upper }}", "EXPR_UNDEFINED", 0),
        ("{{ '<b>' }} & \"", "\"<b> & \\\"\"", 0),
        ("{{ 'a' if nada }}", "\"\"", 0),
    ];
    for (source, expected, nulls) in cases {
        let rendered = render_text(source, &scope);
        let count = rendered.as_ref().map_or(0, |rendered| rendered.nulls.len());
        assert_eq!(outcome(rendered.map(|rendered| rendered.text)), *expected, "{source}");
        assert_eq!(count, *nulls, "{source}");
    }
}

#[test]
fn errors_name_the_place_and_what_was_undefined() {
    let scope = scope(&variables());
    let error = evaluate("n > 1 and nada < 18", &scope).unwrap_err();
    assert_eq!(error.message, "`nada` is undefined.");
    assert_eq!(error.pointer.as_deref(), Some("/at"));
    assert_eq!(error.position, Some(Position { offset: 10, length: 4 }));
    let error = render_text("¡Ñandú! {{ order.eta | upper }}", &scope).unwrap_err();
    assert_eq!(error.message, "`order.eta` is undefined.");
    assert_eq!(error.position.map(|p| p.offset), Some(11));
}

#[test]
fn a_value_position_keeps_the_kind() {
    let scope = scope(&variables());
    let compiled = ValueTemplate::compile(
        &json!({"n": "{{ n }}", "s": "{{ n }}!", "deep": "{{ order.nope.deeper }}", "k": [1, "{{ list }}"]}),
        "/value",
        &scope.names,
    );
    let ValueTemplate::Object(members) = compiled.unwrap() else { panic!("an object") };
    let mut evaluator = Evaluator::new(&AtOnce);
    for (name, template) in members {
        match (&*name, template) {
            ("n" | "deep", ValueTemplate::Native(source)) => {
                let value = native(&source, &scope, &mut evaluator).unwrap();
                assert_eq!(canonical::text(&value), if &*name == "n" { "5" } else { "null" });
            }
            ("s", ValueTemplate::Text(source)) => {
                assert_eq!(render(&source, &scope, &mut evaluator).unwrap().text.as_str(), Some("5!"));
            }
            ("k", ValueTemplate::List(items)) => {
                assert!(matches!(items[..], [ValueTemplate::Literal(_), ValueTemplate::Native(_)]))
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_the_language_lacks_is_refused() {
    let names = Names::default();
    for source in [
        "{% set a = 1 %}",
        "{% include 'a' %}",
        "{% macro m() %}{% endmacro %}",
        "{% extends 'a' %}",
        "{% with a = 1 %}{% endwith %}",
        "{% filter upper %}a{% endfilter %}",
        "{{ debug() }}",
        "{{ x | pprint }}",
        "{{ x.items() }}",
        "{{ namespace() }}",
        "{{ x is sameas(x) }}",
        "{{ matches(x, y) }}",
        "{{ matches(x, '(') }}",
        "{% for a in b recursive %}{% endfor %}",
        "{{ range(*x) }}",
        "{{ x",
        "{% if %}",
    ] {
        assert!(CompiledText::compile(source, String::new(), &names).is_err(), "{source}");
    }
    let bad = CompiledExpression::compile("edad >> 3", "/steps/0/when".to_owned(), &names).unwrap_err();
    assert_eq!(bad.pointer, "/steps/0/when");
}
