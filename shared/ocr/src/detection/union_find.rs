//! Disjoint sets of numbers from 0 on, joined one pair at a time.

/// For each number the one it hangs on; a root hangs on itself.
pub struct DisjointSets(Vec<usize>);

impl DisjointSets {
    /// So many sets of one number each.
    pub fn of(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The least number of the set that holds `i`.
    pub fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    /// Makes the sets that hold `i` and `j` one.
    pub fn join(&mut self, i: usize, j: usize) {
        let (a, b) = (self.root(i), self.root(j));
        self.0[a.max(b)] = a.min(b);
    }

    /// One more number, in a set of its own.
    pub fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_numbers_share_their_least_one() {
        let mut sets = DisjointSets::of(4);
        let added = sets.add();
        sets.join(3, 1);
        sets.join(added, 3);
        let roots: Vec<usize> = (0..5).map(|i| sets.root(i)).collect();
        assert_eq!(roots, [0, 1, 2, 1, 1]);
    }
}
