//! Who is asked first.

/// In which order upstreams are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpstreamOrder {
    /// As they are listed: the first one answers as long as it can.
    #[default]
    Listed,
    /// By chance, each question anew: one of twice the weight is first twice as often.
    Weight,
}

impl UpstreamOrder {
    /// The order of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "listed" => Some(Self::Listed),
            "weight" => Some(Self::Weight),
            _ => None,
        }
    }

    /// Places of upstreams of these weights, the one to ask first in front. `chance` gives numbers uniform in 0..1.
    ///
    /// Draws without replacement (Efraimidis and Spirakis, 2006): the smallest `-ln(chance) / weight` comes first. Those of
    /// weight 0 follow all others, as they are listed.
    pub(super) fn places(self, weights: &[u32], mut chance: impl FnMut() -> f64) -> Vec<usize> {
        let mut places: Vec<usize> = (0..weights.len()).collect();
        if self == Self::Weight {
            let keys: Vec<f64> = weights
                .iter()
                .map(|weight| match weight {
                    0 => f64::INFINITY,
                    // `chance` may be 0, and the logarithm of 0 is no number to sort by.
                    weight => -(1.0 - chance()).ln() / f64::from(*weight),
                })
                .collect();
            places.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_is_asked_as_it_is_written() {
        assert_eq!(UpstreamOrder::Listed.places(&[0, 5, 1], || unreachable!()), [0, 1, 2]);
    }

    #[test]
    fn weights_are_shares_of_the_first_places() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut first = [0_u32; 3];
        for _ in 0..40_000 {
            first[UpstreamOrder::Weight.places(&[3, 1, 0], || random.f64())[0]] += 1;
        }
        assert_eq!(first[2], 0, "a reserve is never first");
        let share = f64::from(first[0]) / 40_000.0;
        // Four standard errors of a share of three quarters.
        assert!((share - 0.75).abs() < 0.009, "{share}");
    }

    proptest! {
        /// Everybody is asked once, and reserves last.
        #[test]
        fn nobody_is_left_out(weights in prop::collection::vec(0_u32..9, 0..12), seed: u64) {
            let mut random = fastrand::Rng::with_seed(seed);
            let places = UpstreamOrder::Weight.places(&weights, || random.f64());
            let mut sorted = places.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..weights.len()).collect::<Vec<_>>());
            let reserves = places.iter().skip_while(|place| weights[**place] > 0);
            prop_assert!(reserves.clone().all(|place| weights[*place] == 0));
            prop_assert!(reserves.clone().is_sorted());
        }
    }
}
