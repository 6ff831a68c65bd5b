//! indexie's side of `cargo xtask bench ops`.

use std::rc::Rc;

use futures::future::try_join_all;
use indexie::prelude::*;
use wasm_bindgen::prelude::*;

use crate::database::BenchDb;
use crate::operations::{Ages, Answer, LIMIT, Measured, OFFSET, Side, class, passes, update};
use crate::people::Person;

class!(IndexieOps, BenchDb);

impl Side for BenchDb {
    async fn open(name: &str) -> Answer<Self> {
        let db = Self::builder().name(name).build();
        (*db).open().await?;
        Ok(db)
    }

    async fn bulk_add(&self, rows: &Rc<[Person]>) -> Answer<()> {
        self.strangers.bulk_add(&rows[..]).await?;
        Ok(())
    }

    async fn adds(&self, rows: &Rc<[Person]>) -> Answer<()> {
        for row in &rows[..] {
            self.strangers.add(row).await?;
        }
        Ok(())
    }

    async fn adds_in_one(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let rows = rows.clone();
        let body = async move |strangers: Table<Person, _>| {
            for row in &rows[..] {
                strangers.add(row).await?;
            }
            Ok(())
        };
        Ok(self.transaction(Mode::ReadWrite, &self.strangers, body).await?)
    }

    async fn adds_together(&self, rows: &Rc<[Person]>) -> Answer<()> {
        try_join_all(rows.iter().map(|row| self.strangers.add(row))).await?;
        Ok(())
    }

    async fn bulk_put(&self, rows: &Rc<[Person]>) -> Answer<()> {
        self.strangers.bulk_put(&rows[..]).await?;
        Ok(())
    }

    async fn bulk_delete(&self, keys: &[u32]) -> Answer<()> {
        self.strangers.bulk_delete(keys.iter().copied()).await?;
        Ok(())
    }

    async fn update(&self, ages: Ages) -> Answer<()> {
        self.strangers.where_(|p| p.age).between(ages).modify(update).await?;
        Ok(())
    }

    async fn gets(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            rows.extend(self.people.get(*key).await?);
        }
        Ok(rows)
    }

    async fn lookups(&self, emails: &[String]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(emails.len());
        for email in emails {
            rows.extend(self.people.get_by(|p| p.email, email.as_str()).await?);
        }
        Ok(rows)
    }

    async fn bulk_get(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        Ok(self.people.bulk_get(keys.iter().copied()).await?.into_iter().flatten().collect())
    }

    async fn all(&self) -> Answer<Vec<Person>> {
        Ok(self.people.to_vec().await?)
    }

    async fn range(&self, ages: Ages) -> Answer<Vec<Person>> {
        Ok(self.people.where_(|p| p.age).between(ages).to_vec().await?)
    }

    async fn page(&self) -> Answer<Vec<Person>> {
        let (offset, limit) = (OFFSET as usize, LIMIT as usize);
        Ok(self.people.order_by(|p| p.name).reverse().offset(offset).limit(limit).to_vec().await?)
    }

    async fn either(&self, ages: Ages, prefix: &'static str) -> Answer<Vec<Person>> {
        Ok(self.people.where_(|p| p.age).between(ages).or(|p| p.name).starts_with(prefix).to_vec().await?)
    }

    async fn filter(&self, ages: Ages) -> Answer<Vec<Person>> {
        Ok(self.people.where_(|p| p.age).between(ages).filter(passes).to_vec().await?)
    }

    async fn count(&self, ages: Ages) -> Answer<u32> {
        Ok(u32::try_from(self.people.where_(|p| p.age).between(ages).count().await?)?)
    }

    async fn keys(&self, ages: Ages) -> Answer<Vec<u32>> {
        Ok(self.people.where_(|p| p.age).between(ages).primary_keys().await?)
    }
}
