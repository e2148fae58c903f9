//! The heap of Tesseract (ccutil/genericheap.h): where scores are equal, its order decides what is kept.

/// An entry and what it is ordered by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<T> {
    pub(super) key: f32,
    pub(super) value: T,
}

/// The entry with the lowest key is first.
#[derive(Debug)]
pub(super) struct Heap<T> {
    entries: Vec<Entry<T>>,
}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T: Copy> Heap<T> {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// In the order of the array that holds the heap.
    pub(super) fn entries(&self) -> &[Entry<T>] {
        &self.entries
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn lowest_key(&self) -> Option<f32> {
        self.entries.first().map(|entry| entry.key)
    }

    pub(super) fn push(&mut self, key: f32, value: T) {
        let entry = Entry { key, value };
        self.entries.push(entry);
        let place = self.sift_up(self.entries.len() - 1, entry);
        self.entries[place] = entry;
    }

    pub(super) fn pop_lowest(&mut self) -> Option<Entry<T>> {
        let lowest = *self.entries.first()?;
        let last = self.entries.pop()?;
        if !self.entries.is_empty() {
            let place = self.sift_down(0, last);
            self.entries[place] = last;
        }
        Some(lowest)
    }

    /// Gives the entry at `place` another key.
    pub(super) fn change_key(&mut self, place: usize, key: f32) {
        let entry = Entry { key, ..self.entries[place] };
        let place = self.sift_down(place, entry);
        let place = self.sift_up(place, entry);
        self.entries[place] = entry;
    }

    /// Moves the hole at `place` up to where `entry` belongs.
    fn sift_up(&mut self, mut place: usize, entry: Entry<T>) -> usize {
        while place > 0 {
            let parent = place.div_ceil(2) - 1;
            if entry.key >= self.entries[parent].key {
                break;
            }
            self.entries[place] = self.entries[parent];
            place = parent;
        }
        place
    }

    /// Moves the hole at `place` down to where `entry` belongs.
    fn sift_down(&mut self, mut place: usize, entry: Entry<T>) -> usize {
        loop {
            let mut child = 2 * place + 1;
            let Some(left) = self.entries.get(child) else { break };
            if self.entries.get(child + 1).is_some_and(|right| right.key < left.key) {
                child += 1;
            }
            if self.entries[child].key >= entry.key {
                break;
            }
            self.entries[place] = self.entries[child];
            place = child;
        }
        place
    }
}
