//! An int8 matrix, laid out so that its products with several vectors at once need no sum across a register.
//!
//! [`dots_i8`](super::vectors::dots_i8) adds up each product by itself, which for rows of 128 takes longer than multiplying. Here
//! sixteen rows stand side by side, four components of each after the other: one instruction (VNNI) multiplies and adds 64
//! pairs, and each lane ends as the product of one row. For 30,522 rows with 120 vectors that is 2 ms in place of 61 (AVX-512
//! VNNI), 18 with AVX2.

/// Rows that stand side by side.
const LANES: usize = 16;

/// Components of a row that stand together.
const STEP: usize = 4;

/// Vectors that are multiplied with a row while it is in a register.
const TOGETHER: usize = 8;

/// What makes an i8 a u8: half of the products' instructions need one operand without a sign.
const OFFSET: i32 = 128;

/// Rows of int8, packed.
#[derive(Debug)]
pub struct PackedMatrix {
    rows: usize,
    width: usize,
    blocks: Vec<i8>,
    /// `OFFSET` times the sum of each row: what the vectors' offset adds to a product.
    surplus: Vec<i32>,
}

/// Vectors in int8 with one scale each, as the products take them.
#[derive(Debug, Default)]
pub struct QuantizedVectors {
    numbers: Vec<u8>,
    scales: Vec<f32>,
}

impl QuantizedVectors {
    /// Takes vectors of this width, one after the other, each by its own scale.
    pub fn set(&mut self, vectors: &[f32], width: usize) {
        self.numbers.clear();
        self.scales.clear();
        for vector in vectors.chunks_exact(width) {
            self.push(vector, largest_magnitude(vector));
        }
    }

    /// The same with one scale for all, so that their products can be compared with each other.
    pub fn set_alike(&mut self, vectors: &[f32], width: usize) {
        self.numbers.clear();
        self.scales.clear();
        let largest = largest_magnitude(vectors);
        vectors.chunks_exact(width).for_each(|vector| self.push(vector, largest));
    }

    fn push(&mut self, vector: &[f32], largest: f32) {
        let scale = largest.max(f32::MIN_POSITIVE) / 127.0;
        let factor = scale.recip();
        // Within ±127 by construction; the offset is exact.
        self.numbers.extend(vector.iter().map(|x| ((x * factor).round_ties_even() as i32 + OFFSET) as u8));
        self.scales.push(scale);
    }

    /// The factor of each vector.
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }
}

fn largest_magnitude(numbers: &[f32]) -> f32 {
    numbers.iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

impl PackedMatrix {
    /// Packs rows of this width, which is a multiple of 4 and at most 2¹⁴, or the products overflow.
    ///
    /// # Panics
    /// When the width is another one, or the last row is not whole.
    pub fn new(rows: &[i8], width: usize) -> Self {
        assert!(width > 0 && width.is_multiple_of(STEP) && width <= 1 << 14, "a row of {width} numbers");
        assert!(rows.len().is_multiple_of(width), "{} numbers are no rows of {width}", rows.len());
        let number = rows.len() / width;
        let mut blocks = vec![0; number.next_multiple_of(LANES) * width];
        for (row, numbers) in rows.chunks_exact(width).enumerate() {
            let block = &mut blocks[row / LANES * LANES * width..];
            for (step, four) in numbers.as_chunks::<STEP>().0.iter().enumerate() {
                let at = step * LANES * STEP + row % LANES * STEP;
                block[at..at + STEP].copy_from_slice(four);
            }
        }
        let sum = |row: &[i8]| OFFSET * row.iter().map(|x| i32::from(*x)).sum::<i32>();
        Self { rows: number, width, blocks, surplus: rows.chunks_exact(width).map(sum).collect() }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The product of every row with each vector, in int8's units: all rows with the first vector, then with the next.
    pub fn products(&self, vectors: &QuantizedVectors, out: &mut Vec<i32>) {
        out.clear();
        out.resize(vectors.scales.len() * self.rows, 0);
        self.each(&vectors.numbers, |block, vector, products| {
            let first = block * LANES;
            let to = &mut out
                [vector * self.rows + first..(vector * self.rows + first + LANES).min((vector + 1) * self.rows)];
            for ((to, product), surplus) in to.iter_mut().zip(products).zip(&self.surplus[first..]) {
                *to = product - surplus;
            }
        });
    }

    /// The largest product of every row with any of the vectors, in int8's units; `i32::MIN` without vectors.
    pub fn largest(&self, vectors: &QuantizedVectors, out: &mut Vec<i32>) {
        out.clear();
        out.resize(self.rows.next_multiple_of(LANES), i32::MIN);
        self.each(&vectors.numbers, |block, _, products| {
            if let Some(to) = out[block * LANES..].first_chunk_mut::<LANES>() {
                to.iter_mut().zip(products).for_each(|(to, product)| *to = (*to).max(*product));
            }
        });
        out.truncate(self.rows);
        if !vectors.scales.is_empty() {
            out.iter_mut().zip(&self.surplus).for_each(|(product, surplus)| *product -= surplus);
        }
    }

    /// Calls `each` with the number of a block of rows, the number of a vector, and their products.
    #[inline(always)]
    fn each(&self, vectors: &[u8], each: impl FnMut(usize, usize, &[i32; LANES])) {
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512vnni")
            {
                // SAFETY: the processor has these, as just checked.
                return unsafe { x86::each_avx512(&self.blocks, self.width, vectors, each) };
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2, as just checked.
                return unsafe { x86::each_avx2(&self.blocks, self.width, vectors, each) };
            }
        }
        each_plain(&self.blocks, self.width, vectors, each);
    }
}

/// For processors without the instructions below.
fn each_plain(blocks: &[i8], width: usize, vectors: &[u8], mut each: impl FnMut(usize, usize, &[i32; LANES])) {
    for (number, block) in blocks.chunks_exact(LANES * width).enumerate() {
        for (at, vector) in vectors.chunks_exact(width).enumerate() {
            let mut sums = [0; LANES];
            for (four, rows) in vector.as_chunks::<STEP>().0.iter().zip(block.as_chunks::<{ LANES * STEP }>().0) {
                for (sum, row) in sums.iter_mut().zip(rows.as_chunks::<STEP>().0) {
                    *sum += row.iter().zip(four).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>();
                }
            }
            each(number, at, &sums);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, __m256i, __m512i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_madd_epi16,
        _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_storeu_si256, _mm512_dpbusd_epi32, _mm512_loadu_si512,
        _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512,
    };

    use super::{LANES, STEP, TOGETHER};

    /// Vectors that AVX2 has registers for.
    const TOGETHER_AVX2: usize = 2;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn each_avx512(
        blocks: &[i8],
        width: usize,
        vectors: &[u8],
        mut each: impl FnMut(usize, usize, &[i32; LANES]),
    ) {
        let mut out = [0; LANES];
        for (number, block) in blocks.chunks_exact(LANES * width).enumerate() {
            let mut at = 0;
            for group in vectors.chunks(TOGETHER * width) {
                let sums = match group.len() / width {
                    1 => sums_avx512::<1>(block, width, group),
                    2 => sums_avx512::<2>(block, width, group),
                    3 => sums_avx512::<3>(block, width, group),
                    4 => sums_avx512::<4>(block, width, group),
                    5 => sums_avx512::<5>(block, width, group),
                    6 => sums_avx512::<6>(block, width, group),
                    7 => sums_avx512::<7>(block, width, group),
                    _ => sums_avx512::<TOGETHER>(block, width, group),
                };
                for sum in sums.iter().take(group.len() / width) {
                    // SAFETY: `out` has the size of a register.
                    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), *sum) };
                    each(number, at, &out);
                    at += 1;
                }
            }
        }
    }

    /// The products of a block with the first `N` vectors.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    #[inline]
    fn sums_avx512<const N: usize>(block: &[i8], width: usize, vectors: &[u8]) -> [__m512i; TOGETHER] {
        let mut sums = [_mm512_setzero_si512(); TOGETHER];
        let of: [&[[u8; STEP]]; N] = std::array::from_fn(|n| vectors[n * width..(n + 1) * width].as_chunks().0);
        for (step, rows) in block.as_chunks::<{ LANES * STEP }>().0.iter().enumerate() {
            // SAFETY: `rows` has the size of a register.
            let rows = unsafe { _mm512_loadu_si512(rows.as_ptr().cast()) };
            for (sum, vector) in sums.iter_mut().zip(&of) {
                *sum = _mm512_dpbusd_epi32(*sum, _mm512_set1_epi32(i32::from_le_bytes(vector[step])), rows);
            }
        }
        sums
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn each_avx2(
        blocks: &[i8],
        width: usize,
        vectors: &[u8],
        mut each: impl FnMut(usize, usize, &[i32; LANES]),
    ) {
        let wide: Vec<u64> = vectors.as_chunks::<STEP>().0.iter().map(widened).collect();
        let steps = width / STEP;
        let mut out = [0; LANES];
        for (number, block) in blocks.chunks_exact(LANES * width).enumerate() {
            let mut at = 0;
            for group in wide.chunks(TOGETHER_AVX2 * steps) {
                let sums = match group.len() / steps {
                    1 => sums_avx2::<1>(block, steps, group),
                    _ => sums_avx2::<TOGETHER_AVX2>(block, steps, group),
                };
                for sums in sums.iter().take(group.len() / steps) {
                    for (four, sum) in out.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
                        let mut pairs = [0; 8];
                        // SAFETY: `pairs` has the size of a register.
                        unsafe { _mm256_storeu_si256(pairs.as_mut_ptr().cast::<__m256i>(), *sum) };
                        four.iter_mut().zip(pairs.as_chunks::<2>().0).for_each(|(to, [a, b])| *to = a + b);
                    }
                    each(number, at, &out);
                    at += 1;
                }
            }
        }
    }

    /// Four bytes as numbers of 16 bits.
    fn widened(four: &[u8; STEP]) -> u64 {
        four.iter().rev().fold(0, |word, byte| word << 16 | u64::from(*byte))
    }

    /// The products of a block with the first `N` vectors, two halves of each side by side, four rows to a register.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn sums_avx2<const N: usize>(block: &[i8], steps: usize, vectors: &[u64]) -> [[__m256i; 4]; TOGETHER_AVX2] {
        let mut sums = [[_mm256_setzero_si256(); 4]; TOGETHER_AVX2];
        for (step, rows) in block.as_chunks::<{ LANES * STEP }>().0.iter().enumerate() {
            let quarters: [__m256i; 4] = std::array::from_fn(|n| {
                // SAFETY: a quarter of `rows` has the size of half a register.
                let quarter = unsafe { _mm_loadu_si128(rows.as_ptr().add(n * 16).cast::<__m128i>()) };
                _mm256_cvtepi8_epi16(quarter)
            });
            for (n, sums) in sums.iter_mut().enumerate().take(N) {
                let four = _mm256_set1_epi64x(vectors[n * steps + step].cast_signed());
                for (sum, quarter) in sums.iter_mut().zip(quarters) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(quarter, four));
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers that depend on `seed` alone, all of int8 among them.
    fn numbers(count: usize, seed: u32) -> Vec<i8> {
        let next = |state: &mut u32| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some((*state >> 24) as u8 as i8)
        };
        std::iter::successors(Some(seed), |state| Some(state.wrapping_add(0x9E37_79B9)))
            .scan(seed, |state, _| next(state))
            .take(count)
            .collect()
    }

    /// Vectors whose int8 form is exactly these numbers.
    fn exact(numbers: &[i8], width: usize) -> QuantizedVectors {
        let numbers = numbers.iter().map(|x| (i32::from(*x) + OFFSET) as u8).collect::<Vec<_>>();
        QuantizedVectors { scales: vec![1.0; numbers.len() / width], numbers }
    }

    proptest! {
        #[test]
        fn products_are_exact(rows in 0usize..40, steps in 1usize..20, vectors in 0usize..20, seed: u32) {
            let width = steps * STEP;
            let (matrix, others) = (numbers(rows * width, seed), numbers(vectors * width, !seed));
            let packed = PackedMatrix::new(&matrix, width);
            let dot = |a: &[i8], b: &[i8]| a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>();
            let expected: Vec<i32> = others
                .chunks_exact(width)
                .flat_map(|other| matrix.chunks_exact(width).map(move |row| dot(row, other)))
                .collect();
            let vectors = exact(&others, width);
            let mut got = vec![7];
            packed.products(&vectors, &mut got);
            prop_assert_eq!(&got, &expected);
            let most = |row: usize| others.chunks_exact(width).map(|other| dot(&matrix[row * width..][..width], other)).max();
            packed.largest(&vectors, &mut got);
            prop_assert_eq!(&got, &(0..rows).map(|row| most(row).unwrap_or(i32::MIN)).collect::<Vec<_>>());
            // Every way of computing them, not only this machine's best.
            let mut plain = vec![0; got.len() * others.len() / width];
            each_plain(&packed.blocks, width, &vectors.numbers, |block, vector, products| {
                for (row, product) in (block * LANES..rows).zip(products) {
                    plain[vector * rows + row] = product - packed.surplus[row];
                }
            });
            prop_assert_eq!(&plain, &expected);
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                let mut of_avx2 = vec![0; plain.len()];
                let take = |block: usize, vector: usize, products: &[i32; LANES]| {
                    for (row, product) in (block * LANES..rows).zip(products) {
                        of_avx2[vector * rows + row] = product - packed.surplus[row];
                    }
                };
                // SAFETY: the processor has AVX2, as just checked.
                unsafe { x86::each_avx2(&packed.blocks, width, &vectors.numbers, take) };
                prop_assert_eq!(&of_avx2, &expected);
            }
        }
    }

    #[test]
    fn a_vector_is_quantised_by_its_largest_component() {
        let mut vectors = QuantizedVectors::default();
        vectors.set(&[1.0, -2.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0], 4);
        assert_eq!(vectors.numbers, [192, 1, 128, 160, 128, 128, 128, 128]);
        assert!((vectors.scales()[0] - 2.0 / 127.0).abs() < 1e-9);
        vectors.set_alike(&[1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0], 4);
        assert_eq!(vectors.numbers, [192, 128, 128, 128, 255, 128, 128, 128]);
    }
}
