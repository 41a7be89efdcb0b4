//! What compares with what: only values of one kind have an order, wherever they are compared.

use serde_json::json;

use super::*;

fn check(cases: &[(&str, &str)]) {
    let scope = scope(&json!({
        "five": 5, "text": "5", "yes": true, "nada": null, "list": [1, 2], "object": {"a": 1},
        "mixed": [3, "2", 1], "holes": [3, null, 1], "words": ["b", "Á", "a", "C"],
        "rows": [{"n": 2, "t": "b"}, {"n": 10, "t": "a"}, {"n": 2, "t": "a"}], "gaps": [{"n": 1}, {"n": null}],
    }));
    for (source, expected) in cases {
        assert_eq!(outcome(evaluate(source, &scope)), *expected, "{source}");
    }
}

#[test]
fn different_kinds_have_no_order() {
    let kinds = ["5", "'5'", "true", "[1]", "{'a': 1}"];
    let names = ["five", "text", "yes", "list", "object"];
    for (one, left) in names.iter().chain(&kinds).enumerate() {
        for (other, right) in names.iter().chain(&kinds).enumerate() {
            let is_same = one % 5 == other % 5 && one % 5 != 4;
            for operator in ["<", "<=", ">", ">="] {
                let source = format!("{left} {operator} {right}");
                let told = outcome(evaluate(
                    &source,
                    &scope(&json!({
                        "five": 5, "text": "5", "yes": true, "list": [1], "object": {"a": 1}
                    })),
                ));
                let expected =
                    if is_same { (operator.len() == 2).to_string() } else { "EXPR_TYPE".to_owned() };
                assert_eq!(told, expected, "{source}");
            }
        }
    }
    let error = evaluate("text > 18", &scope(&json!({"text": "5"}))).unwrap_err();
    assert_eq!(error.message, "A text and a number have no order.");
}

#[test]
fn comparisons_in_a_row_stop_at_the_first_that_does_not_hold() {
    check(&[
        ("1 < five <= 5", "true"),
        ("1 < five < text", "EXPR_TYPE"),
        ("9 < five < text", "false"),
        ("9 < five < nada", "false"),
        ("1 < five < nada", "EXPR_UNDEFINED"),
        ("five == 5 != text", "true"),
        ("1 == true == 1", "false"),
    ]);
}

#[test]
fn lists_are_ordered_when_their_items_are_of_one_kind() {
    check(&[
        ("mixed | sort", "EXPR_TYPE"),
        ("mixed | min", "EXPR_TYPE"),
        ("mixed | max", "EXPR_TYPE"),
        ("mixed | unique | list", "[3,\"2\",1]"),
        ("[object, object] | sort", "EXPR_TYPE"),
        ("[object] | sort", "[{\"a\":1}]"),
        ("holes | sort", "EXPR_UNDEFINED"),
        ("holes | min", "EXPR_UNDEFINED"),
        ("holes | select('defined') | sort", "[1,3]"),
        ("nada | sort", "EXPR_UNDEFINED"),
        ("five | sort", "EXPR_TYPE"),
        ("[] | sort", "[]"),
        ("[] | min", "null"),
        ("words | sort", "[\"a\",\"b\",\"C\",\"Á\"]"),
        ("words | sort(case_sensitive=true)", "[\"C\",\"a\",\"b\",\"Á\"]"),
        ("['Á', 'á', 'a'] | unique", "[\"Á\",\"a\"]"),
        ("['a', 'A'] | unique(case_sensitive=true)", "[\"a\",\"A\"]"),
        ("['b', 'B', 'a', 'A'] | max", "\"b\""),
        ("['b', 'B', 'a', 'A'] | min", "\"a\""),
        ("rows | sort(attribute='n,t') | map(attribute='t') | join", "\"aba\""),
        ("rows | sort(attribute='n', reverse=true) | map(attribute='t') | join", "\"aba\""),
        ("rows | min(attribute='n') | tojson", "\"{\\\"n\\\":2,\\\"t\\\":\\\"b\\\"}\""),
        ("rows | unique(attribute='t') | map(attribute='n') | list", "[2,10]"),
        ("gaps | sort(attribute='n')", "EXPR_UNDEFINED"),
        ("[[2, 1], [1, 9], [1]] | sort", "[[1],[1,9],[2,1]]"),
        ("[[1, 'a'], [1, 2]] | sort", "EXPR_TYPE"),
        ("[1, 2] < [1, 3]", "true"),
        ("[1, 2] < [1, 'a']", "EXPR_TYPE"),
        ("list | sort(reversed=true)", "EXPR_TYPE"),
    ]);
}

#[test]
fn equality_of_different_kinds_is_false() {
    check(&[
        ("text == 5", "false"),
        ("yes == 1", "false"),
        ("[1] == ['1']", "false"),
        ("five in ['5']", "false"),
        ("yes in [1]", "false"),
        ("object == {'a': 1}", "true"),
        ("none == none", "true"),
    ]);
}
