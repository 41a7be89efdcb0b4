//! The arithmetic of measurements: medians, spreads, ratios of one round each, percentiles.

/// What several rounds gave: the median between the least and the most. `None` of no rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            1 => values[middle],
            _ => f64::midpoint(values[middle - 1], values[middle]),
        };
        Some(Self { median, least, most })
    }

    /// One value, measured once.
    pub fn once(value: f64) -> Self {
        Self { median: value, least: value, most: value }
    }

    /// The spread of the ratios of rounds: each of `values` over the one of the same round in `base`.
    pub fn of_ratios(values: &[f64], base: &[f64]) -> Option<Self> {
        Self::of(values.iter().zip(base).map(|(value, base)| value / base))
    }
}

/// The smallest of `sorted` that is not exceeded by more than one part in `1 - share`; nearest rank. 0 of nothing.
pub fn percentile(sorted: &[u32], share: f64) -> u32 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0)
}
