//! The crate `rexie`: stores and indexes over `idb`. Rows go through serde-wasm-bindgen, as in its documentation.

use std::rc::Rc;

use ::rexie::{Direction, KeyRange, Store, Transaction, TransactionMode};
use futures::future::{try_join, try_join_all};
use wasm_bindgen::prelude::*;

use crate::codec::{behind, decode, decode_all, decode_keys, encode, encode_all, unite};
use crate::operations::{Ages, Answer, LIMIT, Measured, OFFSET, Side, class, passes, update};
use crate::people::Person;

class!(RexieOps, Rexie);

pub struct Rexie(::rexie::Rexie);

impl std::fmt::Debug for Rexie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Rexie").finish()
    }
}

impl Rexie {
    fn people(&self) -> Answer<Store> {
        Ok(self.0.transaction(&["people"], TransactionMode::ReadOnly)?.store("people")?)
    }

    fn writing(&self) -> Answer<(Transaction, Store)> {
        let transaction = self.0.transaction(&["strangers"], TransactionMode::ReadWrite)?;
        let store = transaction.store("strangers")?;
        Ok((transaction, store))
    }

    async fn add(&self, row: &Person) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        store.add(&encode(row)?, None).await?;
        transaction.commit().await?;
        Ok(())
    }
}

fn of(ages: &Ages) -> Answer<KeyRange> {
    Ok(KeyRange::bound(&(*ages.start()).into(), &(*ages.end()).into(), None, None)?)
}

impl Side for Rexie {
    async fn open(name: &str) -> Answer<Self> {
        Ok(Self(::rexie::Rexie::builder(name).version(1).build().await?))
    }

    async fn bulk_add(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        store.add_all(encode_all(rows)?.into_iter().map(|row| (row, None))).await?;
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
        let (transaction, store) = self.writing()?;
        for row in &rows[..] {
            store.add(&encode(row)?, None).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn adds_together(&self, rows: &Rc<[Person]>) -> Answer<()> {
        try_join_all(rows.iter().map(|row| self.add(row))).await?;
        Ok(())
    }

    async fn bulk_put(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        store.put_all(encode_all(rows)?.into_iter().map(|row| (row, None))).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn bulk_delete(&self, keys: &[u32]) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        try_join_all(keys.iter().map(|key| store.delete(JsValue::from(*key)))).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn update(&self, ages: Ages) -> Answer<()> {
        let (transaction, store) = self.writing()?;
        let mut rows = decode_all(store.index("age")?.get_all(Some(of(&ages)?), None).await?)?;
        rows.iter_mut().for_each(update);
        store.put_all(encode_all(&rows)?.into_iter().map(|row| (row, None))).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn gets(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let row = self.people()?.get(JsValue::from(*key)).await?;
            rows.extend(row.map(decode).transpose()?);
        }
        Ok(rows)
    }

    async fn lookups(&self, emails: &[String]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(emails.len());
        for email in emails {
            let row = self.people()?.index("email")?.get(JsValue::from(email)).await?;
            rows.extend(row.map(decode).transpose()?);
        }
        Ok(rows)
    }

    async fn bulk_get(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        let store = self.people()?;
        let rows = try_join_all(keys.iter().map(|key| store.get(JsValue::from(*key)))).await?;
        decode_all(rows.into_iter().flatten().collect())
    }

    async fn all(&self) -> Answer<Vec<Person>> {
        decode_all(self.people()?.get_all(None, None).await?)
    }

    async fn range(&self, ages: Ages) -> Answer<Vec<Person>> {
        decode_all(self.people()?.index("age")?.get_all(Some(of(&ages)?), None).await?)
    }

    async fn page(&self) -> Answer<Vec<Person>> {
        let index = self.people()?.index("name")?;
        let found = index.scan(None, Some(LIMIT), Some(OFFSET), Some(Direction::Prev)).await?;
        decode_all(found.into_iter().map(|(_, row)| row).collect())
    }

    async fn either(&self, ages: Ages, prefix: &'static str) -> Answer<Vec<Person>> {
        let store = self.people()?;
        let names = KeyRange::bound(&prefix.into(), &behind(prefix).into(), None, None)?;
        let (by_age, by_name) = (store.index("age")?, store.index("name")?);
        let both = try_join(by_age.get_all(Some(of(&ages)?), None), by_name.get_all(Some(names), None));
        let (by_age, by_name) = both.await?;
        Ok(unite(decode_all(by_age)?, decode_all(by_name)?))
    }

    async fn filter(&self, ages: Ages) -> Answer<Vec<Person>> {
        Ok(self.range(ages).await?.into_iter().filter(passes).collect())
    }

    async fn count(&self, ages: Ages) -> Answer<u32> {
        Ok(self.people()?.index("age")?.count(Some(of(&ages)?)).await?)
    }

    async fn keys(&self, ages: Ages) -> Answer<Vec<u32>> {
        decode_keys(self.people()?.index("age")?.get_all_keys(Some(of(&ages)?), None).await?)
    }
}
