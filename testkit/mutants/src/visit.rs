//! Finds where source can be changed: operators, numbers, conditions,
//! statements, arguments and the results of functions.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Lit, ReturnType, Stmt, Type, UnOp};

/// What is put around a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Form {
    /// An expression in place of another.
    Expression,
    /// A statement that is left out.
    Statement,
    /// The result of a function, before it does anything.
    Body,
}

/// A change of the source.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) form: Form,
    pub(crate) new: String,
    pub(crate) line: usize,
    pub(crate) kind: &'static str,
    pub(crate) what: String,
}

/// Methods whose arguments change places without any change.
const SYMMETRIC: [&str; 5] = ["add", "mul", "equal", "product_is_zero", "constrain_equal"];

/// All mutants of a file, in the order of its text.
pub(crate) fn mutants(file: &syn::File, text: &str) -> Vec<Mutant> {
    let mut finder = Finder { text, found: Vec::new() };
    finder.visit_file(file);
    finder.found.sort_by_key(|mutant| (mutant.start, mutant.end));
    finder.found
}

struct Finder<'t> {
    text: &'t str,
    found: Vec<Mutant>,
}

impl Finder<'_> {
    fn source(&self, span: Span) -> &str {
        &self.text[span.byte_range()]
    }

    fn push(&mut self, span: Span, form: Form, kind: &'static str, new: String) {
        let range = span.byte_range();
        let squeezed = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        let (old, of) = (squeezed(&self.text[range.clone()]), squeezed(&new));
        let what = match form {
            Form::Statement => old,
            Form::Body => format!("return {of}"),
            Form::Expression => format!("{old} -> {of}"),
        };
        let line = span.start().line;
        self.found.push(Mutant { start: range.start, end: range.end, form, new, line, kind, what });
    }

    fn binary(&mut self, node: &syn::ExprBinary) {
        let (left, right) = (self.source(node.left.span()), self.source(node.right.span()));
        let news: Vec<String> =
            others(&node.op).iter().map(|op| format!("({left}) {op} ({right})")).collect();
        for new in news {
            self.push(node.span(), Form::Expression, "operator", new);
        }
    }

    /// Two arguments that change places.
    fn swaps(&mut self, whole: Span, args: &syn::punctuated::Punctuated<Expr, syn::Token![,]>) {
        let spans: Vec<Span> = args.iter().map(|arg| arg.span()).collect();
        for pair in spans.windows(2) {
            let (a, b) = (pair[0].byte_range(), pair[1].byte_range());
            // Closures and names do not change places with anything.
            let odd = |text: &str| text.len() > 80 || text.contains(['|', '"']);
            let (first, second) = (&self.text[a.clone()], &self.text[b.clone()]);
            if first == second || odd(first) || odd(second) {
                continue;
            }
            let range = whole.byte_range();
            let new = [
                &self.text[range.start..a.start],
                &self.text[b.clone()],
                &self.text[a.end..b.start],
                &self.text[a],
                &self.text[b.end..range.end],
            ]
            .concat();
            self.push(whole, Form::Expression, "arguments", new);
        }
    }

    fn body(&mut self, output: &ReturnType, block: &syn::Block) {
        let span = block.stmts.first().map(|first| first.span());
        let Some(span) = span else { return };
        for new in results(output) {
            self.push(span, Form::Body, "result", new);
        }
    }
}

/// Operators that could have been meant.
fn others(op: &BinOp) -> &'static [&'static str] {
    match op {
        BinOp::Add(_) => &["-"],
        BinOp::Sub(_) => &["+"],
        BinOp::Mul(_) => &["+"],
        BinOp::Div(_) | BinOp::Rem(_) => &["*"],
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::Lt(_) => &["<=", ">"],
        BinOp::Le(_) => &["<", ">"],
        BinOp::Gt(_) => &[">=", "<"],
        BinOp::Ge(_) => &[">", "<"],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::BitAnd(_) => &["|"],
        BinOp::BitOr(_) => &["&"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::AddAssign(_) => &["-="],
        BinOp::SubAssign(_) => &["+="],
        _ => &[],
    }
}

/// Results that a function could return at once.
fn results(output: &ReturnType) -> Vec<String> {
    let ReturnType::Type(_, ty) = output else { return vec!["()".to_owned()] };
    let Type::Path(path) = &**ty else { return Vec::new() };
    let Some(last) = path.path.segments.last() else { return Vec::new() };
    let inner = match &last.arguments {
        syn::PathArguments::AngleBracketed(of) => of.args.first(),
        _ => None,
    };
    match last.ident.to_string().as_str() {
        "bool" => vec!["true".to_owned(), "false".to_owned()],
        "u32" | "u64" | "usize" | "u128" | "i32" => vec!["0".to_owned(), "1".to_owned()],
        "Option" => vec!["None".to_owned()],
        "Result" => match inner {
            Some(syn::GenericArgument::Type(Type::Tuple(t))) if t.elems.is_empty() => {
                vec!["Ok(())".to_owned()]
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        a.path().is_ident("test")
            || (a.path().is_ident("cfg")
                && a.meta.require_list().is_ok_and(|l| l.tokens.to_string().contains("test")))
    })
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(of) => has_let(&of.left) || has_let(&of.right),
        Expr::Paren(of) => has_let(&of.expr),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, node: &'ast syn::Item) {
        match node {
            syn::Item::Mod(of) if is_test(&of.attrs) => {}
            syn::Item::Fn(of) if is_test(&of.attrs) => {}
            syn::Item::Const(_) | syn::Item::Static(_) | syn::Item::Macro(_) => {}
            _ => visit::visit_item(self, node),
        }
    }

    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        if node.sig.constness.is_none() {
            self.body(&node.sig.output, &node.block);
            self.visit_block(&node.block);
        }
    }

    fn visit_impl_item(&mut self, node: &'ast syn::ImplItem) {
        if let syn::ImplItem::Fn(of) = node
            && of.sig.constness.is_none()
        {
            self.body(&of.sig.output, &of.block);
            self.visit_block(&of.block);
        }
    }

    fn visit_trait_item(&mut self, node: &'ast syn::TraitItem) {
        if let syn::TraitItem::Fn(of) = node
            && let Some(block) = &of.default
        {
            self.visit_block(block);
        }
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        let named = node.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        if named.is_some_and(|last| last.ident == "Debug" || last.ident == "Display") {
            return;
        }
        visit::visit_item_impl(self, node);
    }

    fn visit_stmt(&mut self, node: &'ast Stmt) {
        if let Stmt::Expr(expr, Some(_)) = node {
            let leaves = matches!(
                expr,
                Expr::Return(_)
                    | Expr::Break(_)
                    | Expr::Continue(_)
                    | Expr::ForLoop(_)
                    | Expr::If(_)
                    | Expr::While(_)
                    | Expr::Loop(_)
            );
            if !leaves {
                self.push(node.span(), Form::Statement, "statement", String::new());
            }
        }
        if matches!(node, Stmt::Item(_) | Stmt::Macro(_)) {
            return;
        }
        visit::visit_stmt(self, node);
    }

    fn visit_expr(&mut self, node: &'ast Expr) {
        match node {
            // What another tool planted: only what stood there before counts.
            Expr::If(of) if self.source(of.cond.span()).contains("crate::edited(") => {
                if let Some((_, other)) = &of.else_branch {
                    self.visit_expr(other);
                }
                return;
            }
            Expr::Binary(of) if !has_let(node) => self.binary(of),
            Expr::Unary(of) if matches!(of.op, UnOp::Not(_) | UnOp::Neg(_)) => {
                let inner = self.source(of.expr.span()).to_owned();
                self.push(node.span(), Form::Expression, "unary", inner);
            }
            Expr::Lit(of) => {
                if let Lit::Int(number) = &of.lit
                    && let Ok(value) = number.base10_parse::<u128>()
                {
                    let new = format!("{}{}", value + 1, number.suffix());
                    self.push(node.span(), Form::Expression, "number", new);
                }
            }
            Expr::If(of) if !has_let(&of.cond) => {
                let new = format!("!({})", self.source(of.cond.span()));
                self.push(of.cond.span(), Form::Expression, "condition", new);
            }
            Expr::Call(of) if of.args.len() >= 2 => self.swaps(node.span(), &of.args),
            // Of these both orders are the same constraint.
            Expr::MethodCall(of) if SYMMETRIC.iter().any(|name| of.method == name) => {}
            Expr::MethodCall(of) if of.args.len() >= 2 => self.swaps(node.span(), &of.args),
            // Places, not values; what follows a repeat is a constant.
            Expr::Const(_) | Expr::Macro(_) => return,
            Expr::Repeat(of) => {
                self.visit_expr(&of.expr);
                return;
            }
            _ => {}
        }
        visit::visit_expr(self, node);
    }

    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}
