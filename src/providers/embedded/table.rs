//! The table of a static model: a row per token, and how rows become one vector.

use std::borrow::Cow;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::util::vectors;

/// Rows of equal length, one a token unless `mapping` says otherwise.
#[derive(Debug)]
pub(super) struct Table {
    dimension: usize,
    numbers: Numbers,
    /// Factor of each token's row.
    weights: Option<Vec<f32>>,
    /// Row of each token.
    mapping: Option<Vec<usize>>,
}

/// The rows, one after the other.
#[derive(Debug)]
enum Numbers {
    F32(Vec<f32>),
    /// Signed bytes as they stand in the file.
    I8(Cow<'static, [u8]>),
}

impl Table {
    /// Reads a `model.safetensors`. The numbers of an int8 table stay where they are when `file` is borrowed.
    ///
    /// # Errors
    /// What is wrong with the file, as the end of a sentence about it.
    pub(super) fn read(file: Cow<'static, [u8]>) -> Result<Self, String> {
        match file {
            Cow::Borrowed(bytes) => Self::of(bytes, Cow::Borrowed),
            Cow::Owned(bytes) => Self::of(&bytes, |numbers| Cow::Owned(numbers.to_vec())),
        }
    }

    fn of<'f>(file: &'f [u8], keep: impl Fn(&'f [u8]) -> Cow<'static, [u8]>) -> Result<Self, String> {
        let tensors = SafeTensors::deserialize(file).map_err(|error| error.to_string())?;
        let table = ["embeddings", "0", "embedding.weight"]
            .iter()
            .find_map(|name| tensors.tensor(name).ok())
            .ok_or("it holds no table named `embeddings`")?;
        let &[_, dimension] = table.shape() else {
            return Err(format!("its table has {} dimensions, not 2", table.shape().len()));
        };
        if dimension == 0 {
            return Err("the rows of its table are empty".into());
        }
        let numbers = match table.dtype() {
            Dtype::I8 => Numbers::I8(keep(table.data())),
            _ => Numbers::F32(floats(&table, "its table")?),
        };
        let weights = tensors.tensor("weights").ok().map(|weights| floats(&weights, "its `weights`")).transpose()?;
        let mapping = tensors
            .tensor("mapping")
            .ok()
            .map(|mapping| row_numbers(&mapping).ok_or("its `mapping` holds something else than row numbers"));
        Ok(Self { dimension, numbers, weights, mapping: mapping.transpose()? })
    }

    /// Numbers in a row.
    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Checks that there is a row for every token.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(super) fn check(&self, largest_id: u32) -> Result<(), String> {
        let needed = match &self.mapping {
            Some(mapping) => mapping.iter().copied().max().unwrap_or(0),
            None => largest_id as usize,
        };
        let rows = self.rows();
        if needed < rows {
            return Ok(());
        }
        Err(format!("its table has {rows} rows, but the tokenizer needs {}", needed.saturating_add(1)))
    }

    fn rows(&self) -> usize {
        let numbers = match &self.numbers {
            Numbers::F32(numbers) => numbers.len(),
            Numbers::I8(numbers) => numbers.len(),
        };
        numbers / self.dimension
    }

    /// The mean of the tokens' rows at length 1; zeros when there are no tokens. Tokens without a row are passed over.
    pub(super) fn mean(&self, tokens: impl Iterator<Item = u32>) -> Vec<f32> {
        let mut sum = vec![0.0; self.dimension];
        let number = match &self.numbers {
            Numbers::F32(numbers) => self.add_rows(numbers, |number| number, tokens, &mut sum),
            Numbers::I8(numbers) => self.add_rows(numbers, |byte| f32::from(byte.cast_signed()), tokens, &mut sum),
        };
        let number = number.max(1) as f32;
        sum.iter_mut().for_each(|value| *value /= number);
        let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-12);
        sum.iter_mut().for_each(|value| *value /= length);
        sum
    }

    /// Adds the tokens' rows in their order; returns how many there were.
    fn add_rows<T: Copy>(
        &self,
        numbers: &[T],
        float: impl Fn(T) -> f32,
        tokens: impl Iterator<Item = u32>,
        sum: &mut [f32],
    ) -> usize {
        let row = |token: u32| {
            let token = token as usize;
            let row = self.mapping.as_ref().and_then(|mapping| mapping.get(token)).copied().unwrap_or(token);
            let weight = self.weights.as_ref().and_then(|weights| weights.get(token)).copied().unwrap_or(1.0);
            let start = row.checked_mul(self.dimension)?;
            Some((numbers.get(start..start + self.dimension)?, weight))
        };
        let rows: Vec<(&[T], f32)> = tokens.filter_map(row).collect();
        vectors::add_rows(&rows, float, sum);
        rows.len()
    }
}

/// The tensor's numbers.
fn floats(tensor: &TensorView<'_>, what: &str) -> Result<Vec<f32>, String> {
    let data = tensor.data();
    match tensor.dtype() {
        Dtype::F64 => Ok(data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect()),
        Dtype::F32 => Ok(data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        Dtype::F16 => Ok(data.as_chunks().0.iter().map(|bytes| half(u16::from_le_bytes(*bytes))).collect()),
        other => Err(format!("{what} holds numbers of type {other:?}, not F32, F16 or, for the rows, I8")),
    }
}

/// A number of IEEE 754's half precision.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1F), u32::from(bits & 0x03FF));
    let magnitude = match exponent {
        // Below the smallest normal number: steps of 2⁻²⁴.
        0 => (fraction as f32 / 16_777_216.0).to_bits(),
        0x1F => 0x7F80_0000 | fraction << 13,
        _ => (exponent + 127 - 15) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// Little-endian integers; `None` for other types and negative numbers.
fn row_numbers(mapping: &TensorView<'_>) -> Option<Vec<usize>> {
    let data = mapping.data();
    match mapping.dtype() {
        Dtype::I32 => data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes).try_into().ok()).collect(),
        Dtype::I64 => data.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes).try_into().ok()).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use safetensors::serialize;

    use super::*;

    fn file(tensors: Vec<(&str, Dtype, Vec<usize>, Vec<u8>)>) -> Cow<'static, [u8]> {
        let views = tensors
            .iter()
            .map(|(name, dtype, shape, data)| (*name, TensorView::new(*dtype, shape.clone(), data).expect("fits")));
        Cow::Owned(serialize(views, &None).expect("serialises"))
    }

    fn bytes<const N: usize, T>(values: &[T], write: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
        values.iter().flat_map(write).collect()
    }

    fn mean(table: &Table, tokens: &[u32]) -> Vec<f32> {
        table.mean(tokens.iter().copied())
    }

    #[test]
    fn a_mean_has_length_1_whatever_type_the_numbers_have() {
        let f32s = bytes(&[0.0_f32, 0.0, 3.0, 0.0, 0.0, 4.0], |value| value.to_le_bytes());
        let f16s = bytes(&[0_u16, 0, 0x4200, 0, 0, 0x4400], |value| value.to_le_bytes());
        for (dtype, data) in [(Dtype::F32, f32s), (Dtype::F16, f16s), (Dtype::I8, vec![0, 0, 3, 0, 0, 4])] {
            let table = Table::read(file(vec![("embeddings", dtype, vec![3, 2], data)])).expect("reads");
            assert_eq!((table.dimension(), table.check(2)), (2, Ok(())));
            assert_eq!(mean(&table, &[1, 2]), [0.6, 0.8]);
            assert_eq!(mean(&table, &[0]), [0.0, 0.0]);
            assert_eq!(mean(&table, &[]), [0.0, 0.0]);
            assert_eq!(mean(&table, &[1, 7]), [1.0, 0.0], "a token without a row");
        }
    }

    #[test]
    fn weights_and_mapping_are_by_token() {
        let rows = ("0", Dtype::I8, vec![2, 2], vec![1, 0, 0, 255]);
        let weights = bytes(&[3.0_f64, 1.0, 4.0], |value| value.to_le_bytes());
        let mapping = bytes(&[0_i64, 0, 1], |value| value.to_le_bytes());
        let tensors =
            vec![rows.clone(), ("weights", Dtype::F64, vec![3], weights), ("mapping", Dtype::I64, vec![3], mapping)];
        let table = Table::read(file(tensors)).expect("reads");
        assert_eq!(table.check(40), Ok(()), "the mapping decides which rows are needed");
        assert_eq!(mean(&table, &[0, 2]), [0.6, -0.8]);
        for (mapping, said) in [(vec![0, 2], "2 rows, but the tokenizer needs 3"), (vec![0, -1], "`mapping` holds")] {
            let mapping = bytes(&mapping, |value: &i32| value.to_le_bytes());
            let read = Table::read(file(vec![rows.clone(), ("mapping", Dtype::I32, vec![2], mapping)]));
            let refusal = read.and_then(|table| table.check(0)).expect_err("refused");
            assert!(refusal.contains(said), "{refusal}");
        }
    }

    #[test]
    fn wide_rows_are_summed_like_narrow_ones() {
        // Groups of columns that are summed together, and a rest.
        let width = 99;
        let row = |of: usize| (0..width).map(move |column| (of * 7 + column * 3) as u8 % 100);
        let data: Vec<u8> = (0..5).flat_map(row).collect();
        let table = Table::read(file(vec![("embeddings", Dtype::I8, vec![5, width], data)])).expect("reads");
        let sums: Vec<f32> = (0..width).map(|at| (0..5).map(|r| row(r).nth(at).map_or(0.0, f32::from)).sum()).collect();
        let length = sums.iter().map(|sum| sum * sum).sum::<f32>().sqrt();
        for (got, sum) in mean(&table, &[0, 1, 2, 3, 4]).iter().zip(&sums) {
            assert!((got - sum / length).abs() < 1e-6);
        }
    }

    #[test]
    fn half_precision_is_exact() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x83FF, -6.097_555e-5),
            (0x7C00, f32::INFINITY),
        ] {
            assert_eq!(half(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
        assert!(half(0x7E00).is_nan());
    }

    #[test]
    fn other_types_and_shapes_are_refused() {
        let refusal = |tensors| Table::read(file(tensors)).expect_err("refused");
        assert!(refusal(vec![("embeddings", Dtype::I64, vec![1, 1], vec![0; 8])]).contains("type I64"));
        assert!(refusal(vec![("embeddings", Dtype::I8, vec![2], vec![0; 2])]).contains("1 dimensions, not 2"));
        assert!(refusal(vec![("embeddings", Dtype::I8, vec![2, 0], vec![])]).contains("empty"));
        assert!(refusal(vec![("rows", Dtype::I8, vec![1, 1], vec![0])]).contains("no table named"));
    }
}
