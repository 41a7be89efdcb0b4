//! PromQL taken apart: which metrics a query asks for, with which matchers, and which labels it groups or joins by.

use promql_parser::label::Matcher;
use promql_parser::parser::{self, Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};

#[derive(Debug, Default)]
pub struct Query {
    pub selectors: Vec<(String, Vec<Matcher>)>,
    /// Those of `by`, `without`, `on`, `ignoring` and `group_left`.
    pub labels: Vec<String>,
}

impl Query {
    /// # Errors
    /// What is wrong with the text, where it is no PromQL.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expression = parser::parse(text)?;
        let mut query = Self::default();
        walk_expr(&mut query, &expression)?;
        Ok(query)
    }

    fn select(&mut self, selector: &VectorSelector) -> Result<(), String> {
        let name = selector.name.clone().ok_or("a selector names no metric")?;
        self.selectors.push((name, selector.matchers.matchers.clone()));
        Ok(())
    }
}

impl ExprVisitor for Query {
    type Error = String;

    fn pre_visit(&mut self, expression: &Expr) -> Result<bool, String> {
        match expression {
            Expr::VectorSelector(selector) => self.select(selector)?,
            Expr::MatrixSelector(selector) => self.select(&selector.vs)?,
            Expr::Aggregate(aggregate) => {
                let labels = aggregate.modifier.iter().flat_map(|modifier| &modifier.labels().labels);
                self.labels.extend(labels.cloned());
            }
            Expr::Binary(binary) => {
                let modifier = binary.modifier.as_ref();
                let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
                let matching = matching.map(|matching| matching.labels());
                let joined = modifier.and_then(|modifier| modifier.card.labels());
                let labels = matching.into_iter().chain(joined).flat_map(|labels| &labels.labels);
                self.labels.extend(labels.cloned());
            }
            _ => {}
        }
        Ok(true)
    }
}
