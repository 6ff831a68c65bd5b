//! The tour: each call is shown as it stands here, with what it answered. Knows neither the page
//! nor the terminal; what it has to say goes through a callback.

use indexie::prelude::*;

use crate::people::{AppDb, NewUser, User, crowd};

/// Something the tour says.
#[derive(Debug, PartialEq)]
pub enum Line {
    /// What comes next.
    Heading(&'static str),
    /// A call, as it is written in this file.
    Code(String),
    /// A row or another answer that the call read back.
    Answer(String),
}

/// An answer, as lines for a person.
trait Answer {
    fn lines(&self) -> Vec<String>;
}

/// Runs a call, and tells both the call and its answer.
macro_rules! show {
    ($tell:ident, $call:expr) => {{
        $tell(Line::Code(one_line(stringify!($call))));
        let answer = $call;
        for line in Answer::lines(&answer) {
            $tell(Line::Answer(line));
        }
    }};
}

/// Runs the tour on a database that it first empties.
pub async fn tour(mut tell: impl FnMut(Line)) -> Result<()> {
    let db = AppDb::new();
    db.delete().await?;
    db.open().await?;
    operations(&db, &mut tell).await?;

    tell(Line::Heading("Adding many rows at once"));
    show!(tell, db.users.bulk_add(&crowd()).await?);
    clauses(&db, &mut tell).await?;
    terminals(&db, &mut tell).await?;
    examples(&db, &mut tell).await?;
    db.close();
    Ok(())
}

async fn operations(db: &AppDb, tell: &mut impl FnMut(Line)) -> Result<()> {
    tell(Line::Heading("Adding data"));
    show!(tell, db.users.add(&NewUser { email: "alice@example.com".into(), name: "Alice".into(), age: 30 }).await?);
    show!(
        tell,
        db.users.put(&User { id: 1, email: "alice@example.com".into(), name: "Alice Updated".into(), age: 30 }).await?
    );

    tell(Line::Heading("Retrieving data"));
    show!(tell, db.users.get(1).await?);
    show!(tell, db.users.to_vec().await?);

    tell(Line::Heading("Deleting data"));
    show!(tell, db.users.delete(1).await?);
    show!(tell, db.users.get(1).await?);
    show!(tell, db.users.clear().await?);
    show!(tell, db.users.to_vec().await?);
    Ok(())
}

async fn clauses(db: &AppDb, tell: &mut impl FnMut(Line)) -> Result<()> {
    tell(Line::Heading("Querying: the clauses"));
    show!(tell, db.users.where_(|u| u.age).equals(30).to_vec().await?);
    show!(tell, db.users.where_(|u| u.age).above(60).to_vec().await?);
    show!(tell, db.users.where_(|u| u.age).below(13).to_vec().await?);
    show!(tell, db.users.where_(|u| u.name).starts_with("Al").to_vec().await?);
    show!(tell, db.users.where_(|u| u.age).equals(9).or(|u| u.age).equals(70).to_vec().await?);
    Ok(())
}

async fn terminals(db: &AppDb, tell: &mut impl FnMut(Line)) -> Result<()> {
    let minors = db.users.where_(|u| u.age).below(18);

    tell(Line::Heading("Querying: let minors = db.users.where_(|u| u.age).below(18)"));
    show!(tell, minors.to_vec().await?);
    show!(tell, minors.first().await?);
    show!(tell, minors.count().await?);
    Ok(())
}

async fn examples(db: &AppDb, tell: &mut impl FnMut(Line)) -> Result<()> {
    tell(Line::Heading("Find a user by email"));
    show!(tell, db.users.where_(|u| u.email).equals("alice@example.com").first().await?);

    tell(Line::Heading("Find all users named \"Alice\""));
    show!(tell, db.users.where_(|u| u.name).equals("Alice").to_vec().await?);

    tell(Line::Heading("Find users with age above 18"));
    show!(tell, db.users.where_(|u| u.age).above(18).to_vec().await?);

    tell(Line::Heading("Find users whose name starts with \"A\""));
    show!(tell, db.users.where_(|u| u.name).starts_with("A").to_vec().await?);

    tell(Line::Heading("The second page of ten users, sorted by name, reversed"));
    show!(tell, db.users.order_by(|u| u.name).reverse().offset(10).limit(10).to_vec().await?);

    tell(Line::Heading("Find users named \"Alice\" or with age above 20"));
    show!(tell, db.users.where_(|u| u.name).equals("Alice").or(|u| u.age).above(20).to_vec().await?);
    Ok(())
}

/// The compiler breaks the text of a long expression where it likes.
fn one_line(code: &str) -> String {
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Answer for () {
    fn lines(&self) -> Vec<String> {
        vec!["done".to_owned()]
    }
}

impl Answer for u32 {
    fn lines(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl Answer for Vec<u32> {
    fn lines(&self) -> Vec<String> {
        let numbers: Vec<_> = self.iter().map(u32::to_string).collect();
        vec![numbers.join(", ")]
    }
}

impl Answer for usize {
    fn lines(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl Answer for Option<User> {
    fn lines(&self) -> Vec<String> {
        vec![self.as_ref().map_or_else(|| "nobody".to_owned(), User::to_string)]
    }
}

impl Answer for Vec<User> {
    fn lines(&self) -> Vec<String> {
        if self.is_empty() { vec!["nobody".to_owned()] } else { self.iter().map(User::to_string).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_on_one_line_before_its_answer() {
        let mut lines = Vec::new();
        let mut tell = |line| lines.push(line);
        let minors: Vec<User> = Vec::new();

        show!(tell, minors.clone());

        assert_eq!(lines, [Line::Code("minors.clone()".into()), Line::Answer("nobody".into())]);
    }

    #[test]
    fn each_row_is_a_line() {
        let user = User { id: 7, email: "uma@example.com".into(), name: "Uma".into(), age: 9 };

        assert_eq!(vec![user].lines(), ["#7 Uma, 9, uma@example.com"]);
    }
}
