//! Functions of whole vectors, compiled for AVX2 too: the standard library's exponential takes one number at a time.

/// Gaussian error linear units, by the logistic form of Hendrycks and Gimpel's approximation: within 0.0005 of the exact ones
/// below 1, which int8 does not see.
pub(super) fn gelu(numbers: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has these, as just checked.
        return unsafe { gelu_avx2(numbers) };
    }
    gelu_plain(numbers);
}

/// Makes weights of scores: each the share of its exponential.
pub(super) fn softmax(scores: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has these, as just checked.
        return unsafe { softmax_avx2(scores) };
    }
    softmax_plain(scores);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn gelu_avx2(numbers: &mut [f32]) {
    gelu_plain(numbers);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn softmax_avx2(scores: &mut [f32]) {
    softmax_plain(scores);
}

#[inline(always)]
fn gelu_plain(numbers: &mut [f32]) {
    // √(8/π), and its product with 0.044715.
    const LINEAR: f32 = 1.595_769;
    const CUBIC: f32 = 0.071_354_82;
    for x in numbers {
        *x /= 1.0 + exponential(-*x * (LINEAR + CUBIC * *x * *x));
    }
}

#[inline(always)]
fn softmax_plain(scores: &mut [f32]) {
    let largest = scores.iter().fold(f32::NEG_INFINITY, |largest, x| largest.max(*x));
    scores.iter_mut().for_each(|x| *x = exponential(*x - largest));
    let factor = scores.iter().sum::<f32>().recip();
    scores.iter_mut().for_each(|x| *x *= factor);
}

/// e to the power of x, within 3 in a million: 2 to the power of a whole number, which is the exponent of a float, times a
/// polynomial.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    // What is rounded by adding it, for it leaves no bits behind the point; 127 is the exponent of 1.
    const ROUND: f32 = 12_582_912.0;
    let x = (x * std::f32::consts::LOG2_E).clamp(-126.0, 126.0);
    let rounded = x + ROUND;
    let whole = rounded - ROUND;
    let rest = (x - whole) * std::f32::consts::LN_2;
    let power = 1.0 + rest * (1.0 + rest * (0.5 + rest * (0.166_666_67 + rest * (0.041_666_67 + rest * 0.008_333_34))));
    power * f32::from_bits(rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_close() {
        for n in -800..=800 {
            let x = n as f32 / 10.0;
            let (got, exact) = (exponential(x), f64::from(x).exp());
            assert!((f64::from(got) / exact - 1.0).abs() < 1e-5, "e^{x} is {exact}, not {got}");
        }
        assert!(exponential(-1e30) < 1e-37 && exponential(-1e30) >= 0.0);
    }

    #[test]
    fn gelu_and_softmax_are_those_of_the_definition() {
        let mut numbers = [-3.0, -1.0, 0.0, 0.5, 1.0, 3.0];
        gelu(&mut numbers);
        // x·Φ(x), from tables of the normal distribution.
        let exact = [-0.004_05, -0.158_655, 0.0, 0.345_731, 0.841_345, 2.995_95];
        assert!(numbers.iter().zip(exact).all(|(got, exact): (&f32, f32)| (got - exact).abs() < 0.001), "{numbers:?}");
        let mut scores = [1000.0, 1001.0, 998.0];
        softmax(&mut scores);
        assert!(scores.iter().zip([0.259_496, 0.705_385, 0.035_119]).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-5));
    }
}
