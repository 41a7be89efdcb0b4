//! What holds for every source: plans answer what the engine answers, and nothing panics.

use proptest::prelude::*;

use super::*;

/// Sources of the shapes that plans are made for.
fn any_source() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "n",
        "t",
        "b",
        "nada",
        "order.id",
        "order.eta",
        "order.customer.name",
        "order.nope.deeper",
        "list",
        "order.items[0].sku",
        "vars.n",
        "steps.ask_name.value",
        "5",
        "'Ñandú'",
        "true",
        "2.5",
        "''",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (
                inner.clone(),
                prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "and", "or"]),
                inner.clone()
            )
                .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            inner.prop_map(|a| format!("({a}) in ['Ñandú', 5, true]")),
        ]
    })
}

/// What the engine answers, without any plan.
fn by_engine(source: &str, kind: SourceKind, scope: &Arc<EvaluationScope>) -> (String, usize) {
    let code = expression::compile(source, kind, &scope.names, &LITERALS).expect(source).code;
    let mut fuel = Fuel::default();
    let evaluated = match kind {
        SourceKind::Template(_) => code.text(scope, &mut fuel),
        _ => code.value(scope, &mut fuel),
    };
    let nulls = evaluated.as_ref().map_or(0, |evaluated| evaluated.nulls_rendered.len());
    (
        outcome(evaluated.map_err(|failure| failure.error).and_then(|evaluated| settle(&evaluated.value))),
        nulls,
    )
}

proptest! {
    #[test]
    fn plans_answer_what_the_engine_answers(source in any_source()) {
        let scope = scope(&variables());
        prop_assert_eq!(outcome(evaluate(&source, &scope)), by_engine(&source, SourceKind::Expression, &scope).0);
    }

    #[test]
    fn text_plans_render_what_the_engine_renders(parts in prop::collection::vec((any_source(), "[a-zñ ]{0,5}"), 0..4)) {
        let scope = scope(&variables());
        let source: String = parts.iter().map(|(path, raw)| format!("{raw}{{{{ {path} }}}}")).collect();
        let rendered = render_text(&source, &scope);
        let nulls = rendered.as_ref().map_or(0, |rendered| rendered.nulls.len());
        let rendered = outcome(rendered.map(|rendered| rendered.text));
        prop_assert_eq!((rendered, nulls), by_engine(&source, SourceKind::Template(Encoding::Plain), &scope));
    }

    #[test]
    fn arbitrary_sources_never_panic(source in "([a-z]{1,4}|[0-9]{1,3}|'|\"|\\{\\{|\\}\\}|\\{%|%\\}| |\\||\\.|\\(|\\)|\\[|\\]|if|for|in|==|<|~|,){0,24}") {
        let scope = scope(&variables());
        if let Ok(expression) = CompiledExpression::compile(&source, String::new(), &scope.names) {
            let _ = expression.evaluate(&scope, &mut Evaluator::new(&AtOnce));
        }
        if let Ok(CompiledText::Template(template)) = CompiledText::compile(&source, String::new(), &scope.names) {
            let _ = render(&template, &scope, &mut Evaluator::new(&AtOnce));
        }
    }
}
