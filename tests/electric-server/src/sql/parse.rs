//! From text to [`Expr`], by recursive descent: OR, AND, NOT, predicate, operand. Names are resolved and
//! parameters put in on the way, so that an expression that parses can be evaluated.

use std::collections::BTreeMap;

use super::token::{Token, tokens};
use super::{Comparison, Expr, Literal, Query, SqlError};
use crate::db::Database;
use crate::db::table::Table;
use crate::name::TableName;

/// Reads the `where` of a shape on `table`.
pub(crate) fn parse(sql: &str, params: &BTreeMap<u32, String>, table: &Table, db: &Database) -> Result<Expr, SqlError> {
    let tokens = tokens(sql)?;
    let mut parser = Parser { tokens: &tokens, next: 0, end: sql.chars().count(), params, table, db };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'p> {
    tokens: &'p [(usize, Token)],
    next: usize,
    end: usize,
    params: &'p BTreeMap<u32, String>,
    table: &'p Table,
    db: &'p Database,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, SqlError> {
        let mut left = self.not()?;
        while self.word("and") {
            left = Expr::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, SqlError> {
        if self.word("not") { Ok(Expr::Not(Box::new(self.not()?))) } else { self.predicate() }
    }

    fn predicate(&mut self) -> Result<Expr, SqlError> {
        let left = self.operand()?;
        if self.word("is") {
            let negated = self.word("not");
            let test = self.is_what(left)?;
            return Ok(negate(test, negated));
        }
        if let Some(comparison) = self.comparison() {
            return Ok(Expr::Compare(comparison, Box::new(left), Box::new(self.operand()?)));
        }
        let start = self.next;
        let negated = self.word("not");
        if self.word("in") {
            return Ok(negate(self.in_list(left)?, negated));
        }
        if self.word("between") {
            let low = self.operand()?;
            self.expect_word("and")?;
            let high = self.operand()?;
            let (left, also) = (Box::new(left.clone()), Box::new(left));
            let above = Expr::Compare(Comparison::GreaterOrEqual, left, Box::new(low));
            let below = Expr::Compare(Comparison::LessOrEqual, also, Box::new(high));
            return Ok(negate(Expr::And(Box::new(above), Box::new(below)), negated));
        }
        let fold = self.word("ilike");
        if fold || self.word("like") {
            let pattern = Box::new(self.operand()?);
            return Ok(negate(Expr::Like { text: Box::new(left), pattern, fold }, negated));
        }
        self.next = start;
        Ok(left)
    }

    fn is_what(&mut self, left: Expr) -> Result<Expr, SqlError> {
        if self.word("null") || self.word("unknown") {
            return Ok(Expr::IsNull(Box::new(left)));
        }
        let wanted = match (self.word("true"), self.word("false")) {
            (true, _) => true,
            (_, true) => false,
            _ => return Err(self.unexpected()),
        };
        // `x IS TRUE` is never unknown, so that `IS NOT TRUE` holds for NULL.
        let known = negate(Expr::IsNull(Box::new(left.clone())), true);
        let equal = Expr::Compare(Comparison::Equal, Box::new(left), Box::new(Expr::Literal(Literal::Bool(wanted))));
        Ok(Expr::And(Box::new(known), Box::new(equal)))
    }

    fn in_list(&mut self, left: Expr) -> Result<Expr, SqlError> {
        self.expect("(")?;
        if self.word("select") {
            let query = self.query()?;
            self.expect(")")?;
            return Ok(Expr::InQuery(Box::new(left), Box::new(query)));
        }
        let mut list = vec![self.operand()?];
        while self.symbol(",") {
            list.push(self.operand()?);
        }
        self.expect(")")?;
        Ok(Expr::In(Box::new(left), list))
    }

    /// What follows `SELECT`.
    fn query(&mut self) -> Result<Query, SqlError> {
        let column_at = self.at();
        let column = self.name()?;
        self.expect_word("from")?;
        let at = self.at();
        let mut name = TableName { schema: "public".to_owned(), table: self.name()? };
        if self.symbol(".") {
            name = TableName { schema: name.table, table: self.name()? };
        }
        let Some(table) = self.db.table(&name) else {
            return Err(SqlError { at, message: format!("unknown table {name}") });
        };
        if table.column(&column).is_none() {
            return Err(SqlError { at: column_at, message: format!("unknown reference {column}") });
        }
        let outer = std::mem::replace(&mut self.table, table);
        let filter = if self.word("where") { Some(self.or()?) } else { None };
        self.table = outer;
        Ok(Query { oid: table.oid, table: name, column, filter })
    }

    fn operand(&mut self) -> Result<Expr, SqlError> {
        let expr = self.bare_operand()?;
        // A cast changes nothing: what a text means is decided by the column it is compared with.
        while self.symbol("::") {
            self.name()?;
        }
        Ok(expr)
    }

    fn bare_operand(&mut self) -> Result<Expr, SqlError> {
        let at = self.at();
        if self.symbol("(") {
            let inner = self.or()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.symbol("-") {
            return match self.take() {
                Some(Token::Number(number)) => Ok(Expr::Literal(Literal::Number(format!("-{number}")))),
                _ => Err(SqlError { at, message: "syntax error at or near \"-\"".to_owned() }),
            };
        }
        match self.take() {
            Some(Token::Text(text)) => Ok(Expr::Literal(Literal::Text(text))),
            Some(Token::Number(number)) => Ok(Expr::Literal(Literal::Number(number))),
            Some(Token::Param(number)) => {
                let value = number.parse().ok().and_then(|number| self.params.get(&number));
                let missing = || SqlError { at, message: format!("parameter ${number} was not provided") };
                value.cloned().map(|text| Expr::Literal(Literal::Text(text))).ok_or_else(missing)
            }
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Ok(Expr::Literal(Literal::Bool(true))),
                "false" => Ok(Expr::Literal(Literal::Bool(false))),
                "null" => Ok(Expr::Literal(Literal::Null)),
                _ => self.column(word, at),
            },
            Some(Token::Name(name)) => self.column(name, at),
            _ => {
                self.next = self.next.saturating_sub(1);
                Err(self.unexpected())
            }
        }
    }

    /// A column, or `table.column`.
    fn column(&mut self, first: String, at: usize) -> Result<Expr, SqlError> {
        let name = if self.symbol(".") { self.name()? } else { first };
        let unknown = || SqlError { at, message: format!("unknown reference {name}") };
        let column = self.table.column(&name).ok_or_else(unknown)?;
        let type_name = if column.dims.is_some() { "text".to_owned() } else { column.type_name.clone() };
        Ok(Expr::Column { name, type_name })
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let Some((_, Token::Symbol(symbol))) = self.tokens.get(self.next) else { return None };
        let comparison = match *symbol {
            "=" => Comparison::Equal,
            "<>" | "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        };
        self.next += 1;
        Some(comparison)
    }

    fn name(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(Token::Word(name) | Token::Name(name)) => {
                let name = name.clone();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn take(&mut self) -> Option<Token> {
        self.next += 1;
        self.tokens.get(self.next - 1).map(|(_, token)| token.clone())
    }

    /// The character the next token starts at.
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.next += usize::from(is);
        is
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Symbol(next)) if *next == symbol);
        self.next += usize::from(is);
        is
    }

    fn expect(&mut self, symbol: &str) -> Result<(), SqlError> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_word(&mut self, word: &str) -> Result<(), SqlError> {
        if self.word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> SqlError {
        let message = match self.peek() {
            Some(Token::Word(text) | Token::Name(text) | Token::Text(text) | Token::Number(text)) => {
                format!("syntax error at or near \"{text}\"")
            }
            Some(Token::Param(text)) => format!("syntax error at or near \"${text}\""),
            Some(Token::Symbol(symbol)) => format!("syntax error at or near \"{symbol}\""),
            None => "syntax error at end of input".to_owned(),
        };
        SqlError { at: self.at(), message }
    }
}

fn negate(expr: Expr, negated: bool) -> Expr {
    if negated { Expr::Not(Box::new(expr)) } else { expr }
}
