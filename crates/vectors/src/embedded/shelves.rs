//! The shelves in memory: those used last stay.

use std::collections::HashMap;
use std::sync::Arc;

use super::shelf::Shelf;
use crate::{Point, PointId};

/// Memory for shelves; the one used last always stays, whatever its size.
const MOST_BYTES: usize = 512 << 20;

/// By collection and part.
#[derive(Default)]
pub(super) struct Shelves {
    all: HashMap<(i64, String), Kept>,
    clock: u64,
}

struct Kept {
    shelf: Arc<Shelf>,
    used: u64,
}

impl Shelves {
    pub fn clear(&mut self) {
        self.all.clear();
    }

    pub fn get(&mut self, key: i64, part: &str) -> Option<Arc<Shelf>> {
        self.clock += 1;
        let kept = self.all.get_mut(&(key, part.to_owned()))?;
        kept.used = self.clock;
        Some(Arc::clone(&kept.shelf))
    }

    pub fn put(&mut self, key: i64, part: &str, shelf: Arc<Shelf>) {
        self.clock += 1;
        let used = self.clock;
        self.all
            .insert((key, part.to_owned()), Kept { shelf, used });
        while self.all.len() > 1 && self.bytes() > MOST_BYTES {
            let oldest = self.all.iter().min_by_key(|(_, kept)| kept.used);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            self.all.remove(&oldest);
        }
    }

    fn bytes(&self) -> usize {
        self.all.values().map(|kept| kept.shelf.bytes()).sum()
    }

    /// Points were written; those of shelves that nobody asked for are read when somebody does.
    pub fn placed(&self, key: i64, parts: &[String], rows: &[i64], points: Vec<Point>) {
        let ids: Vec<PointId> = points.iter().map(|point| point.id).collect();
        for ((of, part), kept) in &self.all {
            if *of != key {
                continue;
            }
            // A point that changed its part leaves the old one.
            let others = parts.iter().zip(&ids).filter(|(own, _)| *own != part);
            let left: Vec<PointId> = others.map(|(_, id)| *id).collect();
            kept.shelf.take(&left);
        }
        for ((part, row), point) in parts.iter().zip(rows).zip(points) {
            if let Some(kept) = self.all.get(&(key, part.clone())) {
                kept.shelf
                    .put(point.id, *row, &point.vector, &point.payload);
            }
        }
    }

    pub fn taken(&self, key: i64, ids: &[PointId]) {
        let own = self.all.iter().filter(|((of, _), _)| *of == key);
        own.for_each(|(_, kept)| kept.shelf.take(ids));
    }
}
