use super::*;

#[test]
fn vectors_that_point_nowhere_are_refused() {
    let check = |vectors: Vec<Vec<f32>>| http::unit_vectors(ProviderKind::Ollama, 1, vectors);
    for bad in [vec![vec![0.0, 0.0]], vec![vec![f32::NAN, 1.0]], vec![vec![]], vec![], vec![vec![1.0], vec![1.0]]] {
        assert!(check(bad.clone()).is_err(), "{bad:?}");
    }
    assert_eq!(check(vec![vec![3.0, 4.0]]).unwrap(), [[0.6, 0.8]]);
}
