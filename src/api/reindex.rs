//! Generations of a DB.

use super::InvalidRequest;
use crate::{
    domain::ChunkSizes,
    store::Generation,
    wire::{GenerationBody, ReindexRequest},
};

/// Sizes of chunks that can be asked for.
const SIZES: std::ops::RangeInclusive<usize> = 100..=8_000;

/// The sizes of chunks that a request asks for; `None`: as they are.
///
/// # Errors
/// The field that cannot be used.
pub fn chunk_sizes(request: &ReindexRequest) -> Result<Option<ChunkSizes>, InvalidRequest> {
    let Some(size) = request.chunk_size else {
        return match request.chunk_overlap {
            None => Ok(None),
            Some(_) => Err(InvalidRequest::new("field \"chunk_overlap\" needs \"chunk_size\" beside it")),
        };
    };
    if !SIZES.contains(&size) {
        let (low, high) = (SIZES.start(), SIZES.end());
        return Err(InvalidRequest::new(format!("field \"chunk_size\" must be from {low} to {high}, it is {size}")));
    }
    let most = size / 2;
    let overlap = request.chunk_overlap.unwrap_or(ChunkSizes::default().overlap.min(most));
    if overlap > most {
        let message = format!("field \"chunk_overlap\" must be at most half of the size, {most}; it is {overlap}");
        return Err(InvalidRequest::new(message));
    }
    Ok(Some(ChunkSizes { size, overlap }))
}

/// A generation as it is told.
pub fn generation(generation: Generation) -> GenerationBody {
    let Generation { id, state, embedder, dimension: _, sizes, chunks, missing, created, served } = generation;
    GenerationBody {
        id: id.0,
        state: state.as_str().to_owned(),
        embedder,
        chunk_size: sizes.map(|sizes| sizes.size),
        chunk_overlap: sizes.map(|sizes| sizes.overlap),
        chunks,
        missing,
        created,
        served,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_checked_with_their_field() {
        let sizes = |chunk_size, chunk_overlap| {
            chunk_sizes(&ReindexRequest { chunk_size, chunk_overlap, ..ReindexRequest::default() })
        };
        assert_eq!(sizes(None, None).unwrap(), None);
        assert_eq!(sizes(Some(100), None).unwrap(), Some(ChunkSizes { size: 100, overlap: 50 }));
        assert_eq!(sizes(Some(500), Some(250)).unwrap(), Some(ChunkSizes { size: 500, overlap: 250 }));
        for (size, overlap, field) in [
            (Some(99), None, "chunk_size"),
            (Some(8_001), None, "chunk_size"),
            (Some(500), Some(251), "chunk_overlap"),
            (None, Some(1), "chunk_overlap"),
        ] {
            assert!(sizes(size, overlap).unwrap_err().to_string().contains(field), "{size:?} {overlap:?}");
        }
    }
}
