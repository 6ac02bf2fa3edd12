//! How near two embeddings are: dot products and Hamming distances, compiled for the instruction sets that matter and chosen at run time: release builds are for any
//! x86-64, but almost every machine has AVX2.

/// Σ aᵢ·bᵢ of an int8 vector (at most 2¹⁷ long, or the sum overflows) with each of the rows that stand one after the
/// other; `sums` has room for one a row. The instruction set is chosen once for all rows.
pub fn dots_i8(vector: &[i8], rows: &[i8], sums: &mut [i32]) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512bw") && std::arch::is_x86_feature_detected!("avx512vnni") {
            // SAFETY: the processor has these, as just checked.
            return unsafe { dots_i8_avx512(vector, rows, sums) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, as just checked.
            return unsafe { dots_i8_avx2(vector, rows, sums) };
        }
    }
    dots_i8_plain(vector, rows, sums);
}

/// The signs of a vector's components, a bit each: 64 to a word.
pub fn signs(vector: &[f32]) -> impl Iterator<Item = u64> {
    vector.chunks(64).map(|part| part.iter().rev().fold(0, |word, x| word << 1 | u64::from(*x > 0.0)))
}

/// Bits in which the words differ from each of the rows that stand one after the other; `counts` has room for one a row.
/// Two vectors at angle α differ in about α/π of their signs (Goemans and Williamson 1995; Charikar 2002).
pub fn hamming(words: &[u64], rows: &[u64], counts: &mut [u16]) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512vpopcntdq") && std::arch::is_x86_feature_detected!("avx512vl") {
            // SAFETY: the processor has these, as just checked.
            return unsafe { hamming_avx512(words, rows, counts) };
        }
        if std::arch::is_x86_feature_detected!("popcnt") {
            // SAFETY: the processor counts bits, as just checked.
            return unsafe { hamming_popcnt(words, rows, counts) };
        }
    }
    hamming_plain(words, rows, counts);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq,popcnt")]
fn hamming_avx512(words: &[u64], rows: &[u64], counts: &mut [u16]) {
    hamming_plain(words, rows, counts);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn hamming_popcnt(words: &[u64], rows: &[u64], counts: &mut [u16]) {
    hamming_plain(words, rows, counts);
}

/// Four words, which is what 256 components have, are unrolled.
#[inline(always)]
fn hamming_plain(words: &[u64], rows: &[u64], counts: &mut [u16]) {
    if let Ok(words) = <&[u64; 4]>::try_from(words) {
        for (row, count) in rows.as_chunks::<4>().0.iter().zip(counts) {
            *count = row.iter().zip(words).map(|(a, b)| (a ^ b).count_ones() as u16).sum();
        }
        return;
    }
    for (row, count) in rows.chunks_exact(words.len().max(1)).zip(counts) {
        *count = row.iter().zip(words).map(|(a, b)| (a ^ b).count_ones() as u16).sum();
    }
}

/// Σ aᵢ·bᵢ of f32 vectors of equal length.
pub fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has AVX2 and FMA, as just checked.
        return unsafe { dot_f32_avx2(a, b) };
    }
    dot_f32_plain(a, b)
}

/// Adds rows, each times its weight, to the sums, in their order. `float` makes a number of a row a float. Every machine gets
/// the same sums, for no product is fused with a sum.
pub fn add_rows<T: Copy>(rows: &[(&[T], f32)], float: impl Fn(T) -> f32, sums: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, as just checked.
        return unsafe { add_rows_avx2(rows, float, sums) };
    }
    add_rows_plain(rows, float, sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_rows_avx2<T: Copy>(rows: &[(&[T], f32)], float: impl Fn(T) -> f32, sums: &mut [f32]) {
    add_rows_plain(rows, float, sums);
}

/// Columns that are summed together, so that their sums stay in registers.
const COLUMNS: usize = 32;

#[inline(always)]
fn add_rows_plain<T: Copy>(rows: &[(&[T], f32)], float: impl Fn(T) -> f32, sums: &mut [f32]) {
    for (number, sums) in sums.chunks_mut(COLUMNS).enumerate() {
        let first = number * COLUMNS;
        if let Some(sums) = sums.as_mut_array::<COLUMNS>() {
            let mut together = *sums;
            for (row, weight) in rows {
                for (sum, number) in together.iter_mut().zip(&row[first..first + COLUMNS]) {
                    *sum += float(*number) * weight;
                }
            }
            *sums = together;
        } else {
            for (row, weight) in rows {
                sums.iter_mut().zip(&row[first..]).for_each(|(sum, number)| *sum += float(*number) * weight);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn dots_i8_avx512(vector: &[i8], rows: &[i8], sums: &mut [i32]) {
    dots_i8_plain(vector, rows, sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dots_i8_avx2(vector: &[i8], rows: &[i8], sums: &mut [i32]) {
    dots_i8_plain(vector, rows, sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn dot_f32_avx2(a: &[f32], b: &[f32]) -> f32 {
    dot_f32_plain(a, b)
}

/// Written so that the compiler makes vector code of it, for whatever the caller is compiled for: components are widened
/// before the product, which is the shape of a multiply-add of many pairs.
#[inline(always)]
fn dots_i8_plain(vector: &[i8], rows: &[i8], sums: &mut [i32]) {
    for (row, sum) in rows.chunks_exact(vector.len().max(1)).zip(sums) {
        *sum = vector.iter().zip(row).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    }
}

/// Sixteen sums side by side: floating-point addition may not be reordered by the compiler, so we say where it may.
#[inline(always)]
fn dot_f32_plain(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_whole.iter().zip(b_whole) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn int8_products_are_exact(vector in prop::collection::vec(any::<i8>(), 1..600), number in 0usize..5, seed: i8) {
            let rows: Vec<i8> = (0..number * vector.len()).map(|n| (n as i8).wrapping_mul(31).wrapping_add(seed)).collect();
            let mut sums = vec![i32::MIN; number];
            dots_i8(&vector, &rows, &mut sums);
            for (row, sum) in rows.chunks(vector.len()).zip(sums) {
                let expected: i32 = vector.iter().zip(row).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
                prop_assert_eq!(sum, expected);
            }
        }

        #[test]
        fn signs_differ_where_components_do(pairs in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 1..600)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
            let rows: Vec<u64> = signs(&b).chain(signs(&a)).collect();
            let mut counts = [u16::MAX; 2];
            hamming(&signs(&a).collect::<Vec<_>>(), &rows, &mut counts);
            let differ = pairs.iter().filter(|(a, b)| (*a > 0.0) != (*b > 0.0)).count();
            prop_assert_eq!(counts.map(usize::from), [differ, 0]);
        }

        #[test]
        fn float_products_are_close(pairs in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 0..600)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
            let expected: f64 = pairs.iter().map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            prop_assert!((f64::from(dot_f32(&a, &b)) - expected).abs() < 1e-3);
        }
    }
}
