//! The crate `indexed-db`: transactions are closures, which abort when they fail. It takes and gives JavaScript's values; rows go
//! through serde-wasm-bindgen.

use std::rc::Rc;

use ::indexed_db::{CursorDirection, Database, Factory, ObjectStore, Result as IdbResult};
use futures::future::{try_join, try_join_all};
use wasm_bindgen::prelude::*;

use crate::codec::{behind, decode, decode_all, decode_keys, encode, encode_all, unite};
use crate::operations::{Ages, Answer, LIMIT, Measured, OFFSET, Side, class, passes, update};
use crate::people::Person;

class!(IndexedDbOps, IndexedDb);

/// An error of ours within a transaction.
type Ours = serde_wasm_bindgen::Error;

#[derive(Debug)]
pub struct IndexedDb(Database<Ours>);

impl IndexedDb {
    async fn read<R: 'static, F>(&self, body: F) -> Answer<R>
    where
        F: AsyncFnOnce(ObjectStore<Ours>) -> IdbResult<R, Ours> + 'static,
    {
        let transaction = self.0.transaction(&["people"]);
        Ok(transaction.run(|transaction| async move { body(transaction.object_store("people")?).await }).await?)
    }

    async fn write<F>(&self, body: F) -> Answer<()>
    where
        F: AsyncFnOnce(ObjectStore<Ours>) -> IdbResult<(), Ours> + 'static,
    {
        let transaction = self.0.transaction(&["strangers"]).rw();
        Ok(transaction.run(|transaction| async move { body(transaction.object_store("strangers")?).await }).await?)
    }

    async fn add(&self, row: &Person) -> Answer<()> {
        let row = encode(row)?;
        self.write(async move |store| store.add(&row).await.map(drop)).await
    }
}

fn of(ages: &Ages) -> std::ops::RangeInclusive<JsValue> {
    JsValue::from(*ages.start())..=JsValue::from(*ages.end())
}

impl Side for IndexedDb {
    async fn open(name: &str) -> Answer<Self> {
        Ok(Self(Factory::get()?.open_latest_version(name).await?))
    }

    async fn bulk_add(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let rows = encode_all(rows)?;
        self.write(async move |store| try_join_all(rows.iter().map(|row| store.add(row))).await.map(drop)).await
    }

    async fn adds(&self, rows: &Rc<[Person]>) -> Answer<()> {
        for row in &rows[..] {
            self.add(row).await?;
        }
        Ok(())
    }

    async fn adds_in_one(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let rows = encode_all(rows)?;
        self.write(async move |store| {
            for row in &rows {
                store.add(row).await?;
            }
            Ok(())
        })
        .await
    }

    async fn adds_together(&self, rows: &Rc<[Person]>) -> Answer<()> {
        try_join_all(rows.iter().map(|row| self.add(row))).await?;
        Ok(())
    }

    async fn bulk_put(&self, rows: &Rc<[Person]>) -> Answer<()> {
        let rows = encode_all(rows)?;
        self.write(async move |store| try_join_all(rows.iter().map(|row| store.put(row))).await.map(drop)).await
    }

    async fn bulk_delete(&self, keys: &[u32]) -> Answer<()> {
        let keys: Vec<JsValue> = keys.iter().map(|key| JsValue::from(*key)).collect();
        self.write(async move |store| try_join_all(keys.iter().map(|key| store.delete(key))).await.map(drop)).await
    }

    async fn update(&self, ages: Ages) -> Answer<()> {
        self.write(async move |store| {
            let mut puts = Vec::new();
            for row in store.index("age")?.get_all_in(of(&ages), None).await? {
                let mut row: Person = serde_wasm_bindgen::from_value(row)?;
                update(&mut row);
                puts.push(store.put(&serde_wasm_bindgen::to_value(&row)?));
            }
            try_join_all(puts).await.map(drop)
        })
        .await
    }

    async fn gets(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let key = JsValue::from(*key);
            let row = self.read(async move |store| store.get(&key).await).await?;
            rows.extend(row.map(decode).transpose()?);
        }
        Ok(rows)
    }

    async fn lookups(&self, emails: &[String]) -> Answer<Vec<Person>> {
        let mut rows = Vec::with_capacity(emails.len());
        for email in emails {
            let email = JsValue::from(email);
            let row = self.read(async move |store| store.index("email")?.get(&email).await).await?;
            rows.extend(row.map(decode).transpose()?);
        }
        Ok(rows)
    }

    async fn bulk_get(&self, keys: &[u32]) -> Answer<Vec<Person>> {
        let keys: Vec<JsValue> = keys.iter().map(|key| JsValue::from(*key)).collect();
        let rows = self.read(async move |store| try_join_all(keys.iter().map(|key| store.get(key))).await).await?;
        decode_all(rows.into_iter().flatten().collect())
    }

    async fn all(&self) -> Answer<Vec<Person>> {
        decode_all(self.read(async |store| store.get_all(None).await).await?)
    }

    async fn range(&self, ages: Ages) -> Answer<Vec<Person>> {
        decode_all(self.read(async move |store| store.index("age")?.get_all_in(of(&ages), None).await).await?)
    }

    async fn page(&self) -> Answer<Vec<Person>> {
        let rows = self.read(async |store| {
            let mut rows = Vec::new();
            let mut cursor = store.index("name")?.cursor().direction(CursorDirection::Prev).open().await?;
            cursor.advance(OFFSET).await?;
            while let Some(row) = cursor.value() {
                rows.push(row);
                if rows.len() == LIMIT as usize {
                    break;
                }
                cursor.advance(1).await?;
            }
            Ok(rows)
        });
        decode_all(rows.await?)
    }

    async fn either(&self, ages: Ages, prefix: &'static str) -> Answer<Vec<Person>> {
        let both = self.read(async move |store| {
            let names = JsValue::from(prefix)..=JsValue::from(behind(prefix));
            let (by_age, by_name) = (store.index("age")?, store.index("name")?);
            try_join(by_age.get_all_in(of(&ages), None), by_name.get_all_in(names, None)).await
        });
        let (by_age, by_name) = both.await?;
        Ok(unite(decode_all(by_age)?, decode_all(by_name)?))
    }

    async fn filter(&self, ages: Ages) -> Answer<Vec<Person>> {
        Ok(self.range(ages).await?.into_iter().filter(passes).collect())
    }

    async fn count(&self, ages: Ages) -> Answer<u32> {
        let count = self.read(async move |store| store.index("age")?.count_in(of(&ages)).await).await?;
        Ok(u32::try_from(count)?)
    }

    async fn keys(&self, ages: Ages) -> Answer<Vec<u32>> {
        decode_keys(self.read(async move |store| store.index("age")?.get_all_keys_in(of(&ages), None).await).await?)
    }
}
