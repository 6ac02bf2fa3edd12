//! The best of a stream of scores.

/// Keeps the best of a stream: most scores are below the bar and cost one comparison.
pub(super) struct Best<T> {
    wanted: usize,
    /// What a score must exceed to be among the best.
    bar: f32,
    scored: Vec<(f32, T)>,
}

impl<T: Copy> Best<T> {
    /// Keeps `wanted` of them.
    pub(super) fn new(wanted: usize) -> Self {
        Self { wanted, bar: f32::NEG_INFINITY, scored: Vec::with_capacity(wanted.saturating_mul(2).min(1 << 16)) }
    }

    /// Takes `item` if its score is among the best so far and `admits` it; that is asked seldom.
    #[inline]
    pub(super) fn offer(&mut self, score: f32, item: T, admits: impl FnOnce(T) -> bool) {
        if (score > self.bar || self.scored.len() < self.wanted) && admits(item) {
            self.scored.push((score, item));
            if self.scored.len() >= self.wanted.saturating_mul(2) {
                self.raise_the_bar();
            }
        }
    }

    /// Halves what is kept. It happens once for as many offers as are kept, so each offer costs little.
    fn raise_the_bar(&mut self) {
        if self.scored.len() > self.wanted {
            let (_, worst, _) = self.scored.select_nth_unstable_by(self.wanted - 1, |a, b| b.0.total_cmp(&a.0));
            self.bar = worst.0;
            self.scored.truncate(self.wanted);
        }
    }

    /// What a score must exceed to be among the best.
    pub(super) fn bar(&self) -> f32 {
        self.bar
    }

    /// The best, in no particular order.
    pub(super) fn items(self) -> impl Iterator<Item = T> {
        self.scored().map(|(_, item)| item)
    }

    /// The same with their scores.
    pub(super) fn scored(mut self) -> impl Iterator<Item = (f32, T)> {
        self.raise_the_bar();
        self.scored.into_iter()
    }
}
