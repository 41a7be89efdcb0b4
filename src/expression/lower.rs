//! Lowers the engine's syntax tree before code is generated from it: only what the flow format allows gets
//! through, plain paths become look-ups of ours, and operators that would walk values unpaid, or that would
//! read kinds as one another, become operators of ours. The one file that builds syntax trees.

use std::collections::HashSet;

use minijinja::Value;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    BinOp, BinOpKind, Call, CallArg, Compare, CompareOpKind, EmitExpr, EmitRaw, Expr, ForLoop, GetAttr,
    GetItem, IfCond, IfExpr, Map, Slice, Spanned, Stmt, Template, Test, UnaryOpKind, Var,
};

use super::language::{FILTERS, FUNCTIONS, PATTERN_FUNCTIONS, TESTS};
use super::names::{Names, Root};
use super::operator as op;
use super::path::{NamePath, NameReference, PathKey, Plain, plain_path};
use super::refusal::{CompileRefusal, Lowered, refuse};
use super::tree::{
    Encoding, Literals, binary, bound_names, constant, copy_path, copy_target, filter, known, list, negative,
    not, repeats_little, sliced, unary,
};

/// Loops may be nested this deep.
const NESTING_MAX: usize = 31;

/// What lowering learns on its way.
pub struct Lowering<'n, 's> {
    names: &'n Names,
    literals: &'n Literals,
    /// Every name path the source refers to, in order of appearance.
    pub references: Vec<NameReference>,
    /// Names that enclosing loops bind.
    bound: Vec<HashSet<&'s str>>,
    /// Whether loops are nested deeper than the engine may recurse.
    pub too_deep: bool,
    /// Whether something is called that needs the time without naming it.
    pub reads_clock: bool,
    pub encoding: Encoding,
    /// Whether the next part is the first of an address, which may be its origin.
    pub is_at_start: bool,
}

impl<'n, 's> Lowering<'n, 's> {
    pub fn new(names: &'n Names, literals: &'n Literals) -> Self {
        Self {
            names,
            literals,
            references: Vec::new(),
            bound: Vec::new(),
            too_deep: false,
            reads_clock: false,
            encoding: Encoding::Plain,
            is_at_start: false,
        }
    }

    pub fn template(&mut self, stmt: &Stmt<'s>) -> Result<Stmt<'s>, CompileRefusal> {
        let is_at_start = !matches!(stmt, Stmt::Template(_)) && std::mem::take(&mut self.is_at_start);
        Ok(match stmt {
            Stmt::Template(node) => {
                let children = self.body(&node.children)?;
                Stmt::Template(Spanned::new(Template { children }, node.span()))
            }
            Stmt::EmitRaw(node) if self.encoding == Encoding::QueryValue => {
                let expr = constant(Value::from((self.literals.encoded)(node.raw)), node.span());
                Stmt::EmitExpr(Spanned::new(EmitExpr { expr }, node.span()))
            }
            Stmt::EmitRaw(node) => Stmt::EmitRaw(Spanned::new(EmitRaw { raw: node.raw }, node.span())),
            Stmt::EmitExpr(node) => {
                let is_origin = is_at_start && self.is_env(&node.expr);
                let is_plain = self.encoding == Encoding::Plain || is_origin;
                let expr = match is_plain {
                    true => self.emitted(&node.expr, op::RENDER)?,
                    false => self.address_part(&node.expr)?,
                };
                Stmt::EmitExpr(Spanned::new(EmitExpr { expr }, node.span()))
            }
            Stmt::IfCond(node) => {
                let condition = IfCond {
                    expr: self.expr(&node.expr)?,
                    true_body: self.body(&node.true_body)?,
                    false_body: self.body(&node.false_body)?,
                };
                Stmt::IfCond(Spanned::new(condition, node.span()))
            }
            Stmt::ForLoop(node) => {
                let span = node.span();
                Stmt::ForLoop(Spanned::new(self.for_loop(node, span)?, span))
            }
            _ => {
                return Err(CompileRefusal {
                    message: "only if and for exist in templates".into(),
                    span: None,
                });
            }
        })
    }

    /// Whether an expression is a value of the organization.
    fn is_env(&self, expr: &Expr<'s>) -> bool {
        plain_path(expr).is_some_and(|plain| Root::of(plain.root, self.names) == Root::Env)
    }

    fn body(&mut self, stmts: &[Stmt<'s>]) -> Result<Vec<Stmt<'s>>, CompileRefusal> {
        stmts.iter().map(|stmt| self.template(stmt)).collect()
    }

    fn for_loop(&mut self, node: &ForLoop<'s>, span: Span) -> Result<ForLoop<'s>, CompileRefusal> {
        if node.recursive {
            return refuse(span, "loops cannot be recursive");
        }
        let iter = self.expr(&node.iter)?;
        let mut names = HashSet::from(["loop"]);
        bound_names(&node.target, &mut names);
        self.bound.push(names);
        self.too_deep |= self.bound.len() > NESTING_MAX;
        let target = copy_target(&node.target)?;
        let filter_expr = node.filter_expr.as_ref().map(|expr| self.expr(expr)).transpose()?;
        let body = self.body(&node.body)?;
        self.bound.pop();
        let else_body = self.body(&node.else_body)?;
        Ok(ForLoop { target, iter, filter_expr, recursive: false, body, else_body })
    }

    /// A part of an address is encoded, once: what ends in `urlencode` is but for its slashes, what ends in `safe_path`
    /// is as it is meant.
    fn address_part(&mut self, expr: &Expr<'s>) -> Lowered<'s> {
        let span = expr.span();
        Ok(match expr {
            Expr::IfExpr(node) => self.if_expr(node, span, Self::address_part)?,
            Expr::Filter(node) if node.name == "safe_path" => self.emitted(expr, op::RENDER)?,
            Expr::Filter(node) if node.name == "urlencode" => {
                filter(op::ENCODED, self.emitted(expr, op::RENDER)?, Vec::new(), span)
            }
            _ => filter(op::SEGMENT, self.emitted(expr, op::RENDER)?, Vec::new(), span),
        })
    }

    /// An expression whose value is shown: a plain path is looked up by `look_up`, which takes undefined on the way for
    /// undefined at the end.
    pub fn emitted(&mut self, expr: &Expr<'s>, look_up: &'static str) -> Lowered<'s> {
        match plain_path(expr) {
            Some(plain) => self.looked_up(&plain, look_up, expr.span()),
            None => self.expr(expr),
        }
    }

    /// What stands before `default` or `is defined`: undefined anywhere on a path is undefined at its end.
    fn forgiven(&mut self, expr: &Expr<'s>) -> Lowered<'s> {
        if let Some(plain) = plain_path(expr) {
            return self.looked_up(&plain, op::LOOK_UP, expr.span());
        }
        let (inner, key) = match expr {
            Expr::GetAttr(node) => (&node.expr, constant(Value::from(node.name), expr.span())),
            Expr::GetItem(node) => (&node.expr, self.expr(&node.subscript_expr)?),
            _ => return self.expr(expr),
        };
        Ok(binary(op::MEMBER, self.forgiven(inner)?, key, expr.span()))
    }

    fn looked_up(&mut self, plain: &Plain<'s>, look_up: &'static str, span: Span) -> Lowered<'s> {
        let text = self.refer(plain, span);
        let root = Expr::Var(Spanned::new(Var { id: plain.root }, span));
        let keys = plain.keys.iter().map(|key| match key {
            PathKey::Name(name) => Value::from(&**name),
            PathKey::Index(index) => Value::from(*index),
        });
        let args = std::iter::once(Value::from(&*text)).chain(keys);
        Ok(filter(look_up, root, args.map(|arg| CallArg::Pos(constant(arg, span))).collect(), span))
    }

    /// Notes that the source refers to a path, unless a loop binds its root. Answers how a trace writes it.
    fn refer(&mut self, plain: &Plain<'s>, span: Span) -> Box<str> {
        let path = NamePath::new(plain.root, plain.keys.clone(), self.names);
        let text = path.text.clone();
        let bound = self.bound.iter().any(|names| names.contains(plain.root));
        if !bound && self.references.iter().all(|known| known.path != path) {
            let span = plain.start..span.end_offset as usize;
            self.references.push(NameReference { path, span });
        }
        text
    }

    pub fn expr(&mut self, expr: &Expr<'s>) -> Lowered<'s> {
        if let Some(plain) = plain_path(expr) {
            self.refer(&plain, expr.span());
            return copy_path(expr);
        }
        let span = expr.span();
        Ok(match expr {
            Expr::Const(node) => constant(node.value.clone(), span),
            Expr::Var(_) => copy_path(expr)?,
            Expr::GetAttr(node) => {
                let inner = self.expr(&node.expr)?;
                Expr::GetAttr(Spanned::new(GetAttr { expr: inner, name: node.name }, span))
            }
            Expr::GetItem(node) => {
                let item = GetItem {
                    expr: self.expr(&node.expr)?,
                    subscript_expr: self.expr(&node.subscript_expr)?,
                };
                Expr::GetItem(Spanned::new(item, span))
            }
            Expr::Slice(node) => self.slice(node, span)?,
            Expr::UnaryOp(node) => {
                let inner = self.expr(&node.expr)?;
                match node.op {
                    UnaryOpKind::Not => not(inner, span),
                    UnaryOpKind::Neg => negative(known(inner), span),
                }
            }
            Expr::BinOp(node) => self.binary(node, span)?,
            Expr::Compare(node) => self.chain(node, span)?,
            Expr::IfExpr(node) => self.if_expr(node, span, Self::expr)?,
            Expr::Filter(node) => {
                let Some(inner) = &node.expr else { return refuse(span, "a filter needs a value") };
                let inner = if node.name == "default" { self.forgiven(inner)? } else { self.expr(inner)? };
                self.filter(node.name, inner, &node.args, span)?
            }
            Expr::Test(node) => self.test(node, span)?,
            Expr::Call(node) => self.call(node, span)?,
            Expr::List(node) => list(self.all(&node.items)?, span),
            Expr::Tuple(node) => list(self.all(&node.items)?, span),
            Expr::Map(node) => {
                let keys = self.all(&node.keys)?.into_iter().map(|key| unary(op::KEY, key)).collect();
                Expr::Map(Spanned::new(Map { keys, values: self.all(&node.values)? }, span))
            }
        })
    }

    fn if_expr(
        &mut self,
        node: &IfExpr<'s>,
        span: Span,
        branch: fn(&mut Self, &Expr<'s>) -> Lowered<'s>,
    ) -> Lowered<'s> {
        let test_expr = self.expr(&node.test_expr)?;
        let true_expr = branch(self, &node.true_expr)?;
        let false_expr = node.false_expr.as_ref().map(|expr| branch(self, expr)).transpose()?;
        Ok(Expr::IfExpr(Spanned::new(IfExpr { test_expr, true_expr, false_expr }, span)))
    }

    fn all(&mut self, exprs: &[Expr<'s>]) -> Result<Vec<Expr<'s>>, CompileRefusal> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn slice(&mut self, node: &Slice<'s>, span: Span) -> Lowered<'s> {
        let mut part = |expr: &Option<Expr<'s>>| expr.as_ref().map(|expr| self.expr(expr)).transpose();
        let (start, stop, step) = (part(&node.start)?, part(&node.stop)?, part(&node.step)?);
        let expr = known(self.expr(&node.expr)?);
        Ok(match step {
            Some(_) => Expr::Slice(Spanned::new(Slice { expr, start, stop, step }, span)),
            None => sliced(expr, [start, stop], span),
        })
    }

    fn binary(&mut self, node: &BinOp<'s>, span: Span) -> Lowered<'s> {
        let (left, right) = (self.expr(&node.left)?, self.expr(&node.right)?);
        let native = |left, right| Expr::BinOp(Spanned::new(BinOp { op: node.op, left, right }, span));
        Ok(match node.op {
            BinOpKind::ScAnd | BinOpKind::ScOr => native(left, right),
            BinOpKind::Eq if self.literals.one_is_mere_text(&left, &right) => native(left, right),
            BinOpKind::Ne if self.literals.one_is_mere_text(&left, &right) => native(left, right),
            BinOpKind::Eq => binary(op::EQUAL, left, right, span),
            BinOpKind::Ne => not(binary(op::EQUAL, left, right, span), span),
            BinOpKind::Lt => binary(op::LESS, left, right, span),
            BinOpKind::Lte => binary(op::LESS_OR_EQUAL, left, right, span),
            BinOpKind::Gt => binary(op::GREATER, left, right, span),
            BinOpKind::Gte => binary(op::GREATER_OR_EQUAL, left, right, span),
            BinOpKind::In => binary(op::CONTAINED, left, right, span),
            BinOpKind::Concat => native(unary(op::TEXT, left), unary(op::TEXT, right)),
            BinOpKind::Mul if repeats_little(&left, &right) || repeats_little(&right, &left) => {
                native(left, right)
            }
            BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem => {
                native(known(left), filter(op::DIVISOR, right, Vec::new(), span))
            }
            BinOpKind::Pow => binary(op::POWER, left, right, span),
            BinOpKind::Mul => native(unary(op::FACTOR, left), unary(op::FACTOR, right)),
            _ => native(known(left), known(right)),
        })
    }

    /// `a < b <= c`: compared pairwise, up to the first pair that does not hold.
    fn chain(&mut self, node: &Compare<'s>, span: Span) -> Lowered<'s> {
        let first = self.expr(&node.expr)?;
        let mut args = Vec::with_capacity(2 * node.ops.len());
        for operand in &node.ops {
            let name = match operand.op {
                CompareOpKind::Eq => "==",
                CompareOpKind::Ne => "!=",
                CompareOpKind::Lt => "<",
                CompareOpKind::Lte => "<=",
                CompareOpKind::Gt => ">",
                CompareOpKind::Gte => ">=",
                CompareOpKind::In | CompareOpKind::NotIn => {
                    return refuse(span, "`in` cannot be chained with other comparisons");
                }
            };
            args.push(CallArg::Pos(constant(Value::from(name), span)));
            args.push(CallArg::Pos(self.expr(&operand.expr)?));
        }
        Ok(filter(op::CHAIN, first, args, span))
    }

    fn filter(&mut self, name: &'s str, inner: Expr<'s>, args: &[CallArg<'s>], span: Span) -> Lowered<'s> {
        if !FILTERS.contains(&name) {
            return refuse(span, format!("there is no filter {name}"));
        }
        let args = self.args(args)?;
        Ok(filter(name, inner, args, span))
    }

    fn test(&mut self, node: &Test<'s>, span: Span) -> Lowered<'s> {
        if !TESTS.contains(&node.name) {
            return refuse(span, format!("there is no test {}", node.name));
        }
        let asks_whether_it_is = matches!(node.name, "defined" | "undefined");
        let expr = if asks_whether_it_is { self.forgiven(&node.expr)? } else { self.expr(&node.expr)? };
        let test = Test { name: node.name, expr, args: self.args(&node.args)? };
        Ok(Expr::Test(Spanned::new(test, span)))
    }

    fn call(&mut self, node: &Call<'s>, span: Span) -> Lowered<'s> {
        let name = match &node.expr {
            Expr::Var(var) if FUNCTIONS.contains(&var.id) => var.id,
            _ => return refuse(span, "there is no such function"),
        };
        let mut args = self.args(&node.args)?;
        if PATTERN_FUNCTIONS.contains(&name) {
            self.literals.compile_pattern(name, &mut args, span)?;
        }
        self.reads_clock |= name == "find";
        let expr = Expr::Var(Spanned::new(Var { id: name }, node.expr.span()));
        Ok(Expr::Call(Spanned::new(Call { expr, args }, span)))
    }

    fn args(&mut self, args: &[CallArg<'s>]) -> Result<Vec<CallArg<'s>>, CompileRefusal> {
        args.iter()
            .map(|arg| match arg {
                CallArg::Pos(expr) => Ok(CallArg::Pos(self.expr(expr)?)),
                CallArg::Kwarg(name, expr) => Ok(CallArg::Kwarg(name, self.expr(expr)?)),
                CallArg::PosSplat(expr) | CallArg::KwargSplat(expr) => {
                    refuse(expr.span(), "arguments cannot be unpacked")
                }
            })
            .collect()
    }
}
