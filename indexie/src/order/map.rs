//! A map in the order of its keys. The standard library's takes some five kilobytes of a page's program for each pair of types;
//! this one is a list of sorted lists, short enough that there is little to move when one grows. Pure; called from everywhere.

use std::borrow::Borrow;
use std::fmt::{self, Debug};
use std::iter::{self, Flatten};
use std::mem;
use std::ops::{Bound, RangeBounds};
use std::{slice, vec};

/// How many entries a part has at most.
const FULL: usize = 256;

/// Part by part; none is empty.
#[derive(Clone)]
pub(crate) struct SortedMap<K, V> {
    parts: Vec<Vec<(K, V)>>,
    len: usize,
}

/// Where an entry is: its part, and its place there. The end is the place before the first of a part that is not there.
type Place = (usize, usize);

impl<K, V> SortedMap<K, V> {
    pub const fn new() -> Self {
        Self { parts: Vec::new(), len: 0 }
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn clear(&mut self) {
        *self = Self::new();
    }

    pub fn iter(&self) -> Entries<'_, K, V> {
        Entries { parts: &self.parts, from: (0, 0), to: (self.parts.len(), 0) }
    }

    pub fn iter_mut(&mut self) -> EntriesMut<'_, K, V> {
        self.parts.iter_mut().flatten().map(|(key, value)| (&*key, value))
    }

    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.into_iter().map(|(_, value)| value)
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for part in &mut self.parts {
            part.retain_mut(|(key, value)| keep(key, value));
        }
        self.parts.retain(|part| !part.is_empty());
        self.len = self.parts.iter().map(Vec::len).sum();
    }

    /// Takes out the entries that `is_gone` tells.
    pub fn extract_if(&mut self, mut is_gone: impl FnMut(&K, &mut V) -> bool) -> Vec<(K, V)> {
        let mut gone = Vec::new();
        for part in &mut self.parts {
            gone.extend(part.extract_if(.., |(key, value)| is_gone(key, value)));
        }
        self.parts.retain(|part| !part.is_empty());
        self.len -= gone.len();
        gone
    }

    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.is_empty()).then(|| self.take((0, 0)))
    }

    /// Takes out what is at a place.
    fn take(&mut self, (part, at): Place) -> (K, V) {
        let entry = self.parts[part].remove(at);
        if self.parts[part].is_empty() {
            self.parts.remove(part);
        }
        self.len -= 1;
        entry
    }

    /// Puts an entry before what is at a place; returns where it is then.
    fn put(&mut self, (part, at): Place, entry: (K, V)) -> Place {
        self.len += 1;
        let Some(entries) = self.parts.get_mut(part) else {
            self.parts.push(vec![entry]);
            return (part, 0);
        };
        if entries.len() < FULL {
            entries.insert(at, entry);
            return (part, at);
        }
        // What comes in its order fills the parts.
        let half = if at == FULL { FULL } else { FULL / 2 };
        let mut rest = entries.split_off(half);
        let place = if at < half {
            entries.insert(at, entry);
            (part, at)
        } else {
            rest.insert(at - half, entry);
            (part + 1, at - half)
        };
        self.parts.insert(part + 1, rest);
        place
    }

    /// The place that is meant by one that may be behind the last of a part.
    fn or_next(&self, (part, at): Place) -> Place {
        match self.parts.get(part) {
            Some(entries) if at < entries.len() => (part, at),
            Some(_) => (part + 1, 0),
            None => (self.parts.len(), 0),
        }
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// Where a key is, or where it would be put.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        let begins = |part: &Vec<(K, V)>| part.first().is_some_and(|(first, _)| first.borrow() <= key);
        let part = match self.parts.len() {
            0 | 1 => 0,
            _ => self.parts.partition_point(begins).saturating_sub(1),
        };
        let entries = self.parts.get(part).map_or(&[][..], Vec::as_slice);
        match entries.binary_search_by(|(other, _)| other.borrow().cmp(key)) {
            Ok(at) => Ok((part, at)),
            Err(at) => Err((part, at)),
        }
    }

    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|(part, at)| &self.parts[part][at].1)
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|(part, at)| &mut self.parts[part][at].1)
    }

    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Puts a value; returns the one that it replaces.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok((part, at)) => Some(mem::replace(&mut self.parts[part][at].1, value)),
            Err(place) => {
                self.put(place, (key, value));
                None
            }
        }
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(self.take(place).1)
    }

    pub fn entry(&mut self, key: K) -> Slot<'_, K, V> {
        Slot { found: self.find(&key), map: self, key }
    }

    /// The entries of a range; none of one that ends before it begins.
    pub fn range<Q: Ord + ?Sized, R: RangeBounds<Q>>(&self, range: R) -> Entries<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let before = |key: &Q| self.find(key).unwrap_or_else(|place| place);
        let after = |key: &Q| self.find(key).map_or_else(|place| place, |(part, at)| (part, at + 1));
        let from = match range.start_bound() {
            Bound::Included(key) => before(key),
            Bound::Excluded(key) => after(key),
            Bound::Unbounded => (0, 0),
        };
        let to = match range.end_bound() {
            Bound::Included(key) => after(key),
            Bound::Excluded(key) => before(key),
            Bound::Unbounded => (self.parts.len(), 0),
        };
        let from = self.or_next(from);
        Entries { parts: &self.parts, from, to: self.or_next(to).max(from) }
    }
}

/// The place of a key, with a value or without.
#[derive(Debug)]
pub(crate) struct Slot<'a, K, V> {
    map: &'a mut SortedMap<K, V>,
    key: K,
    found: Result<Place, Place>,
}

impl<'a, K, V> Slot<'a, K, V> {
    pub fn or_insert_with_key(self, value: impl FnOnce(&K) -> V) -> &'a mut V {
        let (part, at) = match self.found {
            Ok(place) => place,
            Err(place) => {
                let value = value(&self.key);
                self.map.put(place, (self.key, value))
            }
        };
        &mut self.map.parts[part][at].1
    }

    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'a mut V {
        self.or_insert_with_key(|_| value())
    }

    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

/// Entries, from either end.
#[derive(Debug)]
pub(crate) struct Entries<'a, K, V> {
    parts: &'a [Vec<(K, V)>],
    from: Place,
    to: Place,
}

impl<K, V> Clone for Entries<'_, K, V> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'a, K, V> Iterator for Entries<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.from >= self.to {
            return None;
        }
        let (part, at) = self.from;
        let entries = self.parts.get(part)?;
        self.from = if at + 1 < entries.len() { (part, at + 1) } else { (part + 1, 0) };
        entries.get(at).map(|(key, value)| (key, value))
    }
}

impl<K, V> DoubleEndedIterator for Entries<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.from >= self.to {
            return None;
        }
        let (part, at) = match self.to {
            (part, 0) => (part - 1, self.parts.get(part - 1)?.len()),
            within => within,
        };
        self.to = (part, at - 1);
        self.parts[part].get(at - 1).map(|(key, value)| (key, value))
    }
}

/// Entries whose values may be changed.
type EntriesMut<'a, K, V> =
    iter::Map<Flatten<slice::IterMut<'a, Vec<(K, V)>>>, fn(&'a mut (K, V)) -> (&'a K, &'a mut V)>;

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Entries<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut SortedMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = EntriesMut<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = Flatten<vec::IntoIter<Vec<(K, V)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.parts.into_iter().flatten()
    }
}

impl<K: Ord, V> Extend<(K, V)> for SortedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

#[cfg(test)]
impl<K: Ord + Borrow<Q>, Q: Ord + ?Sized, V> std::ops::Index<&Q> for SortedMap<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the key is there")
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Debug, V: Debug> Debug for SortedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Numbers that look random, the same at each run.
    fn random() -> impl FnMut(u64) -> u64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move |below| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        }
    }

    /// Every part has entries, and no more than it may.
    fn check(map: &SortedMap<u64, u64>, model: &BTreeMap<u64, u64>) {
        assert!(map.parts.iter().all(|part| !part.is_empty() && part.len() <= FULL));
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model));
        assert!(map.iter().rev().eq(model.iter().rev()));
    }

    #[test]
    fn it_does_what_the_standard_librarys_does() {
        let mut random = random();
        let (mut map, mut model) = (SortedMap::new(), BTreeMap::new());
        for round in 0..6_u64 {
            for _ in 0..1500 {
                let (key, value) = (random(3000), random(100));
                match random(8) {
                    0..5 if round % 2 == 0 => assert_eq!(map.insert(key, value), model.insert(key, value)),
                    0..5 => assert_eq!(map.remove(&key), model.remove(&key)),
                    5 => *map.entry(key).or_insert(value) += *model.entry(key).and_modify(|old| *old += 1).or_insert(1),
                    6 => assert_eq!(map.contains_key(&key), model.contains_key(&key)),
                    _ => assert_eq!(map.pop_first().is_some(), model.pop_first().is_some()),
                }
                model.clone_from(&map.clone().into_iter().collect());
            }
            check(&map, &model);
            for _ in 0..200 {
                let (a, b) = (random(3000), random(3000));
                let (low, high) = (a.min(b), a.max(b));
                assert!(map.range(low..high).eq(model.range(low..high)));
                assert!(map.range(low..=high).rev().eq(model.range(low..=high).rev()));
                assert!(map.range(..high).eq(model.range(..high)));
                assert!(map.range(low..).rev().eq(model.range(low..).rev()));
                let open = (Bound::Excluded(low), Bound::Excluded(high + 1));
                assert!(map.range(open).eq(model.range(open)));
            }
            let kept = random(5) + 2;
            map.retain(|key, _| key % kept != 0);
            model.retain(|key, _| key % kept != 0);
            check(&map, &model);
            let gone = map.extract_if(|key, _| key % kept == 1);
            assert!(gone.into_iter().eq(model.extract_if(.., |key, _| key % kept == 1)));
            check(&map, &model);
        }
    }

    #[test]
    fn what_comes_in_its_order_fills_the_parts() {
        let map: SortedMap<usize, ()> = (0..FULL * 4).map(|key| (key, ())).collect();

        assert_eq!(map.parts.len(), 4);
    }

    #[test]
    fn a_range_that_ends_before_it_begins_has_nothing() {
        let map = SortedMap::from([(1, ()), (2, ()), (3, ())]);

        assert_eq!(map.range((Bound::Included(3), Bound::Included(1))).count(), 0);
        assert_eq!(map.range((Bound::Excluded(2), Bound::Excluded(2))).count(), 0);
    }
}
