//! Delays of the fake model: fixed or random.

use std::{fmt, str::FromStr, time::Duration};

/// A time, or a distribution of times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delay {
    /// Always the same.
    Fixed(Duration),
    /// Any between two.
    Uniform(Duration, Duration),
    /// Log-normal: this median, and this standard deviation of the logarithm. Latencies look like it.
    LogNormal(Duration, f64),
}

impl Delay {
    /// No time at all.
    pub const NONE: Self = Self::Fixed(Duration::ZERO);

    /// A time of the distribution.
    pub(super) fn sample(self, random: &mut fastrand::Rng) -> Duration {
        match self {
            Self::Fixed(time) => time,
            Self::Uniform(from, to) => from + to.saturating_sub(from).mul_f64(random.f64()),
            Self::LogNormal(median, sigma) => {
                // Box and Muller 1958; 1 − u is never 0.
                let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * random.f64()).cos();
                // A tail without end would make a test wait for an hour.
                median.mul_f64((sigma * normal).clamp(-10.0, 4.0).exp())
            }
        }
    }
}

impl FromStr for Delay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORMS: &str = "use a time like 40ms, uniform:10ms,50ms or lognormal:40ms,0.5";
        let time =
            |text: &str| humantime::parse_duration(text.trim()).map_err(|error| format!("{text:?}: {error}; {FORMS}"));
        match text.split_once(':') {
            None => Ok(Self::Fixed(time(text)?)),
            Some(("uniform", rest)) => {
                let (from, to) = rest.split_once(',').ok_or(FORMS)?;
                let (from, to) = (time(from)?, time(to)?);
                if to < from { Err(format!("{to:?} is shorter than {from:?}")) } else { Ok(Self::Uniform(from, to)) }
            }
            Some(("lognormal", rest)) => {
                let (median, sigma) = rest.split_once(',').ok_or(FORMS)?;
                let sigma: f64 = sigma.trim().parse().map_err(|_| FORMS)?;
                if (0.0..=3.0).contains(&sigma) {
                    Ok(Self::LogNormal(time(median)?, sigma))
                } else {
                    Err("the second number of lognormal is from 0 to 3".to_owned())
                }
            }
            Some(_) => Err(FORMS.to_owned()),
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: Duration| humantime::format_duration(time).to_string().replace(' ', "");
        match *self {
            Self::Fixed(fixed) => f.write_str(&time(fixed)),
            Self::Uniform(from, to) => write!(f, "uniform:{},{}", time(from), time(to)),
            Self::LogNormal(median, sigma) => write!(f, "lognormal:{},{sigma}", time(median)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["40ms", "uniform:10ms,50ms", "lognormal:40ms,0.5"] {
            assert_eq!(text.parse::<Delay>().unwrap().to_string(), text);
        }
        for wrong in ["", "40", "gauss:1ms", "uniform:50ms,10ms", "lognormal:40ms", "lognormal:40ms,9"] {
            assert!(wrong.parse::<Delay>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_log_normal_delay_has_its_median_and_a_long_tail() {
        let mut random = fastrand::Rng::with_seed(1);
        let delay = Delay::LogNormal(Duration::from_millis(40), 0.5);
        let mut times: Vec<f64> = (0..10_001).map(|_| delay.sample(&mut random).as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        assert!((38.0..42.0).contains(&times[5_000]), "{}", times[5_000]);
        // e^(0.5 · 1.2816) = 1.898 at the 90th percentile.
        assert!((71.0..81.0).contains(&times[9_000]), "{}", times[9_000]);
    }
}
