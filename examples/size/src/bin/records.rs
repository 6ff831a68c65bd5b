//! Ten further tables beside the one of `core`, each written, read and asked: what a record type costs.

#![forbid(unsafe_code)]

use indexie::Date;
use indexie::prelude::*;
use serde::{Deserialize, Serialize};
use size::tour::{User, tour};

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, name, owner")]
pub struct Project {
    pub id: u32,
    pub name: String,
    pub owner: u32,
    pub color: Option<String>,
    pub archived: bool,
    pub budget: f64,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, project, due")]
pub struct Task {
    pub id: u32,
    pub project: u32,
    pub title: String,
    pub due: Date,
    pub done: bool,
    pub labels: Vec<String>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, task")]
pub struct Comment {
    pub id: u32,
    pub task: u32,
    pub author: String,
    pub text: String,
    pub written: Date,
    pub likes: u32,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, task, &path")]
pub struct Attachment {
    pub id: u32,
    pub task: u32,
    pub path: String,
    pub size: u64,
    pub bytes: Option<String>,
    pub public: bool,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &name")]
pub struct Team {
    pub id: u32,
    pub name: String,
    pub motto: Option<String>,
    pub members: Vec<u32>,
    pub founded: Date,
    pub rank: i32,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, customer, day")]
pub struct Invoice {
    pub id: u32,
    pub customer: u32,
    pub day: Date,
    pub total: f64,
    pub paid: bool,
    pub lines: Vec<String>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &email, city")]
pub struct Customer {
    pub id: u32,
    pub email: String,
    pub city: String,
    pub phone: Option<String>,
    pub discount: f64,
    pub visits: u32,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &code, price")]
pub struct Product {
    pub id: u32,
    pub code: String,
    pub title: String,
    pub price: f64,
    pub stock: i32,
    pub images: Vec<String>,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, room, sent")]
pub struct Message {
    pub id: u32,
    pub room: u32,
    pub sender: String,
    pub text: String,
    pub sent: Date,
    pub read: bool,
}

#[derive(Store, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[store("++id, &name")]
pub struct Setting {
    pub id: u32,
    pub name: String,
    pub value: String,
    pub scope: Option<u32>,
    pub changed: Date,
    pub secret: bool,
}

schema! {
    /// Eleven tables.
    pub struct AppDb("size-records");

    version 1 {
        users: User,
        projects: Project,
        tasks: Task,
        comments: Comment,
        attachments: Attachment,
        teams: Team,
        invoices: Invoice,
        customers: Customer,
        products: Product,
        messages: Message,
        settings: Setting,
    }
}

/// What an app does with each of its tables.
macro_rules! work {
    ($table:expr, $index:ident, $value:expr) => {{
        let rows = $table.where_(|row| row.$index).equals($value).limit(20).to_vec().await?;
        for row in &rows {
            $table.delete(row.id).await?;
        }
        if let Some(row) = $table.get(1).await? {
            $table.put(&row).await?;
        }
    }};
}

fn main() {
    size::start(async {
        let db = AppDb::new();
        tour(&db, &db.users).await?;
        further(&db).await?;
        more(&db).await
    });
}

async fn further(db: &AppDb) -> Result<()> {
    work!(db.projects, owner, 1);
    work!(db.tasks, project, 1);
    work!(db.comments, task, 1);
    work!(db.attachments, task, 1);
    work!(db.teams, name, "a");
    Ok(())
}

async fn more(db: &AppDb) -> Result<()> {
    work!(db.invoices, customer, 1);
    work!(db.customers, email, "a");
    work!(db.products, code, "a");
    work!(db.messages, room, 1);
    work!(db.settings, name, "a");
    Ok(())
}
