//! The crate `indexed_db_futures`: builders of requests, with serde inside.

use std::rc::Rc;

use ::indexed_db_futures::KeyRange;
use ::indexed_db_futures::cursor::CursorDirection;
use ::indexed_db_futures::database::Database;
use ::indexed_db_futures::prelude::*;
use ::indexed_db_futures::transaction::{Transaction, TransactionMode};
use futures::future::{try_join, try_join_all};
use wasm_bindgen::prelude::*;

use crate::codec::{behind, unite};
use crate::operations::{Ages, Answer, LIMIT, Measured, OFFSET, Side, class, passes, update};
use crate::people::Person;

class!(IndexedDbFuturesOps, IndexedDbFutures);

#[derive(Debug)]
pub struct IndexedDbFutures(Database);

impl IndexedDbFutures {
    fn reading(&self) -> Answer<Transaction<'_>> {
        Ok(self.0.transaction("people").build()?)
    }

    fn writing(&self) -> Answer<Transaction<'_>> {
        Ok(self.0.transaction("strangers").with_mode(TransactionMode::Readwrite).build()?)
    }

    async fn add(&self, row: &Person) -> Answer<()> {
        let transaction = self.writing()?;
        transaction.object_store("strangers")?.add(row).serde()?.await?;
        transaction.commit().await?;
        Ok(())
    }
}

impl Side for IndexedDbFutures {
    async fn open(name: &str) -> Answer<Self> {
        Ok(Self(Database::open(name).await?))
    }

    async fn bulk_add(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let transaction = self.writing()?;
        let store = transaction.object_store("strangers")?;
        for row in &rows[..] {
            drop(store.add(row).serde()?);
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn adds(&self, rows: &Rc<[Person]>) -> Answer<()> {
        for row in &rows[..] {
            self.add(row).await?;
        }
        Ok(())
    }

    async fn adds_in_one(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let transaction = self.writing()?;
        let store = transaction.object_store("strangers")?;
        for row in &rows[..] {
            store.add(row).serde()?.await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn adds_together(&self, rows: &Rc<[Person]>) -> Answer<()> {
        try_join_all(rows.iter().map(|row| self.add(row))).await?;
        Ok(())
    }

    async fn bulk_put(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let transaction = self.writing()?;
        let store = transaction.object_store("strangers")?;
        for row in &rows[..] {
            drop(store.put(row).serde()?);
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn bulk_delete(&self, keys: &[u32]) -> Answer<()> {
        let transaction = self.writing()?;
        let store = transaction.object_store("strangers")?;
        for key in keys {
            drop(store.delete::<u32, _>(*key).primitive()?);
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn update(&self, ages: Ages) -> Answer<()> {
        let transaction = self.writing()?;
        let store = transaction.object_store("strangers")?;
        for row in store.index("age")?.get_all::<Person>().with_query::<u32, _>(ages).serde()?.await? {
            let mut row = row?;
            update(&mut row);
            drop(store.put(&row).serde()?);
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn gets(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let transaction = self.reading()?;
            let row: Option<Person> = transaction.object_store("people")?.get(*key).serde()?.await?;
            rows.extend(row);
        }
        Ok(rows)
    }

    async fn lookups(&self, emails: &[String]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(emails.len());
        for email in emails {
            let transaction = self.reading()?;
            let store = transaction.object_store("people")?;
            let row: Option<Person> = store.index("email")?.get(email.as_str()).serde()?.await?;
            rows.extend(row);
        }
        Ok(rows)
    }

    async fn bulk_get(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        let transaction = self.reading()?;
        let store = transaction.object_store("people")?;
        let requests = keys.iter().map(|key| store.get(*key).serde()).collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<Option<Person>> = try_join_all(requests).await?;
        Ok(rows.into_iter().flatten().collect())
    }

    async fn all(&self) -> Answer<Vec<Person>> {
        let transaction = self.reading()?;
        let rows = transaction.object_store("people")?.get_all().serde()?.await?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    async fn range(&self, ages: Ages) -> Answer<Vec<Person>> {
        let transaction = self.reading()?;
        let store = transaction.object_store("people")?;
        let rows = store.index("age")?.get_all().with_query::<u32, _>(ages).serde()?.await?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    async fn page(&self) -> Answer<Vec<Person>> {
        let mut rows = Vec::new();
        let transaction = self.reading()?;
        let store = transaction.object_store("people")?;
        let index = store.index("name")?;
        let Some(mut cursor) = index.open_cursor().with_direction(CursorDirection::Prev).await? else {
            return Ok(rows);
        };
        cursor.advance_by(OFFSET).await?;
        while rows.len() < LIMIT as usize
            && let Some(row) = cursor.next_record_ser().await?
        {
            rows.push(row);
        }
        Ok(rows)
    }

    async fn either(&self, ages: Ages, prefix: &'static str) -> Answer<Vec<Person>> {
        let transaction = self.reading()?;
        let store = transaction.object_store("people")?;
        let (by_age, by_name) = (store.index("age")?, store.index("name")?);
        let names = KeyRange::Bound(prefix.to_owned(), false, behind(prefix), false);
        let (by_age, by_name) = try_join(
            by_age.get_all().with_query::<u32, _>(ages).serde()?,
            by_name.get_all().with_query::<String, _>(names).serde()?,
        )
        .await?;
        Ok(unite(by_age.collect::<Result<_, _>>()?, by_name.collect::<Result<_, _>>()?))
    }

    async fn filter(&self, ages: Ages) -> Answer<Vec<Person>> {
        Ok(self.range(ages).await?.into_iter().filter(passes).collect())
    }

    async fn count(&self, ages: Ages) -> Answer<u32> {
        let transaction = self.reading()?;
        let store = transaction.object_store("people")?;
        Ok(store.index("age")?.count().with_query::<u32, _>(ages).primitive()?.await?)
    }

    async fn keys(&self, ages: Ages) -> Answer<Vec<u32>> {
        let transaction = self.reading()?;
        let store = transaction.object_store("people")?;
        let keys = store.index("age")?.get_all_keys::<u32>().with_query::<u32, _>(ages).primitive()?.await?;
        Ok(keys.collect::<Result<_, _>>()?)
    }
}
