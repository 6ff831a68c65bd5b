//! The crate `idb`: IndexedDB's own requests, as futures. Rows go through serde-wasm-bindgen, as in its documentation.

use std::rc::Rc;

use ::idb::{CursorDirection, Database, Factory, KeyRange, ObjectStore, Query, Transaction, TransactionMode};
use futures::future::try_join_all;
use wasm_bindgen::prelude::*;

use crate::codec::{behind, decode, decode_all, decode_keys, encode, unite};
use crate::operations::{Ages, Answer, LIMIT, Measured, OFFSET, Side, class, passes, update};
use crate::people::Person;

class!(IdbOps, Idb);

#[derive(Debug)]
pub struct Idb(Database);

impl Idb {
    fn people(&self) -> Answer<ObjectStore> {
        Ok(self.0.transaction(&["people"], TransactionMode::ReadOnly)?.object_store("people")?)
    }

    fn writing(&self) -> Answer<(Transaction, ObjectStore)> {
        let transaction = self.0.transaction(&["strangers"], TransactionMode::ReadWrite)?;
        let store = transaction.object_store("strangers")?;
        Ok((transaction, store))
    }

    async fn add(&self, row: &Person) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        store.add(&encode(row)?, None)?.await?;
        transaction.commit()?.await?;
        Ok(())
    }
}

fn of(ages: &Ages) -> Answer<Query> {
    Ok(KeyRange::bound(&(*ages.start()).into(), &(*ages.end()).into(), None, None)?.into())
}

impl Side for Idb {
    async fn open(name: &str) -> Answer<Self> {
        Ok(Self(Factory::new()?.open(name, None)?.await?))
    }

    async fn bulk_add(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        for row in &rows[..] {
            store.add(&encode(row)?, None)?;
        }
        transaction.commit()?.await?;
        Ok(())
    }

    async fn adds(&self, rows: &Rc<[Person]>) -> Answer<()> {
        for row in &rows[..] {
            self.add(row).await?;
        }
        Ok(())
    }

    async fn adds_in_one(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        for row in &rows[..] {
            store.add(&encode(row)?, None)?.await?;
        }
        transaction.commit()?.await?;
        Ok(())
    }

    async fn adds_together(&self, rows: &Rc<[Person]>) -> Answer<()> {
        try_join_all(rows.iter().map(|row| self.add(row))).await?;
        Ok(())
    }

    async fn bulk_put(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        for row in &rows[..] {
            store.put(&encode(row)?, None)?;
        }
        transaction.commit()?.await?;
        Ok(())
    }

    async fn bulk_delete(&self, keys: &[u32]) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        for key in keys {
            store.delete(JsValue::from(*key))?;
        }
        transaction.commit()?.await?;
        Ok(())
    }

    async fn update(&self, ages: Ages) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        for row in store.index("age")?.get_all(Some(of(&ages)?), None)?.await? {
            let mut row = decode(row)?;
            update(&mut row);
            store.put(&encode(&row)?, None)?;
        }
        transaction.commit()?.await?;
        Ok(())
    }

    async fn gets(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let row = self.people()?.get(JsValue::from(*key))?.await?;
            rows.extend(row.map(decode).transpose()?);
        }
        Ok(rows)
    }

    async fn lookups(&self, emails: &[String]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(emails.len());
        for email in emails {
            let row = self.people()?.index("email")?.get(JsValue::from(email))?.await?;
            rows.extend(row.map(decode).transpose()?);
        }
        Ok(rows)
    }

    async fn bulk_get(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        let store = self.people()?;
        let requests = keys.iter().map(|key| store.get(JsValue::from(*key))).collect::<Result<Vec<_>, _>>()?;
        decode_all(
            try_join_all(requests.into_iter().map(IntoFuture::into_future)).await?.into_iter().flatten().collect(),
        )
    }

    async fn all(&self) -> Answer<Vec<Person>> {
        decode_all(self.people()?.get_all(None, None)?.await?)
    }

    async fn range(&self, ages: Ages) -> Answer<Vec<Person>> {
        decode_all(self.people()?.index("age")?.get_all(Some(of(&ages)?), None)?.await?)
    }

    async fn page(&self) -> Answer<Vec<Person>> {
        let mut rows = Vec::new();
        let cursor = self.people()?.index("name")?.open_cursor(None, Some(CursorDirection::Prev))?.await?;
        let Some(mut cursor) = cursor.map(::idb::Cursor::into_managed) else {
            return Ok(rows);
        };
        cursor.advance(OFFSET).await?;
        while let Some(row) = cursor.value()? {
            rows.push(decode(row)?);
            if rows.len() == LIMIT as usize {
                break;
            }
            cursor.next(None).await?;
        }
        Ok(rows)
    }

    async fn either(&self, ages: Ages, prefix: &'static str) -> Answer<Vec<Person>> {
        let store = self.people()?;
        let names = KeyRange::bound(&prefix.into(), &behind(prefix).into(), None, None)?;
        let by_age = store.index("age")?.get_all(Some(of(&ages)?), None)?;
        let by_name = store.index("name")?.get_all(Some(names.into()), None)?;
        Ok(unite(decode_all(by_age.await?)?, decode_all(by_name.await?)?))
    }

    async fn filter(&self, ages: Ages) -> Answer<Vec<Person>> {
        Ok(self.range(ages).await?.into_iter().filter(passes).collect())
    }

    async fn count(&self, ages: Ages) -> Answer<u32> {
        Ok(self.people()?.index("age")?.count(Some(of(&ages)?))?.await?)
    }

    async fn keys(&self, ages: Ages) -> Answer<Vec<u32>> {
        decode_keys(self.people()?.index("age")?.get_all_keys(Some(of(&ages)?), None)?.await?)
    }
}
